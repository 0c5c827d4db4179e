"""A state machine's definition as a graph: its states, and the ways between them.

Example::

    >>> definition = {
    ...     "StartAt": "Ask",
    ...     "States": {
    ...         "Ask": {"Type": "Task", "Next": "Done", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Lost"}]},
    ...         "Done": {"Type": "Succeed"},
    ...         "Lost": {"Type": "Fail"},
    ...     },
    ... }
    >>> graph = of(definition)
    >>> [(way.start, way.end, way.label) for way in graph.ways]
    [('', 'Ask', ''), ('Ask', 'Done', ''), ('Ask', 'Lost', 'States.ALL'), ('Done', '*', ''), ('Lost', '*', '')]

Source: the Amazon States Language's specification.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

START, END = "", "*"  # no state has such a name: the first is empty, and the second is not allowed
LONGEST_LABEL = 34  # letters


@dataclass(frozen=True)
class Box:
    """A state.

    Attributes:
        name: Its name, which is unique in the definition.
        kind: ``Task``, ``Choice``, …
        inside: The Map or Parallel state that it belongs to. None at the top.
        comment: What the definition says of it.
    """

    name: str
    kind: str
    inside: str | None = None
    comment: str = ""


@dataclass(frozen=True)
class Way:
    """A way from one state to the next.

    Attributes:
        label: The condition, the errors that are caught, or ``default``.
        caught: Whether an error leads this way.
    """

    start: str
    end: str
    label: str = ""
    caught: bool = False


@dataclass(frozen=True)
class Graph:
    """The states and the ways of a definition, also those inside of Map and Parallel states."""

    boxes: tuple[Box, ...]
    ways: tuple[Way, ...]


def of(definition: Mapping[str, Any]) -> Graph:
    """The graph of a definition."""
    boxes: list[Box] = []
    ways = [Way(START, str(definition.get("StartAt", "")))]
    for name, state, inside in states(definition):
        boxes.append(Box(name, str(state.get("Type", "")), inside, str(state.get("Comment", ""))))
        ways += _ways(name, state, inside)
    return Graph(tuple(boxes), tuple(dict.fromkeys(ways)))


def states(
    machine: Mapping[str, Any], inside: str | None = None
) -> Iterator[tuple[str, Mapping[str, Any], str | None]]:
    """The states of a definition, each with its name and with the state that it is inside of."""
    for name, state in machine.get("States", {}).items():
        yield name, state, inside
        for part in _parts(state):
            yield from states(part, name)


def _parts(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The state machines inside of a state."""
    found = [state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", [])]
    return [one for one in found if one]


def _ways(name: str, state: Mapping[str, Any], inside: str | None) -> Iterator[Way]:
    if "Next" in state:
        yield Way(name, state["Next"])
    for rule in state.get("Choices", []):
        if "Next" in rule:
            yield Way(name, rule["Next"], _shortened(condition(rule)))
    if "Default" in state:
        yield Way(name, state["Default"], "default")
    for catcher in state.get("Catch", []):
        if "Next" in catcher:
            yield Way(name, catcher["Next"], _shortened(", ".join(catcher.get("ErrorEquals", []))), caught=True)
    if inside is None and (state.get("End") or state.get("Type") in ("Succeed", "Fail")):
        yield Way(name, END)


def condition(rule: Mapping[str, Any]) -> str:
    """A Choice rule in words.

    Example::

        >>> condition({"Variable": "$.status", "StringEquals": "DONE", "Next": "End"})
        '$.status StringEquals DONE'
        >>> condition({"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.b", "NumericLessThan": 2}]})
        '$.a IsPresent and $.b NumericLessThan 2'
    """
    if "Condition" in rule:
        return str(rule["Condition"])
    for word in ("And", "Or"):
        if word in rule:
            return f" {word.lower()} ".join(map(condition, rule[word]))
    if "Not" in rule:
        return f"not {condition(rule['Not'])}"
    tests = [(name, value) for name, value in rule.items() if name not in ("Variable", "Next", "Comment", "Assign")]
    said = [name if value is True else f"not {name}" if value is False else f"{name} {value}" for name, value in tests]
    return f"{rule.get('Variable', '')} {' '.join(said)}".strip()


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
