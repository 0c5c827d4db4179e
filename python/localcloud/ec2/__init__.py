"""EC2's networks: moto's, with their gaps closed and with permission checks."""

from __future__ import annotations

from localcloud.context import Context
from localcloud.ec2 import flow_logs, kept, permissions
from localcloud.ec2.gaps import flow_log_folders, security_group_rule_descriptions
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, and the tags of resources."""
    registry.permissions(permissions.TABLES)
    registry.tags("ec2", permissions.tags_of)
    registry.keys("ec2", permissions.region_of)
    registry.unjudged("ec2:*", permissions.UNJUDGED)


def install(context: Context) -> None:
    """Register the permissions, close the gaps, check whether flow logs may be delivered, and say what is kept."""
    register(context.registry)
    flow_log_folders.apply()
    security_group_rule_descriptions.apply()
    flow_logs.install(context.roles)
    kept.install(context)
