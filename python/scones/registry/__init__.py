"""Trained models in SageMaker's Model Registry: registered, approved, pinned, rolled back.

Example::

    environment = settings.load("dev")
    version = register(environment, "scones-dev-20260101-120000")    # approved and pinned where it is good enough
    versions(environment)                                            # newest first
    pin(environment, version.version - 1)                            # roll back

A version carries all that it takes to pin it again: image, artifact and its SHA-256, class labels, metrics, the data
set's fingerprint, the git commit. The pinned version is the one that Terraform deploys.
"""

from scones.registry.pinned import PinnedModel, read_pin, write_pin
from scones.registry.versions import Version, pin, register, verdict, versions

__all__ = ["PinnedModel", "Version", "pin", "read_pin", "register", "verdict", "versions", "write_pin"]
