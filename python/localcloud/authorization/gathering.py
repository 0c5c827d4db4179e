"""The policies that have a say in a request, as moto's backends hold them.

A statement's source says where it stands::

    role/NAME/POLICY/SID      inline, or attached by that name     key/ID/SID         a KMS key's policy
    role/NAME/trust/SID       whom the role trusts                 key/ID/grant/NAME  a grant on it
    boundary/POLICY/SID       a permissions boundary               bucket/NAME/SID    topic/, queue/, function/, bus/
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.kms.models import Grant, kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from localcloud.authorization.evaluation import TRUST_ACTIONS, Policies, Request
from localcloud.authorization.policies import Condition, Element, Statement, statements

Statements = tuple[Statement, ...]


def policies_of(request: Request) -> Policies:
    """The policies of who asks (identity, boundary, session) and of what is asked for (its own policy).

    Raises:
        UnsupportedPolicy: one of them uses something that the local cloud cannot judge.
    """
    principal = request.principal
    session = None
    if principal.session_policy:
        session = _read(principal.session_policy, "session")
    trust = request.action in TRUST_ACTIONS
    of_resources = [found for arn in request.resources if (found := _policy_of(arn, trust=trust)) is not None]
    resource = tuple(statement for found in of_resources for statement in found) if of_resources else None
    if principal.kind not in ("user", "role"):
        return Policies(resource=resource)
    identity, boundary = _identity(principal.account, principal.role_arn or principal.arn)
    return Policies(identity, boundary, resource, session)


def _identity(account: str, arn: str) -> tuple[Statements, Statements | None]:
    """A user's or role's statements, and its boundary's; none where there is no such user or role any more."""
    iam = iam_backends[account]["aws"]
    kind, name = arn.rpartition(":")[2].partition("/")[0], arn.rpartition("/")[2]
    entity = next((one for one in list(getattr(iam, f"{kind}s").values()) if one.name == name), None)
    if entity is None:
        return (), None
    holders = [(f"{kind}/{name}", entity)]
    if kind == "user":
        groups = [group for group in list(iam.groups.values()) if entity in group.users]
        holders += [(f"group/{group.name}", group) for group in groups]
    found: Statements = ()
    for holder, one in holders:
        for policy, document in list(one.policies.items()):
            found += _read(document, f"{holder}/{policy}")
        for attached in list(one.managed_policies.values()):
            found += _read(_document(attached), f"{holder}/{attached.name}")
    boundary = getattr(entity, "permissions_boundary_arn", None)
    if not boundary:
        return found, None
    policy = iam.managed_policies.get(boundary)
    # A boundary that is gone allows nothing.
    return found, _read(_document(policy), f"boundary/{policy.name}") if policy else ()


def _document(policy: Any) -> str:
    """What a managed policy says: its default version."""
    return next(one.document for one in policy.versions if one.version_id == policy.default_version_id)


def _policy_of(arn: str, *, trust: bool) -> Statements | None:
    """What the policy of a resource says; None where it has none, or is of a kind that never has."""
    if arn.count(":") < 5:
        return None
    _, _, service, region, account, name = arn.split(":", 5)
    if service == "s3":
        return _bucket(name.partition("/")[0])
    if service == "iam":
        return _trust(account, name) if trust else None
    find = {"kms": _key, "sns": _topic, "sqs": _queue, "lambda": _function, "events": _bus}.get(service)
    return find(account, region, arn) if find else None


def _bucket(name: str) -> Statements | None:
    for backends in list(s3_backends.values()):
        bucket = backends["aws"].buckets.get(name)
        if bucket is not None and bucket.policy:
            return _read(bucket.policy, f"bucket/{name}")
    return None


def _trust(account: str, name: str) -> Statements:
    kind, _, path = name.partition("/")
    role = next((one for one in list(iam_backends[account]["aws"].roles.values()) if _is(one, path)), None)
    return _read(role.assume_role_policy_document, f"role/{role.name}/trust") if kind == "role" and role else ()


def _is(role: Any, path: str) -> bool:
    return f"{role.path}{role.name}".strip("/") == path


def _key(account: str, region: str, arn: str) -> Statements | None:
    key = kms_backends[account][region].keys.get(arn.rpartition("/")[2])
    if key is None:
        return None
    return _read(key.policy, f"key/{key.id}") + tuple(_granted(key.arn, grant) for grant in list(key.grants.values()))


def _granted(arn: str, grant: Grant) -> Statement:
    """A grant as the statement that it comes to (AWS KMS Developer Guide, "Grants in AWS KMS")."""
    conditions = tuple(
        Condition("StringEquals", f"kms:encryptioncontext:{name}".lower(), (value,))
        for kind in ("EncryptionContextSubset", "EncryptionContextEquals")
        for name, value in (grant.constraints or {}).get(kind, {}).items()
    )
    if exactly := (grant.constraints or {}).get("EncryptionContextEquals"):
        conditions += (Condition("ForAllValues:StringEquals", "kms:encryptioncontextkeys", tuple(exactly)),)
    kind = "Service" if grant.grantee_principal.endswith(".amazonaws.com") else "AWS"
    return Statement(
        source=f"key/{grant.key_id.rpartition('/')[2]}/grant/{grant.name or grant.id}",
        effect="Allow",
        action=Element(tuple(f"kms:{operation}" for operation in grant.operations)),
        resource=Element((arn,)),
        principal=Element((f"{kind} {grant.grantee_principal}",)),
        conditions=conditions,
    )


def _topic(account: str, region: str, arn: str) -> Statements | None:
    topic = sns_backends[account][region].topics.get(arn)
    return _read(topic.policy, f"topic/{topic.name}") if topic else None


def _queue(account: str, region: str, arn: str) -> Statements | None:
    queue = sqs_backends[account][region].queues.get(arn.rpartition(":")[2])
    return _read(queue.policy, f"queue/{queue.name}") if queue and queue.policy else None


def _function(account: str, region: str, arn: str) -> Statements | None:
    name, _, qualifier = arn.partition(":function:")[2].partition(":")
    known = lambda_backends[account][region]._lambdas._functions.get(name)
    if known is None:
        return None
    latest, versions = known["latest"], known["versions"]
    # moto keeps the permissions of a version with the version, and all others with the function.
    holders = [latest, *(one for one in versions if one.version == qualifier)]
    given = [statement for holder in holders for statement in holder.policy.statements]
    return _parse({"Statement": given}, f"function/{name}") if given else None


def _bus(account: str, region: str, arn: str) -> Statements | None:
    bus = events_backends[account][region].event_buses.get(arn.rpartition("/")[2])
    return _read(bus.policy, f"bus/{bus.name}") if bus and bus.policy else None


@lru_cache(maxsize=1024)
def _read(document: str | bytes, source: str) -> Statements:
    return _parse(json.loads(document), source)


def _parse(document: dict[str, Any], source: str) -> Statements:
    return statements(document, source=source)
