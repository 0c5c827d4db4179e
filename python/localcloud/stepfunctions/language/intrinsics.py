"""The intrinsic functions of JSONPath: ``States.Format``, ``States.ArrayRange`` …

Source: Step Functions Developer Guide, "Intrinsic functions for JSONPath states". How each value is written, rounded
and cut is what AWS's execution histories show.

Example::

    >>> from localcloud.stepfunctions.language.scope import Scope
    >>> Call.read("States.Format('{} of {}', $.n, States.ArrayLength($.all))").evaluate(Scope({"n": 1, "all": [1, 2]}))
    '1 of 2'
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import random
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.jsonpath import NoResults, Path
from localcloud.stepfunctions.language.pathsyntax import InvalidPath
from localcloud.stepfunctions.language.scope import EvaluationFailure, Json, Scope
from localcloud.stepfunctions.language.values import is_number, kind, same

MOST_RANGE = 1000
MOST_ENCODED = 10_000  # characters of Base64Encode, Base64Decode and Hash
MOST_NESTED = 10
MOST_LONG = 2**63 - 1  # of Java's integers


class Unfit(ValueError):
    """An intrinsic function does not accept its arguments. The message says why."""


class InvalidCall(ValueError):
    """A text is no call of an intrinsic function."""


@dataclass(frozen=True)
class Literal:
    """A constant argument. A string keeps its escapes, because only Format treats braces specially."""

    value: Json
    written: str = ""


@dataclass(frozen=True)
class Call:
    """A call of an intrinsic function.

    Attributes:
        name: The function's name without ``States.``.
        arguments: Literals, paths and calls.
        text: The call as it is written.
    """

    name: str
    arguments: tuple[Literal | Path | Call, ...]
    text: str

    @classmethod
    def read(cls, text: str) -> Call:
        """The call that a text is.

        Raises:
            InvalidCall: The text is no call.
        """
        reader = _CallReader(text)
        found = reader.call(1)
        reader.blanks()
        if reader.at != len(text):
            raise InvalidCall(text)
        return found

    def paths(self) -> Iterator[Path]:
        """All paths among the arguments."""
        for argument in self.arguments:
            if isinstance(argument, Path):
                yield argument
            elif isinstance(argument, Call):
                yield from argument.paths()

    def evaluate(self, scope: Scope) -> Json:
        """The call's value.

        Raises:
            EvaluationFailure: ``States.IntrinsicFailure``, or ``States.Runtime`` for a path that finds nothing.
        """
        given: list[Json] = []
        for argument in self.arguments:
            if isinstance(argument, Call):
                given.append(argument.evaluate(scope))
            elif isinstance(argument, Path):
                try:
                    given.append(argument.read(scope))
                except NoResults:
                    raise EvaluationFailure(
                        "States.Runtime",
                        f"The function '{self.text}' had the following error: The JsonPath argument for the field "
                        f"'{argument.text}' could not be found in the input '{values.text(scope.value)}'",
                    ) from None
            elif self.name == "Format" and not given:
                given.append(argument.written)
            else:
                given.append(argument.value)
        try:
            return FUNCTIONS[self.name].work(*given)
        except Unfit as error:
            cause = f"The function '{self.text}' had the following error: {error}"
            raise EvaluationFailure("States.IntrinsicFailure", cause) from None


_NAME = re.compile(r"States\.(\w+)\s*\(")
_LITERAL = re.compile(r"true\b|false\b|null\b|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


class _CallReader:
    """Reads a call from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def blanks(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def call(self, depth: int) -> Call:
        begin = self.at
        found = _NAME.match(self.text, self.at)
        if found is None or found.group(1) not in FUNCTIONS or depth > MOST_NESTED:
            raise InvalidCall(self.text)
        self.at = found.end()
        arguments: list[Literal | Path | Call] = []
        self.blanks()
        if not self.text.startswith(")", self.at):
            arguments.append(self.argument(depth))
            while self.text.startswith(",", self.at):
                self.at += 1
                arguments.append(self.argument(depth))
        if not self.text.startswith(")", self.at):
            raise InvalidCall(self.text)
        self.at += 1
        function = FUNCTIONS[found.group(1)]
        if not function.least <= len(arguments) <= function.most:
            raise InvalidCall(self.text)
        return Call(found.group(1), tuple(arguments), self.text[begin : self.at])

    def argument(self, depth: int) -> Literal | Path | Call:
        self.blanks()
        argument: Literal | Path | Call
        if self.text.startswith("'", self.at):
            argument = self.string()
        elif self.text.startswith("$", self.at):
            argument = self.path()
        elif found := _LITERAL.match(self.text, self.at):
            self.at = found.end()
            argument = Literal(values.parsed(found.group()))
        else:
            argument = self.call(depth + 1)
        self.blanks()
        return argument

    def path(self) -> Path:
        end = self._end_of_path()
        path = Path(self.text[self.at : end].rstrip())
        try:
            _ = path.steps
        except InvalidPath:
            raise InvalidCall(self.text) from None
        self.at = end
        return path

    def _end_of_path(self) -> int:
        """Where the path ends: at a comma, a bracket or a blank that is not inside its own brackets and quotes."""
        depth, quote, at = 0, "", self.at
        while at < len(self.text):
            letter = self.text[at]
            if quote:
                at += letter == "\\"
                quote = "" if letter == quote else quote
            elif letter in "'\"":
                quote = letter
            elif letter == "[" or (letter == "(" and depth):
                depth += 1
            elif letter in ")]" and depth:
                depth -= 1
            elif not depth and (letter in "(),]" or letter.isspace()):
                break
            at += 1
        return at

    def string(self) -> Literal:
        letters: list[str] = []
        begin = self.at + 1
        at = begin
        while at < len(self.text):
            letter = self.text[at]
            if letter == "'":
                self.at = at + 1
                return Literal("".join(letters), self.text[begin:at])
            if letter == "\\":
                at += 1
                if self.text[at : at + 1] not in ("'", "{", "}", "\\"):
                    break
                letter = self.text[at]
            letters.append(letter)
            at += 1
        raise InvalidCall(self.text)


def shown(value: Json) -> str:
    """A value as States.Format writes it.

    Example::

        >>> shown({"Arg1": 1, "Arg2": [None, "a"]}), shown(True), shown(None)
        ('{Arg1=1, Arg2=[null, a]}', 'true', 'null')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={shown(inside)}" for key, inside in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shown(inside) for inside in value) + "]"
    return values.text(value)


def _format(template: Json, *given: Json) -> str:
    if not isinstance(template, str):
        raise Unfit("the first argument must be a string")
    parts: list[str] = []
    left = list(given)
    at = 0
    while at < len(template):
        letter = template[at]
        if letter == "\\" and template[at + 1 : at + 2] in ("'", "{", "}", "\\"):
            parts.append(template[at + 1])
            at += 2
        elif template.startswith("{}", at):
            if not left:
                raise Unfit("number of arguments do not match the occurrences of {}")
            parts.append(shown(left.pop(0)))
            at += 2
        else:
            parts.append(letter)
            at += 1
    if left:
        raise Unfit("number of arguments do not match the occurrences of {}")
    return "".join(parts)


def _rounded(value: Json, what: str) -> int:
    """A number, rounded to the nearest integer; a half goes up, as in Java's Math.round."""
    if not is_number(value) or not -MOST_LONG <= value <= MOST_LONG:
        raise Unfit(f"{what} must be an integer, and it is a {kind(value)}: {values.text(value)}")
    return math.floor(value + 0.5) if isinstance(value, float) else int(value)


def _array(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise Unfit(f"the first argument must be an array, and it is a {kind(value)}")
    return value


def _text(value: Json, what: str = "the first argument", most: int | None = None) -> str:
    if not isinstance(value, str):
        raise Unfit(f"{what} must be a string, and it is a {kind(value)}")
    if most is not None and len(value) > most:
        raise Unfit(f"{what} has {len(value)} characters, and at most {most} are allowed")
    return value


def _partition(array: Json, size: Json) -> list[Json]:
    array, size = _array(array), _rounded(size, "the chunk size")
    if size < 1:
        raise Unfit(f"the chunk size must be positive, and it is {size}")
    return [array[at : at + size] for at in range(0, len(array), size)]


def _contains(array: Json, wanted: Json) -> bool:
    return any(same(item, wanted) for item in _array(array))


def _range(first: Json, last: Json, step: Json) -> list[Json]:
    begin, end, by = (_rounded(given, "each argument") for given in (first, last, step))
    if by == 0:
        raise Unfit("the step must not be 0")
    length = max(0, (end - begin) // by + 1)
    if length > MOST_RANGE:
        raise Unfit(f"the range has {length} elements, and at most {MOST_RANGE} are allowed")
    return list(range(begin, end + (1 if by > 0 else -1), by))


def _item(array: Json, index: Json) -> Json:
    array, at = _array(array), _rounded(index, "the index")
    if not 0 <= at < len(array):
        raise Unfit(f"the index {at} is out of bounds for an array of {len(array)} elements")
    return array[at]


def _unique(array: Json) -> list[Json]:
    found: list[Json] = []
    seen: set[str] = set()
    for item in _array(array):
        mark = values.text(item) if not isinstance(item, (dict, list)) else ""
        if mark in seen or (not mark and any(same(item, other) for other in found)):
            continue
        seen.update([mark] if mark else [])
        found.append(item)
    return found


def _encoded(value: Json) -> str:
    return base64.b64encode(_text(value, most=MOST_ENCODED).encode(errors="replace")).decode()


def _decoded(value: Json) -> str:
    try:
        return base64.b64decode(_text(value, most=MOST_ENCODED), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, Unfit):
            raise
        raise Unfit("the argument is not Base64 of UTF-8 text") from None


ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def hashed(value: Json, algorithm: Json) -> str:
    """The hexadecimal digest of a value. What is no string is hashed as its JSON.

    Raises:
        Unfit: There is no such algorithm, or the value is too long.

    Example::

        >>> hashed("input data", "MD5")
        '812f45842bc6d66ee14572ce20db8e86'
    """
    data = value if isinstance(value, str) else values.text(value)
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Unfit(f"the algorithm must be one of {', '.join(ALGORITHMS)}, and it is {values.text(algorithm)}")
    return hashlib.new(
        ALGORITHMS[algorithm], _text(data, most=MOST_ENCODED).encode(errors="replace"), usedforsecurity=False
    ).hexdigest()


def _merged(first: Json, second: Json, deep: Json) -> dict[str, Json]:
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise Unfit("the first two arguments must be objects")
    if deep is not False:
        raise Unfit("the third argument must be false: only shallow merging is supported")
    return {**first, **second}


def _read(value: Json) -> Json:
    if not _text(value).strip():
        return None
    try:
        return values.parsed(value)
    except ValueError:
        raise Unfit("the argument is not a valid JSON string") from None


def _random(first: Json, last: Json, seed: Json = None) -> int:
    begin, end = _rounded(first, "the start number"), _rounded(last, "the end number")
    if begin >= end:
        raise Unfit(f"the start number {begin} must be less than the end number {end}")
    return random.Random(None if seed is None else _rounded(seed, "the seed")).randrange(begin, end)


def _sum(first: Json, second: Json) -> int:
    return _rounded(first, "each argument") + _rounded(second, "each argument")


def _split(value: Json, delimiters: Json) -> list[str]:
    letters = _text(delimiters, "the second argument")
    if not letters:
        return [_text(value)]
    return [part for part in re.split("[" + re.escape(letters) + "]", _text(value)) if part]


@dataclass(frozen=True)
class Intrinsic:
    """One intrinsic function: its work, and how many arguments it takes."""

    work: Callable[..., Json]
    least: int
    most: float


FUNCTIONS = {
    "Format": Intrinsic(_format, 1, math.inf),
    "StringToJson": Intrinsic(_read, 1, 1),
    "JsonToString": Intrinsic(values.text, 1, 1),
    "Array": Intrinsic(lambda *given: list(given), 0, math.inf),
    "ArrayPartition": Intrinsic(_partition, 2, 2),
    "ArrayContains": Intrinsic(_contains, 2, 2),
    "ArrayRange": Intrinsic(_range, 3, 3),
    "ArrayGetItem": Intrinsic(_item, 2, 2),
    "ArrayLength": Intrinsic(lambda array: len(_array(array)), 1, 1),
    "ArrayUnique": Intrinsic(_unique, 1, 1),
    "Base64Encode": Intrinsic(_encoded, 1, 1),
    "Base64Decode": Intrinsic(_decoded, 1, 1),
    "Hash": Intrinsic(hashed, 2, 2),
    "JsonMerge": Intrinsic(_merged, 3, 3),
    "MathRandom": Intrinsic(_random, 2, 3),
    "MathAdd": Intrinsic(_sum, 2, 2),
    "StringSplit": Intrinsic(_split, 2, 2),
    "UUID": Intrinsic(lambda: str(uuid.uuid4()), 0, 0),
}
