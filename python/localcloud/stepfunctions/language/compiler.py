"""A definition is checked as AWS checks it, all findings at once, and compiled into a program.

Sources: the Amazon States Language specification (states-language.net) and the pages of the states in the Step
Functions Developer Guide. The words of the findings are AWS's where its answers are recorded.

Example::

    >>> compile_definition('{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}')
    Traceback (most recent call last):
    ...
    localcloud.stepfunctions.language.findings.InvalidDefinition: Invalid State Machine Definition:
    'MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next'
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from localcloud.stepfunctions.language import fields, findings, maps, parts, references, values
from localcloud.stepfunctions.language.findings import Finding, InvalidDefinition
from localcloud.stepfunctions.language.parts import Findings
from localcloud.stepfunctions.language.program import Field, Flow, Program, State
from localcloud.stepfunctions.language.resources import Resource, resource
from localcloud.stepfunctions.language.scope import Json

LONGEST_NAME = 80


class Refusals(Protocol):
    """Says why a Resource cannot be called here. None: it can."""

    def refusal(self, resource: Resource) -> str | None:
        """Of a Task's Resource."""

    def reader_refusal(self, resource: Resource, config: Mapping[str, Json]) -> str | None:
        """Of an ItemReader's Resource, with its ReaderConfig as it is written."""

    def writer_refusal(self, resource: Resource) -> str | None:
        """Of a ResultWriter's Resource."""


def compile_definition(text: str, *, express: bool = False, refusals: Refusals | None = None) -> Program:
    """The program of a definition.

    Args:
        text: The definition: JSON of the Amazon States Language.
        express: Whether the machine's type is EXPRESS, which does less.
        refusals: Says why a Resource cannot be called.

    Raises:
        InvalidDefinition: The definition has errors. It holds all of them.
    """
    try:
        definition = values.parsed(text)
    except ValueError as error:
        raise InvalidDefinition([_no_json(text, error)]) from None
    if not isinstance(definition, dict):
        raise InvalidDefinition([Finding(findings.SCHEMA, "Definition must be a valid JSON object")])
    try:
        return Compiler(refusals).program(definition, express=express)
    except RecursionError:
        raise InvalidDefinition([Finding(findings.SCHEMA, "The definition is nested too deeply")]) from None
    except InvalidDefinition as error:
        label = next((found for found in error.findings if found.code == findings.LABEL), None)
        if label is None:
            raise
        # The recorded answers about labels have a form of their own.
        words = f"Error=ValueError Args={[label.message]} in definition '{text}'."
        raise InvalidDefinition(error.findings, words) from None


def _no_json(text: str, error: ValueError) -> Finding:
    if not text.strip():
        return Finding(findings.SCHEMA, "Definition must be a valid JSON object")
    if not isinstance(error, json.JSONDecodeError):
        return Finding(findings.JSON, str(error))
    shown, line, column = text, error.lineno, error.colno
    if token := re.match(r"[A-Za-z_]\w*", text[error.pos :]):
        what = (
            f"Unrecognized token '{token.group()}': was expecting (JSON String, Number, Array, Object or token 'null', "
        )
        what += "'true' or 'false')"
        column += len(token.group())
    else:
        what = error.msg
    place = f'[Source: (String)"{shown}"; line: {line}, column: {column}]'
    return Finding(findings.JSON, f"{what}\n at {place}", place)


