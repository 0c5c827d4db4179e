"""SimulatePrincipalPolicy, SimulateCustomPolicy, and the context keys that policies ask for.

moto has none of them. The judge decides (:mod:`localcloud.iam.simulation`).

AWS: IAM API Reference, SimulatePrincipalPolicy, SimulateCustomPolicy, GetContextKeysForPrincipalPolicy and
GetContextKeysForCustomPolicy. The errors: NoSuchEntity; InvalidInput, with IAM's words for an ARN of a session and for
a resource's policy without a caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.exceptions import InvalidInput, NoSuchEntity
from moto.iam.responses import IamResponse

from localcloud.errors import UnsupportedPolicy
from localcloud.iam.conditions import is_value
from localcloud.iam.documents import flaw
from localcloud.iam.evaluation import Principal
from localcloud.iam.gathering import Document, documents_of
from localcloud.iam.lookups import user_id
from localcloud.iam.needs import PLACEHOLDER
from localcloud.iam.registry import Registry
from localcloud.iam.simulation import BadDocument, Given, Simulated, context_keys, simulate

ENTITY = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):(user|role|group)/([\w+=,.@/-]+)")
ACTION = re.compile(r"[\w-]+:[\w.]+")
#: Who simulates the policies of a request that names nobody.
NOBODY = "arn:aws:iam::{account}:user/simulated"
MOST = 100


class ForeignOwner(ServiceException):
    code = "NotImplemented"

    def __init__(self, owner: str) -> None:
        super().__init__(
            f"the local cloud does not simulate a resource of another account, and {owner} is one: test it on AWS"
        )


def install(registry: Registry) -> None:
    """Add the operations to moto's."""

    def simulate_principal_policy(self: IamResponse) -> ActionResult:
        arn = self._get_param("PolicySourceArn")
        held, boundary = _documents(arn)
        return _answered(self, registry, arn, (*held, *_inputs(self)), _boundary(self) or boundary)

    def simulate_custom_policy(self: IamResponse) -> ActionResult:
        return _answered(self, registry, None, _inputs(self), _boundary(self))

    def get_context_keys_for_principal_policy(self: IamResponse) -> ActionResult:
        held, _ = _documents(self._get_param("PolicySourceArn"))
        return _checked(lambda: {"ContextKeyNames": context_keys((*held, *_inputs(self)))})

    def get_context_keys_for_custom_policy(self: IamResponse) -> ActionResult:
        return _checked(lambda: {"ContextKeyNames": context_keys(_inputs(self))})

    for operation in (
        simulate_principal_policy,
        simulate_custom_policy,
        get_context_keys_for_principal_policy,
        get_context_keys_for_custom_policy,
    ):
        setattr(IamResponse, operation.__name__, operation)


def _answered(
    response: IamResponse,
    registry: Registry,
    source: str | None,
    policies: tuple[Given, ...],
    boundary: Given | None,
) -> ActionResult:
    """The answer to a simulation.

    Raises:
        InvalidInput: A parameter is wrong.
    """
    actions, resources = response._get_param("ActionNames"), response._get_param("ResourceArns", [])
    for action in actions:
        if not ACTION.fullmatch(action):
            raise InvalidInput(f"Invalid action: {action}")
    own, caller = response._get_param("ResourcePolicy"), response._get_param("CallerArn")
    if own and not caller and not (source and ":user/" in source):
        raise InvalidInput("Invalid caller - Caller cannot be null or empty.")
    if caller and ":user/" not in caller:
        raise InvalidInput(f"Invalid caller: {caller} is not the ARN of a user.")
    who = _principal(caller or source or NOBODY.format(account=response.current_account))
    if own and (owner := response._get_param("ResourceOwner")) and who.account not in owner:
        raise ForeignOwner(owner)
    named = bool(caller or source)
    context = _context(response, who, named=named)
    resource = _read("ResourcePolicy", own, "resource") if own else None
    asked = Simulated(who, policies, boundary, resource, context, named)
    begin, most = int(response._get_param("Marker") or 0), int(response._get_param("MaxItems") or MOST)

    def answer() -> dict[str, Any]:
        page = actions[begin : begin + most]
        found = [{"EvalResourceName": _kind(registry, one), **simulate(asked, one, resources)} for one in page]
        further = begin + most < len(actions)
        more = {"Marker": str(begin + most)} if further else {}
        return {"EvaluationResults": found, "IsTruncated": further, **more}

    return _checked(answer)


