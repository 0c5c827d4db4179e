"""Every comparison of a Choice state."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.stepfunctions.language.choices import COMPARISONS, TESTS, read_rule
from localcloud.stepfunctions.language.scope import EvaluationFailure, Scope

EARLY, LATE = "2024-01-01T00:00:00Z", "2024-01-01T02:00:00+01:00"  # an hour later
VALUES: dict[str, Any] = {
    "null": None, "true": True, "one": 1, "half": 0.5, "text": "a", "time": EARLY, "list": [], "object": {},
}  # fmt: skip
ORDERED = {"Numeric": (1, 2.5), "String": ("a", "b"), "Timestamp": (EARLY, LATE)}


def holds(rule: dict[str, Any], given: Any) -> bool:
    return read_rule(rule).holds(Scope(given))


@pytest.mark.parametrize("kind", ORDERED)
@pytest.mark.parametrize(
    ("order", "below", "equal", "above"),
    [
        ("Equals", False, True, False),
        ("LessThan", True, False, False),
        ("LessThanEquals", True, True, False),
        ("GreaterThan", False, False, True),
        ("GreaterThanEquals", False, True, True),
    ],
)
def test_orders(kind: str, order: str, below: bool, equal: bool, above: bool) -> None:
    low, high = ORDERED[kind]
    for value, limit, wanted in ((low, high, below), (low, low, equal), (high, low, above)):
        assert holds({"Variable": "$.v", f"{kind}{order}": limit}, {"v": value}) is wanted
        assert holds({"Variable": "$.v", f"{kind}{order}Path": "$.w"}, {"v": value, "w": limit}) is wanted


@pytest.mark.parametrize("name", [name for name in COMPARISONS if name.startswith(("Numeric", "String", "Timestamp"))])
def test_a_value_of_another_type_compares_to_nothing(name: str) -> None:
    kind = next(kind for kind in ORDERED if name.startswith(kind))
    limit = "$.limit" if name.endswith("Path") else ORDERED[kind][0]
    fits = {"Numeric": (int, float), "String": str, "Timestamp": str}[kind]
    for value in VALUES.values():
        if not isinstance(value, fits) or isinstance(value, bool):
            assert not holds({"Variable": "$.v", name: limit}, {"v": value, "limit": ORDERED[kind][0]})


def test_boolean_equals() -> None:
    for value in VALUES.values():
        assert holds({"Variable": "$.v", "BooleanEquals": True}, {"v": value}) is (value is True)
        assert not holds({"Variable": "$.v", "BooleanEquals": False}, {"v": value})
    assert holds({"Variable": "$.v", "BooleanEqualsPath": "$.w"}, {"v": False, "w": False})


def test_numbers_are_equal_whatever_their_form() -> None:
    assert holds({"Variable": "$.v", "NumericEquals": 1.0}, {"v": 1})
    assert not holds({"Variable": "$.v", "NumericEquals": 1}, {"v": True})


def test_timestamps_are_moments() -> None:
    assert holds({"Variable": "$.v", "TimestampEquals": EARLY}, {"v": "2024-01-01T01:00:00+01:00"})
    assert not holds({"Variable": "$.v", "TimestampEquals": EARLY}, {"v": "2024-01-01"})


@pytest.mark.parametrize(
    ("name", "fitting"),
    [
        ("IsNull", {"null"}),
        ("IsBoolean", {"true"}),
        ("IsNumeric", {"one", "half"}),
        ("IsString", {"text", "time"}),
        ("IsTimestamp", {"time"}),
        ("IsPresent", set(VALUES)),
    ],
)
def test_tests(name: str, fitting: set[str]) -> None:
    assert {key for key, value in VALUES.items() if holds({"Variable": "$.v", name: True}, {"v": value})} == fitting
    left = {key for key, value in VALUES.items() if holds({"Variable": "$.v", name: False}, {"v": value})}
    assert left == VALUES.keys() - fitting
    assert name in TESTS


def test_is_present() -> None:
    assert holds({"Variable": "$.v", "IsPresent": False}, {})
    assert not holds({"Variable": "$.v.w", "IsPresent": True}, {"v": 1})
    assert holds({"Variable": "$.v", "IsPresent": True}, {"v": None})


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("a*c", "ac", True),
        ("a*c*e", "abcde", True),
        ("a", "ab", False),
        ("*", "", True),
        ("a.c", "abc", False),
        (r"a\*c", "a*c", True),
        (r"a\*c", "abc", False),
        (r"a\\*", "a\\b", True),
        ("*", "a\nb", True),
        ("[a]", "a", False),
    ],
)
def test_string_matches(pattern: str, text: str, matches: bool) -> None:
    assert holds({"Variable": "$", "StringMatches": pattern}, text) is matches


def test_and_or_not() -> None:
    small, large = {"Variable": "$.n", "NumericLessThan": 3}, {"Variable": "$.n", "NumericGreaterThan": 1}
    found = {
        n: (
            holds({"And": [small, large]}, {"n": n}),
            holds({"Or": [small, large]}, {"n": n}),
            holds({"Not": small}, {"n": n}),
        )
        for n in (1, 2, 3)
    }
    assert found == {1: (False, True, False), 2: (True, True, False), 3: (False, True, True)}


def test_what_is_behind_the_rule_that_decides_is_not_looked_at() -> None:
    present = {"Variable": "$.v", "IsPresent": True}
    assert not holds({"And": [present, {"Variable": "$.v", "NumericEquals": 1}]}, {})
    assert holds({"Or": [{"Not": present}, {"Variable": "$.v", "NumericEquals": 1}]}, {})


@pytest.mark.parametrize("rule", [{"Variable": "$.v", "IsNull": True}, {"Variable": "$.n", "NumericEqualsPath": "$.v"}])
def test_a_path_that_finds_nothing_fails_the_state(rule: dict[str, Any]) -> None:
    with pytest.raises(EvaluationFailure) as failed:
        holds(rule, {"n": 1})
    assert failed.value.error == "States.Runtime"
