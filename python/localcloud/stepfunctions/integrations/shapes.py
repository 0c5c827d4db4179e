"""JSON values and the values of an AWS API, by the API's model.

Parameters are in Pascal case. A text parameter takes any JSON object or array and gets its text; a body is always the
JSON text of its value. In answers keys are in Pascal case, bodies are text, and moments are ISO 8601 in AWS SDK
integrations and milliseconds since 1970 in optimized ones (Step Functions Developer Guide, "Passing parameters to a
service API", and AWS's recorded histories).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from botocore.model import Shape

from localcloud.stepfunctions.integrations.names import capitalized
from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.scope import Json

NUMBERS = {"integer": "INTEGER", "long": "LONG", "float": "FLOAT", "double": "DOUBLE"}
OTHERS = {"structure": "STRUCT", "list": "ARRAY", "map": "MAP", "boolean": "BOOLEAN"}


def text_of(value: Json) -> str:
    """A JSON value as AWS writes it: without spaces, and with every letter as it is."""
    return values.text(value)


def parameters(shape: Shape | None, arguments: Json) -> tuple[dict[str, Any], list[str]]:
    """The parameters of a call, and what is wrong with them in AWS's words.

    Args:
        shape: The operation's input.
        arguments: The Task's Parameters or Arguments. Members that are null are left out.

    Example::

        >>> from moto.core.utils import get_service_model
        >>> shape = get_service_model("stepfunctions").operation_model("StartExecution").input_shape
        >>> parameters(shape, {"StateMachineArn": "a", "Input": {"a": 1}, "Name": None})
        ({'stateMachineArn': 'a', 'input': '{"a":1}'}, [])
        >>> parameters(shape, {"StateMachineArn": 1, "Speed": 2})
        ({}, ["The value for the field 'StateMachineArn' must be a STRING",
              'The field "Speed" is not supported by Step Functions'])
        >>> parameters(shape, {})
        ({}, ["The field 'StateMachineArn' is required but was missing"])
    """
    problems: list[str] = []
    given = arguments if isinstance(arguments, Mapping) else {}
    if shape is None:
        return {}, [_unsupported(name) for name in given]
    found = _structure(shape, given, problems)
    shown = {capitalized(name) for name in shape.required_members}
    problems += [f"The field '{name}' is required but was missing" for name in sorted(shown - given.keys())]
    return found, problems


def _unsupported(name: str) -> str:
    return f'The field "{name}" is not supported by Step Functions'


def _structure(shape: Shape, given: Mapping[str, Json], problems: list[str]) -> dict[str, Any]:
    members = _members(shape)
    found = {}
    for key, value in given.items():
        if key not in members:
            problems.append(_unsupported(key))
        elif value is not None:
            known = len(problems)
            inner = _value(shape.members[members[key]], value, key, problems)
            if len(problems) == known:
                found[members[key]] = inner
    return found


@lru_cache(maxsize=1024)
def _members(shape: Shape) -> Mapping[str, str]:
    """The names of a structure's members, by the names that AWS shows."""
    return {capitalized(name): name for name in shape.members}


def _value(shape: Shape, value: Json, field: str, problems: list[str]) -> Any:
    kind = shape.type_name
    if kind == "blob":
        return text_of(value).encode()
    if kind == "timestamp" or getattr(shape, "is_document_type", False):
        return value
    if isinstance(value, Mapping):
        if kind == "structure":
            return _structure(shape, value, problems)
        if kind == "map":
            return {key: _value(shape.value, one, field, problems) for key, one in value.items()}
    if isinstance(value, list) and kind == "list":
        return [_value(shape.member, one, field, problems) for one in value]
    if kind in ("string", "character") and isinstance(value, str | Mapping | list):
        return value if isinstance(value, str) else text_of(value)
    if kind == "boolean" and isinstance(value, bool):
        return value
    if kind in NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if kind in ("integer", "long") and value == int(value) else value
    must_be = NUMBERS.get(kind) or OTHERS.get(kind, "STRING")
    article = "an" if must_be[0] in "AEIO" else "a"
    problems.append(f"The value for the field '{field}' must be {article} {must_be}")
    return None


def answer(shape: Shape | None, given: Mapping[str, Any], *, sdk: bool) -> dict[str, Json]:
    """A service's answer as JSON, without ResponseMetadata.

    Example::

        >>> from moto.core.utils import get_service_model
        >>> shape = get_service_model("stepfunctions").operation_model("StartExecution").output_shape
        >>> moment = datetime(2026, 1, 28, tzinfo=UTC)
        >>> answer(shape, {"executionArn": "a", "startDate": moment}, sdk=True)
        {'ExecutionArn': 'a', 'StartDate': '2026-01-28T00:00:00Z'}
        >>> answer(shape, {"executionArn": "a", "startDate": moment}, sdk=False)
        {'ExecutionArn': 'a', 'StartDate': 1769558400000}
    """
    return dict(_answered(shape, given, sdk)) if shape is not None else {}


def _answered(shape: Shape, given: Mapping[str, Any], sdk: bool) -> Iterator[tuple[str, Json]]:
    for name, value in sorted(given.items(), key=lambda member: capitalized(member[0])):
        if name in shape.members and value is not None:
            yield capitalized(name), _plain(shape.members[name], value, sdk)


def _plain(shape: Shape, value: Any, sdk: bool) -> Json:
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime):
        return iso(value) if sdk else int(value.timestamp() * 1000)
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return dict(_answered(shape, value, sdk)) if shape.members else value
    if shape.type_name == "list" and isinstance(value, list):
        return [_plain(shape.member, one, sdk) for one in value]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {key: _plain(shape.value, one, sdk) for key, one in value.items()}
    return value


def iso(moment: datetime) -> str:
    """A moment as Java writes an Instant: in UTC, with milliseconds if it has any.

    Example::

        >>> iso(datetime(2026, 1, 28, 10, 0, 0, 120000, tzinfo=UTC))
        '2026-01-28T10:00:00.120Z'
    """
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds") + "Z"
