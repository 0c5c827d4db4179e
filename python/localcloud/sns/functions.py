"""Messages of a topic invoke the functions that are subscribed to it: later, with AWS's event, if the function allows.

moto: ``sns/models.py``, ``Subscription.publish`` runs the function before Publish is answered, whatever its policy, and
with an event whose topic, message id and attributes are examples.

AWS: Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications": SNS invokes asynchronously, and
the function's policy must allow it to ``sns.amazonaws.com``. The subscription's filter policy is applied before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.sns.models import Subscription

from localcloud import log
from localcloud.context import Context

SERVICE = "sns.amazonaws.com"


def install(context: Context) -> None:
    """Wrap moto's function."""
    publish = Subscription.publish

    def published(self: Subscription, message: str, message_id: str, **given: Any) -> None:
        if self.protocol != "lambda":
            publish(self, message, message_id, **given)
            return
        attributes = given.get("message_attributes")
        if self._filter_policy_matcher is not None and not self._filter_policy_matcher.matches(attributes, message):
            return
        if given.get("message_structure") == "json":
            message = self._parse_message_structure(message, self.protocol)
        notice = self.get_post_data(message, message_id, given.get("subject"), message_attributes=attributes)
        try:
            context.roles.require_service(SERVICE, "lambda:InvokeFunction", self.endpoint, source_arn=self.topic.arn)
            context.actions["lambda:InvokeAsync"](self.endpoint, json.dumps(event(notice, self.arn)))
        except Exception as error:  # noqa: BLE001 - Publish succeeds all the same, and the log has the reason
            log.line(f"message {message_id} of {self.topic.arn} could not be delivered to {self.endpoint}: {error}")

    Subscription.publish = published


def event(notice: Mapping[str, Any], subscription_arn: str) -> dict[str, Any]:
    """The event that a function gets.

    Args:
        notice: The notification, as a queue or a web page gets it.

    Example::

        >>> event({"Message": "hello", "SigningCertURL": "https://…"}, "arn:…")["Records"][0]["Sns"]
        {'Message': 'hello', 'SigningCertUrl': 'https://…', 'Subject': None, 'MessageAttributes': {}}
    """
    renamed = {name.replace("URL", "Url"): value for name, value in notice.items()}
    told = {**renamed, "Subject": notice.get("Subject"), "MessageAttributes": notice.get("MessageAttributes") or {}}
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription_arn, "Sns": told}
    return {"Records": [record]}
