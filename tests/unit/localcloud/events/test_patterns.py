"""Event patterns (events/patterns.py), by Event Ruler's README and the EventBridge User Guide."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.events.patterns import BadPattern, compiled, matches

EMPLOYEES = [
    {"firstName": "John", "lastName": "Doe"},
    {"firstName": "Anna", "lastName": "Smith"},
    {"firstName": "Peter", "lastName": "Jones"},
]


def passes(pattern: Any, event: Any) -> bool:
    return matches(compiled(json.dumps(pattern)), event)


@pytest.mark.parametrize(
    ("conditions", "yes", "no"),
    [
        ([True], True, 1),
        ([1], 1.0, True),
        ([0], 0, False),
        ([None], None, ""),
        (["a"], ["b", "a"], ["b"]),
        ([{"prefix": "us-"}], "us-east-1", 5),
        ([{"prefix": {"equals-ignore-case": "US-"}}], "us-east-1", "eu-west-1"),
        ([{"suffix": {"equals-ignore-case": ".PNG"}}], "a.png", "a.jpg"),
        ([{"equals-ignore-case": "ALICE"}], "alice", "bob"),
        ([{"wildcard": "a*.png"}], "a/b\n.png", "b.png"),
        ([{"wildcard": r"a\*b\\*"}], "a*b\\c", "axb\\c"),
        ([{"numeric": ["=", 100]}], 1e2, "100"),
        ([{"numeric": [">", 0, "<=", 5]}], 5, 0),
        ([{"numeric": ["<", 5]}], 4.9, True),
        ([{"numeric": [">", 1]}], 2, 5_000_000_001),
        ([{"anything-but": "x"}], "y", "x"),
        ([{"anything-but": [1, 2]}], 3, 2),
        ([{"anything-but": [1]}], True, 1.0),
        ([{"anything-but": {"prefix": ["in", "un"]}}], "out", "under"),
        ([{"anything-but": {"suffix": ".png"}}], 5, "a.png"),
        ([{"anything-but": {"equals-ignore-case": ["A"]}}], "b", "a"),
        ([{"anything-but": {"wildcard": "a*z"}}], "az!", "abz"),
        ([{"cidr": "10.0.0.0/24"}], "10.0.0.7", "10.0.1.7"),
        ([{"cidr": "2001:db8::/32"}], "2001:db8::1", "no address"),
        ([{"exists": True}], None, []),
        ([{"exists": True}], 0, {"inner": 1}),
        ([{"exists": False}], [], ""),
        ([{"exists": False}], {"inner": 1}, None),
        ([{"exists": False}, "x"], "x", "y"),
    ],
)
def test_a_field_matches_what_its_conditions_say(conditions: Any, yes: Any, no: Any) -> None:
    assert passes({"detail": {"a": conditions}}, {"detail": {"a": yes}})
    assert not passes({"detail": {"a": conditions}}, {"detail": {"a": no}})


def test_only_exists_false_matches_a_field_that_is_not_there() -> None:
    assert passes({"a": [{"exists": False}]}, {"b": 1})
    for condition in (None, "", {"anything-but": "x"}, {"exists": True}, {"prefix": ""}):
        assert not passes({"a": [condition]}, {"b": 1})


def test_arrays_of_objects_are_crushed_out_and_stay_consistent() -> None:
    """The examples of Event Ruler's README, "JSON Array Matching"."""
    for event in ({"employees": EMPLOYEES}, {"employees": [EMPLOYEES[:2], EMPLOYEES[2:]]}):
        assert passes({"employees": {"firstName": ["Anna"]}}, event)
        assert passes({"employees": {"firstName": ["Anna"], "lastName": ["Smith"]}}, event)
        assert not passes({"employees": {"firstName": ["Anna"], "lastName": ["Jones"]}}, event)
    two = {"one": [{"a": 1}, {"a": 2}], "other": [{"b": 1}, {"b": 2}]}
    assert passes({"one": {"a": [1]}, "other": {"b": [2]}}, two)  # they are different arrays


def test_an_or_is_part_of_the_consistency_and_may_be_the_name_of_a_field() -> None:
    pattern = {"employees": {"firstName": ["Anna"], "$or": [{"lastName": ["Jones"]}, {"age": [1]}]}}
    assert not passes(pattern, {"employees": EMPLOYEES})
    assert passes(pattern, {"employees": [*EMPLOYEES, {"firstName": "Anna", "age": 1}]})
    assert passes({"$or": {"a": ["x"]}}, {"$or": {"a": "x"}})
    assert passes({"$or": [{"prefix": "x"}, {"prefix": "y"}]}, {"$or": "yes"})


def test_names_with_dots_are_paths() -> None:
    assert passes({"detail": {"state.status": ["on"]}}, {"detail": {"state": {"status": "on"}}})


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"numeric": [">", "1"]}, "Value of > must be numeric"),
        ({"numeric": [">"]}, "Value of > must be numeric"),
        ({"numeric": [">", True]}, "Value of > must be numeric"),
        ({"numeric": []}, "Invalid member in numeric match"),
        ({"numeric": 5}, "Value of numeric must be an array"),
        ({"numeric": ["!", 1]}, "Unrecognized numeric range operator"),
        ({"numeric": ["<", 1, ">", 0]}, "Too many elements"),
        ({"numeric": [">", 1, "="]}, "Bad numeric range operator"),
        ({"numeric": [">", 1, "<", 1]}, "Bottom must be less than top"),
        ({"numeric": ["=", 5e10]}, "must be between"),
        ({"exists": "yes"}, "either true or false"),
        ({"cidr": "10.0.0.0/40"}, "Malformed CIDR"),
        ({"cidr": "10.0.0.0"}, "Malformed CIDR"),
        ({"wildcard": "a**b"}, "Consecutive wildcard"),
        ({"wildcard": r"a\b"}, "Invalid escape"),
        ({"wildcard": 5}, "must be a string"),
        ({"x": 1, "y": 2}, "Unrecognized match type x"),
        ({"prefix": 1}, "prefix match pattern must be a string"),
        ({"prefix": "a", "suffix": "b"}, "Only one key"),
        ({"prefix": {"suffix": "a"}}, "Unsupported prefix pattern"),
        ({}, "Match expression name not found"),
        (["x"], "Match value must be"),
        ({"anything-but": []}, "mixed type"),
        ({"anything-but": ["x", 1]}, "mixed type"),
        ({"anything-but": [True]}, "boolean is not supported"),
        ({"anything-but": None}, "must be an array or single"),
        ({"anything-but": {"cidr": "10.0.0.0/8"}}, "Unsupported anything-but pattern"),
        ({"anything-but": {"prefix": ""}}, "Null prefix/suffix"),
    ],
)
def test_a_condition_that_is_none_is_refused(condition: Any, reason: str) -> None:
    with pytest.raises(BadPattern, match=reason):
        compiled(json.dumps({"detail": {"a": [condition]}}))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        "1",
        "{}",
        '{"a": {}}',
        '{"a": []}',
        '{"a": "x"}',
        '{"a": [NaN]}',
        '{"$or": 5}',
        '{"$or": []}',
        '{"$or": [{"a": ["x"]}]}',
        '{"$or": [{"a": ["x"]}, "b"]}',
        '{"a": ' * 100_000,
        json.dumps({name: {"$or": [{"x": [1]}, {"y": [1]}]} for name in "abcdefghij"}),
    ],
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(BadPattern):
        compiled(text)
