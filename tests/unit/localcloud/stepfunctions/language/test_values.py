"""What a JSON text may hold: nothing that goes in breaks what comes out."""

from __future__ import annotations

import json

import pytest

from localcloud.stepfunctions.language import values


@pytest.mark.parametrize("written", ["1e400", "-1e400", "1" + "0" * 308, "-1" + "0" * 5000, '{"a": [1e999]}'])
def test_a_number_that_no_double_holds_is_refused(written):
    with pytest.raises(ValueError, match="write it as a string"):
        values.parsed(written)


def test_the_largest_numbers_are_kept():
    assert values.parsed("[1e308, " + "9" * 308 + "]") == [1e308, 10**308 - 1]


@pytest.mark.parametrize("written", ['"a\\ud800b"', '"a\ud800b"', b'"a\\uDFFFb"'])
def test_half_a_surrogate_pair_becomes_a_question_mark(written):
    assert values.parsed(written) == "a?b"


def test_a_whole_surrogate_pair_is_kept():
    assert values.parsed('{"\\ud83d\\udeb2": "\\\\ud800"}') == {"\U0001f6b2": "\\ud800"}
    assert values.text(values.parsed('"\\ud83d\\udeb2"')) == json.dumps("\U0001f6b2", ensure_ascii=False)