def _checked(answer: Callable[[], dict[str, Any]]) -> ActionResult:
    try:
        return ActionResult(answer())
    except (BadDocument, UnsupportedPolicy) as problem:
        raise InvalidInput(str(problem)) from problem


def _documents(arn: str) -> tuple[tuple[Given, ...], Given | None]:
    """The policies of a user, role or group, and its boundary.

    Raises:
        InvalidInput: The ARN is not that of a user, role or group.
        NoSuchEntity: There is none.
    """
    entity = ENTITY.fullmatch(arn)
    if entity is None:
        raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    found = documents_of(entity[1], arn)
    if found is None:
        raise NoSuchEntity(f"The {entity[2]} with name {entity[3].rpartition('/')[2]} cannot be found.")
    held, boundary = found
    return tuple(map(_given, held)), _given(boundary) if boundary else None


def _given(held: Document) -> Given:
    return Given(held.name if held.managed else f"{held.holder.replace('/', '_')}_{held.name}", held.text)


def _inputs(response: IamResponse) -> tuple[Given, ...]:
    given = response._get_param("PolicyInputList", [])
    return tuple(_read(f"PolicyInputList.{number}", text) for number, text in enumerate(given, start=1))


def _boundary(response: IamResponse) -> Given | None:
    given = response._get_param("PermissionsBoundaryPolicyInputList", [])
    return _read("PermissionsBoundaryPolicyInputList.1", given[0]) if given else None


def _read(name: str, text: str, kind: Literal["identity", "resource"] = "identity") -> Given:
    """A policy of the request.

    Raises:
        InvalidInput: It is none.
    """
    if why := flaw(text, kind):
        raise InvalidInput(f"Syntax errors in policy {name}: {why}")
    return Given(name, text)


def _principal(arn: str) -> Principal:
    account, name = arn.split(":", 5)[4:]
    if name.startswith("role/"):
        session = f"arn:aws:sts::{account}:assumed-role/{name.rpartition('/')[2]}/simulated"
        return Principal(session, account, "role", role_arn=arn)
    return Principal(arn, account, "user")


def _context(response: IamResponse, who: Principal, *, named: bool) -> dict[str, tuple[str, ...]]:
    """The condition keys of a simulation: those of a user that it names, and before these the request's."""
    known = {"aws:userid": user_id(who)} if named and who.kind == "user" else {}
    entries = response._get_param("ContextEntries", [])
    for entry in entries:
        _check(entry)
    given = {one["ContextKeyName"].lower(): tuple(map(str, one.get("ContextKeyValues", []))) for one in entries}
    return {**{key: (value,) for key, value in known.items() if value}, **given}


def _check(entry: Mapping[str, Any]) -> None:
    """Check that a condition key's values have its type.

    Raises:
        InvalidInput: One has not.
    """
    kind = entry.get("ContextKeyType", "string").removesuffix("List")
    for value in entry.get("ContextKeyValues", []):
        if not is_value(kind, str(value)):
            raise InvalidInput(f"Invalid value for the context key {entry['ContextKeyName']}: {value!r} is no {kind}.")


def _kind(registry: Registry, action: str) -> str:
    """The form of the ARNs of an action's resources, ``arn:${Partition}:sqs:${Region}:${Account}:${QueueName}``.

    ``*`` if the registry's tables do not say.
    """
    forms = (resource for need in _needs(registry, action) for resource in need.resources if isinstance(resource, str))
    form = next((one for one in forms if one.startswith("arn:")), "*")
    named = form.replace("arn:aws:", "arn:${Partition}:").replace("{region}", "${Region}")
    named = named.replace("{account}", "${Account}").replace("{Bucket}", "${BucketName}").replace("{Key}", "${KeyName}")
    return PLACEHOLDER.sub(lambda found: found[0] if named[found.start() - 1] == "$" else f"${found[0]}", named)


def _needs(registry: Registry, action: str) -> Iterable[Any]:
    wanted = action.lower()
    return (
        need
        for table in registry.tables.values()
        for needs in table.values()
        for need in needs
        if need.action.lower() == wanted
    )
