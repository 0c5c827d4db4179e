"""Condition keys that are looked up only where a policy asks for them: tags, ids, and what services know of resources.

Example::

    >>> from localcloud.iam.evaluation import Principal
    >>> root = Principal("arn:aws:iam::123456789012:root", "123456789012", "root")
    >>> completed(Request(root, "sqs:SendMessage"), frozenset({"aws:userid"}), Registry()).context
    {'aws:userid': ('123456789012',)}

Sources: IAM User Guide, "AWS global condition context keys", and the service authorization reference. A key that a
request lacks on AWS is left out here too. So are the keys of what the local cloud has not: organizations, VPC endpoints
as the way of a request, multi-factor authentication, other services that call on a caller's behalf
(``aws:CalledVia``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.iam.evaluation import Context, Principal, Request
from localcloud.iam.principals import identity
from localcloud.iam.registry import Registry

RESOURCE_TAG, PRINCIPAL_TAG, USER_ID = "aws:resourcetag/", "aws:principaltag/", "aws:userid"
#: The services that have a key of their own for a resource's tags, by the service in the action's name.
OWN_RESOURCE_TAG = {"ec2": "ec2:resourcetag/", "iam": "iam:resourcetag/", "sts": "iam:resourcetag/"} | {
    "sagemaker": "sagemaker:resourcetag/"
}


def completed(request: Request, keys: Iterable[str], registry: Registry) -> Request:
    """A request with those of the keys, in lower case, that describe what is there now: tags, ids, objects.

    What the request says itself stays. A request with more than one resource gets no keys of resources.
    """
    service = request.action.partition(":")[0].lower()
    missing = {key for key in keys if key not in request.context}
    found: dict[str, tuple[str, ...]] = {}
    if USER_ID in missing and (who := user_id(request.principal)):
        found[USER_ID] = (who,)
    if any(key.startswith(PRINCIPAL_TAG) for key in missing):
        found |= _keyed(PRINCIPAL_TAG, registry.tags_of(request.principal.role_arn or request.principal.arn))
    if len(request.resources) == 1:
        own = OWN_RESOURCE_TAG.get(service, RESOURCE_TAG)
        if any(key.startswith((RESOURCE_TAG, own)) for key in missing):
            found |= _resource_tags(request, own, registry)
        if any(key.startswith(f"{service}:") for key in missing):
            found |= registry.keys_of(request)
    new = {key: values for key, values in found.items() if key in missing}
    names = registry.unjudged_of(request.action)
    left = sorted(missing - new.keys())
    unknown = tuple(key for key in left if key in names or f"{key.partition('/')[0]}/" in names)
    if not new and not unknown:
        return request
    return dataclasses.replace(request, context={**request.context, **new}, unjudged=unknown)


def user_id(who: Principal) -> str | None:
    """What ``aws:userid`` and GetCallerIdentity call a principal; None for a service."""
    return who.account if who.kind == "root" else identity(who)


def _resource_tags(request: Request, own: str, registry: Registry) -> Context:
    known = {
        key.removeprefix(RESOURCE_TAG): values
        for key, values in request.context.items()
        if key.startswith(RESOURCE_TAG)
    }
    if known:  # the request's table has looked already
        return {f"{own}{name}": values for name, values in known.items()}
    tags = registry.tags_of(request.resources[0])
    return {**_keyed(RESOURCE_TAG, tags), **_keyed(own, tags)}


def _keyed(prefix: str, tags: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {f"{prefix}{name}".lower(): (str(value),) for name, value in tags.items()}
