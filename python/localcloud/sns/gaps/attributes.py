"""Topics and subscriptions have the attributes that AWS has, and a filter policy goes by its scope.

moto: ``sns/models.py`` takes any attribute of a topic, and does not answer SignatureVersion and TracingConfig. A filter
policy keeps the scope that it was set with, and one that is no JSON is a failure. A second subscription of the same
endpoint changes the attributes of the first one. It subscribes everything to a FIFO topic. It takes any RedrivePolicy,
and any text as a function's or a queue's ARN. It fails on a topic's ARN that is none.

AWS: Amazon SNS API Reference, CreateTopic, SetTopicAttributes, Subscribe and SetSubscriptionAttributes; Amazon SNS
Developer Guide, "FIFO topics" and "Raw message delivery". A wrong endpoint is "Invalid parameter: SQS endpoint ARN".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse
from moto.sns.utils import FilterPolicyMatcher

from localcloud.fidelity import OFF_OF_TOPICS

#: The attributes of a topic that are set. Those of AWS that are missing here are refused before.
OF_TOPICS = (
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoTopic",
    "KmsMasterKeyId",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
)
#: What moto keeps and does not answer, by moto's names.
UNANSWERED = {"SignatureVersion": "signature_version", "TracingConfig": "tracing_config"}
#: The ARNs of functions and queues. They may be of another region or account.
ENDPOINTS = {
    "lambda": re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:(\$LATEST|[\w-]+))?", re.ASCII),
    "sqs": re.compile(r"arn:aws:sqs:[a-z0-9-]+:\d{12}:[\w-]+(\.fifo)?", re.ASCII),
}
SHOWN = {"lambda": "Lambda", "sqs": "SQS"}
SCOPES = ("MessageAttributes", "MessageBody")


def apply() -> None:
    """Wrap moto's functions."""
    find = SNSBackend.get_topic
    create, described = SNSResponse.create_topic, SNSResponse.get_topic_attributes
    subscribe, set_attribute, answer = (
        SNSBackend.subscribe,
        SNSBackend.set_subscription_attributes,
        SNSResponse.subscribe,
    )

    def get_topic(self: SNSBackend, arn: str) -> Topic:
        if arn.count(":") < 5:
            words = f"An ARN must have at least 6 elements, not {arn.count(':') + 1}"
            raise SNSInvalidParameter(f"Invalid parameter: TopicArn Reason: {words}")
        found: Topic = find(self, arn)
        return found

    def create_topic(self: SNSResponse) -> ActionResult:
        for name in self._get_param("Attributes", {}):
            if name not in (*OF_TOPICS, *OFF_OF_TOPICS):
                raise SNSInvalidParameter(f"Invalid parameter: Attributes Reason: Unknown attribute {name}")
        return create(self)

    def get_topic_attributes(self: SNSResponse) -> ActionResult:
        result = described(self)
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        found = {name: getattr(topic, kept, None) for name, kept in UNANSWERED.items()}
        result.result["Attributes"] |= {name: value for name, value in found.items() if value}
        return result

    def subscribed(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
        if self.get_topic(topic_arn).fifo_topic and protocol != "sqs":
            raise SNSInvalidParameter(
                "Invalid parameter: Protocol Reason: FIFO topics deliver messages to Amazon SQS queues only"
            )
        if protocol in ENDPOINTS and not ENDPOINTS[protocol].fullmatch(endpoint or ""):
            raise SNSInvalidParameter(f"Invalid parameter: {SHOWN[protocol]} endpoint ARN")
        made: Subscription = subscribe(self, topic_arn, endpoint, protocol)
        return made

    def answered(self: SNSResponse) -> ActionResult:
        arn, protocol, endpoint = (self._get_param(name) for name in ("TopicArn", "Protocol", "Endpoint"))
        known = self.backend._find_subscription(arn, endpoint, protocol)
        given = self._get_attributes()
        if known is not None and any(_differs(known, name, value) for name, value in given.items()):
            raise SNSInvalidParameter(
                "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"
            )
        for name, value in given.items():
            _check(protocol, name, value)
        return answer(self)

    def set_subscription_attributes(self: SNSBackend, arn: str, name: str, value: Any) -> None:
        known = self.subscriptions.get(arn)
        if known is not None:
            _check(known.protocol, name, value)
        if known is not None and name == "RedrivePolicy" and not value:
            known.attributes.pop(name, None)
            return
        set_attribute(self, arn, name, value)
        if known is not None and name == "FilterPolicyScope" and known._filter_policy is not None:
            self._validate_filter_policy(known._filter_policy, scope=value)
            known._filter_policy_matcher = FilterPolicyMatcher(known._filter_policy, value)

    SNSBackend.get_topic = get_topic
    SNSResponse.create_topic, SNSResponse.get_topic_attributes = create_topic, get_topic_attributes
    SNSResponse.subscribe = answered
    SNSBackend.subscribe, SNSBackend.set_subscription_attributes = subscribed, set_subscription_attributes


def _check(protocol: str, name: str, value: Any) -> None:
    """Refuse an attribute of a subscription that AWS refuses.

    Raises:
        SNSInvalidParameter: With AWS's words where they are known.
    """
    if name == "RawMessageDelivery" and value is True and protocol != "sqs":
        raise SNSInvalidParameter(
            f"Invalid parameter: Attributes Reason: Delivery protocol [{protocol}] does not support raw message "
            "delivery."
        )
    if name == "FilterPolicyScope" and value not in SCOPES:
        words = f"Invalid value [{value}]. Please use either {' or '.join(SCOPES)}"
        raise SNSInvalidParameter(f"Invalid parameter: FilterPolicyScope: {words}")
    if name == "FilterPolicy" and value and _parsed(value) is None:
        raise SNSInvalidParameter("Invalid parameter: FilterPolicy: failed to parse JSON.")
    if name == "FilterPolicy" and value and _has_empty_condition(_parsed(value)):
        raise SNSInvalidParameter("Invalid parameter: FilterPolicy: Match expression name not found")
    if name == "RedrivePolicy" and value:
        arn = str((_parsed(value) or {}).get("deadLetterTargetArn", ""))
        if arn.split(":")[:3] != ["arn", "aws", "sqs"] or arn.count(":") != 5:
            raise SNSInvalidParameter("Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn")


def _has_empty_condition(given: Any) -> bool:
    """Whether a list of a filter policy, at any depth, has an empty object."""
    if isinstance(given, dict):
        return any(map(_has_empty_condition, given.values()))
    return isinstance(given, list) and any(one == {} or _has_empty_condition(one) for one in given)


def _parsed(text: str) -> Mapping[str, Any] | None:
    """A JSON object; None if the text is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _differs(known: Subscription, name: str, value: Any) -> bool:
    before = known.attributes.get(name)
    if isinstance(before, str) and isinstance(value, str) and (one := _parsed(before)) is not None:
        return one != _parsed(value)
    return bool(before != value) and not (name == "FilterPolicyScope" and before is None and value == SCOPES[0])
