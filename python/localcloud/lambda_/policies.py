"""The policies of functions."""

from __future__ import annotations

from moto.awslambda.models import lambda_backends

from localcloud.iam.policies import Statement, statements


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """A function's policy, with that of the version the ARN names; None where it has none."""
    name, _, qualifier = arn.partition(":function:")[2].partition(":")
    known = lambda_backends[account][region]._lambdas._functions.get(name)
    if known is None:
        return None
    latest, versions = known["latest"], known["versions"]
    # moto keeps the permissions of a version with the version, and all others with the function.
    holders = [latest, *(one for one in versions if one.version == qualifier)]
    given = [statement for holder in holders for statement in holder.policy.statements]
    return statements({"Statement": given}, source=f"function/{name}") if given else None
