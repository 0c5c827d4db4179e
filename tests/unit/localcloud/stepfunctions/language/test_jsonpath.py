"""JSONPath: what AWS takes beyond the grammar."""

from __future__ import annotations

import pytest

from localcloud.stepfunctions.language.jsonpath import NoResults, Path
from localcloud.stepfunctions.language.pathsyntax import InvalidPath

LABELS = {"Labels": [{"Name": "Receipt", "Sure": True}, {"Name": "3d", "Sure": False}, {"Name": "true", "Sure": None}]}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("@.Name==Receipt", ["Receipt"]),
        ("@.Name == 'Receipt'", ["Receipt"]),
        ("@.Name==3d", ["3d"]),
        ("@.Sure==true", ["Receipt"]),
        ("@.Sure==null", ["true"]),
        ("@.Name==Receipt || @.Name==3d", ["Receipt", "3d"]),
    ],
)
def test_a_filter_compares_with_a_word_without_quotes(condition: str, found: list[str]) -> None:
    assert Path(f"$.Labels[?({condition})].Name").value(LABELS) == found


def test_blanks_behind_a_path_have_no_meaning() -> None:
    assert Path("$.Labels[0].Name ").value(LABELS) == "Receipt"


@pytest.mark.parametrize("text", ["$.Labels[?(@.Name==)]", "$.Labels[?(@.Name==a b)]", "$.a b", "Labels"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidPath):
        _ = Path(text).steps


def test_a_filters_regular_expression_is_checked_when_the_path_is_read():
    with pytest.raises(InvalidPath):
        _ = Path("$.a[?(@.n =~ /[/)]").steps


def test_a_regular_expression_from_the_input_that_is_none_matches_nothing():
    assert Path("$.a[?(@.n =~ $.wrong)]").value({"a": [{"n": "x"}], "wrong": "["}) == []


def test_a_regular_expression_that_takes_too_long_finds_nothing(monkeypatch):
    monkeypatch.setattr("localcloud.stepfunctions.language.jsonpath.MOST_SECONDS", 0.05)
    assert Path("$.a[?(@ =~ /(a|a)+(b|c)+d/)]").value({"a": ["a" * 40]}) == []


def test_a_sum_that_is_too_large_is_no_number():
    with pytest.raises(NoResults, match="larger than a number can be"):
        Path("$.a.sum()").value({"a": [1e308, 1e308]})
