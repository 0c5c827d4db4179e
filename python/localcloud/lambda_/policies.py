"""Finds the resource-based policies of functions."""

from __future__ import annotations

from moto.awslambda.models import lambda_backends

from localcloud.iam.policies import Statement, statements


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """The statements of a function's policy, and of the version's if the ARN names one. None without a policy."""
    name, _, qualifier = arn.partition(":function:")[2].partition(":")
    known = lambda_backends[account][region]._lambdas._functions.get(name)
    if known is None:
        return None
    latest, versions = known["latest"], known["versions"]
    # moto keeps a version's permissions with the version, and all other permissions with the function.
    holders = [latest, *(one for one in versions if one.version == qualifier)]
    given = [statement for holder in holders for statement in holder.policy.statements]
    return statements({"Statement": given}, source=f"function/{name}") if given else None
