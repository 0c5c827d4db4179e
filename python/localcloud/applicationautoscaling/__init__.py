"""Application Auto Scaling: moto's, with permission checks.

What it does to endpoints is in SageMaker's folder: ``sagemaker/hosting``.
"""

from __future__ import annotations

from localcloud.applicationautoscaling import permissions
from localcloud.applicationautoscaling.gaps import pages, tags
from localcloud.context import Context
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, and the tags of scalable targets."""
    registry.permissions(permissions.TABLES)
    registry.tags("application-autoscaling", tags.tags_of)


def install(context: Context) -> None:
    """Register the permissions and close the gaps."""
    register(context.registry)
    tags.apply()
    pages.apply()
