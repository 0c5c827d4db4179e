"""Condition operators follow the IAM User Guide's tables "Condition operators" and "Set operators"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import UnsupportedPolicy
from localcloud.iam.conditions import OPERATORS, is_met
from localcloud.iam.policies import Condition

KEY = "s3:prefix"
TEXT = st.text("abAB/", max_size=5)


def met(operator: str, actual: tuple[str, ...] | str | None, *expected: str) -> bool:
    values = (actual,) if isinstance(actual, str) else actual
    return is_met(Condition(operator, KEY, expected), {} if values is None else {KEY: values})


@pytest.mark.parametrize(
    ("operator", "actual", "expected", "result"),
    [
        ("StringEquals", "a", ["a"], True),
        ("StringEquals", "a", ["b", "a"], True),
        ("StringEquals", "A", ["a"], False),
        ("StringEquals", "ab", ["a*"], False),
        ("StringNotEquals", "a", ["b", "a"], False),
        ("StringNotEquals", "c", ["b", "a"], True),
        ("StringEqualsIgnoreCase", "A", ["a"], True),
        ("StringNotEqualsIgnoreCase", "A", ["a"], False),
        ("StringLike", "datasets/a", ["datasets/*", "models/*"], True),
        ("StringLike", "datasets", ["datasets/*"], False),
        ("StringLike", "ab", ["a?"], True),
        ("StringNotLike", "ab", ["a?"], False),
        ("NumericEquals", "10", ["10.0"], True),
        ("NumericNotEquals", "10", ["10"], False),
        ("NumericLessThan", "9", ["10"], True),
        ("NumericLessThanEquals", "10", ["10"], True),
        ("NumericGreaterThan", "9", ["10"], False),
        ("NumericGreaterThanEquals", "10", ["10"], True),
        ("DateLessThan", "2026-01-01T00:00:00Z", ["2026-01-01T00:00:01Z"], True),
        ("DateLessThan", "2026-01-01T01:00:00+02:00", ["2026-01-01T00:00:00Z"], True),
        ("DateGreaterThan", "2026-01-01", ["2025-12-31T23:59:59Z"], True),
        ("DateEquals", "1767225600", ["2026-01-01T00:00:00Z"], True),
        ("DateNotEquals", "1767225600", ["2026-01-01T00:00:00Z"], False),
        ("Bool", "true", ["True"], True),
        ("Bool", "false", ["true"], False),
        ("BinaryEquals", "QUJD", ["QUJD"], True),
        ("IpAddress", "203.0.113.9", ["203.0.113.0/24"], True),
        ("IpAddress", "2001:db8::1", ["203.0.113.0/24", "2001:db8::/32"], True),
        ("NotIpAddress", "203.0.113.9", ["203.0.113.0/24"], False),
        ("ArnLike", "arn:aws:sns:us-east-1:1:alarms", ["arn:aws:sns:*:1:*"], True),
        # An asterisk matches within one part of an ARN and not across a colon.
        ("ArnLike", "arn:aws:sns:us-east-1:1:alarms", ["arn:aws:*:alarms"], False),
        ("ArnEquals", "arn:aws:states:us-east-1:1:execution:a:b", ["arn:aws:states:*:1:execution:a:*"], True),
        ("ArnNotEquals", "arn:aws:sns:us-east-1:1:alarms", ["arn:aws:sns:*:1:*"], False),
        ("ArnNotLike", "arn:aws:sns:us-east-1:2:alarms", ["arn:aws:sns:*:1:*"], True),
    ],
)
def test_operators_compare_as_documented(operator, actual, expected, result):
    assert met(operator, actual, *expected) is result


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_a_missing_key_meets_negated_operators_and_if_exists_and_no_other(operator):
    negated = "Not" in operator
    assert met(operator, None, "1") is negated
    assert met(f"{operator}IfExists", None, "1")
    assert met(f"ForAllValues:{operator}", None, "1")
    assert not met(f"ForAnyValue:{operator}", None, "1")


@pytest.mark.parametrize(
    ("operator", "actual", "result"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAnyValue:StringEquals", ("a", "c"), True),
        ("ForAnyValue:StringEquals", ("c", "d"), False),
        ("ForAllValues:StringNotEquals", ("c", "d"), True),
        ("ForAllValues:StringNotEquals", ("a", "d"), False),
        ("ForAnyValue:StringNotEquals", ("a", "d"), True),
        ("ForAnyValue:StringNotEquals", ("a", "b"), False),
    ],
)
def test_set_operators_judge_each_value_of_the_request(operator, actual, result):
    assert met(operator, actual, "a", "b") is result


@pytest.mark.parametrize(
    ("actual", "wanted", "result"), [(None, "true", True), ("a", "true", False), ("a", "false", True)]
)
def test_null_asks_whether_the_key_is_missing(actual, wanted, result):
    assert met("Null", actual, wanted) is result


@given(st.sampled_from([name for name in OPERATORS if name.startswith("String")]), TEXT, st.lists(TEXT, min_size=1))
def test_an_operator_and_its_opposite_never_agree(operator, actual, expected):
    opposite = operator.replace("Not", "") if "Not" in operator else operator.replace("String", "StringNot")
    assert met(operator, actual, *expected) != met(opposite, actual, *expected)


@given(TEXT, st.lists(TEXT, min_size=1))
def test_if_exists_changes_nothing_where_the_key_is_there(actual, expected):
    assert met("StringLikeIfExists", actual, *expected) == met("StringLike", actual, *expected)


@given(st.lists(TEXT, min_size=1, unique=True), st.lists(TEXT, min_size=1, unique=True))
def test_all_values_and_any_value_are_subset_and_overlap(actual, expected):
    assert met("ForAllValues:StringEquals", tuple(actual), *expected) == (set(actual) <= set(expected))
    assert met("ForAnyValue:StringEquals", tuple(actual), *expected) == bool(set(actual) & set(expected))


def test_a_variable_in_a_conditions_value_is_the_requests():
    condition = Condition("StringLike", "s3:prefix", ("home/${aws:username}/*",))
    assert is_met(condition, {"s3:prefix": ("home/ada/a",), "aws:username": ("ada",)})
    assert not is_met(condition, {"s3:prefix": ("home/ada/a",), "aws:username": ("*",)})
    assert not is_met(condition, {"s3:prefix": ("home/ada/a",)})


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        (Condition("StringNotEquals", "ec2:tenancy", ("default",)), "ec2:tenancy"),
        (Condition("StringNotEquals", KEY, ("${ec2:Tenancy}",)), "ec2:Tenancy"),
        (Condition("StringStartsWith", KEY, ("a",)), "StringStartsWith"),
        (Condition("NumericLessThan", KEY, ("many",)), "many"),
        (Condition("DateLessThan", KEY, ("tomorrow",)), "tomorrow"),
    ],
)
def test_what_cannot_be_judged_is_refused_by_name(condition, named):
    """If a key whose value is not known counted as missing, a negated operator would allow everything."""
    with pytest.raises(UnsupportedPolicy, match=named):
        is_met(condition, {KEY: ("1",)}, "role/one/inline/Read", {"ec2:tenancy"})


@pytest.mark.parametrize("key", ["s3:existingobjecttag/team", "aws:calledvia", "aws:principalorgid", "no:such-key"])
def test_a_key_that_a_request_lacks_is_absent_whatever_it_is(key):
    assert not is_met(Condition("StringEquals", key, ("a",)), {})
    assert is_met(Condition("StringEqualsIfExists", key, ("a",)), {})
    assert is_met(Condition("Null", key, ("true",)), {})
