"""What each kind of path finds, and how a path that finds nothing fails."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.stepfunctions.language.jsonpath import NoResults, Path
from localcloud.stepfunctions.language.pathsyntax import InvalidPath
from localcloud.stepfunctions.language.scope import Scope

STORE = {
    "books": [
        {"title": "A", "price": 8, "tags": ["x"], "isbn": "1"},
        {"title": "B", "price": 12.5, "tags": []},
        {"title": "c", "price": 30, "tags": ["x", "y"], "isbn": None},
    ],
    "most": 12.5,
    "a b": {"ü": 1, "it's": 2},
    "none": None,
    "matrix": [[1, 2], [3]],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", STORE),
        ("$.most", 12.5),
        ("$['most']", 12.5),
        ('$["most"]', 12.5),
        ("$['a b'].ü", 1),
        (r"$['a b']['it\'s']", 2),
        ("$.none", None),
        ("$.books[0].title", "A"),
        ("$.books[-1].title", "c"),
        ("$.matrix[0][1]", 2),
        ("$.matrix.[1][0]", 3),
        ("$.books.length()", 3),
        ("$.books[0].title.length()", 1),
        ("$['a b'].keys()", ["ü", "it's"]),
        ("$['most','none']", {"most": 12.5, "none": None}),
        ("$['most','missing']", {"most": 12.5}),
        ("$.books[0]['title','isbn']", {"title": "A", "isbn": "1"}),
    ],
)
def test_a_definite_path_finds_one_value(path: str, found: Any) -> None:
    assert Path(path).definite
    assert Path(path).value(STORE) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.books[*].title", ["A", "B", "c"]),
        ("$.matrix[*][*]", [1, 2, 3]),
        ("$['a b'].*", [1, 2]),
        ("$['a b'][*]", [1, 2]),
        ("$.books[0,2].title", ["A", "c"]),
        ("$.books[1:].title", ["B", "c"]),
        ("$.books[:1].title", ["A"]),
        ("$.books[0:2].title", ["A", "B"]),
        ("$.books[-2:].title", ["B", "c"]),
        ("$.books[:-1].title", ["A", "B"]),
        ("$.books[5:]", []),
        ("$..price", [8, 12.5, 30]),
        ("$..books[0].title", ["A"]),
        ("$.books..isbn", ["1", None]),
        ("$..missing", []),
        ("$.missing[*]", []),
        ("$.books[*].missing", []),
        ("$['most','none'].x", []),
        ("$.books[0]['title','price'].x", []),
        ("$.books[*]['title','isbn']", [{"title": "A", "isbn": "1"}, {"title": "B"}, {"title": "c", "isbn": None}]),
    ],
)
def test_an_indefinite_path_finds_a_list(path: str, found: list[Any]) -> None:
    assert not Path(path).definite
    assert Path(path).value(STORE) == found


@pytest.mark.parametrize(
    ("condition", "titles"),
    [
        ("@.price == 8", "A"),
        ("@.price == 8.0", "A"),
        ("@.price != 8", "Bc"),
        ("@.price < 12.5", "A"),
        ("@.price <= 12.5", "AB"),
        ("@.price > 12.5", "c"),
        ("@.price >= 12.5", "Bc"),
        ("@.price >= $.most", "Bc"),
        ("@.title == 'A'", "A"),
        ('@.title == "A"', "A"),
        ("'A' == @.title", "A"),
        ("@.title < 'B'", "A"),
        ("@.title > 8", ""),
        ("@.isbn", "Ac"),
        ("!@.isbn", "B"),
        ("@.isbn == null", "c"),
        ("@.isbn && @.price > 10", "c"),
        ("@.price < 10 || @.price > 20", "Ac"),
        ("@.price < 10 || @.price > 10 && @.price < 20", "AB"),
        ("(@.price < 10 || @.price > 20) && @.isbn != null", "A"),
        ("@.title =~ /[a-c]/", "c"),
        ("@.title =~ /[a-b]/i", "AB"),
        ("@.title in ['A', 'B']", "AB"),
        ("@.title nin ['A', 'B']", "c"),
        ("@.tags subsetof ['x']", "AB"),
        ("@.tags anyof ['y', 'z']", "c"),
        ("@.tags noneof ['x']", "B"),
        ("@.tags contains 'y'", "c"),
        ("@.title contains 'B'", "B"),
        ("@.tags size 2", "c"),
        ("@.tags empty true", "B"),
        ("@.tags empty false", "Ac"),
        ("@.tags[0] == 'x'", "Ac"),
        ("@.tags.length() > 1", "c"),
    ],
)
def test_a_filter_chooses_elements(condition: str, titles: str) -> None:
    assert Path(f"$.books[?({condition})].title").value(STORE) == list(titles)


def test_functions_of_numbers() -> None:
    found = {name: Path(f"$.books[*].price.{name}()").value(STORE) for name in ("min", "max", "sum")}
    assert found == {"min": 8, "max": 30, "sum": 50.5}
    assert Path("$.books[0,2].price.avg()").value(STORE) == 19
    assert Path("$.books[0,2].price.stddev()").value(STORE) == 11


@pytest.mark.parametrize(
    "path", ["$.missing", "$.most.x", "$.none.x", "$.books.x", "$.books[3]", "$.books[-4]", "$.most[0]", "$.a.b.c",
             "$.most.length()", "$.books.sum()"],
)  # fmt: skip
def test_a_definite_path_that_finds_nothing_fails(path: str) -> None:
    with pytest.raises(NoResults):
        Path(path).value(STORE)


@pytest.mark.parametrize(
    "path", ["", "a", "$.", "$a b", "$[", "$[]", "$['a]", "$.a[1:2:3:4]", "$.a[1.5]", "$[?(@.a ==)]", "$[?@.a]",
             "$.a()", "$..", "$.a..", "$.[?(]", "$[?(@.a =~ /x)]"],
)  # fmt: skip
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(InvalidPath):
        _ = Path(path).steps


def test_where_a_path_begins() -> None:
    scope = Scope({"a": 1}, {"Execution": {"Id": "arn"}}, {"v": {"a": [2]}})
    assert Path("$.a").read(scope) == 1
    assert Path("$$.Execution.Id").read(scope) == "arn"
    assert Path("$v.a[0]").read(scope) == 2
    assert Path("$v").read(scope) == {"a": [2]}
    with pytest.raises(NoResults):
        Path("$w").read(scope)


@pytest.mark.parametrize(
    ("path", "reference"),
    [("$", True), ("$.a.b", True), ("$.a[0]['b']", True), ("$.a[*]", False), ("$..a", False), ("$.a[0:1]", False),
     ("$.a[?(@.b)]", False), ("$.a[-1]", False), ("$.a.length()", False)],
)  # fmt: skip
def test_reference_paths(path: str, reference: bool) -> None:
    assert Path(path).reference is reference
