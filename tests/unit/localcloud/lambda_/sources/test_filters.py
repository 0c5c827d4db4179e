"""Filters of event source mappings (lambda_/sources/filters.py), by the Lambda Developer Guide's filter rule syntax."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.lambda_.sources.filters import WrongFilter, compiled, matches


def passes(pattern: Any, body: Any) -> bool:
    text = body if isinstance(body, str) else json.dumps(body)
    return matches(compiled([json.dumps({"body": pattern})]), {"body": text, "attributes": {"SenderId": "me"}})


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ({"a": ["x", "y"]}, {"a": "y"}, {"a": "z"}),
        ({"a": [1]}, {"a": 1.0}, {"a": True}),
        ({"a": [None]}, {"a": None}, {}),
        ({"a": [""]}, {"a": ""}, {"a": None}),
        ({"a": [{"prefix": "us-"}]}, {"a": "us-east-1"}, {"a": 5}),
        ({"a": [{"suffix": ".png"}]}, {"a": "b.png"}, {"a": "b.jpg"}),
        ({"a": [{"equals-ignore-case": "ALICE"}]}, {"a": "alice"}, {"a": "bob"}),
        ({"a": [{"numeric": ["=", 100]}]}, {"a": 100}, {"a": "100"}),
        ({"a": [{"numeric": [">", 10, "<=", 20]}]}, {"a": 20}, {"a": 10}),
        ({"a": [{"anything-but": ["x", "z"]}]}, {"a": 1}, {"a": "x"}),
        ({"a": [{"anything-but": "x"}]}, {"a": "y"}, {}),
        ({"a": [{"anything-but": {"prefix": "in"}}]}, {"a": "out"}, {"a": "inside"}),
        ({"a": [{"exists": True}]}, {"a": 0}, {"b": 0}),
        ({"a": [{"exists": False}]}, {"b": 0}, {"a": 0}),
        ({"a": {"b": ["x"]}}, {"a": {"b": "x"}}, {"a": "x"}),
        ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": "y"}, {"a": "x", "b": "z"}),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "z", "b": "y"}, {"a": "z", "b": "x"}),
        ({"a": ["x"]}, {"a": ["w", "x"]}, {"a": ["w"]}),
        ({"a": {"b": ["x"]}}, {"a": [{"b": "w"}, {"b": "x"}]}, {"a": [{"b": "w"}]}),
        (["plain", {"prefix": "pre"}], "prefixed", {"a": "plain"}),
        ({"a": ["x"]}, {"a": "x"}, "x"),
    ],
)
def test_a_rule_lets_through_what_it_says(pattern: Any, yes: Any, no: Any) -> None:
    assert passes(pattern, yes)
    assert not passes(pattern, no)


def test_one_of_several_filters_is_enough_and_none_lets_everything_through() -> None:
    filters = compiled([json.dumps({"body": {"a": ["x"]}}), json.dumps({"attributes": {"SenderId": ["me"]}})])
    assert matches(filters, {"body": "text", "attributes": {"SenderId": "me"}})
    assert not matches(filters, {"body": "text", "attributes": {"SenderId": "you"}})
    assert matches((), {"body": "text"})


@pytest.mark.parametrize(
    "pattern",
    [
        "{",
        "[]",
        '"x"',
        '{"body": {}}',
        '{"body": []}',
        '{"body": [["x"]]}',
        '{"body": {"a": "x"}}',
        '{"body": [{"like": "x"}]}',
        '{"body": [{"prefix": 1}]}',
        '{"body": [{"exists": "yes"}]}',
        '{"body": [{"numeric": [">"]}]}',
        '{"body": [{"numeric": ["!", 1]}]}',
        '{"body": [{"numeric": [">", "1"]}]}',
        '{"body": [{"anything-but": []}]}',
        '{"body": [{"anything-but": ["x", 1]}]}',
        '{"body": [{"wildcard": "a*"}]}',
        '{"body": [{"prefix": "a", "suffix": "b"}]}',
        '{"body": {"$or": [{"a": ["x"]}]}}',
    ],
)
def test_what_is_no_pattern_is_refused_in_awss_words(pattern: str) -> None:
    with pytest.raises(WrongFilter, match=r"^Invalid filter pattern definition\.$"):
        compiled([pattern])
