"""S3: moto's, with its gaps closed, checks of buckets' policies and keys, metrics, access logs, and notifications."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.s3 import (
    access_logs,
    conditions,
    encryption,
    kept,
    notifications,
    permissions,
    plain_reads,
    policies,
    request_metrics,
)
from localcloud.s3.gaps import (
    absent_uploads,
    conditional_writes,
    empty_bodies,
    encoded_versions,
    no_tags,
    notification_answers,
    object_answers,
    too_long,
)


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, the policies and KMS keys of buckets, and objects' tags."""
    registry.permissions(permissions.TABLES)
    registry.policies("s3", policies.policy_of)
    registry.keys("s3", conditions.about)
    for action in encryption.ACTIONS:
        registry.implied(action, encryption.implied)


def install(context: Context) -> None:
    """Register the permissions, close the gaps, count requests, check deliveries of access logs, and notify."""
    register(context.registry)
    policies.install()
    absent_uploads.apply()
    empty_bodies.apply()
    encoded_versions.apply()
    no_tags.apply()
    notification_answers.apply()
    object_answers.apply()
    conditional_writes.apply()
    too_long.apply()
    request_metrics.install(context.metrics)
    access_logs.install(context.roles)
    kept.install(context)
    notifications.install(context)
    context.shortcuts["s3:GetObject"] = plain_reads.object_of
