"""Alarms, metric math, filter patterns and statistics, each as CloudWatch documents it."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.cloudwatch.alarms import Rule, judge
from localcloud.cloudwatch.expressions import UnknownExpression, evaluate
from localcloud.cloudwatch.series import Datum, is_statistic, statistic
from localcloud.logs.patterns import UnknownPattern, compile_pattern

MISSING = {"missing", "ignore", "breaching", "notBreaching"}


def values(text: str) -> list[float | None]:
    """Read the notation of AWS's table: 0 is within the threshold, X breaches, - is missing."""
    return [{"0": 0.0, "X": 2.0, "-": None}[sign] for sign in text.split()]


@pytest.mark.parametrize(
    ("data", "missing", "ignore", "breaching", "not_breaching"),
    [
        # CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data": three of three.
        ("0 - X - X", "OK", "OK", "OK", "OK"),
        ("- - - - 0", "OK", "OK", "OK", "OK"),
        ("- - - - -", "INSUFFICIENT_DATA", "kept", "ALARM", "OK"),
        ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("- - X - -", "ALARM", "kept", "ALARM", "OK"),
    ],
)
def test_missing_data_is_treated_as_the_guides_table_has_it(
    data: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    for treatment, wanted in zip(
        ("missing", "ignore", "breaching", "notBreaching"), (missing, ignore, breaching, not_breaching), strict=True
    ):
        rule = Rule("GreaterThanThreshold", threshold=1, periods=3, breaching=3, missing=treatment)
        assert judge(values(data), rule, "kept").state == wanted, treatment


@pytest.mark.parametrize(
    ("data", "missing", "ignore", "breaching", "not_breaching"),
    [
        # The same page: two of three.
        ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 - X - -", "OK", "OK", "ALARM", "OK"),
        ("- - - - 0", "OK", "OK", "ALARM", "OK"),
        ("- - - - X", "ALARM", "kept", "ALARM", "OK"),
    ],
)
def test_two_of_three_datapoints_are_enough_where_the_alarm_says_so(
    data: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    found = {
        treatment: judge(values(data), Rule("GreaterThanThreshold", 1, 3, 2, treatment), "kept").state
        for treatment in MISSING
    }
    assert found == {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}


def test_a_reason_names_the_values_and_the_threshold() -> None:
    reason = judge([None, None, 3.0], Rule("GreaterThanOrEqualToThreshold", 1, 1, 1), "OK").reason
    assert reason == (
        "Threshold Crossed: 1 out of the last 1 datapoints [3] were greater than or equal to the threshold (1)."
    )


@pytest.mark.parametrize(
    ("expression", "given", "wanted"),
    [
        ("100 * low / (low + passed)", {"low": 3.0, "passed": 1.0}, 75.0),
        ("low / passed", {"low": 3.0, "passed": 0.0}, None),
        ("low + passed", {"low": 3.0, "passed": None}, None),
        ("low + FILL(passed, 0)", {"low": 3.0, "passed": None}, 3.0),
        ("IF(low > 2 AND passed == 0, 1, 0)", {"low": 3.0, "passed": 0.0}, 1.0),
        ("IF(low > 2 && passed > 0 || low == 1, 1, 0)", {"low": 3.0, "passed": 0.0}, 0.0),
        ("-low ^ 2", {"low": 3.0}, -9.0),
    ],
)
def test_metric_math_gives(expression: str, given: dict[str, Any], wanted: float | None) -> None:
    assert evaluate(expression, given) == wanted


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(m1)", "m1 +", "other", "FILL(m1, REPEAT)", "m1.x"])
def test_metric_math_it_does_not_know_is_refused_by_name(expression: str) -> None:
    with pytest.raises(UnknownExpression):
        evaluate(expression, {"m1": 1.0})


EVENT = {"type": "ExecutionFailed", "details": {"error": "Boom", "count": 3}, "items": ["a"], "none": None, "yes": True}


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("", True),
        ('{ $.type = "ExecutionFailed" }', True),
        ("{ $.type = Execution* }", True),
        ('{ $.type = "Execution" }', False),
        ('{ $.details.error != "Expected" }', True),
        ('{ $.details.other != "Expected" }', False),
        ("{ $.details.other NOT EXISTS }", True),
        ("{ $.details.count >= 3 && $.details.count < 4 }", True),
        ("{ $.none IS NULL && $.yes IS TRUE }", True),
        ('{ $.items[0] = "a" }', True),
        # && binds tighter than ||, and parentheses tighter than both.
        ('{ $.type = "ExecutionFailed" || $.type = "x" && $.type = "y" }', True),
        ('{ ($.type = "ExecutionFailed" || $.type = "x") && $.type = "y" }', False),
    ],
)
def test_a_filter_pattern_matches(pattern: str, wanted: bool) -> None:
    assert compile_pattern(pattern)(EVENT) is wanted


@pytest.mark.parametrize("pattern", ["ERROR -DEBUG", "{ $.a }", "{ ($.a = 1 }", "{ $.a = 1 } }", '{ "a" = 1 }'])
def test_a_filter_pattern_it_does_not_know_is_refused(pattern: str) -> None:
    with pytest.raises(UnknownPattern):
        compile_pattern(pattern)


def test_text_that_is_no_json_matches_no_pattern_for_json() -> None:
    assert not compile_pattern("{ $.a = 1 }")(None)


def test_statistics_are_of_values_and_of_sets_of_values() -> None:
    data = [Datum.of(value, time=0) for value in map(float, range(1, 101))]
    assert [statistic(name, data) for name in ("Sum", "Average", "Minimum", "Maximum", "SampleCount", "p99")] == [
        5050.0,
        50.5,
        1.0,
        100.0,
        100,
        99.0,
    ]
    assert statistic("Sum", []) is None
    a_set = Datum(0, total=10, count=4, low=1, high=4)
    assert (statistic("Average", [a_set]), statistic("p50", [a_set])) == (2.5, None)
    assert [is_statistic(name) for name in ("p99.9", "p101", "tm99", "Sum")] == [True, False, False, True]
