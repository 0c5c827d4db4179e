"""A mail address's subscription waits for its confirmation. Nobody can give it here: no mail is sent.

moto: ``sns/models.py``, ``SNSBackend.subscribe`` confirms every subscription. ``sns/responses.py``,
``SNSResponse.confirm_subscription`` takes any token. A topic never counts its subscriptions.

AWS: Amazon SNS API Reference, Subscribe: the answer is "pending confirmation", or the ARN if ReturnSubscriptionArn is
set. ListSubscriptions has PendingConfirmation in the ARN's place. Its recorded answers: "Invalid parameter: Token", and
"Cannot unsubscribe a subscription that is pending confirmation"; such a subscription goes with its topic. On AWS it
also goes after days; here it stays, since nobody could have confirmed it.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription
from moto.sns.responses import SNSResponse

from localcloud import log

#: The protocols whose subscriptions must be confirmed.
MAIL = ("email", "email-json")
PENDING = "PendingConfirmation"


def apply() -> None:
    """Wrap moto's functions."""
    subscribe, unsubscribe = SNSBackend.subscribe, SNSBackend.unsubscribe
    answer, topic_attributes = SNSResponse.subscribe, SNSResponse.get_topic_attributes

    def subscribed(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
        self.get_topic(topic_arn)
        if protocol in MAIL and not _is_address(endpoint):
            raise SNSInvalidParameter("Invalid parameter: Email address")
        before = set(self.subscriptions)
        made: Subscription = subscribe(self, topic_arn, endpoint, protocol)
        if made.arn not in before and protocol in MAIL:
            made.attributes |= {PENDING: True, "ConfirmationWasAuthenticated": False}
            log.line(
                f"no mail can be sent from here: {endpoint} is not asked to confirm its subscription to {topic_arn}, "
                "and gets no notification"
            )
        return made

    def unsubscribed(self: SNSBackend, subscription_arn: str) -> None:
        if subscription_arn.count(":") < 5:
            words = f"An ARN must have at least 6 elements, not {subscription_arn.count(':') + 1}"
            raise SNSInvalidParameter(f"Invalid parameter: SubscriptionArn Reason: {words}")
        found = self.subscriptions.get(subscription_arn)
        if found is not None and found.attributes[PENDING]:
            words = "Cannot unsubscribe a subscription that is pending confirmation"
            raise SNSInvalidParameter(f"Invalid parameter: SubscriptionArn Reason: {words}")
        unsubscribe(self, subscription_arn)

    def answered(self: SNSResponse) -> ActionResult:
        result = answer(self)
        found = self.backend.subscriptions[result.result["SubscriptionArn"]]
        if found.attributes[PENDING] and not self._get_param("ReturnSubscriptionArn"):
            return ActionResult({"SubscriptionArn": "pending confirmation"})
        return result

    def confirmed(self: SNSResponse) -> ActionResult:
        self.backend.get_topic(self._get_param("TopicArn"))
        raise SNSInvalidParameter("Invalid parameter: Token")

    def listed(self: SNSResponse) -> ActionResult:
        found, token = self.backend.list_subscriptions(next_token=self._get_param("NextToken"))
        return ActionResult({"Subscriptions": [_summary(one) for one in found], "NextToken": token})

    def listed_by_topic(self: SNSResponse) -> ActionResult:
        arn, token = self._get_param("TopicArn"), self._get_param("NextToken")
        found, token = self.backend.list_subscriptions_by_topic(arn, next_token=token)
        return ActionResult({"Subscriptions": [_summary(one) for one in found], "NextToken": token})

    def counted(self: SNSResponse) -> ActionResult:
        result = topic_attributes(self)
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        waiting = [bool(one.attributes[PENDING]) for one in self.backend._get_topic_subscriptions(topic)]
        result.result["Attributes"] |= {
            "SubscriptionsPending": str(sum(waiting)),
            "SubscriptionsConfirmed": str(len(waiting) - sum(waiting)),
        }
        return result

    SNSBackend.subscribe, SNSBackend.unsubscribe = subscribed, unsubscribed
    SNSResponse.subscribe, SNSResponse.confirm_subscription = answered, confirmed
    SNSResponse.list_subscriptions, SNSResponse.list_subscriptions_by_topic = listed, listed_by_topic
    SNSResponse.get_topic_attributes = counted


def _summary(one: Subscription) -> dict[str, Any]:
    return {
        "SubscriptionArn": PENDING if one.attributes[PENDING] else one.arn,
        "Owner": one.owner,
        "Protocol": one.protocol,
        "Endpoint": one.endpoint,
        "TopicArn": one.topic.arn,
    }


def _is_address(endpoint: str | None) -> bool:
    name, at, host = (endpoint or "").rpartition("@")
    return bool(name and at and host) and not any(character.isspace() for character in name + host)
