"""Application Auto Scaling: moto's, judged. What it does to endpoints is SageMaker's: sagemaker/hosting."""

from __future__ import annotations

from localcloud.applicationautoscaling import permissions
from localcloud.applicationautoscaling.gaps import tags
from localcloud.context import Context
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register, and close the gap."""
    register(context.registry)
    tags.apply()
