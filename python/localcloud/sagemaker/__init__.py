"""SageMaker that really trains, tunes and serves: the built-in Image Classification algorithm."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.sagemaker import handover, hosting, permissions, training, tuning
from localcloud.sagemaker.gaps import existing_names, fields, model_packages, tags


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register, close the gaps, then train, tune and serve; last, look at roles before anything is made."""
    register(context.registry)
    for gap in (fields, existing_names, model_packages, tags):
        gap.apply()
    training.install(context)
    tuning.install(context)
    hosting.install(context)
    handover.install(context.roles)
