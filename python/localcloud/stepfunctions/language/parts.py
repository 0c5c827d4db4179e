"""The parts of a state: its evaluated fields, Retry, Catch, Choices, and what a type of state asks beyond them.

A Map's are in :mod:`.maps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from localcloud.stepfunctions.language import choices, fields, findings, timestamps
from localcloud.stepfunctions.language.findings import Finding
from localcloud.stepfunctions.language.intrinsics import InvalidCall
from localcloud.stepfunctions.language.jsonata import InvalidExpression, Template, is_expression
from localcloud.stepfunctions.language.jsonpath import Path
from localcloud.stepfunctions.language.pathsyntax import InvalidPath
from localcloud.stepfunctions.language.program import Catcher, Field, Option, Retrier
from localcloud.stepfunctions.language.scope import Json
from localcloud.stepfunctions.language.templates import Payload, marked, reading
from localcloud.stepfunctions.language.values import is_number, whole

MOST_SECONDS = 99_999_999
MOST_ATTEMPTS = 99_999_999
MOST_DELAY = 31_622_400
LONGEST_VARIABLE = 80
_ALL_ERRORS = "States.ALL"


@dataclass
class Findings:
    """The findings so far."""

    all: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> bool:
        """Whether there is an error among them."""
        return any(found.severity == "ERROR" for found in self.all)

    def add(self, message: str, where: str, code: str = findings.SCHEMA) -> None:
        """Add an error."""
        self.all.append(Finding(code, message, where))

    def unknown(self, given: Mapping[str, Json], known: set[str], where: str) -> None:
        """Add an error for each field that has no meaning at its place."""
        for name in given:
            if name not in known:
                self.add(f"The field '{name}' is not supported", f"{where.rstrip('/')}/{name}")

    def whole(self, value: Json, least: int, most: int, where: str) -> None:
        """Add an error if a value is no integer between two numbers."""
        number = whole(value)
        if number is None or isinstance(value, float):
            self.add("The value must be an integer", where)
        elif number < least:
            self.add(f"The value must be at least {least}", where)
        elif number > most:
            self.add(f"The value must be at most {most}", where)


#: What each evaluated field may be in JSONPath: a path, a reference path, a payload template, or a path or a function.
_PATH, _REFERENCE, _PAYLOAD, _TEXT = "path", "reference", "payload", "text"
_JSONPATH = {
    "InputPath": _PATH, "OutputPath": _PATH, "ResultPath": _REFERENCE, "ItemsPath": _PATH,
    "Parameters": _PAYLOAD, "ResultSelector": _PAYLOAD, "ItemSelector": _PAYLOAD, "Assign": _PAYLOAD,
    "Credentials": _PAYLOAD, "SecondsPath": _PATH, "TimestampPath": _PATH,
    "TimeoutSecondsPath": _PATH, "HeartbeatSecondsPath": _PATH, "MaxConcurrencyPath": _PATH,
    "ToleratedFailureCountPath": _PATH, "ToleratedFailurePercentagePath": _PATH,
    "ErrorPath": _TEXT, "CausePath": _TEXT,
}  # fmt: skip
_JSONATA = (
    "Arguments", "Output", "Assign", "Items", "ItemSelector", "Credentials", "Seconds", "Timestamp", "Error", "Cause",
    "TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage",
)  # fmt: skip
#: The fields with one place for a path inside, by the field that holds them.
_INSIDE = {
    "ItemReader": ("Parameters", "Arguments"),
    "ResultWriter": ("Parameters", "Arguments"),
    "ItemBatcher": ("BatchInput",),
}


@dataclass
class Reading:
    """Compiles the fields of one state.

    Attributes:
        found: Where the findings go.
        where: The state's place: ``/States/A``.
        jsonata: Whether the state's query language is JSONata.
    """

    found: Findings
    where: str
    jsonata: bool

    def fields_of(self, kind: str, given: Mapping[str, Json]) -> dict[str, Field | None]:
        """The state's evaluated fields by name. ``ItemReader/Arguments`` is one that stands inside another."""
        compiled: dict[str, Field | None] = {}
        for name, value in given.items():
            if self.jsonata and name in _JSONATA:
                result = ("result",) if name in ("Output", "Assign") and kind in ("Task", "Parallel", "Map") else ()
                compiled[name] = self.template(name, value, None, *result)
            elif not self.jsonata and name in _JSONPATH:
                compiled[name] = self.path_or_payload(name, value, _JSONPATH[name])
            elif name in _INSIDE and isinstance(value, dict):
                for inner, written in value.items():
                    compiled |= self.inside(f"{name}/{inner}", inner, written, _INSIDE[name])
        if "Assign" in given:
            self.check_assign(given["Assign"], f"{self.where}/Assign")
        return compiled

    def inside(self, name: str, inner: str, written: Json, templates: tuple[str, ...]) -> dict[str, Field | None]:
        """A field inside ItemReader, ResultWriter or ItemBatcher, and inside their ReaderConfig."""
        if inner in templates:
            made = self.template(name, written) if self.jsonata else self.path_or_payload(name, written, _PAYLOAD)
            return {name: made}
        if inner.endswith("Path") and not self.jsonata:
            return {name: self.path_or_payload(name, written, _PATH)}
        if self.jsonata and is_expression(written):
            return {name: self.template(name, written)}
        if inner == "ReaderConfig" and isinstance(written, dict):
            found: dict[str, Field | None] = {}
            for key, value in written.items():
                found |= self.inside(f"{name}/{key}", key, value, ())
            return found
        return {}

    def template(self, name: str, value: Json, at: str | None = None, *reads: str) -> Template | None:
        """A field of JSONata.

        Args:
            reads: The fields of ``$states`` that it may read beside ``input`` and ``context``.
        """
        where = at or f"{self.where}/{name}"
        try:
            made = Template(value)
        except InvalidExpression as error:
            for problem in error.problems:
                self.found.add(problem.message, where, problem.code)
            return None
        for expression in made.expressions:
            for problem in expression.missing({"input", "context", *reads}):
                self.found.add(problem.message, where, problem.code)
        return made

    def path_or_payload(self, name: str, value: Json, form: str, at: str | None = None) -> Field | None:
        """A field of JSONPath."""
        where = at or f"{self.where}/{name}"
        if form == _PAYLOAD:
            return self.payload(value, where)
        if value is None and name in ("InputPath", "OutputPath", "ResultPath"):
            return None
        if not isinstance(value, str):
            self.found.add("The value must be a JSONPath", where)
            return None
        try:
            source = reading(value)
        except (InvalidPath, InvalidCall):
            words = "a valid JSONPath or a valid intrinsic function call" if form == _TEXT else "a valid JSONPath"
            self.found.add(f"The value for the field '{name}' must be {words}", where)
            return None
        if not isinstance(source, Path):
            if form != _TEXT:
                self.found.add(f"The value for the field '{name}' must be a valid JSONPath", where)
            return source
        if form == _REFERENCE and (not source.reference or source.of_context or source.variable is not None):
            self.found.add(f"Value is not a Reference Path: {value}", where)
        return source

    def payload(self, value: Json, where: str) -> Payload | None:
        """A payload template."""
        fine = True
        for at, key, written in marked(value, where):
            try:
                if not isinstance(written, str):
                    raise InvalidPath(written)
                reading(written)
            except (InvalidPath, InvalidCall):
                fine = False
                words = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
                self.found.add(words, at)
        return Payload(value) if fine else None

    def check_assign(self, value: Json, where: str) -> None:
        """Assign is an object of variables' names."""
        if not isinstance(value, dict):
            self.found.add("The value must be a JSON object", where)
            return
        for key in value:
            name = key.removesuffix(".$") if not self.jsonata else key
            if name == "states" or name.startswith("states."):
                self.found.add("The variable name 'states' is reserved", f"{where}/{key}")
            elif not name.replace("_", "a").isalnum() or name[:1].isdigit() or len(name) > LONGEST_VARIABLE:
                words = f"'{name}' is not a valid variable name: it must begin with a letter, and have letters, digits "
                self.found.add(f"{words}and underscores only, {LONGEST_VARIABLE} at most", f"{where}/{key}")

    def number(self, given: Mapping[str, Json], name: str, least: int, most: int) -> None:
        """A field that is a number, or in JSONata an expression."""
        value = given.get(name)
        if name not in given or (self.jsonata and is_expression(value)):
            return
        self.found.whole(value, least, most, f"{self.where}/{name}")

    def one_of(self, given: Mapping[str, Json], *names: str, required: bool = False) -> None:
        """At most one of several fields, or exactly one."""
        there = [name for name in names if name in given]
        if len(there) > 1 or (required and not there):
            words = "Exactly" if required else "At most"
            self.found.add(f"{words} one of these fields is allowed: [{', '.join(names)}]", self.where)

    def error_names(self, given: Mapping[str, Json], where: str, *, last: bool) -> tuple[str, ...]:
        """ErrorEquals."""
        names = given.get("ErrorEquals")
        if "ErrorEquals" not in given:
            self.found.add("These fields are required: [ErrorEquals]", where)
            return ()
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            self.found.add("The value must be a list of at least one error name", f"{where}/ErrorEquals")
            return ()
        if _ALL_ERRORS in names and (len(names) > 1 or not last):
            words = "States.ALL must stand alone, and in the last entry" if len(names) > 1 else (
                "States.ALL must stand in the last entry"
            )  # fmt: skip
            self.found.add(words, f"{where}/ErrorEquals")
        return tuple(names)

    def retriers(self, given: Json) -> tuple[Retrier, ...]:
        """Retry."""
        made = []
        for number, entry, where in self.entries(given, "Retry"):
            self.found.unknown(entry, fields.RETRIER, where)
            errors = self.error_names(entry, where, last=number == len(given) - 1)
            for name, least, most in (
                ("IntervalSeconds", 1, MOST_SECONDS),
                ("MaxAttempts", 0, MOST_ATTEMPTS),
                ("MaxDelaySeconds", 1, MOST_DELAY),
            ):
                if name in entry:
                    self.found.whole(entry[name], least, most, f"{where}/{name}")
            backoff = entry.get("BackoffRate", 2.0)
            if not is_number(backoff) or backoff < 1:
                self.found.add("The value must be a number of at least 1.0", f"{where}/BackoffRate")
            if entry.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
                words = "The field 'JitterStrategy' should have one of these values: [FULL, NONE]"
                self.found.add(words, f"{where}/JitterStrategy")
            most_seconds, interval = entry.get("MaxDelaySeconds"), entry.get("IntervalSeconds", 1)
            if is_number(most_seconds) and is_number(interval) and float(most_seconds or 0) <= float(interval):
                words = "The value of 'MaxDelaySeconds' must be greater than 'IntervalSeconds'"
                self.found.add(words, f"{where}/MaxDelaySeconds")
            made.append(
                Retrier(
                    errors,
                    interval,
                    entry.get("MaxAttempts", 3),
                    backoff,
                    most_seconds,
                    entry.get("JitterStrategy") == "FULL",
                )
            )
        return tuple(made)

    def catchers(self, given: Json) -> tuple[Catcher, ...]:
        """Catch."""
        made = []
        known = fields.CATCHER | ({"Output"} if self.jsonata else {"ResultPath"})
        for number, entry, where in self.entries(given, "Catch"):
            self.found.unknown(entry, known, where)
            errors = self.error_names(entry, where, last=number == len(given) - 1)
            if not isinstance(entry.get("Next"), str):
                self.found.add("These fields are required: [Next]", where)
            made.append(Catcher(errors, str(entry.get("Next")), self.some(entry, where, "errorOutput")))
        return tuple(made)

    def some(self, entry: Mapping[str, Json], where: str, *reads: str) -> dict[str, Field | None]:
        """The evaluated fields of an entry of Catch or Choices."""
        made: dict[str, Field | None] = {}
        for name in ("Output", "Assign", "ResultPath"):
            if name not in entry:
                continue
            at = f"{where}/{name}"
            if name == "Assign":
                self.check_assign(entry[name], at)
            if self.jsonata:
                made[name] = self.template(name, entry[name], at, *reads)
            elif name != "Output":
                made[name] = self.path_or_payload(name, entry[name], _JSONPATH[name], at)
        return made

    def entries(self, given: Json, name: str) -> list[tuple[int, dict[str, Json], str]]:
        """The entries of a list of objects, with their places."""
        if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
            self.found.add("The value must be a list of JSON objects", f"{self.where}/{name}")
            return []
        return [(number, entry, f"{self.where}/{name}[{number}]") for number, entry in enumerate(given)]

    def options(self, given: Json) -> tuple[Option, ...]:
        """Choices."""
        made = []
        if not given:
            self.found.add("Value cannot be empty", f"{self.where}/Choices")
        for _, entry, where in self.entries(given, "Choices"):
            if not isinstance(entry.get("Next"), str):
                self.found.add("These fields are required: [Next]", where)
            rule: choices.Rule | Template | None
            if self.jsonata:
                self.found.unknown(entry, {"Comment", "Condition", "Next", "Output", "Assign"}, where)
                if "Condition" not in entry:
                    self.found.add("These fields are required: [Condition]", where)
                condition = entry.get("Condition")
                if not isinstance(condition, bool) and not is_expression(condition):
                    self.found.add("The value must be true, false or a JSONata expression", f"{where}/Condition")
                rule = self.template("Condition", condition, f"{where}/Condition")
            else:
                rule = self.rule(entry, where, top=True)
            if rule is not None:
                made.append(Option(rule, str(entry.get("Next")), self.some(entry, where)))
        return tuple(made)

    def rule(self, entry: Mapping[str, Json], where: str, *, top: bool) -> choices.Rule | None:
        """A rule of JSONPath, or None if it is wrong."""
        before = len(self.found.all)
        self.check_rule(entry, where, top=top)
        return choices.read_rule(dict(entry)) if len(self.found.all) == before else None

    def check_rule(self, entry: Mapping[str, Json], where: str, *, top: bool) -> None:
        """One operator; what it compares has the right type."""
        operators = [name for name in entry if name in choices.COMPARISONS or name in ("And", "Or", "Not")]
        known = {"Comment", "Variable", *operators} | ({"Next", "Assign"} if top else set())
        self.found.unknown(entry, known, where)
        if len(operators) != 1:
            self.found.add("A choice rule must have exactly one comparison, And, Or or Not", where)
            return
        name, value = operators[0], entry[operators[0]]
        at = f"{where}/{name}"
        if name in ("And", "Or", "Not"):
            inner = [value] if name == "Not" else value
            if not isinstance(inner, list) or not inner or not all(isinstance(rule, dict) for rule in inner):
                self.found.add("The value must be a choice rule" if name == "Not" else "Value cannot be empty", at)
                return
            for number, rule in enumerate(inner):
                self.check_rule(rule, at if name == "Not" else f"{at}[{number}]", top=False)
            return
        if "Variable" not in entry:
            self.found.add("These fields are required: [Variable]", where)
        else:
            self.path_or_payload("Variable", entry["Variable"], _PATH, f"{where}/Variable")
        kind = choices.COMPARISONS[name]
        if kind == "Path":
            self.path_or_payload(name, value, _PATH, at)
        elif kind == "Timestamp":
            if not isinstance(value, str) or timestamps.seconds(value) is None:
                self.found.add("String does not match RFC3339 timestamp", at)
        else:
            fits = {"Numeric": is_number(value), "String": isinstance(value, str), "Boolean": isinstance(value, bool)}
            if not fits[kind]:
                self.found.add(f"The value must be a {kind.lower()}", at)


