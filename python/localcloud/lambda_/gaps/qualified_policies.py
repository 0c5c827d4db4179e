"""Every version and every alias has its own policy, apart from the function's.

moto: ``awslambda/models.py``, ``LambdaBackend.add_permission`` puts the statement of an alias into the policy of the
version to which the alias points, and all versions share one policy. ``get_policy`` and ``remove_permission`` do not
tell qualifiers apart. A statement id may be used twice.

AWS: Lambda API Reference, AddPermission: "To grant permission to invoke a version or alias, use the Qualifier
parameter. … the invoker must use the full ARN of that version or alias".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.policy import Policy

from localcloud.lambda_ import names, routing

LATEST = "$LATEST"


class StatementExists(LambdaClientError):
    """A statement with this id exists already."""

    code = 409

    def __init__(self, sid: str) -> None:
        super().__init__(
            "ResourceConflictException",
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement.",
        )


def apply() -> None:
    """Replace moto's functions."""

    def add_permission(self: LambdaBackend, function_name: str, qualifier: str | None, raw: str) -> Any:
        policy, which = _policy(self, function_name, qualifier, make=True)
        if which == LATEST:
            raise InvalidParameterValueException(f"We currently do not support adding policies for {LATEST}.")
        sid = json.loads(raw).get("StatementId")
        if any(one.get("Sid") == sid for one in policy.statements):
            raise StatementExists(sid)
        statement, _ = policy.add_statement(raw, which)
        return statement

    def remove_permission(self: LambdaBackend, function_name: str, sid: str, revision: str = "") -> None:
        policy, _ = _policy(self, function_name, None)
        policy.del_statement(sid, revision)

    def get_policy(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> str:
        policy, _ = _policy(self, function_name, qualifier)
        return str(policy.wire_format())

    LambdaBackend.add_permission = add_permission
    LambdaBackend.remove_permission = remove_permission
    LambdaBackend.get_policy = get_policy


def policies(latest: LambdaFunction) -> dict[str, Policy]:
    """The policies of a function's versions and aliases, by their qualifier.

    Args:
        latest: The function's version ``$LATEST``.
    """
    found: dict[str, Policy] = latest.__dict__.setdefault("qualified_policies", {})
    return found


def policies_for(latest: LambdaFunction, qualifier: str | None) -> Iterator[Policy]:
    """The policies in which the statements about a qualifier are."""
    yield latest.policy
    if found := policies(latest).get(qualifier or ""):
        yield found


def _policy(
    backend: LambdaBackend, function_name: str, qualifier: str | None, *, make: bool = False
) -> tuple[Policy, str | None]:
    """The policy that a request means, and its qualifier.

    Raises:
        UnknownFunctionException: There is no such function, version or alias.
    """
    found = names.read_inner(function_name)
    which = qualifier or (found.qualifier if found else None)
    backend.get_function(function_name, which)
    latest = routing.latest(backend, found.name if found else function_name)
    if which is None:
        return latest.policy, None
    known = policies(latest)
    if make and which != LATEST:
        return known.setdefault(which, Policy(latest)), which
    return known.get(which) or Policy(latest), which
