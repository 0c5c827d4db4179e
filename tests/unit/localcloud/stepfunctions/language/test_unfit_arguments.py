"""Intrinsic functions with arguments that nobody expects: the error is States.IntrinsicFailure, and no other."""

from __future__ import annotations

import pytest

from localcloud.stepfunctions.language.intrinsics import Call
from localcloud.stepfunctions.language.scope import EvaluationFailure, Scope

INPUT = {"n": 5, "list": [1], "a]b": 7, "it's": 8, 'x"y': 9, "a, b": 10, "huge": 10**300, "items": [{"t": "a)"}, {}]}


@pytest.mark.parametrize(
    "call",
    [
        "States.Hash('a', $.list)",
        "States.ArrayRange(1, 1e30, 1)",
        "States.ArrayRange(1, 9000000000000000000, 1)",
        "States.MathAdd($.huge, 1)",
        "States.ArrayGetItem($.list, $.huge)",
        "States.MathRandom(1, 10, $.huge)",
    ],
)
def test_an_unfit_argument_is_an_intrinsic_failure(call):
    with pytest.raises(EvaluationFailure) as failure:
        Call.read(call).evaluate(Scope(INPUT))
    assert failure.value.error == "States.IntrinsicFailure"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$['a]b']", "7"),
        (r"$['it\'s']", "8"),
        ('$["it\'s"]', "8"),
        ("$['x\"y']", "9"),
        ("$['a, b']", "10"),
        ("$.items[?(@.t == 'a)')].t", "[a)]"),
        ("$.items[?(@.t == 'a]' || (@.t != 'b'))].t", "[a)]"),
    ],
)
def test_a_path_ends_behind_its_own_quotes_and_brackets(path, found):
    assert Call.read(f"States.Format('{{}}{{}}', {path} ,$.n)").evaluate(Scope(INPUT)) == f"{found}5"
