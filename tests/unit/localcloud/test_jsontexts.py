"""JSON that is written quickly is the JSON that Python writes."""

import json

import pytest

from localcloud.jsontexts import compact
from localcloud.stepfunctions.language.values import parsed

VALUES: list[object] = [
    None,
    True,
    'ü\n"\\\u2028\ud800',
    1.5,
    -0.0,
    1e16,
    1e-7,
    2**70,
    [],
    {},
    {"a": [1, {"ü": None}], "1": [[]]},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_text_is_the_one_of_json_dumps(value: object, ascii_only: bool) -> None:
    assert compact(ascii_only=ascii_only)(value) == json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))


def test_what_has_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        compact()({"a": object()})


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_value_is_read_in_each_coding_of_json(coding: str) -> None:
    assert parsed('{"ü": [1, 2.5]}'.encode(coding)) == {"ü": [1, 2.5]}
