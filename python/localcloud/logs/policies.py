"""The resource policies of CloudWatch Logs. They belong to a region, and name the groups that they are for."""

from __future__ import annotations

from moto.logs.models import logs_backends

from localcloud.iam.policies import Statement, read


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """The statements of all resource policies of the region; None if it has none."""
    policies = logs_backends[account][region].resource_policies.values()
    found = [statement for one in policies for statement in read(one.policy_document, f"logs/{one.policy_name}")]
    return tuple(found) or None
