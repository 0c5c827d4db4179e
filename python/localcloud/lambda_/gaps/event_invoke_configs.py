"""Every version and alias has its own configuration of asynchronous invocations, and it is checked.

moto: ``awslambda/models.py`` keeps one configuration for a function, whatever the qualifier. Its update replaces the
whole configuration, and it takes any destination.

AWS: Lambda API Reference, PutFunctionEventInvokeConfig, UpdateFunctionEventInvokeConfig and ListFunctionEventInvoke-
Configs. "If a configuration already exists for a function, version, or alias, this operation overwrites it." A
destination must exist, must not be the function itself, and the function's role must be allowed to send to it.
FIFO queues and topics are not supported (Developer Guide, "Capturing records of Lambda asynchronous invocations").
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    UnknownEventConfig,
    UnknownFunctionException,
    ValidationException,
)

from localcloud.iam.acting import Acting
from localcloud.iam.roles import AccessDenied, Roles
from localcloud.lambda_ import names, routing
from localcloud.lambda_.later import deliveries
from localcloud.lambda_.later.configurations import LATEST, configuration_of, configurations

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaBackend, LambdaFunction
    from moto.awslambda.responses import LambdaResponse

SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
#: The least and the most of each number (API Reference).
NUMBERS = {"MaximumRetryAttempts": (0, 2), "MaximumEventAgeInSeconds": (60, 21_600)}
DESTINATION = re.compile(r"$|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-[a-z]+)+-\d{1})?:(\d{12})?:(.*)")
LARGEST_PAGE = 50
_IN_PATH = 3  # the place of the function's name in /2019-09-25/functions/NAME/event-invoke-config


class NoSuchFunction(LambdaClientError):
    """These operations have their own words for a function that does not exist."""

    code = 404

    def __init__(self) -> None:
        super().__init__("ResourceNotFoundException", "The function doesn't exist.")


def apply(roles: Roles) -> None:
    """Replace moto's operations."""
    from moto.awslambda.responses import LambdaResponse

    def put(self: LambdaResponse) -> str:
        return json.dumps(_written(self, roles, update=False))

    def update(self: LambdaResponse) -> str:
        return json.dumps(_written(self, roles, update=True))

    def get(self: LambdaResponse) -> str:
        name, qualifier = _asked(self)
        return json.dumps(_existing(self.backend, name, qualifier))

    def delete(self: LambdaResponse) -> tuple[int, dict[str, int], str]:
        name, qualifier = _asked(self)
        _existing(self.backend, name, qualifier)
        del configurations(routing.latest(self.backend, name))[qualifier]
        return 204, {"status": 204}, ""

    def list_all(self: LambdaResponse) -> str:
        name, _ = _asked(self)
        function = _function(self.backend, name, LATEST)
        found = [one for _, one in sorted(configurations(function).items())]
        begin, size = int(self._get_param("Marker") or 0), int(self._get_param("MaxItems") or LARGEST_PAGE)
        answer: dict[str, Any] = {"FunctionEventInvokeConfigs": found[begin : begin + size]}
        if begin + size < len(found):
            answer["NextMarker"] = str(begin + size)
        return json.dumps(answer)

    operations: dict[str, Callable[[LambdaResponse], Any]] = {
        "put_function_event_invoke_config": put,
        "update_function_event_invoke_config": update,
        "get_function_event_invoke_config": get,
        "delete_function_event_invoke_config": delete,
        "list_function_event_invoke_configs": list_all,
    }
    for operation, method in operations.items():
        setattr(LambdaResponse, operation, method)


