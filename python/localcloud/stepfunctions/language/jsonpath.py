"""JSONPath as AWS evaluates it: the one evaluator that every field uses.

A definite path names one place. It gives the value of that place, and fails if there is none. An indefinite path has a
wildcard, a ``..``, a slice, a filter or several keys or indexes. It gives a list, which may be empty.

Sources: Step Functions Developer Guide, "Using JSONPath paths". The words of the errors are those that AWS's execution
histories show; they are Jayway JsonPath's.

Example::

    >>> items = {"items": [{"n": 3}, {"n": 4}]}
    >>> Path("$.items[1].n").value(items), Path("$.items[*].n").value(items)
    (4, [3, 4])
    >>> Path("$.other.n").value(items)
    Traceback (most recent call last):
    ...
    localcloud.stepfunctions.language.jsonpath.NoResults: Missing property in path $['other']
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import regex

from localcloud.stepfunctions.language.pathsyntax import (
    Deep,
    Filter,
    FilterCondition,
    Index,
    Indexes,
    InvalidPath,
    Key,
    KeyList,
    Operand,
    PathFunction,
    Slice,
    Step,
    Wildcard,
    steps,
)
from localcloud.stepfunctions.language.scope import Json, Scope
from localcloud.stepfunctions.language.values import is_number, same

_VARIABLE = re.compile(r"\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)")


#: The longest that a filter's regular expression may work on one text.
MOST_SECONDS = 1.0


class NoResults(LookupError):
    """A definite path names a place that is not there."""


@dataclass(frozen=True)
class Path:
    """One JSONPath.

    Attributes:
        text: The path as it is written: ``$.a``, ``$$.Execution.Id`` or ``$variable.a``.

    Raises:
        InvalidPath: The text is no path. The properties raise it, when they are used first.
    """

    text: str

    @cached_property
    def variable(self) -> str | None:
        """The variable that the path begins with. None: it begins with the input or the context object."""
        found = _VARIABLE.match(self.text)
        return found.group(1) if found else None

    @property
    def of_context(self) -> bool:
        """Whether the path reads the context object."""
        return self.text.startswith("$$")

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The path's steps."""
        if not self.text.startswith("$"):
            raise InvalidPath(f"'{self.text}' is not a path: it does not begin with $")
        start = 2 if self.of_context else 1 + len(self.variable or "")
        return steps(self.text, start)

    @cached_property
    def definite(self) -> bool:
        """Whether the path names one place."""
        *before, last = self.steps or (Key(""),)
        return all(isinstance(step, (Key, Index, PathFunction)) for step in before) and isinstance(
            last,
            (Key, KeyList, Index, PathFunction),  # several members at the end make one object of them
        )

    @cached_property
    def reference(self) -> bool:
        """Whether the path is a reference path: it names one place, by members and indexes only."""
        return all(isinstance(step, Key) or (isinstance(step, Index) and step.number >= 0) for step in self.steps)

    def value(self, root: Json) -> Json:
        """What the path finds in ``root``.

        Raises:
            NoResults: The path is definite and finds nothing. The message is AWS's.
        """
        try:
            return _find(root, self.steps, root)
        except NoResults:
            if self.definite:
                raise
            return []

    def read(self, scope: Scope) -> Json:
        """What the path finds in the input, the context object or a variable, whichever it begins with.

        Raises:
            NoResults: The path is definite and finds nothing, or there is no such variable.
        """
        if self.variable is not None:
            if self.variable not in scope.variables:
                raise NoResults(f"No results for path: $['{self.variable}']")
            return self.value(scope.variables[self.variable])
        return self.value(scope.context if self.of_context else scope.value)


def _find(root: Json, path: tuple[Step, ...], whole: Json) -> Json:
    current, indefinite = [root], False
    deep = False
    where = "$"
    for number, step in enumerate(path):
        if isinstance(step, PathFunction):
            current, indefinite = [_function(step.name, current if indefinite else current[0])], False
            continue
        if isinstance(step, Deep):
            current, indefinite, deep = [below for value in current for below in _below(value)], True, True
            continue
        where += _shown(step)
        last = number == len(path) - 1
        if not indefinite and (isinstance(step, (Key, Index)) or (isinstance(step, KeyList) and last)):
            found = list(_chosen(current[0], step, whole))
            if not found:
                raise NoResults(_missing(current[0], step, where, last=last))
            current = found
            continue
        indefinite = True
        if isinstance(step, KeyList) and not last:
            current = [
                value[name] for value in current if isinstance(value, dict) for name in step.names if name in value
            ]
            deep = False
            continue
        current = [chosen for value in current for chosen in _chosen(value, step, whole, among=deep)]
        deep = False
    return current if indefinite else current[0]


def _missing(value: Json, step: Step, where: str, *, last: bool) -> str:
    parent = where[: -len(_shown(step))]
    if isinstance(step, Index) and not isinstance(value, list):
        return f"Filter: [{step.number}] can only be applied to arrays. Current context is: {value}"
    if isinstance(step, Key) and not isinstance(value, dict):
        kinds = {
            bool: "java.lang.Boolean",
            int: "java.lang.Integer",
            float: "java.lang.Double",
            str: "java.lang.String",
        }
        found = "net.minidev.json.JSONArray" if isinstance(value, list) else kinds.get(type(value), "null")
        return (
            f"Expected to find an object with property ['{step.name}'] in path {parent} but found '{found}'. This is "
            "not a json object according to the JsonProvider: "
            "'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'."
            if value is not None
            else f"Missing property in path {parent}"
        )
    return f"No results for path: {where}" if last else f"Missing property in path {where}"


