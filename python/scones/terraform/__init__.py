"""Terraform, as this project runs it: the binary, where its provider comes from, and the three stacks.

Example::

    stack = Stack(settings.load("local"), "foundation")
    stack.apply()
    stack.outputs()["bucket"]       # 'scones-local-123456789012'

Terraform learns everything from variables (:func:`variables`), so a plain ``terraform apply`` after
``eval "$(invoke env)"`` does exactly what :class:`Stack` does.
"""

from scones.terraform.stack import Stack
from scones.terraform.teardown import destroy, destroy_all
from scones.terraform.variables import STACKS, variables

__all__ = ["STACKS", "Stack", "destroy", "destroy_all", "variables"]
