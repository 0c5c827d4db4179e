"""The tags of functions and of event source mappings, for policies."""

from __future__ import annotations

from localcloud.lambda_.sources.mappings import held_by


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """The tags of a function, whatever version or alias the ARN names, or of an event source mapping."""
    from moto.awslambda.models import lambda_backends

    kind, name = arn.split(":")[5:7]
    backend = lambda_backends[account][region]
    if kind == "event-source-mapping":
        mapping = held_by(backend).get(name)
        return dict(mapping.tags) if mapping else {}
    known = backend._lambdas._functions.get(name) if kind == "function" else None
    return dict(known["latest"].tags or {}) if known else {}
