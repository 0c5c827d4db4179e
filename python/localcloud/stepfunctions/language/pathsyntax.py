"""The syntax of JSONPath: a path's text becomes a list of steps.

The grammar is that of Jayway JsonPath, which AWS uses (Step Functions Developer Guide, "Using JSONPath paths"; Jayway
JsonPath's README on github.com/json-path/JsonPath: operators, functions, filters).

Example::

    >>> steps("$.a['b'][0]")
    (Key(name='a'), Key(name='b'), Index(number=0))
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NoReturn

import regex


class InvalidPath(ValueError):
    """A text is no JSONPath."""


@dataclass(frozen=True)
class Key:
    """A member of an object."""

    name: str


@dataclass(frozen=True)
class KeyList:
    """Several members of an object."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """An element of an array; a negative number counts from the end."""

    number: int


@dataclass(frozen=True)
class Indexes:
    """Several elements of an array."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Slice:
    """A part of an array."""

    begin: int | None
    end: int | None
    step: int | None = None


@dataclass(frozen=True)
class Wildcard:
    """All members or elements."""


@dataclass(frozen=True)
class Deep:
    """Everything below; the next step chooses among it."""


@dataclass(frozen=True)
class Filter:
    """The elements for which a condition holds."""

    condition: FilterCondition


@dataclass(frozen=True)
class PathFunction:
    """A function of what the path found, such as ``length``."""

    name: str


@dataclass(frozen=True)
class Operand:
    """A side of a comparison: a path that begins with ``@`` or ``$``, or a literal."""

    root: str  # "@", "$", or "" for a literal
    steps: tuple[Step, ...] = ()
    literal: object = None


@dataclass(frozen=True)
class FilterCondition:
    """A filter's condition.

    Attributes:
        operator: ``&&``, ``||``, ``!``, ``exists``, or a comparison.
        parts: The conditions that ``&&``, ``||`` and ``!`` combine.
        left, right: The sides of a comparison; ``exists`` has the left one only.
    """

    operator: str
    parts: tuple[FilterCondition, ...] = ()
    left: Operand | None = None
    right: Operand | None = None


Step = Key | KeyList | Index | Indexes | Slice | Wildcard | Deep | Filter | PathFunction

FUNCTIONS = ("length", "size", "min", "max", "avg", "sum", "stddev", "keys", "first", "last")
_NAME = re.compile(r"[^\s.\[\](){}'\",:*?@$!<>=&|/\\;#%^+`~]+")
_WORDS = ("in", "nin", "subsetof", "anyof", "noneof", "size", "empty", "contains")
_COMPARISON = re.compile(r"==|!=|<=|>=|=~|<|>|(?:" + "|".join(_WORDS) + r")\b")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?(?!\w)", re.ASCII)
_BARE = re.compile(r"\w+")
_WORD_LITERALS = {"true": True, "false": False, "null": None}


def steps(text: str, start: int = 1) -> tuple[Step, ...]:
    """The steps of a path.

    Args:
        text: The path.
        start: Where the steps begin: behind the ``$``, or behind a variable's name.

    Raises:
        InvalidPath: The text is no path.
    """
    reader = _PathReader(text.rstrip(), start)
    try:
        found = reader.steps()
    except RecursionError:
        raise InvalidPath(f"'{text[:80]}' … is not a path: its conditions are nested too deeply") from None
    if not reader.done:
        reader.refuse()
    return found