def targets(state: Mapping[str, Json]) -> list[tuple[str, Json, str]]:
    """Where a state can go: the field's name, the target, and the field's place in the state."""
    found = [(name, state[name], name) for name in ("Next", "Default") if name in state]
    for name in ("Choices", "Catch"):
        entries = state.get(name)
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and "Next" in entry:
                found.append(("Next", entry["Next"], f"{name}[{number}]/Next"))
    return found


def check_task(reading: Reading, given: Mapping[str, Json]) -> None:
    """A Task's times and credentials."""
    reading.one_of(given, "TimeoutSeconds", "TimeoutSecondsPath")
    reading.one_of(given, "HeartbeatSeconds", "HeartbeatSecondsPath")
    reading.number(given, "TimeoutSeconds", 1, MOST_SECONDS)
    reading.number(given, "HeartbeatSeconds", 1, MOST_SECONDS)
    timeout, heartbeat = given.get("TimeoutSeconds"), given.get("HeartbeatSeconds")
    if is_number(timeout) and is_number(heartbeat) and float(heartbeat or 0) >= float(timeout or 0):
        words = "The value of 'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'"
        reading.found.add(words, f"{reading.where}/HeartbeatSeconds")
    if "Credentials" in given:
        credentials = given["Credentials"]
        if isinstance(credentials, str) and reading.jsonata:
            return
        if not isinstance(credentials, dict) or not {"RoleArn", "RoleArn.$"} & credentials.keys():
            words = "The field 'RoleArn' is required but was missing"
            reading.found.add(words, f"{reading.where}/Credentials")


