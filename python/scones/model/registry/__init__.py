"""Registers trained models in SageMaker's Model Registry, approves them and pins them.

Example (not run: it needs an AWS account)::

    environment = settings.load("dev")
    newest = versions(environment)[0]             # newest first
    pin(environment, newest.version - 1)          # roll back

Terraform deploys the pinned version. The registry keeps everything that a pin needs: image, artifact and its SHA-256,
class labels, metrics, the data set's fingerprint and the git commit.
"""

from scones.model.registry.creation import calibration_line, verdict
from scones.model.registry.imported import ForeignModel, register_artifact
from scones.model.registry.pinned import PinnedModel, read_pin, write_pin
from scones.model.registry.versions import Version, pin, versions

__all__ = [
    "ForeignModel",
    "PinnedModel",
    "Version",
    "calibration_line",
    "pin",
    "read_pin",
    "register_artifact",
    "verdict",
    "versions",
    "write_pin",
]
