"""Opens what the state machine sends: {"execution": {"name": …, "started_at": …}, "input": …}.

Example::

    opened({"execution": {"name": "run-1", "started_at": "2026-01-28T12:09:35.872Z"}, "input": 5})
    # ("run-1", datetime(2026, 1, 28, …), 5)
"""

from datetime import datetime


class InvalidInputError(Exception):
    """The input is not the output of classifyImage, or what stands for the execution is none."""


def opened(event):
    """The execution's name, its start, and the input. Without an execution, name and start are None.

    Raises:
        InvalidInputError: If what stands for the execution is none.
    """
    if not (isinstance(event, dict) and {"execution", "input"} <= event.keys()):
        return None, None, event
    execution = event["execution"]
    if not isinstance(execution, dict) or not isinstance(execution.get("name", ""), str):
        raise InvalidInputError(f"execution is {ascii(execution)[:120]}, not an object with a name")
    start = execution.get("started_at")
    return execution.get("name"), None if start is None else time(start), event["input"]


def time(start):
    """An ISO 8601 time with its offset."""
    try:
        found = datetime.fromisoformat(start)
    except (TypeError, ValueError):
        found = None
    if found is None or found.utcoffset() is None:
        raise InvalidInputError(f"execution.started_at is {ascii(start)[:120]}, not an ISO 8601 time with its offset")
    return found
