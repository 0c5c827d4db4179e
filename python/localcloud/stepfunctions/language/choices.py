"""The rules of a Choice state in JSONPath.

Source: Step Functions Developer Guide, "Choice workflow state". A comparison of a value of another type is false; a
Variable that is not there fails the state.

Example::

    >>> rule = Comparison.read({"Variable": "$.n", "NumericGreaterThan": 2})
    >>> rule.holds(Scope({"n": 3})), rule.holds(Scope({"n": "3"}))
    (True, False)
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from localcloud.stepfunctions.language import timestamps
from localcloud.stepfunctions.language.jsonpath import NoResults, Path
from localcloud.stepfunctions.language.scope import EvaluationFailure, Json, Scope
from localcloud.stepfunctions.language.values import is_number

_ORDERS: dict[str, Callable[[Json, Json], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
}
#: The names of all comparisons, with the JSON type of their value.
COMPARISONS: dict[str, str] = {
    **{f"{kind}{order}": kind for kind in ("Numeric", "String", "Timestamp") for order in _ORDERS},
    "BooleanEquals": "Boolean",
    "StringMatches": "String",
}
COMPARISONS |= {f"{name}Path": "Path" for name in COMPARISONS if name != "StringMatches"}
TESTS = ("IsBoolean", "IsNull", "IsNumeric", "IsPresent", "IsString", "IsTimestamp")
COMPARISONS |= dict.fromkeys(TESTS, "Boolean")


@dataclass(frozen=True)
class Comparison:
    """One comparison of a Variable with a value."""

    variable: Path
    name: str
    value: Json

    @classmethod
    def read(cls, rule: dict[str, Json]) -> Comparison:
        """The comparison of a rule that the compiler has checked."""
        name = next(key for key in rule if key in COMPARISONS)
        value = Path(rule[name]) if name.endswith("Path") else rule[name]
        return cls(Path(rule["Variable"]), name, value)

    def holds(self, scope: Scope) -> bool:
        """Whether the comparison is true.

        Raises:
            EvaluationFailure: A path finds nothing.
        """
        if self.name == "IsPresent":
            return _is_present(self.variable, scope) is self.value
        found = _read(self.variable, scope)
        if self.name in TESTS:
            return _is(self.name, found) is self.value
        wanted = _read(self.value, scope) if isinstance(self.value, Path) else self.value
        return compare(self.name.removesuffix("Path"), found, wanted)


@dataclass(frozen=True)
class Combination:
    """Rules that And, Or or Not combines."""

    operator: str
    rules: tuple[Rule, ...]

    def holds(self, scope: Scope) -> bool:
        """Whether the combination is true. Rules behind the first that decides are not evaluated."""
        if self.operator == "Not":
            return not self.rules[0].holds(scope)
        return (all if self.operator == "And" else any)(rule.holds(scope) for rule in self.rules)


Rule = Comparison | Combination


def read_rule(rule: dict[str, Json]) -> Rule:
    """The rule that the compiler has checked, without its Next.

    Example::

        >>> read_rule({"Not": {"Variable": "$.a", "IsPresent": True}}).holds(Scope({}))
        True
    """
    for name in ("And", "Or"):
        if name in rule:
            return Combination(name, tuple(read_rule(inside) for inside in rule[name]))
    if "Not" in rule:
        return Combination("Not", (read_rule(rule["Not"]),))
    return Comparison.read(rule)


def _is_present(path: Path, scope: Scope) -> bool:
    try:
        found = path.read(scope)
    except NoResults:
        return False
    return path.definite or bool(found)


def _read(path: Path, scope: Scope) -> Json:
    try:
        return path.read(scope)
    except NoResults:
        cause = f"Invalid path '{path.text}': The choice state's condition path references an invalid value."
        raise EvaluationFailure("States.Runtime", cause) from None


def _is(name: str, value: Json) -> bool:
    if name == "IsTimestamp":
        return isinstance(value, str) and timestamps.seconds(value) is not None
    tests: dict[str, Callable[[Json], bool]] = {
        "IsBoolean": lambda found: isinstance(found, bool),
        "IsNull": lambda found: found is None,
        "IsNumeric": is_number,
        "IsString": lambda found: isinstance(found, str),
    }
    return tests[name](value)


def compare(name: str, found: Json, wanted: Json) -> bool:
    """Whether a comparison of two values holds. It does not if one has another type.

    Example::

        >>> compare("StringLessThan", "a", "b"), compare("NumericEquals", True, 1), compare("StringMatches", "ab", "a*")
        (True, False, True)
    """
    if name == "BooleanEquals":
        return isinstance(found, bool) and found is wanted
    if name == "StringMatches":
        return isinstance(found, str) and matcher(wanted).fullmatch(found) is not None
    for kind in ("Numeric", "String", "Timestamp"):
        if name.startswith(kind):
            order = _ORDERS[name.removeprefix(kind)]
            if kind == "Numeric":
                return is_number(found) and is_number(wanted) and order(found, wanted)
            if not isinstance(found, str) or not isinstance(wanted, str):
                return False
            if kind == "String":
                return order(_units(found), _units(wanted))
            a, b = timestamps.seconds(found), timestamps.seconds(wanted)
            return a is not None and b is not None and order(a, b)
    raise ValueError(f"{name} is no comparison")


def _units(text: str) -> bytes:
    """A text in the order of Java's strings, which compare UTF-16 units."""
    return text.encode("utf-16-be", "surrogatepass")


def matcher(pattern: str) -> re.Pattern[str]:
    r"""The regular expression of a StringMatches pattern: ``*`` matches anything, and ``\`` escapes.

    Example::

        >>> matcher(r"a\*b*").fullmatch("a*bcd") is not None
        True
    """
    parts = re.findall(r"\\.|\*|[^\\*]+|\\", pattern, re.DOTALL)
    return re.compile(
        "".join(
            ".*" if part == "*" else re.escape(part[1:]) if part.startswith("\\") and len(part) > 1 else re.escape(part)
            for part in parts
        ),
        re.DOTALL,
    )