def _shown(step: Step) -> str:
    if isinstance(step, Key):
        return f"['{step.name}']"
    if isinstance(step, Index):
        return f"[{step.number}]"
    return "[*]"


def _below(value: Json) -> Iterator[Json]:
    """A value and everything in it. It keeps its own stack, since a value may be nested deeply."""
    ahead = [value]
    while ahead:
        here = ahead.pop()
        yield here
        inside = here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()
        ahead.extend(reversed(list(inside)))


def _chosen(value: Json, step: Step, whole: Json, *, among: bool = False) -> Iterator[Json]:
    """The parts of ``value`` that a step chooses.

    Args:
        among: The value is one of those below a ``..``. A filter then looks at the value itself only if it is an array.
    """
    if isinstance(step, Key):
        if isinstance(value, dict) and step.name in value:
            yield value[step.name]
    elif isinstance(step, KeyList):
        if isinstance(value, dict):
            found = {name: value[name] for name in step.names if name in value}
            if len(found) == len(step.names) or not among:
                yield found
    elif isinstance(step, Wildcard):
        yield from value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    elif isinstance(step, Filter):
        candidates = value if isinstance(value, list) else [] if among or not isinstance(value, dict) else [value]
        yield from (item for item in candidates if _holds(step.condition, item, whole))
    elif isinstance(value, list):
        if isinstance(step, Slice):
            yield from value[step.begin : step.end : step.step]
            return
        for number in (step.number,) if isinstance(step, Index) else step.numbers if isinstance(step, Indexes) else ():
            if -len(value) <= number < len(value):
                yield value[number]


def _function(name: str, value: Json) -> Json:
    if name in ("length", "size"):
        if isinstance(value, (list, dict, str)):
            return len(value)
        raise NoResults(f"No results for {name}()")
    if name == "keys":
        if isinstance(value, dict):
            return list(value)
        raise NoResults("No results for keys()")
    if not isinstance(value, list) or not value:
        raise NoResults("Aggregation function attempted to calculate value using empty array")
    if name in ("first", "last"):
        return value[0] if name == "first" else value[-1]
    numbers = [float(item) for item in value if is_number(item)]
    if not numbers:
        raise NoResults("Aggregation function attempted to calculate value using empty array")
    functions: dict[str, Callable[[list[float]], float]] = {
        "min": min,
        "max": max,
        "avg": statistics.fmean,
        "sum": sum,
        "stddev": statistics.pstdev,
    }
    try:
        found = functions[name](numbers)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise NoResults(f"The result of {name}() is larger than a number can be")
    return found


_NOTHING = object()


def _side(operand: Operand, item: Json, whole: Json) -> Json:
    if not operand.root:
        return operand.literal
    try:
        return _find(item if operand.root == "@" else whole, operand.steps, whole)
    except NoResults:
        return _NOTHING


def _holds(condition: FilterCondition, item: Json, whole: Json) -> bool:
    if condition.operator == "&&":
        return all(_holds(part, item, whole) for part in condition.parts)
    if condition.operator == "||":
        return any(_holds(part, item, whole) for part in condition.parts)
    if condition.operator == "!":
        return not _holds(condition.parts[0], item, whole)
    assert condition.left is not None
    left = _side(condition.left, item, whole)
    if condition.operator == "exists":
        return left is not _NOTHING and left != []
    assert condition.right is not None
    right = _side(condition.right, item, whole)
    if left is _NOTHING or right is _NOTHING:
        return condition.operator in ("!=", "nin", "noneof") and left is not right
    return _compared(condition.operator, left, right)


def _matched(pattern: str, text: str) -> bool:
    try:
        return regex.fullmatch(pattern, text, timeout=MOST_SECONDS) is not None
    except regex.error:  # of a pattern that the input holds; the others are refused when the path is read
        return False
    except TimeoutError:
        raise NoResults(f"The regular expression /{pattern}/ takes longer than {MOST_SECONDS} s") from None


def _compared(operator: str, left: Json, right: Json) -> bool:
    if operator in ("==", "!="):
        return same(left, right) is (operator == "==")
    if operator == "=~":
        return isinstance(left, str) and _matched(str(right), left)
    if operator in ("<", "<=", ">", ">="):
        if not ((is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str))):
            return False
        return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])
    if operator == "contains":
        return (
            str(right) in left
            if isinstance(left, str)
            else any(same(right, x) for x in left)
            if isinstance(left, list)
            else False
        )
    if operator == "size":
        return isinstance(left, (list, str)) and len(left) == (len(right) if isinstance(right, (list, str)) else right)
    if operator == "empty":
        return isinstance(left, (list, str)) and (len(left) == 0) is bool(right)
    right = right if isinstance(right, list) else [right]
    if operator in ("in", "nin"):
        return any(same(left, x) for x in right) is (operator == "in")
    inside = [any(same(x, y) for y in right) for x in (left if isinstance(left, list) else [left])]
    return {"subsetof": all, "anyof": any, "noneof": lambda found: not any(found)}[operator](inside)
