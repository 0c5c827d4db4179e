"""Messages of a topic reach the functions and the queues that are subscribed to it, if their policies allow it.

moto: ``sns/models.py``, ``Subscription.publish`` runs the function before Publish is answered, and with an event whose
topic, message id and attributes are examples. It sends to every queue, whatever its policy, and Publish fails if one
does not exist. It ignores a subscription's RedrivePolicy.

AWS: Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications": SNS invokes asynchronously. The
policy of the function or the queue must allow it to ``sns.amazonaws.com``. Amazon SNS Developer Guide, "Amazon SNS
dead-letter queues": what fails because of the subscriber goes to the subscription's dead-letter queue at once. "Amazon
SNS subscription filter policies": they are applied before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.sns.models import Subscription

from localcloud import chain, log
from localcloud.context import Context
from localcloud.events import sending
from localcloud.events.failures import code_of

SERVICE = "sns.amazonaws.com"


def install(context: Context) -> None:
    """Replace moto's function."""
    publish = Subscription.publish

    def published(self: Subscription, message: str, message_id: str, **given: Any) -> None:
        if self.protocol not in ("lambda", "sqs"):
            return  # nobody can confirm a mail's subscription here
        attributes = given.get("message_attributes")
        if self._filter_policy_matcher is not None and not self._filter_policy_matcher.matches(attributes, message):
            return
        try:
            if self.protocol == "sqs":
                _authorize(context, self, "sqs:SendMessage", self.endpoint)
                publish(self, message, message_id, **given)
            else:
                _authorize(context, self, "lambda:InvokeFunction", self.endpoint)
                told = json.dumps(event(_notice(self, message, message_id, given), self.arn))
                context.actions["lambda:InvokeAsync"](self.endpoint, told, trace_header=chain.current())
        except Exception as error:  # noqa: BLE001 - Publish succeeds all the same, and the log has the reason
            log.line(f"message {message_id} of {self.topic.arn} could not be delivered to {self.endpoint}: {error}")
            _bury(context, self, message, message_id, given, error)

    Subscription.publish = published


def event(notice: Mapping[str, Any], subscription_arn: str) -> dict[str, Any]:
    """The event that a function gets.

    Args:
        notice: The notification, as a queue gets it.

    Example::

        >>> event({"Message": "hello", "SigningCertURL": "https://…"}, "arn:…")["Records"][0]["Sns"]
        {'Message': 'hello', 'SigningCertUrl': 'https://…', 'Subject': None, 'MessageAttributes': {}}
    """
    renamed = {name.replace("URL", "Url"): value for name, value in notice.items()}
    told = {**renamed, "Subject": notice.get("Subject"), "MessageAttributes": notice.get("MessageAttributes") or {}}
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription_arn, "Sns": told}
    return {"Records": [record]}


def dead_letter_queue(subscription: Subscription) -> str | None:
    """The ARN of a subscription's dead-letter queue; None if it has none."""
    found: str | None = json.loads(subscription.attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
    return found


def _notice(subscription: Subscription, message: str, message_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The notification of a message."""
    if given.get("message_structure") == "json":
        message = subscription._parse_message_structure(message, subscription.protocol)
    found: dict[str, Any] = subscription.get_post_data(
        message, message_id, given.get("subject"), message_attributes=given.get("message_attributes")
    )
    return found


def _authorize(context: Context, subscription: Subscription, action: str, arn: str) -> None:
    context.roles.require_service(SERVICE, action, arn, source_arn=subscription.topic.arn)


def _bury(
    context: Context,
    subscription: Subscription,
    message: str,
    message_id: str,
    given: Mapping[str, Any],
    error: Exception,
) -> None:
    """Send a message that could not be delivered to the subscription's dead-letter queue."""
    queue = dead_letter_queue(subscription)
    if queue is None:
        return
    attributes = {
        "RequestID": message_id,
        "ErrorCode": code_of(error) or "InternalError",
        "ErrorMessage": str(getattr(error, "message", None) or error)[:1024] or "failed",
    }
    try:
        _authorize(context, subscription, "sqs:SendMessage", queue)
        text = json.dumps(_notice(subscription, message, message_id, given))
        sending.to_queue(queue, text, group=given.get("group_id"), attributes=attributes)
    except Exception as lost:  # noqa: BLE001 - Publish succeeds all the same, and the log has the reason
        log.line(f"message {message_id} of {subscription.topic.arn} is lost: {queue} did not take it: {lost}")
