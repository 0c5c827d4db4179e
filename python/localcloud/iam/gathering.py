"""Collects the policies that apply to a request from moto's backends.

A statement's source says which policy it is in::

    role/NAME/POLICY/SID      inline, or attached by that name     key/ID/SID         a KMS key's policy
    role/NAME/trust/SID       a role's trust policy                key/ID/grant/NAME  a grant on it
    boundary/POLICY/SID       a permissions boundary               bucket/NAME/SID    topic/, queue/, function/, bus/
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from moto.iam.models import iam_backends

from localcloud.iam.evaluation import TRUST_ACTIONS, Policies, Request
from localcloud.iam.policies import read
from localcloud.iam.principals import role_id
from localcloud.iam.registry import Registry, Statements


class Identities:
    """Users, roles and groups as IAM holds them now. What their policies say counts at once."""

    def documents_of(self, account: str, arn: str) -> tuple[tuple[Document, ...], Document | None] | None:
        """As :func:`documents_of`."""
        return documents_of(account, arn)

    def trust_of(self, account: str, path: str) -> str | None:
        """The trust policy of the role with a path and name; None if there is no such role."""
        role = next((one for one in list(iam_backends[account]["aws"].roles.values()) if path_of(one) == path), None)
        return role.assume_role_policy_document if role else None

    def role_id(self, role_arn: str) -> str | None:
        """As :func:`localcloud.iam.principals.role_id`."""
        return role_id(role_arn)


def policies_of(request: Request, registry: Registry, identities: Identities | None = None) -> Policies:
    """The principal's policies (identity, boundary, session) and the resources' own policies.

    Args:
        identities: Where the policies of users and roles are from; by default what IAM holds now.

    Raises:
        UnsupportedPolicy: A policy uses something that the local cloud cannot evaluate.
    """
    principal, identities = request.principal, identities or Identities()
    session = None
    if principal.session_policy:
        session = read(principal.session_policy, "session")
    find = partial(_trust_of, identities) if request.action in TRUST_ACTIONS else registry.policy_of
    of_resources = [found for arn in request.resources if (found := find(arn)) is not None]
    resource = tuple(statement for found in of_resources for statement in found) if of_resources else None
    if principal.kind not in ("user", "role"):
        return Policies(resource=resource)
    identity, boundary = _identity(identities, principal.account, principal.role_arn or principal.arn)
    return Policies(identity, boundary, resource, session)


def _identity(identities: Identities, account: str, arn: str) -> tuple[Statements, Statements | None]:
    """The statements of a user or role, and those of its boundary.

    A user or role that has been deleted has no statements.
    """
    held, boundary = identities.documents_of(account, arn) or ((), None)
    found = tuple(statement for one in held for statement in read(one.text, f"{one.holder}/{one.name}"))
    return found, None if boundary is None else read(boundary.text, f"boundary/{boundary.name}")


@dataclass(frozen=True)
class Document:
    """A policy of a user, role or group.

    Attributes:
        holder: ``role/NAME``.
        name: The policy's name.
        text: Its document, of a managed policy its default version.
        managed: Whether it is a managed policy.
    """

    holder: str
    name: str
    text: str
    managed: bool = False


def documents_of(account: str, arn: str) -> tuple[tuple[Document, ...], Document | None] | None:
    """The policies of a user, role or group, and its boundary. None if there is no such user, role or group.

    A user has its groups' policies too. A boundary whose policy was deleted allows nothing.
    """
    iam = iam_backends[account]["aws"]
    kind, name = arn.rpartition(":")[2].partition("/")[0], arn.rpartition("/")[2]
    entity = next((one for one in list(getattr(iam, f"{kind}s").values()) if one.name == name), None)
    if entity is None:
        return None
    holders = [(f"{kind}/{name}", entity)]
    if kind == "user":
        groups = [group for group in list(iam.groups.values()) if entity in group.users]
        holders += [(f"group/{group.name}", group) for group in groups]
    found: list[Document] = []
    for holder, one in holders:
        found += [Document(holder, policy, _text(document)) for policy, document in list(one.policies.items())]
        attached = list(one.managed_policies.values())
        found += [Document(holder, policy.name, _document(policy), managed=True) for policy in attached]
    boundary = getattr(entity, "permissions_boundary_arn", None)
    if not boundary:
        return tuple(found), None
    policy = iam.managed_policies.get(boundary)
    nothing = Document("boundary", boundary.rpartition("/")[2], '{"Statement": []}')
    return tuple(found), Document("boundary", policy.name, _document(policy), managed=True) if policy else nothing


def _text(document: str | bytes) -> str:
    return document.decode() if isinstance(document, bytes) else document


def _document(policy: Any) -> str:
    """A managed policy's document: its default version."""
    return _text(next(one.document for one in policy.versions if one.version_id == policy.default_version_id))


def _trust_of(identities: Identities, arn: str) -> Statements | None:
    """A role's trust policy; None if the ARN is not a role's."""
    if arn.count(":") < 5 or arn.split(":")[2] != "iam":
        return None
    account, name = arn.split(":", 5)[4:]
    kind, _, path = name.partition("/")
    document = identities.trust_of(account, path) if kind == "role" else None
    return read(document, f"role/{path.rpartition('/')[2]}/trust") if document is not None else ()


def path_of(role: Any) -> str:
    """A role's path and name, as its ARN has them."""
    return f"{role.path}{role.name}".strip("/")
