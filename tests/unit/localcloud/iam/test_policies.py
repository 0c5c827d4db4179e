"""The policy language: the meaning of a document, and what its patterns match.

Source of the rules: IAM User Guide, "IAM JSON policy elements reference" and "Variables and tags".
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import UnsupportedPolicy
from localcloud.iam.policies import Condition, Element, fill, matches, matches_action, matches_resource, statements

# Few letters and many wildcards, so that patterns often match.
LETTERS = st.text("ab:/.+[*?", max_size=12)
PATTERNS = st.text("ab:/.*?", max_size=8)


def by_recursion(pattern: str, text: str) -> bool:
    """A slow and independent implementation of a match, from its definition."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(by_recursion(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and by_recursion(pattern[1:], text[1:])


@given(PATTERNS, LETTERS)
def test_patterns_match_as_defined(pattern, text):
    assert matches(pattern, text) == by_recursion(pattern, text)


@given(st.text("ab:/.+[]()|^$\\\n", max_size=12))
def test_a_pattern_without_wildcards_matches_itself_only(text):
    assert matches(text, text)
    assert not matches(text, f"{text}a")


@given(LETTERS, st.text(max_size=12))
def test_a_prefix_with_an_asterisk_matches_all_that_begins_so(prefix, rest):
    literal = prefix.replace("*", "").replace("?", "")
    assert matches(f"{literal}*", f"{literal}{rest}")


@given(LETTERS)
def test_a_variables_value_is_text_and_never_a_pattern(value):
    """A user named ``*`` gets no access to every user's folder."""
    filled = fill("home/${aws:username}/x", {"aws:username": (value,)})
    assert matches(filled, f"home/{value}/x")
    if not re.fullmatch(r"a*", value):
        assert not matches(filled, "home/aaaaaaaaaaaaaaaa/x")


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("s3:GetObject", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:Get*", "s3:GetBucketTagging", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("*", "iam:PassRole", True),
        ("s3:GetObject", "s3:GetObjectVersion", False),
        ("s3:*", "s3control:ListJobs", False),
    ],
)
def test_actions_match_in_any_case(pattern, action, expected):
    assert matches_action(Element((pattern,)), action) is expected
    assert matches_action(Element((pattern,), negated=True), action) is not expected


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("arn:aws:s3:::images/*", "arn:aws:s3:::images/a/b.png", True),
        ("arn:aws:s3:::images/*/test/*", "arn:aws:s3:::images/1/2/test/3.png", True),
        ("arn:aws:s3:::images/*/test/*", "arn:aws:s3:::images/1-test/3.png", False),
        ("arn:aws:s3:::images/*", "arn:aws:s3:::images", False),
        ("arn:aws:s3:::Images/*", "arn:aws:s3:::images/a", False),
        ("arn:aws:logs:*:*:log-group:/aws/a:*", "arn:aws:logs:us-east-1:1:log-group:/aws/a:log-stream:", True),
        ("arn:aws:logs:*:*:log-group:/aws/a", "arn:aws:logs:us-east-1:1:log-group:/aws/a:log-stream:", False),
        ("arn:aws:sqs:us-east-1:1:queue?", "arn:aws:sqs:us-east-1:1:queue12", False),
        ("*", "*", True),
        # A statement that names a resource does not cover an action without resources.
        ("arn:aws:sagemaker:*:*:*", "*", False),
    ],
)
def test_resources_match_by_upper_and_lower_case_and_over_slashes(pattern, arn, expected):
    assert matches_resource(Element((pattern,)), arn, {}) is expected
    assert matches_resource(Element((pattern,), negated=True), arn, {}) is not expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("home/${aws:username}", "home/ada"),
        ("home/${aws:UserName}", "home/ada"),
        ("home/${s3:prefix, 'nobody'}", "home/nobody"),
        ("home/${aws:PrincipalTag/team, 'all'}", "home/all"),
        ("home/${s3:prefix}", None),
        ("costs ${$}5", "costs $5"),
        ("plain", "plain"),
    ],
)
def test_variables_are_filled_from_the_request(pattern, expected):
    assert fill(pattern, {"aws:username": ("ada",)}) == expected


def test_an_escaped_wildcard_is_the_character():
    filled = fill("a${*}b${?}", {})
    assert matches(filled, "a*b?")
    assert not matches(filled, "axxbx")


def test_a_variable_without_a_value_fills_nothing_and_one_that_is_not_known_is_refused_by_name():
    pattern = "arn:aws:s3:::images/${aws:PrincipalTag/team}/*"
    assert fill(pattern, {}) is None
    with pytest.raises(UnsupportedPolicy, match=r"aws:PrincipalTag/team"):
        fill(pattern, {}, {"aws:principaltag/team"})


def test_a_document_is_read_into_statements_that_say_where_they_stand():
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:a", "arn:b"]},
            {
                "Effect": "Deny",
                "NotPrincipal": {"AWS": "123456789012"},
                "NotAction": ["iam:*"],
                "NotResource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": False}, "StringLike": {"s3:prefix": ["a/*", "b/*"]}},
            },
        ],
    }
    first, second = statements(document, source="role/one/inline")
    assert (first.source, second.source) == ("role/one/inline/Read", "role/one/inline/2")
    assert (first.action, first.resource) == (Element(("s3:GetObject",)), Element(("arn:a", "arn:b")))
    assert (second.action, second.resource) == (Element(("iam:*",), negated=True), Element(("*",), negated=True))
    assert second.principal == Element(("AWS 123456789012",), negated=True)
    assert second.conditions == (
        Condition("Bool", "aws:securetransport", ("false",)),
        Condition("StringLike", "s3:prefix", ("a/*", "b/*")),
    )


def test_a_statement_need_not_be_in_a_list():
    (only,) = statements({"Statement": {"Effect": "Allow", "Action": "*", "Principal": "*"}}, source="bucket/one")
    assert only.principal == Element(("AWS *",))


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ({"Effect": "Allow", "Action": "*", "Resource": "*", "When": "later"}, "When"),
        ({"Effect": "Maybe", "Action": "*", "Resource": "*"}, "Maybe"),
        ({"Effect": "Allow", "Resource": "*"}, "Action"),
        ({"Effect": "Allow", "Action": "*", "Principal": {"CanonicalUser": "79a5"}}, "CanonicalUser"),
    ],
)
def test_what_the_language_does_not_have_is_refused_by_name(statement, named):
    with pytest.raises(UnsupportedPolicy, match=named):
        statements({"Statement": [statement]}, source="role/one/inline")
