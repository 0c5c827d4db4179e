"""A policy document is checked where it is put, once for all services. So no service is given one that it cannot read.

moto checks the policies of IAM's identities. It takes any text as another policy, or fails on it, and every later
request would fail when its permissions are judged.

AWS: IAM User Guide, "Grammar of the IAM JSON policy language". The words about what is wrong are those of S3's answers,
which are the most exact. The codes are in the services' API references.

Example::

    >>> refused("s3", "PutBucketPolicy", {"Policy": '{"Statement": [{"Effect": "Allow"}]}'})
    ('MalformedPolicy', 'Missing required field Action')
    >>> refused("kms", "PutKeyPolicy", {"Policy": "{"})[0]
    'MalformedPolicyDocumentException'
    >>> refused("sqs", "SendMessage", {"MessageBody": "{"}) is None
    True
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from localcloud.iam.conditions import OPERATORS, SETS

VERSIONS = ("2008-10-17", "2012-10-17")
TOP = frozenset({"Version", "Id", "Statement"})
ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
PRINCIPALS = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
NOT_JSON = "Policies must be valid JSON and the first byte must be '{'"

Kind = Literal["identity", "resource", "trust"]


@dataclass(frozen=True)
class _Place:
    """Where an operation has a policy.

    Attributes:
        text: Takes the request's parameters, and returns the policy's text; None if it has none.
        kind: ``identity``, ``resource`` or ``trust``.
        error: Takes what is wrong, and returns the error's code and message.
        whole: Whether every statement needs a Resource.
    """

    text: Callable[[Mapping[str, Any]], Any]
    kind: Kind
    error: Callable[[str], tuple[str, str]]
    whole: bool = False


def refused(service: str, operation: str, parameters: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why an operation's policy is refused: the error's code and message. None if it has none, or a good one.

    Args:
        service: boto3's name.
    """
    place = _PLACES.get((service, operation))
    text = place.text(parameters) if place else None
    if place is None or not isinstance(text, str):
        return None
    why = flaw(text, place.kind, whole=place.whole)
    return place.error(why) if why else None


def flaw(text: str, kind: Kind, *, whole: bool = False) -> str | None:
    """What is wrong with a policy document; None if it is one.

    Args:
        whole: Whether every statement needs a Resource.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return NOT_JSON
    if not isinstance(document, dict):
        return NOT_JSON
    if unknown := document.keys() - TOP:
        return f"Unknown field {min(unknown)}"
    if "Version" in document and document["Version"] not in VERSIONS:
        return "The policy must contain a valid version string"
    if "Statement" not in document:
        return "Missing required field Statement"
    given = document["Statement"]
    listed = given if isinstance(given, list) else [given]
    if not listed:
        return "Statement is empty!"
    return next((why for one in listed if (why := _statement_flaw(one, kind, whole=whole))), None)


def _statement_flaw(given: Any, kind: Kind, *, whole: bool) -> str | None:
    if not isinstance(given, dict):
        return "Invalid policy syntax."
    if unknown := given.keys() - ELEMENTS:
        return f"Unknown field {min(unknown)}"
    if "Effect" not in given:
        return "Missing required field Effect"
    if given["Effect"] not in ("Allow", "Deny"):
        return f"Invalid effect: {given['Effect']}"
    if not isinstance(given.get("Sid", ""), str):
        return "Invalid policy syntax."
    needed = {"Action": True, "Principal": kind != "identity", "Resource": whole}
    for name, required in needed.items():
        found = [one for one in (name, f"Not{name}") if one in given]
        if len(found) > 1:
            return "Invalid policy syntax."
        if required and not found:
            return f"Missing required field {name}"
    if kind == "identity" and given.keys() & {"Principal", "NotPrincipal"}:
        return "Policy document should not specify a principal."
    if kind == "trust" and given.keys() & {"Resource", "NotResource"}:
        return "Has prohibited field Resource."
    return _values_flaw(given, kind)


def _values_flaw(given: Mapping[str, Any], kind: Kind) -> str | None:
    """What is wrong with the values of a statement's elements."""
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in given and not _are_texts(given[name]):
            return f"Policy has invalid {name.removeprefix('Not').lower()}"
    actions = [one for name in ("Action", "NotAction") for one in _listed(given.get(name, []))]
    if any(one != "*" and not one.partition(":")[2] for one in actions):
        return "Policy has invalid action"
    if kind == "trust" and not all(one.lower().startswith("sts:") for one in actions):
        return "AssumeRole policy may only specify STS AssumeRole actions."
    for name in ("Principal", "NotPrincipal"):
        if name in given and not _is_principal(given[name]):
            return "Invalid principal in policy"
    return _condition_flaw(given.get("Condition", {}))


