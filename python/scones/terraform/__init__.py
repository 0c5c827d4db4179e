"""Runs Terraform: finds the binary and the provider, and plans, applies and destroys the three stacks.

Example (not run: it needs a running cloud)::

    stack = Stack(settings.load("local"), "foundation")
    stack.apply()
    stack.outputs()["bucket"]       # 'scones-local-123456789012'

Environment variables configure Terraform (:func:`variables`). So a plain ``terraform apply`` after
``eval "$(invoke env)"`` does the same as :class:`Stack`.
"""

from scones.terraform.ahead import apply_ahead, arrivals_ahead
from scones.terraform.stack import Stack
from scones.terraform.teardown import destroy, destroy_all
from scones.terraform.variables import STACKS, variables

__all__ = ["STACKS", "Stack", "apply_ahead", "arrivals_ahead", "destroy", "destroy_all", "variables"]