@dataclass
class Compiler:
    """Compiles one definition, and collects what is wrong with it."""

    refusals: Refusals | None = None
    found: Findings = field(default_factory=Findings)
    jsonata: bool = False  # the whole machine's query language

    def program(self, definition: Mapping[str, Json], *, express: bool) -> Program:
        """The whole machine.

        Raises:
            InvalidDefinition: It has errors.
        """
        self.found.unknown(definition, fields.WHOLE_MACHINE, "/")
        timeout = definition.get("TimeoutSeconds")
        if timeout is not None:
            self.found.whole(timeout, 1, parts.MOST_SECONDS, "/TimeoutSeconds")
        if definition.get("Version", "1.0") != "1.0":
            self.found.add("The field 'Version' should have one of these values: [1.0]", "/Version")
        self.jsonata = self.language(definition, "/", None)
        flow = self.flow(definition, "", jsonata=self.jsonata, express=express)
        if self.found.errors:
            raise InvalidDefinition(self.found.all)
        return Program(
            flow.start, flow.states, timeout, tuple(self.found.all), references.of_states(definition, jsonata=False)
        )

    def language(self, given: Mapping[str, Json], where: str, above: bool | None) -> bool:
        """Whether a machine or a state uses JSONata."""
        language = given.get("QueryLanguage")
        if language is None:
            return bool(above)
        if language not in ("JSONPath", "JSONata"):
            self.found.add("The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]", where)
            return bool(above)
        if self.jsonata and language == "JSONPath":
            words = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            self.found.add(words, where)
        return bool(language == "JSONata")

    def flow(self, given: Mapping[str, Json], where: str, *, jsonata: bool, express: bool) -> Flow:
        """A machine, a branch or a processor: its states, and how they hang together."""
        states, start = given.get("States"), given.get("StartAt")
        missing = [name for name in ("States", "StartAt") if name not in given]
        if missing:
            self.found.add(f"These fields are required: [{', '.join(missing)}]", where or "/")
        if "States" in given and (not isinstance(states, dict) or not states):
            self.found.add("The field 'States' must be a JSON object with at least one state", f"{where}/States")
        if "StartAt" in given and not isinstance(start, str):
            self.found.add("The field 'StartAt' must be a string", f"{where}/StartAt")
        compiled = {}
        for name, state in states.items() if isinstance(states, dict) else ():
            made = self.state(name, state, f"{where}/States/{name}", jsonata=jsonata, express=express)
            if made is not None:
                compiled[name] = made
        if isinstance(states, dict) and states and isinstance(start, str):
            self.transitions(start, states, where)
        return Flow(str(start), compiled)

    def transitions(self, start: str, states: Mapping[str, Json], where: str) -> None:
        """Every target exists, every state can be reached, and one of them is the end."""
        if start not in states:
            self.found.add(f"Missing 'StartAt' target: {start}", f"{where}/StartAt", findings.TARGET)
        targets = {name: parts.targets(state) for name, state in states.items() if isinstance(state, dict)}
        for name, ways in targets.items():
            for what, target, at in ways:
                if isinstance(target, str) and target not in states:
                    place = f"{where}/States/{name}/{at}"
                    self.found.add(f"Missing '{what}' target: {target}", place, findings.TARGET)
        reached, ahead = set(), [start]
        while ahead:
            name = ahead.pop()
            if name in reached or name not in states:
                continue
            reached.add(name)
            ahead += [target for _, target, _ in targets.get(name, ()) if isinstance(target, str)]
        if start in states:
            for name in states:
                if name not in reached:
                    self.found.add(f'State "{name}" is not reachable.', f"{where}/States/{name}", findings.TARGET)
        if not self.found.errors and not any(_ends(state) for state in states.values()):
            words = "The state machine has no state that ends it: set End to true, or add a Succeed or Fail state"
            self.found.add(words, where or "/", findings.NO_END)

    def state(self, name: str, given: Json, where: str, *, jsonata: bool, express: bool) -> State | None:
        """One state. None if it is too wrong to be looked at."""
        if len(name) > LONGEST_NAME or not name:
            words = f"The state name has {len(name)} characters, and it must have between 1 and {LONGEST_NAME}"
            self.found.add(words, where)
        if not isinstance(given, dict):
            self.found.add("The state must be a JSON object", where)
            return None
        kind = given.get("Type")
        if kind not in fields.TYPES:
            if "Type" not in given:
                self.found.add("These fields are required: [Type]", where)
            else:
                words = f"The field 'Type' should have one of these values: [{', '.join(fields.TYPES)}]"
                self.found.add(words, f"{where}/Type")
            return None
        jsonata = self.language(given, where, jsonata)
        self.allowed(given, kind, where, jsonata=jsonata)
        self.ending(given, kind, where)
        called = None
        if kind == "Task":
            called = self.resource(given, where, express=express)
        reading = parts.Reading(self.found, where, jsonata)
        compiled: dict[str, Field | None] = reading.fields_of(kind, given)
        check = maps.check_map if kind == "Map" else getattr(parts, f"check_{kind.lower()}", None)
        if check is not None:
            check(reading, given)
        return State(
            name=name,
            kind=kind,
            raw=given,
            jsonata=jsonata,
            fields=compiled,
            next=given.get("Next"),
            retriers=reading.retriers(given.get("Retry", [])),
            catchers=reading.catchers(given.get("Catch", [])),
            options=reading.options(given.get("Choices", [])) if kind == "Choice" else (),
            branches=self.branches(kind, given, where, express=express),
            resource=called,
            reader=self.optional(given, "ItemReader", where),
            writer=self.optional(given, "ResultWriter", where),
        )

    def allowed(self, given: Mapping[str, Json], kind: str, where: str, *, jsonata: bool) -> None:
        """Every field belongs to this type of state and to its query language."""
        known = fields.of_state(kind, jsonata=jsonata)
        for name in [name for name in given if name not in known]:
            if name in fields.of_any_language(kind):
                language = "JSONata" if jsonata else "JSONPath"
                words = f"The field '{name}' is not supported when the QueryLanguage is '{language}'"
            else:
                words = f"The field '{name}' is not supported by a state of type {kind}"
            self.found.add(words, f"{where}/{name}")

    def ending(self, given: Mapping[str, Json], kind: str, where: str) -> None:
        """A state either goes on or ends."""
        if kind in ("Succeed", "Fail", "Choice"):
            return
        goes, ends = given.get("Next"), given.get("End")
        if "Next" in given and not isinstance(goes, str):
            self.found.add("The field 'Next' must be a string", f"{where}/Next")
        if "End" in given and not isinstance(ends, bool):
            self.found.add("The field 'End' must be true or false", f"{where}/End")
        if "Next" in given and ends is True:
            self.found.add("A state has either 'Next' or 'End', and this one has both", where)
        if "Next" not in given and ends is not True:
            self.found.add("These fields are required: [Next] or [End]", where, findings.NO_END)

    def resource(self, given: Mapping[str, Json], where: str, *, express: bool) -> Resource | None:
        """A Task's Resource."""
        written, at = given.get("Resource"), f"{where}/Resource"
        if "Resource" not in given:
            self.found.add("These fields are required: [Resource]", where)
            return None
        called = resource(written) if isinstance(written, str) else None
        refused = called is not None and self.refusals is not None and self.refusals.refusal(called)
        if called is None:
            words = f"The resource provided {written} is not recognized. The value is not a valid resource ARN, or the "
            self.found.add(words + "resource is not available in this region.", at)
        elif express and called.kind == "activity":
            self.found.add("Express state machine does not support Activity ARN", at)
        elif express and called.pattern:
            name = called.pattern.partition(":")[0]
            blank = " " if name == "waitForTaskToken" else ""  # AWS writes it so
            self.found.add(f"Express state machine does not support '.{name}' service integration{blank}", at)
        elif refused:
            self.found.add(refused, at)
        return called

    def optional(self, given: Mapping[str, Json], name: str, where: str) -> Resource | None:
        """The Resource of an ItemReader or a ResultWriter. None: there is none."""
        inside = given.get(name)
        written = inside.get("Resource") if isinstance(inside, dict) else None
        if written is None:
            return None
        called = resource(written) if isinstance(written, str) else None
        refused: str | None = None
        if called is None:
            refused = f"The resource provided {written} is not recognized."
        elif self.refusals is not None and name == "ItemReader":
            config = inside.get("ReaderConfig") if isinstance(inside, dict) else None
            refused = self.refusals.reader_refusal(called, config if isinstance(config, dict) else {})
        elif self.refusals is not None:
            refused = self.refusals.writer_refusal(called)
        if refused:
            self.found.add(refused, f"{where}/{name}/Resource")
        return called

    def branches(self, kind: str, given: Mapping[str, Json], where: str, *, express: bool) -> tuple[Flow, ...]:
        """A Parallel state's branches, or a Map state's processor. Their query language is the whole machine's."""
        if kind == "Parallel":
            written = given.get("Branches")
            if not isinstance(written, list):
                self.found.add("These fields are required: [Branches]", where)
                return ()
            if not written:
                self.found.add("Value cannot be empty", f"{where}/Branches")
            made = []
            for number, branch in enumerate(written):
                at = f"{where}/Branches[{number}]"
                if not isinstance(branch, dict):
                    self.found.add("The branch must be a JSON object", at)
                    continue
                self.found.unknown(branch, fields.MACHINE, at)
                inner = self.language(branch, at, self.jsonata)
                made.append(self.flow(branch, at, jsonata=inner, express=express))
            return tuple(made)
        if kind != "Map":
            return ()
        name = "Iterator" if "Iterator" in given else "ItemProcessor"
        processor, at = given.get(name), f"{where}/{name}"
        if not isinstance(processor, dict):
            self.found.add("These fields are required: [ItemProcessor]", where)
            return ()
        self.found.unknown(processor, fields.PROCESSOR, at)
        config = processor.get("ProcessorConfig") or {}
        distributed = isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"
        maps.check_processor(self.found, given, config, where, at, express=express)
        children_express = distributed and config.get("ExecutionType") == "EXPRESS"
        inner = self.language(processor, at, self.jsonata)
        return (self.flow(processor, at, jsonata=inner, express=children_express if distributed else express),)


def _ends(state: Any) -> bool:
    return isinstance(state, dict) and (state.get("End") is True or state.get("Type") in ("Succeed", "Fail"))
