"""The functions of JSONata that look for a pattern in a text: the library's take no function for a pattern."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.utils import Utils

from localcloud.stepfunctions.language.jsonata_values import hold


def matches(pattern: Any, text: str, name: str) -> Iterator[dict[str, Any]]:
    """The matches of a regular expression, or of a function that plays one: objects with match, start, end, groups."""
    if Functions.is_regex(pattern):
        for found in pattern.finditer(text):
            yield {"match": found[0], "start": found.start(), "end": found.end(), "groups": [*found.groups()]}
        return
    found = Functions.func_apply(pattern, [text])
    while found is not None:
        if not isinstance(found, dict) or not {"match", "start", "end", "groups", "next"} <= found.keys():
            raise JException("T1010", -1, name)
        yield found
        found = Functions.func_apply(found["next"], [])


def contains(text: Any, pattern: Any) -> bool | None:
    """``$contains``, also with a function as its pattern."""
    if text is None or pattern is None:
        return None
    return pattern in text if isinstance(pattern, str) else next(matches(pattern, text, "contains"), None) is not None


def match(text: Any, pattern: Any, limit: Any) -> Any:
    """``$match``, also with a function as its pattern."""
    if text is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3040", -1, limit)
    found = itertools.islice(matches(pattern, text, "match"), None if limit is None else math.ceil(limit))
    return Utils.create_sequence_from_iter(
        {"match": each["match"], "index": each["start"], "groups": each["groups"]} for each in found
    )


def split(text: Any, pattern: Any, limit: Any) -> Any:
    """``$split``, also with a function as its pattern."""
    if text is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3020", -1)
    if isinstance(pattern, str):
        parts = text.split(pattern) if pattern else list(text)
        limit = limit if limit is None else math.floor(limit)
    else:
        parts, start = [], 0
        for found in matches(pattern, text, "split"):
            parts.append(text[start : found["start"]])
            start = found["end"]
        parts.append(text[start:])
    return parts if limit is None else parts[: math.ceil(limit)]


def replace(text: Any, pattern: Any, replacement: Any, limit: Any) -> str | None:
    """``$replace``: the library counts a limit wrong and reads ``$`` in a replacement otherwise than JSONata."""
    if text is None:
        return None
    if pattern == "":
        raise JException("D3010", -1)
    if limit is not None and limit < 0:
        raise JException("D3011", -1)
    most = None if limit is None else math.ceil(limit)
    if isinstance(pattern, str):
        if isinstance(replacement, str):
            hold(len(text) + text.count(pattern) * len(replacement))
            return text.replace(pattern, replacement, -1 if most is None else most)
        found: Iterator[dict[str, Any]] = _literal_matches(pattern, text)
    else:
        found = matches(pattern, text, "replace")
    parts, start, size = [], 0, len(text)
    for each in itertools.islice(found, most):
        if isinstance(replacement, str):
            new = _expanded(replacement, each)
        else:
            new = Functions.func_apply(replacement, [{key: each[key] for key in each if key != "next"}])
            if not isinstance(new, str):
                raise JException("D3012", -1, new)
        parts += [text[start : each["start"]], new]
        start, size = each["end"], size + len(new)
        hold(size)
    return "".join([*parts, text[start:]])


def _literal_matches(pattern: str, text: str) -> Iterator[dict[str, Any]]:
    start = text.find(pattern)
    while start >= 0:
        end = start + len(pattern)
        yield {"match": pattern, "start": start, "end": end, "groups": []}
        start = text.find(pattern, end)


def _expanded(replacement: str, found: dict[str, Any]) -> str:
    """``$1`` is a group, ``$0`` the match, ``$$`` a dollar; a number has as many digits as there are groups for."""
    groups = found["groups"]
    result, rest = "", replacement
    while True:
        before, dollar, rest = rest.partition("$")
        result += before
        if not dollar:
            return result
        if rest[:1] == "$":
            result, rest = result + "$", rest[1:]
        elif rest[:1] == "0":
            result, rest = result + found["match"], rest[1:]
        elif rest[:1] in tuple("123456789"):
            width = len(str(len(groups))) if groups else 1
            digits = "".join(itertools.takewhile(lambda c: c in "0123456789", rest[:width]))
            if width > 1 and int(digits) > len(groups):
                digits = digits[: width - 1]
            result += (groups[int(digits) - 1] or "") if groups and int(digits) <= len(groups) else ""
            rest = rest[len(digits) :]
        else:
            result += "$"
