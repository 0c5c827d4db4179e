"""A topic does not keep what it has sent.

moto: ``sns/models.py``, ``Topic.publish`` and ``SNSBackend.publish`` list every message for tests that look into moto.

AWS: no operation returns a message that was sent.
"""

from __future__ import annotations

from typing import Any

from moto.sns.models import SNSBackend, Topic


def apply() -> None:
    """Wrap moto's functions."""
    send, publish = Topic.publish, SNSBackend.publish

    def sent(self: Topic, *given: Any, **named: Any) -> str:
        identity = send(self, *given, **named)
        self.sent_notifications.clear()
        return str(identity)

    def published(self: SNSBackend, *given: Any, **named: Any) -> str:
        identity = publish(self, *given, **named)
        self.sms_messages.clear()
        self.sms_message_objects.clear()
        return str(identity)

    Topic.publish, SNSBackend.publish = sent, published
