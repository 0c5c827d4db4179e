"""Trained models in SageMaker's Model Registry: registered, approved, pinned, rolled back.

Example::

    environment = settings.load("dev")
    version = register(environment, "scones-dev-20260101-120000")    # approved and pinned where it is good enough
    versions(environment)                                            # newest first
    pin(environment, version.version - 1)                            # roll back

A version carries all that it takes to pin it again: image, artifact and its SHA-256, class labels, metrics, the data
set's fingerprint, the git commit. The pinned version is the one that Terraform deploys.
"""

from scones.registry.creation import calibration_line, verdict
from scones.registry.imported import register_artifact
from scones.registry.pinned import PinnedModel, read_pin, write_pin
from scones.registry.trained import register
from scones.registry.versions import Version, pin, versions

__all__ = [
    "PinnedModel",
    "Version",
    "calibration_line",
    "pin",
    "read_pin",
    "register",
    "register_artifact",
    "verdict",
    "versions",
    "write_pin",
]
