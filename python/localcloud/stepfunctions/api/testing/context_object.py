"""The check of the context object that a request gives.

Example::

    >>> problem({"Execution": {"Id": 1}}, waits=False)
    'Execution.Id must be a string'
    >>> problem({"Execution": {}, "State": {"RetryCount": 2}}, waits=False)
"""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.stepfunctions.api.errors import ApiError, invalid
from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.scope import Json

TEXT, NUMBER, ANY = "a string", "a number", "anything"
#: The context object's fields and their types (Step Functions Developer Guide, "Accessing execution data from the
#: Context object").
FIELDS: dict[str, dict[str, str]] = {
    "Execution": {
        "Id": TEXT,
        "Input": ANY,
        "Name": TEXT,
        "RedriveCount": NUMBER,
        "RedriveTime": TEXT,
        "RoleArn": TEXT,
        "StartTime": TEXT,
    },
    "State": {"EnteredTime": TEXT, "Name": TEXT, "RetryCount": NUMBER},
    "StateMachine": {"Id": TEXT, "Name": TEXT},
    "Task": {"Token": TEXT},
}


def read(text: str, *, waits: bool) -> dict[str, Json]:
    """The context object of a request.

    Args:
        waits: Whether the state is a Task that waits for a job or a token.

    Raises:
        ApiError: ValidationException.
    """
    try:
        found = values.parsed(text)
    except ValueError:
        raise _refused("Context object must be valid JSON") from None
    if not isinstance(found, dict):
        raise _refused("Context object must be a JSON object")
    if wrong := problem(found, waits=waits):
        raise _refused(wrong)
    return found


def _refused(why: str) -> ApiError:
    return invalid(f"Invalid Context object provided: {why}")


def problem(given: Mapping[str, Json], *, waits: bool) -> str | None:
    """What is wrong with a context object, in AWS's words. None: nothing is."""
    for name, part in given.items():
        if name == "Map":
            return "'Map' field is not supported when mocking a Context object"
        if name not in FIELDS:
            return f"Field '{name}' is not allowed"
        if name == "Task" and not waits:
            pattern = "when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern"
            return f"Context object contains 'Task' {pattern}"
        if not isinstance(part, dict):
            return f"{name} must be an object"
        for field, value in part.items():
            kind = FIELDS[name].get(field)
            if kind is None:
                return f"Field '{field}' is not allowed"
            if (kind == TEXT and not isinstance(value, str)) or (kind == NUMBER and not values.is_number(value)):
                return f"{name}.{field} must be {kind}"
    return None