class _PathReader:
    """Reads a path from left to right."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at

    @property
    def done(self) -> bool:
        return self.at >= len(self.text)

    def refuse(self) -> NoReturn:
        raise InvalidPath(f"'{self.text}' is not a path: cannot read it from character {self.at + 1} on")

    def peek(self, what: str) -> bool:
        return self.text.startswith(what, self.at)

    def take(self, what: str) -> bool:
        if self.peek(what):
            self.at += len(what)
            return True
        return False

    def need(self, what: str) -> None:
        if not self.take(what):
            self.refuse()

    def match(self, pattern: re.Pattern[str]) -> str | None:
        if found := pattern.match(self.text, self.at):
            self.at = found.end()
            return found.group()
        return None

    def blanks(self) -> None:
        while not self.done and self.text[self.at].isspace():
            self.at += 1

    def steps(self) -> tuple[Step, ...]:
        found: list[Step] = []
        while not self.done:
            if self.take(".."):
                found.append(Deep())
                if self.peek("["):
                    continue
                found.append(self.named())
            elif self.take("."):
                if self.peek("["):  # Jayway takes $.[0] as $[0]
                    continue
                found.append(self.named())
            elif self.take("["):
                found.append(self.bracket())
            else:
                break
        return tuple(found)

    def named(self) -> Step:
        if self.take("*"):
            return Wildcard()
        name = self.match(_NAME)
        if name is None:
            self.refuse()
        if self.take("()"):
            if name not in FUNCTIONS:
                raise InvalidPath(f"'{self.text}' is not a path: there is no function {name}()")
            return PathFunction(name)
        return Key(name)

    def bracket(self) -> Step:
        self.blanks()
        found: Step
        if self.take("*"):
            found = Wildcard()
        elif self.take("?"):
            self.blanks()
            self.need("(")
            condition = self.any_of()
            self.blanks()
            self.need(")")
            found = Filter(condition)
        elif self.peek("'") or self.peek('"'):
            names = [self.quoted()]
            self.blanks()
            while self.take(","):
                self.blanks()
                names.append(self.quoted())
                self.blanks()
            found = Key(names[0]) if len(names) == 1 else KeyList(tuple(names))
        else:
            found = self.numbers()
        self.blanks()
        self.need("]")
        return found

    def numbers(self) -> Step:
        inside = self.match(re.compile(r"[-\d:,\s]+"))
        if inside is None:
            self.refuse()
        try:
            if ":" in inside:
                parts = [int(part) if part.strip() else None for part in inside.split(":")]
                if len(parts) > 3 or parts[2:] == [0]:
                    self.refuse()
                return Slice(*parts)
            numbers = tuple(int(part) for part in inside.split(","))
        except ValueError:
            self.refuse()
        return Index(numbers[0]) if len(numbers) == 1 else Indexes(numbers)

    def quoted(self) -> str:
        quote = self.text[self.at : self.at + 1]
        if quote not in ("'", '"'):
            self.refuse()
        self.at += 1
        letters = []
        while not self.peek(quote):
            if self.done:
                self.refuse()
            if self.peek("\\") and self.text[self.at + 1 : self.at + 2] in (quote, "\\"):
                letters.append(self.text[self.at + 1])  # every other backslash stands for itself (AWS's histories)
                self.at += 1
            else:
                letters.append(self.text[self.at])
            self.at += 1
        self.at += 1
        return "".join(letters)

    def any_of(self) -> FilterCondition:
        parts = [self.all_of()]
        self.blanks()
        while self.take("||"):
            parts.append(self.all_of())
            self.blanks()
        return parts[0] if len(parts) == 1 else FilterCondition("||", tuple(parts))

    def all_of(self) -> FilterCondition:
        parts = [self.one()]
        self.blanks()
        while self.take("&&"):
            parts.append(self.one())
            self.blanks()
        return parts[0] if len(parts) == 1 else FilterCondition("&&", tuple(parts))

    def one(self) -> FilterCondition:
        self.blanks()
        if self.peek("!") and not self.peek("!="):
            self.at += 1
            return FilterCondition("!", (self.one(),))
        if self.take("("):
            inside = self.any_of()
            self.blanks()
            self.need(")")
            return inside
        left = self.operand()
        self.blanks()
        operator = self.match(_COMPARISON)
        if operator is None:
            return FilterCondition("exists", left=left)
        self.blanks()
        return FilterCondition(operator, left=left, right=self.operand())

    def operand(self) -> Operand:
        for root in ("@", "$"):
            if self.take(root):
                return Operand(root, self.steps())
        if self.peek("'") or self.peek('"'):
            return Operand("", literal=self.quoted())
        if self.take("/"):
            end = self.text.find("/", self.at)
            if end < 0:
                self.refuse()
            pattern, self.at = self.text[self.at : end], end + 1
            flags = "(?i)" if self.take("i") else ""
            try:
                regex.compile(flags + pattern)
            except regex.error:
                self.refuse()
            return Operand("", literal=flags + pattern)
        if self.peek("["):
            try:
                found, end = json.JSONDecoder().raw_decode(self.text.replace("'", '"'), self.at)
            except ValueError:
                self.refuse()
            self.at = end
            return Operand("", literal=found)
        if number := self.match(_NUMBER):
            return Operand("", literal=json.loads(number))
        bare = self.match(_BARE)  # AWS takes [?(@.Name==Receipt)] as [?(@.Name=='Receipt')]
        if bare is None:
            self.refuse()
        return Operand("", literal=_WORD_LITERALS.get(bare, bare))
