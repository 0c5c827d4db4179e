"""SageMaker: trains, tunes and serves the built-in Image Classification algorithm, and runs batches through it."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.sagemaker import (
    handover,
    hosting,
    images,
    permissions,
    places,
    searching,
    status_changes,
    training,
    transform,
    tuning,
)
from localcloud.sagemaker.gaps import answers, existing_names, fields, missing_names, model_lists, model_packages, tags


def register(registry: Registry) -> None:
    """Register the permissions that SageMaker's operations need, the tags of its resources, and what is refused."""
    registry.permissions(permissions.TABLES)
    registry.tags("sagemaker", tags.tags_of)
    registry.keys("sagemaker", permissions.about)
    registry.policies("ecr", images.policy_of)
    registry.refusing("sagemaker", places.refused)


def install(context: Context) -> None:
    """Register the permissions, close moto's gaps, and replace its jobs and endpoints.

    The check of roles is installed last, so that it runs before every other part of a Create action.
    """
    register(context.registry)
    for gap in (fields, existing_names, missing_names, model_lists, model_packages, tags, answers):
        gap.apply()
    tuning.install(context)  # before training: at a start, its jobs ask to be told of their training jobs' changes
    training.install(context)
    transform.install(context)
    hosting.install(context)
    status_changes.install()
    searching.install()
    handover.install(context.roles)
