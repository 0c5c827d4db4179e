"""X-Ray: moto's, with traces in the cloud's database and permission checks."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.iam.registry import Registry
from localcloud.xray import permissions, traces


def register(registry: Registry) -> None:
    """Register the permissions that the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register the permissions, and keep the traces. moto does the rest."""
    register(context.registry)
    traces.install(context.database)
    # moto's backend holds nothing else, and its empty list of traces cannot be pickled.
    context.backends.state_of("xray", lambda backend: {}, lambda backend, state: None)
