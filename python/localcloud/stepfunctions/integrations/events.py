"""EventBridge's putEvents: the events' resources, and entries that fail.

AWS: Step Functions Developer Guide, "Add EventBridge events with Step Functions": the execution's and the state
machine's ARNs are appended to the Resources of every entry, and any failed entry fails the Task.
"""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.stepfunctions.integrations.shapes import text_of
from localcloud.stepfunctions.language.scope import Json, StateFailure


def with_resources(arguments: Json, execution_arn: str) -> Json:
    """The arguments with the state machine's and the execution's ARNs in every entry.

    Example::

        >>> entry = {"Source": "a", "Resources": ["b"]}
        >>> arn = "arn:aws:states:eu-west-1:123456789012:execution:m:x"
        >>> with_resources({"Entries": [entry]}, arn)["Entries"][0]["Resources"]
        ['b', 'arn:aws:states:eu-west-1:123456789012:stateMachine:m',
         'arn:aws:states:eu-west-1:123456789012:execution:m:x']
    """
    if not isinstance(arguments, Mapping) or not isinstance(arguments.get("Entries"), list):
        return arguments
    added = [_machine(execution_arn), execution_arn]
    entries = [
        {**entry, "Resources": [*(entry.get("Resources") or []), *added]} if isinstance(entry, Mapping) else entry
        for entry in arguments["Entries"]
    ]
    return {**arguments, "Entries": entries}


def _machine(execution_arn: str) -> str:
    parts = execution_arn.split(":")
    return ":".join([*parts[:5], "stateMachine", parts[6].partition("/")[0]])


def checked(output: dict[str, Json]) -> dict[str, Json]:
    """The answer, if no entry failed.

    Raises:
        StateFailure: EventBridge.FailedEntry.
    """
    if output.get("FailedEntryCount"):
        raise StateFailure("EventBridge.FailedEntry", text_of(output))
    return output