def _is_principal(given: Any) -> bool:
    if isinstance(given, dict):
        return bool(given) and given.keys() <= PRINCIPALS and all(map(_are_texts, given.values()))
    return bool(given == "*")


def _condition_flaw(given: Any) -> str | None:
    if not isinstance(given, dict):
        return "Invalid policy syntax."
    for operator, keys in given.items():
        name = next((operator.removeprefix(one) for one in SETS if operator.startswith(one)), operator)
        if name != "Null" and name.removesuffix("IfExists") not in OPERATORS:
            return f"Invalid Condition type : {operator}"
        if not isinstance(keys, dict) or not all(
            isinstance(one, str | int | float) for values in keys.values() for one in _listed(values)
        ):
            return "Invalid policy syntax."
    return None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _are_texts(value: Any) -> bool:
    """Whether it is a text, or a list of texts with at least one."""
    return value != [] and all(isinstance(one, str) and one for one in _listed(value))


def _member(*path: str) -> Callable[[Mapping[str, Any]], Any]:
    """Reads a member at any depth of a request."""

    def read(parameters: Mapping[str, Any]) -> Any:
        value: Any = parameters
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    return read


def _removable(*path: str) -> Callable[[Mapping[str, Any]], Any]:
    """Reads a member whose empty text takes the policy away, or is none."""
    read = _member(*path)
    return lambda parameters: read(parameters) or None


def _topic_policy(parameters: Mapping[str, Any]) -> Any:
    return parameters.get("AttributeValue") if parameters.get("AttributeName") == "Policy" else None


def _coded(code: str, before: str = "") -> Callable[[str], tuple[str, str]]:
    return lambda why: (code, f"{before}{why}")


def _of_iam(why: str) -> tuple[str, str]:
    return "MalformedPolicyDocument", "This policy contains invalid Json" if why == NOT_JSON else why


def _of_sqs(why: str) -> tuple[str, str]:
    return "InvalidAttributeValue", "Invalid value for the parameter Policy."


_OF_KMS, _OF_SNS = _coded("MalformedPolicyDocumentException"), _coded("InvalidParameter", "Invalid parameter: Policy ")
_OF_SESSIONS = _Place(_member("Policy"), "identity", _of_iam)
_PLACES = {
    ("events", "PutPermission"): _Place(_removable("Policy"), "resource", _coded("ValidationException"), whole=True),
    ("iam", "CreateRole"): _Place(_member("AssumeRolePolicyDocument"), "trust", _of_iam),
    ("iam", "UpdateAssumeRolePolicy"): _Place(_member("PolicyDocument"), "trust", _of_iam),
    ("kms", "CreateKey"): _Place(_member("Policy"), "resource", _OF_KMS, whole=True),
    ("kms", "PutKeyPolicy"): _Place(_member("Policy"), "resource", _OF_KMS, whole=True),
    ("logs", "PutResourcePolicy"): _Place(_member("policyDocument"), "resource", _coded("InvalidParameterException")),
    ("s3", "PutBucketPolicy"): _Place(_member("Policy"), "resource", _coded("MalformedPolicy"), whole=True),
    ("sns", "CreateTopic"): _Place(_member("Attributes", "Policy"), "resource", _OF_SNS, whole=True),
    ("sns", "SetTopicAttributes"): _Place(_topic_policy, "resource", _OF_SNS, whole=True),
    ("sqs", "CreateQueue"): _Place(_removable("Attributes", "Policy"), "resource", _of_sqs),
    ("sqs", "SetQueueAttributes"): _Place(_removable("Attributes", "Policy"), "resource", _of_sqs),
    **{
        ("iam", operation): _Place(_member("PolicyDocument"), "identity", _of_iam)
        for operation in ("CreatePolicy", "CreatePolicyVersion", "PutGroupPolicy", "PutRolePolicy", "PutUserPolicy")
    },
    **{("sts", operation): _OF_SESSIONS for operation in ("AssumeRole", "AssumeRoleWithWebIdentity")},
}
