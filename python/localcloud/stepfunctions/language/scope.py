"""What an evaluation can read, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: A JSON value: None, bool, int, float, str, list or dict.
Json = Any


class StateFailure(Exception):
    """A state fails with an error that Retry and Catch can match.

    Attributes:
        error: AWS's error name, such as ``States.TaskFailed``, or a name of the user's own. None: it has no name.
        cause: The text that AWS shows as the cause. None: it has no cause.
        also: A second name by which Retry and Catch find the error. None: it has one name only.
    """

    def __init__(self, error: str | None, cause: str | None = None, *, also: str | None = None) -> None:
        super().__init__(error, cause)
        self.error = error
        self.cause = cause
        self.also = also


class EvaluationFailure(StateFailure):
    """A field cannot be evaluated.

    The engine puts the state's name and its event's id before the cause, as AWS does.

    Attributes:
        location: The field's name: ``Output/a``. None: it is no field's fault.
    """

    def __init__(self, error: str | None, cause: str | None = None, location: str | None = None) -> None:
        super().__init__(error, cause)
        self.location = location


@dataclass(frozen=True)
class Scope:
    """The values that one field can read.

    Attributes:
        value: What ``$`` is in JSONPath: the state's input, its effective input, or its result.
        context: The context object, ``$$`` in JSONPath and ``$states.context`` in JSONata.
        variables: The variables by name, without the ``$``.
        states: What ``$states`` is in JSONata, without ``context``: ``input``, ``result``, ``errorOutput``.
    """

    value: Json = None
    context: Mapping[str, Json] = field(default_factory=dict)
    variables: Mapping[str, Json] = field(default_factory=dict)
    states: Mapping[str, Json] = field(default_factory=dict)

    def at(self, value: Json) -> Scope:
        """The same scope with another ``$``. Every state has some, and ``dataclasses.replace`` would cost more."""
        return Scope(value, self.context, self.variables, self.states)
