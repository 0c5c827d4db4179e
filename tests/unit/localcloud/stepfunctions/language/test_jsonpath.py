"""JSONPath: what AWS takes beyond the grammar."""

from __future__ import annotations

import pytest

from localcloud.stepfunctions.language.jsonpath import Path
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
