"""Aliases that point to one or two versions, and are checked.

moto: ``awslambda/models.py``, ``LambdaStorage.put_alias`` and ``update_alias`` take any RoutingConfig and ignore
RevisionId. An alias that exists already is a ConflictException. A version may be deleted although an alias points to
it.

AWS: Lambda API Reference, CreateAlias, UpdateAlias and AliasRoutingConfiguration. Developer Guide, "Implement Lambda
canary deployments using a weighted alias": an alias may point to two versions at most. Both must be published, and must
have the same role and the same dead-letter queue. "Manage Lambda function versions": a version to which an alias points
cannot be deleted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    PreconditionFailedException,
    ValidationException,
)
from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.moto_api._internal import mock_random

from localcloud.lambda_ import names, routing
from localcloud.lambda_.gaps.qualified_policies import policies
from localcloud.lambda_.gaps.revisions import STALE
from localcloud.lambda_.later.configurations import LATEST, configurations

NAME = re.compile(r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)")
_WEIGHTS = "routingConfig.additionalVersionWeights"
_WEIGHT = "[Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0]"
_VERSION = "[Member must have length less than or equal to 1024, Member must have length greater than or equal to 1"


class ResourceConflict(LambdaClientError):
    """The resource exists already, or is used."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


def apply() -> None:
    """Replace moto's functions."""
    create, update, drop, delete = (
        LambdaBackend.create_alias,
        LambdaBackend.update_alias,
        LambdaBackend.delete_alias,
        LambdaBackend.delete_function,
    )
    answer = LambdaResponse.update_alias

    def create_alias(
        self: LambdaBackend, name: str, function_name: str, function_version: str, description: str, routing_config: Any
    ) -> LambdaAlias:
        if not NAME.fullmatch(name or ""):
            raise ValidationException(name, "name", f"Member must satisfy regular expression pattern: {NAME.pattern}")
        check(self, function_name, function_version, routing_config)
        if existing := routing.alias_of(self, function_name, name):
            raise ResourceConflict(f"Alias already exists: {existing.arn}")
        return create(self, name, function_name, function_version, description, routing_config)

    def update_alias(
        self: LambdaBackend, name: str, function_name: str, function_version: str, description: str, routing_config: Any
    ) -> LambdaAlias:
        existing = self.get_alias(name, function_name)
        # A configuration without weights ends the routing. Without a configuration it stays.
        wanted = existing.routing_config if routing_config is None else routing_config
        version = function_version or existing.function_version
        check(self, function_name, version, wanted)
        changed = update(self, name, function_name, version, description, routing_config)
        changed.revision_id = str(mock_random.uuid4())
        if not routing.weights_of(changed):
            changed.routing_config = {}
        return changed

    def answer_update(self: LambdaResponse) -> Any:
        _check_revision(self)
        return answer(self)

    def delete_alias(self: LambdaBackend, name: str, function_name: str) -> None:
        latest = routing.latest(self, function_name)
        drop(self, name, function_name)
        configurations(latest).pop(name, None)
        policies(latest).pop(name, None)

    def delete_function(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
        found = names.read_inner(function_name)
        version = qualifier or (found.qualifier if found else None)
        if found and version and version != LATEST:
            self.get_function(found.name, version)  # a missing version is refused first
            used = [one.name for one in self.list_aliases(found.name) if version in versions_of(one)]
            if used:
                raise ResourceConflict(
                    f"Version {version} of function {found.name} cannot be deleted, because an alias points to it: "
                    f"{', '.join(used)}"
                )
        delete(self, function_name, qualifier)

    LambdaBackend.create_alias, LambdaBackend.update_alias = create_alias, update_alias
    LambdaBackend.delete_alias, LambdaBackend.delete_function = delete_alias, delete_function
    LambdaResponse.update_alias = answer_update


def versions_of(alias: LambdaAlias) -> tuple[str, ...]:
    """The versions to which an alias points."""
    return alias.function_version, *routing.weights_of(alias)


def check(backend: LambdaBackend, name: str, version: str, routing_config: Mapping[str, Any] | None) -> None:
    """Refuse a version that does not exist, and weights that AWS does not take.

    Raises:
        LambdaClientError: They are refused.
    """
    main = _version(backend, name, version)
    weights = (routing_config or {}).get("AdditionalVersionWeights") or {}
    if len(weights) > 1:
        raise InvalidParameterValueException("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for other, weight in weights.items():
        shown = f"{{{other}={weight}}}"
        if not isinstance(weight, int | float) or not 0.0 <= weight <= 1.0:
            raise ValidationException(shown, _WEIGHTS, f"Map value must satisfy constraint: {_WEIGHT}")
        if other == version:
            raise InvalidParameterValueException(
                f"Invalid function version {version}. Function version {version} is already included in routing "
                "configuration."
            )
        if version == LATEST:
            raise InvalidParameterValueException(
                f"{LATEST} is not supported for an alias pointing to more than 1 version"
            )
        if not re.fullmatch("[0-9]+", other):
            constraint = f"{_VERSION}, Member must satisfy regular expression pattern: [0-9]+]"
            raise ValidationException(shown, _WEIGHTS, f"Map keys must satisfy constraint: {constraint}")
        _check_alike(main, _version(backend, name, other))


def _version(backend: LambdaBackend, name: str, version: str) -> LambdaFunction:
    if not re.fullmatch(r"\$LATEST|[0-9]+", version or ""):
        raise ValidationException(
            version, "functionVersion", r"Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)"
        )
    return backend.get_function(name, version)


def _check_alike(one: LambdaFunction, other: LambdaFunction) -> None:
    """AWS documents the rule and not its words."""
    if one.role != other.role:
        raise InvalidParameterValueException(
            f"Versions {one.version} and {other.version} must have the same execution role for an alias pointing to "
            "more than 1 version"
        )
    if (one.kept.get("DeadLetterConfig") or {}) != (other.kept.get("DeadLetterConfig") or {}):
        raise InvalidParameterValueException(
            f"Versions {one.version} and {other.version} must have the same dead-letter queue configuration for an "
            "alias pointing to more than 1 version"
        )


def _check_revision(request: LambdaResponse) -> None:
    expected = request.json_body.get("RevisionId")
    function, alias = request.path.split("/")[3], request.path.rsplit("/", 1)[-1]
    if expected and request.backend.get_alias(alias, function).revision_id != expected:
        raise PreconditionFailedException(STALE)