def check_wait(reading: Reading, given: Mapping[str, Json]) -> None:
    """A Wait has one of its four forms."""
    reading.one_of(given, "Seconds", "SecondsPath", "Timestamp", "TimestampPath", required=True)
    reading.number(given, "Seconds", 0, MOST_SECONDS)
    moment = given.get("Timestamp")
    if "Timestamp" not in given or (reading.jsonata and is_expression(moment)):
        return
    if not isinstance(moment, str) or timestamps.seconds(moment) is None:
        reading.found.add("String does not match RFC3339 timestamp", f"{reading.where}/Timestamp")


def check_fail(reading: Reading, given: Mapping[str, Json]) -> None:
    """A Fail's error and cause are texts."""
    reading.one_of(given, "Error", "ErrorPath")
    reading.one_of(given, "Cause", "CausePath")
    for name in ("Error", "Cause"):
        if name in given and not isinstance(given[name], str):
            reading.found.add("The value must be a string", f"{reading.where}/{name}")


def check_choice(reading: Reading, given: Mapping[str, Json]) -> None:
    """A Choice has Choices."""
    if "Choices" not in given:
        reading.found.add("These fields are required: [Choices]", reading.where)
    if "Default" in given and not isinstance(given["Default"], str):
        reading.found.add("The field 'Default' must be a string", f"{reading.where}/Default")
