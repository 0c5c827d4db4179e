"""Filter patterns of CloudWatch Logs for events in JSON.

Example::

    >>> matches = compile_pattern('{ $.type = "ExecutionFailed" && $.details.error != "Expected" }')
    >>> matches({"type": "ExecutionFailed", "details": {"error": "Boom"}})
    True

AWS: Amazon CloudWatch Logs User Guide, Filter pattern syntax, JSON-formatted log events. A comparison is with a number
or with a string, in which ``*`` matches any text. There are also IS NULL, IS TRUE, IS FALSE and NOT EXISTS. ``&&``
binds more tightly than ``||``. If the event lacks a selector, only NOT EXISTS matches. Patterns of plain terms are not
supported.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

Match = Callable[[Any], bool]  # takes a parsed log event
Token = tuple[str, str]  # the name of its group in TOKEN, and its text
Parsed = tuple[Match, list[Token]]  # what was read, and the tokens after it
TOKEN = re.compile(
    r"""\s*(?: (?P<group>[()]) | (?P<joint>&&|\|\|) | (?P<compare>!=|<=|>=|=|<|>)
    | (?P<state>IS\s+(?:NULL|TRUE|FALSE)|NOT\s+EXISTS) | (?P<selector>\$[\w.\[\]-]+)
    | (?P<quoted>"(?:[^"\\]|\\.)*") | (?P<word>[\w.*:/+-]+) )\s*""",
    re.VERBOSE,
)
MISSING = object()


class UnknownPattern(ValueError):
    """A pattern that the local cloud cannot read. The message says where it stops."""


@functools.lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Match:
    """A function that tells whether a parsed log event matches. An empty pattern matches every event.

    Raises:
        UnknownPattern: The text is not a pattern for JSON.
    """
    text = pattern.strip()
    if not text:
        return lambda event: True
    if not (text.startswith("{") and text.endswith("}")):
        raise UnknownPattern(f"the local cloud supports filter patterns for JSON only, not '{pattern}'")
    tokens = _tokens(text[1:-1])
    match, rest = _any(tokens)
    if rest:
        raise UnknownPattern(f"the filter pattern '{pattern}' should end before '{rest[0][1]}'")
    return lambda event: isinstance(event, dict) and match(event)


def select(event: Any, selector: str) -> Any:
    """The value at a selector; ``MISSING`` if there is none.

    Example::

        >>> select({"items": [{"id": 7}]}, "$.items[0].id")
        7
    """
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", selector):
        try:
            event = event[int(index)] if index else event[name]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return event


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    place = 0
    while place < len(text.rstrip()):
        match = TOKEN.match(text, place)
        if not match:
            raise UnknownPattern(f"the filter pattern is not valid at '{text[place:].strip()}'")
        found.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
        place = match.end()
    return found


def _any(tokens: list[Token]) -> Parsed:
    return _joined(tokens, "||", lambda rest: _joined(rest, "&&", _one, all), any)


def _joined(
    tokens: list[Token], joint: str, part: Callable[[list[Token]], Parsed], together: Callable[[Iterable[bool]], bool]
) -> Parsed:
    match, rest = part(tokens)
    parts = [match]
    while rest[:1] == [("joint", joint)]:
        match, rest = part(rest[1:])
        parts.append(match)
    return (lambda event: together(each(event) for each in parts)), rest


def _one(tokens: list[Token]) -> Parsed:
    match tokens:
        case [("group", "("), *rest]:
            inner, rest = _any(rest)
            if rest[:1] != [("group", ")")]:
                raise UnknownPattern("the filter pattern has an opening parenthesis without a closing one")
            return inner, rest[1:]
        case [("selector", selector), ("state", state), *rest]:
            return _state(selector, " ".join(state.split())), rest
        case [("selector", selector), ("compare", compare), (("quoted" | "word") as kind, value), *rest]:
            return _comparison(selector, compare, value[1:-1] if kind == "quoted" else value), rest
    raise UnknownPattern(f"the filter pattern is not valid at '{' '.join(text for _, text in tokens)}'")


def _state(selector: str, state: str) -> Match:
    wanted = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False, "NOT EXISTS": MISSING}[state]
    return lambda event: select(event, selector) is wanted


def _comparison(selector: str, compare: str, wanted: str) -> Match:
    number = float(wanted) if re.fullmatch(r"[+-]?\d+(\.\d+)?", wanted) else None

    def compared(event: Any) -> bool:
        value = select(event, selector)
        if value is MISSING or isinstance(value, dict | list):
            return False
        if compare in ("=", "!="):
            if number is not None and type(value) in (int, float):
                return (value == number) is (compare == "=")
            return fnmatch.fnmatchcase(str(value), wanted.replace("[", "[[]")) is (compare == "=")
        if number is None or type(value) not in (int, float):
            return False
        return {"<": value < number, ">": value > number, "<=": value <= number, ">=": value >= number}[compare]

    return compared
