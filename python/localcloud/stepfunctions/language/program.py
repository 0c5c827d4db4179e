"""A compiled definition: states whose fields are ready to be evaluated.

One program serves all executions of a revision. It never changes.

Example::

    >>> from localcloud.stepfunctions.language.compiler import compile_definition
    >>> program = compile_definition('{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 1, "End": true}}}')
    >>> program.states["A"].kind, program.at(()) is program
    ('Pass', True)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from localcloud.stepfunctions.language.choices import Rule
from localcloud.stepfunctions.language.findings import Finding
from localcloud.stepfunctions.language.intrinsics import Call
from localcloud.stepfunctions.language.jsonata import Template
from localcloud.stepfunctions.language.jsonpath import Path
from localcloud.stepfunctions.language.resources import Resource
from localcloud.stepfunctions.language.scope import Json
from localcloud.stepfunctions.language.templates import Payload

#: A field that is evaluated.
Field = Path | Call | Payload | Template


@dataclass(frozen=True)
class Retrier:
    """One entry of Retry."""

    errors: tuple[str, ...]
    interval: float = 1.0
    attempts: int = 3
    backoff: float = 2.0
    most_seconds: float | None = None
    full_jitter: bool = False


@dataclass(frozen=True)
class Catcher:
    """One entry of Catch. ``fields`` has ResultPath, Output and Assign, where they are written."""

    errors: tuple[str, ...]
    next: str
    fields: Mapping[str, Field | None]


@dataclass(frozen=True)
class Option:
    """One entry of Choices: a rule, or in JSONata a Condition."""

    rule: Rule | Template
    next: str
    fields: Mapping[str, Field | None]


@dataclass(frozen=True)
class State:
    """One state.

    Attributes:
        name: Its name.
        kind: Its Type.
        raw: Its fields as they are written.
        jsonata: Whether its query language is JSONata.
        fields: The fields that are evaluated, compiled. A field whose value is null is None.
        next: The name of the next state. None: the state ends its machine or branch.
        branches: A Parallel state's branches, or a Map state's one processor.
    """

    name: str
    kind: str
    raw: Mapping[str, Json]
    jsonata: bool
    fields: Mapping[str, Field | None] = field(default_factory=dict)
    next: str | None = None
    retriers: tuple[Retrier, ...] = ()
    catchers: tuple[Catcher, ...] = ()
    options: tuple[Option, ...] = ()
    branches: tuple[Flow, ...] = ()
    resource: Resource | None = None
    reader: Resource | None = None
    writer: Resource | None = None

    @property
    def distributed(self) -> bool:
        """Whether this is a Map in distributed mode."""
        return self.kind == "Map" and self.processor_config.get("Mode") == "DISTRIBUTED"

    @property
    def processor_config(self) -> Mapping[str, Json]:
        """A Map's ProcessorConfig. Iterator is ItemProcessor's old name."""
        processor = self.raw.get("ItemProcessor") or self.raw.get("Iterator") or {}
        return processor.get("ProcessorConfig") or {}


@dataclass(frozen=True)
class Flow:
    """States and where they start: a whole machine, a branch, or a Map's processor."""

    start: str
    states: Mapping[str, State]

    def at(self, place: tuple[tuple[str, int], ...]) -> Flow:
        """The flow at a place: pairs of a state's name and the number of its branch."""
        found = self
        for name, number in place:
            found = found.states[name].branches[number]
        return found


@dataclass(frozen=True)
class Program(Flow):
    """A whole machine.

    Attributes:
        timeout: TimeoutSeconds. None: none is set.
        warnings: What the check found and accepts.
        references: The variables that each state reads, by its name: ``variableReferences`` of DescribeStateMachine.
    """

    timeout: float | None = None
    warnings: tuple[Finding, ...] = ()
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
