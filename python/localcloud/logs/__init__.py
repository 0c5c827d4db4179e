"""CloudWatch Logs: moto's, with its gaps closed, its metric filters counting and its keys asked."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.logs import encryption, metric_filters, permissions
from localcloud.logs.gaps import kms_key, query_definitions


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register, close the gaps, count events, and use keys only where their policies let the service."""
    register(context.registry)
    kms_key.apply()
    query_definitions.apply()
    metric_filters.install(context.metrics)
    encryption.install(context.roles)
