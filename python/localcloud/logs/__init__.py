"""CloudWatch Logs: moto's, with events in the cloud's database, its gaps closed, metric filters that count, and checks
of KMS keys.
"""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.logs import encryption, events, metric_filters, permissions, policies, tags
from localcloud.logs.gaps import absent_queries, kms_key, query_definitions, resource_policies, stream_prefix
from localcloud.logs.store import LogStore


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, the tags of groups, and the region's resource policies."""
    registry.permissions(permissions.TABLES)
    registry.tags("logs", tags.tags_of)
    registry.policies("logs", policies.policy_of)


def install(context: Context) -> None:
    """Register the permissions, close the gaps, keep and count events, and check the policies of KMS keys."""
    register(context.registry)
    absent_queries.apply()
    kms_key.apply()
    query_definitions.apply()
    resource_policies.apply()
    stream_prefix.apply()
    events.install(LogStore(context.database))
    metric_filters.install(context.metrics)
    encryption.install(context.roles)
