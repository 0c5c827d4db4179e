"""Policies are checked where they are put (iam/documents.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.iam.documents import NOT_JSON, flaw, refused

GOOD = {"Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}


def document(**changes: Any) -> str:
    statement = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", NOT_JSON),
        ("[]", NOT_JSON),
        ("[" * 100_000, NOT_JSON),
        ("{}", "Missing required field Statement"),
        ('{"x": 1}', "Unknown field x"),
        ('{"Statement": []}', "Statement is empty!"),
        ('{"Statement": ["x"]}', "Invalid policy syntax."),
        ('{"Version": "2013-10-17", "Statement": []}', "The policy must contain a valid version string"),
        (document(Effect=None), "Missing required field Effect"),
        (document(Effect="Maybe"), "Invalid effect: Maybe"),
        (document(Action=None), "Missing required field Action"),
        (document(Action=5), "Policy has invalid action"),
        (document(Action=[]), "Policy has invalid action"),
        (document(Action="GetObject"), "Policy has invalid action"),
        (document(NotAction="s3:*"), "Invalid policy syntax."),
        (document(Resource=None), "Missing required field Resource"),
        (document(Resource=[5]), "Policy has invalid resource"),
        (document(Principal=None), "Missing required field Principal"),
        (document(Principal=5), "Invalid principal in policy"),
        (document(Principal={"Aws": "*"}), "Invalid principal in policy"),
        (document(Principal={"AWS": []}), "Invalid principal in policy"),
        (document(Conditions={}), "Unknown field Conditions"),
        (document(Condition=[]), "Invalid policy syntax."),
        (document(Condition={"StringFoo": {"a": "b"}}), "Invalid Condition type : StringFoo"),
        (document(Condition={"StringEquals": "a"}), "Invalid policy syntax."),
        (document(Condition={"StringEquals": {"a": {"b": "c"}}}), "Invalid policy syntax."),
    ],
)
def test_a_document_that_is_none_is_explained(text: str, why: str) -> None:
    assert flaw(text, "resource", whole=True) == why


@pytest.mark.parametrize(
    "text",
    [
        document(),
        document(Action="*", Resource=["*"], Principal={"AWS": ["123456789012"], "Service": "sns.amazonaws.com"}),
        document(Action=None, NotAction="s3:Put*", Principal=None, NotPrincipal={"AWS": "*"}, Sid="one"),
        document(Condition={"ForAllValues:StringLikeIfExists": {"a": ["b"]}, "Bool": {"c": True}, "Null": {"d": True}}),
        json.dumps({"Id": "x", "Statement": GOOD}),
    ],
)
def test_a_document_of_the_grammar_is_taken(text: str) -> None:
    assert flaw(text, "resource", whole=True) is None


def test_identities_have_no_principal_and_trust_has_no_resource() -> None:
    assert flaw(document(), "identity") == "Policy document should not specify a principal."
    assert flaw(document(Principal=None), "identity") is None
    trust = {"Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    assert flaw(document(**trust), "trust") == "Has prohibited field Resource."
    assert flaw(document(**trust, Resource=None), "trust") is None
    assert flaw(document(Resource=None), "trust") == "AssumeRole policy may only specify STS AssumeRole actions."


def test_only_the_policy_of_an_operation_is_read() -> None:
    other = {"AttributeName": "DisplayName", "AttributeValue": "{"}
    assert refused("sns", "SetTopicAttributes", other) is None
    assert refused("sns", "SetTopicAttributes", {**other, "AttributeName": "Policy"}) is not None
    assert refused("sqs", "SetQueueAttributes", {"Attributes": {"Policy": ""}}) is None  # it takes the policy away
    assert refused("sqs", "CreateQueue", {}) is None
