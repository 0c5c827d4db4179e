"""Finds the resource-based policies of functions."""

from __future__ import annotations

from moto.awslambda.models import lambda_backends

from localcloud.iam.policies import Statement, statements
from localcloud.lambda_.gaps.qualified_policies import policies_for


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """The statements of a function's policy, and of the version's or alias's if the ARN names one.

    Each statement names the ARN for which it is. None without a policy.
    """
    kind, name, qualifier = (*arn.split(":")[5:8], "")[:3]
    known = lambda_backends[account][region]._lambdas._functions.get(name) if kind == "function" else None
    if known is None:
        return None
    given = [one for policy in policies_for(known["latest"], qualifier or None) for one in policy.statements]
    return statements({"Statement": given}, source=f"function/{name}") if given else None
