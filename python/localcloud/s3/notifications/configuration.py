"""What PutBucketNotificationConfiguration is given: read from its XML, and checked as S3 checks it.

moto: ``s3/responses.py``, ``_notification_config_from_body`` fails on a filter named "Prefix", on an empty filter, and
accepts configurations that overlap.

AWS: Amazon S3 User Guide, "Configuring event notifications using object key name filtering", and the API Reference. The
words of the errors are those of AWS's answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from moto.core.utils import get_service_model
from moto.s3.exceptions import InvalidArgumentError, InvalidNotificationARN, MalformedXML, S3ClientError
from moto.s3.notifications import S3NotificationEvent

#: The elements of the XML, with the element that holds the ARN and the service in the ARN.
FIELDS = {
    "TopicConfiguration": ("Topic", "sns"),
    "QueueConfiguration": ("Queue", "sqs"),
    "CloudFunctionConfiguration": ("CloudFunction", "lambda"),
}
OVERLAP = "Configurations overlap. Configurations on the same bucket cannot share a common event type."
AMBIGUOUS = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)

Given = dict[str, Any]


@dataclass(frozen=True)
class Destination:
    """One configuration: which events of which keys go where."""

    arn: str
    events: tuple[str, ...]
    prefix: str
    suffix: str
    name: str | None


class NotSent(S3ClientError):
    """An event of S3 that the local cloud does not send."""

    code = 400

    def __init__(self, event: str) -> None:
        super().__init__(
            "NotImplemented", f"the local cloud does not support s3:PutBucketNotificationConfiguration with {event}"
        )


def read(body: str | bytes) -> Given:
    """The configuration in moto's form; empty if nothing is to be sent.

    Raises:
        S3ClientError: S3 refuses it.
    """
    lists = (*FIELDS, "Event", "FilterRule")
    try:
        found = xmltodict.parse(body, force_list=lists)["NotificationConfiguration"] or {}
    except (ExpatError, KeyError, TypeError):
        raise MalformedXML from None
    given: Given = {field: [_one(one, *FIELDS[field]) for one in found[field]] for field in FIELDS if found.get(field)}
    if "EventBridgeConfiguration" in found:
        given["EventBridgeConfiguration"] = {}
    check(list(watches(given)))
    return given


def watches(given: Mapping[str, Any]) -> Iterator[Destination]:
    """The configurations of functions, queues and topics."""
    for field, (holder, _) in FIELDS.items():
        for one in given.get(field) or ():
            filtered = ((one.get("Filter") or {}).get("S3Key") or {}).get("FilterRule") or ()
            rules = {rule["Name"]: rule["Value"] for rule in filtered}
            prefix, suffix = rules.get("prefix", ""), rules.get("suffix", "")
            yield Destination(one[holder], tuple(one["Event"]), prefix, suffix, one.get("Id"))


def check(all_watches: list[Destination]) -> None:
    """Refuse unknown events, equal ids, and configurations that would both get the same event.

    Raises:
        InvalidArgumentError: With AWS's words.
        NotSent: S3 has an event that the local cloud never sends.
    """
    for watch in all_watches:
        for event in watch.events:
            if event in S3NotificationEvent.events():
                continue
            if event in get_service_model("s3").shape_for("Event").enum:
                raise NotSent(event)
            raise InvalidArgumentError("The event is not supported for notifications", "Event", event)
    names = [watch.name for watch in all_watches if watch.name]
    if len(set(names)) < len(names):
        words = "Same ID used for multiple configurations. IDs must be unique"
        raise InvalidArgumentError(words, "Id", next(name for name in names if names.count(name) > 1))
    for watch in all_watches:
        for one, other in combinations(watch.events, 2):
            if _meet(one, other):
                raise InvalidArgumentError(OVERLAP, "Event", f"{one}, {other}")
    for first, second in combinations(all_watches, 2):
        common = [f"{one}, {other}" for one in first.events for other in second.events if _meet(one, other)]
        if common and _overlap(first.prefix, second.prefix) and _overlap(first.suffix[::-1], second.suffix[::-1]):
            filtered = any((first.prefix, first.suffix, second.prefix, second.suffix))
            raise InvalidArgumentError(AMBIGUOUS if filtered else OVERLAP, "Event", common[0])


def _one(given: Any, holder: str, service: str) -> Given:
    """One configuration in moto's form."""
    if not isinstance(given, dict) or not given.get(holder) or not all(given.get("Event") or [None]):
        raise MalformedXML
    arn = str(given[holder])
    if arn.split(":")[:3] != ["arn", "aws", service] or arn.count(":") < 5:
        raise InvalidNotificationARN
    kept: Given = {holder: arn, "Event": given["Event"]}
    if given.get("Id"):
        kept["Id"] = given["Id"]
    rules = ((given.get("Filter") or {}).get("S3Key") or {}).get("FilterRule") or []
    if rules:
        kept["Filter"] = {"S3Key": {"FilterRule": [_rule(rule) for rule in rules]}}
        names = [rule["Name"] for rule in kept["Filter"]["S3Key"]["FilterRule"]]
        for name in names:
            if names.count(name) > 1:
                raise InvalidArgumentError(f"Cannot specify more than one {name} rule in a filter.", "FilterRule", name)
    return kept


def _rule(rule: Any) -> dict[str, str]:
    name, value = str((rule or {}).get("Name") or ""), str((rule or {}).get("Value") or "")
    if name.lower() not in ("prefix", "suffix"):
        raise InvalidArgumentError("filter rule name must be either prefix or suffix", "FilterRule.Name", name)
    return {"Name": name.lower(), "Value": value}


def _meet(one: str, other: str) -> bool:
    """Whether two kinds of event have an event in common.

    Example::

        >>> _meet("s3:ObjectCreated:*", "s3:ObjectCreated:Put"), _meet("s3:ObjectCreated:Put", "s3:ObjectCreated:Copy")
        (True, False)
    """
    if one.endswith("*") or other.endswith("*"):
        return _overlap(one.removesuffix("*"), other.removesuffix("*"))
    return one == other


def _overlap(one: str, other: str) -> bool:
    """Whether a text can begin with both."""
    return one.startswith(other) or other.startswith(one)