def check_destinations(acting: Acting, function: LambdaFunction, given: Mapping[str, Any]) -> None:
    """Refuse destinations that cannot take records.

    Args:
        acting: Lambda, acting in the function's role.
        given: A DestinationConfig.

    Raises:
        InvalidParameterValueException: One of them cannot.
    """
    sides = {side: (given.get(side) or {}).get("Destination") or None for side in ("OnSuccess", "OnFailure")}
    for side, arn in sides.items():
        if arn is None:
            continue
        kinds = deliveries.DESTINATIONS if side == "OnSuccess" else deliveries.FAILURE_DESTINATIONS
        if not DESTINATION.fullmatch(arn):
            raise ValidationException(
                arn,
                f"destinationConfig.{side[0].lower()}{side[1:]}.destination",
                f"Member must satisfy regular expression pattern: {DESTINATION.pattern}",
            )
        if deliveries.service_of(arn) not in kinds or arn.endswith(".fifo"):
            raise InvalidParameterValueException(f"The provided destination config {_described(sides)} is invalid.")
        _check_destination(acting, function, arn)


def _check_destination(acting: Acting, function: LambdaFunction, arn: str) -> None:
    parts = arn.split(":")
    if parts[4] and parts[4] != function.account_id:
        raise InvalidParameterValueException(
            f"the local cloud sends records to destinations of the function's own account only: {arn}"
        )
    if not deliveries.exists(arn, account=function.account_id):
        raise InvalidParameterValueException(f"The destination ARN {arn} is invalid.")
    if parts[2] == "lambda" and parts[6] == function.function_name and parts[3] == function.region:
        raise InvalidParameterValueException("You can't specify the function as a destination for itself.")
    try:
        deliveries.permit_configured(acting, arn)
    except AccessDenied as error:
        action = error.request.action.partition(":")[2]
        raise InvalidParameterValueException(
            f"The function's execution role does not have permissions to call {action} on {arn}"
        ) from None


def _described(sides: Mapping[str, str | None]) -> str:
    parts = [
        f"{side[0].lower()}{side[1:]}={f'{side}(destination={arn})' if arn else 'null'}" for side, arn in sides.items()
    ]
    return f"DestinationConfig({', '.join(parts)})"


def _asked(request: LambdaResponse) -> tuple[str, str]:
    """The function's name and the qualifier of a request, which is ``$LATEST`` if it has none."""
    found = names.read_inner(unquote(request.path.split("/")[_IN_PATH]))
    if found is None:
        raise NoSuchFunction
    return found.name, found.qualifier or LATEST


def _function(backend: LambdaBackend, name: str, qualifier: str) -> LambdaFunction:
    try:
        return backend.get_function(name, qualifier)
    except UnknownFunctionException:
        raise NoSuchFunction from None


def _existing(backend: LambdaBackend, name: str, qualifier: str) -> dict[str, Any]:
    arn = f"arn:aws:lambda:{backend.region_name}:{backend.account_id}:function:{name}:{qualifier}"
    try:
        found = configuration_of(backend, name, qualifier)
    except UnknownFunctionException:
        found = None
    if found is None:
        raise UnknownEventConfig(arn)
    return dict(found)


def _written(request: LambdaResponse, roles: Roles, *, update: bool) -> dict[str, Any]:
    """Write a configuration and return it."""
    given = {name: value for name, value in request.json_body.items() if name in SETTINGS and value is not None}
    if not given:
        raise InvalidParameterValueException("You must specify at least one of error handling or destination setting.")
    for name, (least, most) in NUMBERS.items():
        if name in given and not least <= given[name] <= most:
            which, bound = ("greater", least) if given[name] < least else ("less", most)
            raise ValidationException(
                given[name],
                f"{name[0].lower()}{name[1:]}",
                f"Member must have value {which} than or equal to {bound}",
            )
    name, qualifier = _asked(request)
    backend = request.backend
    function = _function(backend, name, qualifier)
    earlier = _existing(backend, name, qualifier) if update else {}
    if destinations := given.get("DestinationConfig"):
        acting = Acting(roles, function.role, backend.account_id, backend.region_name, session=name)
        check_destinations(acting, function, destinations)
    kept = {name: value for name, value in earlier.items() if name in SETTINGS} | given
    kept["DestinationConfig"] = {"OnSuccess": {}, "OnFailure": {}} | (kept.get("DestinationConfig") or {})
    latest = routing.latest(backend, name)
    found = {"LastModified": time.time(), "FunctionArn": f"{latest.function_arn}:{qualifier}", **kept}
    configurations(latest)[qualifier] = found
    return found
