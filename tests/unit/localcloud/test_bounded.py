"""What moto lists with every request stays small: a local cloud may run for months."""

from __future__ import annotations

import gc
import weakref
from datetime import timedelta

import pytest
from moto.core.common_models import BaseModel
from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sns.models import SNSBackend, Topic, sns_backends
from moto.sqs.models import Queue, SQSBackend
from moto.sts.models import STSBackend, sts_backends
from moto.sts.responses import TokenResponse

from localcloud.durability import instances
from localcloud.iam import sessions
from localcloud.sns.gaps import sent
from localcloud.sqs.gaps import retention

ACCOUNT, REGION = "123456789012", "us-east-1"
WRAPPED = {
    BaseModel: ["__new__"],
    Queue: ["__init__", "add_message"],
    SQSBackend: ["receive_message"],
    SNSBackend: ["publish"],
    Topic: ["publish"],
    STSBackend: ["assume_role"],
    TokenResponse: ["assume_role", "assume_role_with_web_identity"],
}


@pytest.fixture(autouse=True)
def applied(monkeypatch):
    """The gaps are closed, and moto is as before after the test."""
    for kind, names in WRAPPED.items():
        for name in names:
            monkeypatch.setattr(kind, name, getattr(kind, name))
    for module in (instances, sessions, sent, retention):
        module.apply()


@pytest.fixture
def sqs():
    made = SQSBackend(REGION, ACCOUNT)
    made.create_queue("images", {})
    return made


def test_an_object_of_moto_ends_with_its_last_use():
    topic = Topic("images", SNSBackend(REGION, ACCOUNT))
    end = weakref.ref(topic)
    del topic
    gc.collect()
    assert end() is None


def test_a_topic_keeps_no_message():
    sns = sns_backends[ACCOUNT][REGION]
    topic = sns.create_topic("images")
    sns.publish("hello", arn=topic.arn)
    sns.publish("hello", arn=None, phone_number="+15550100")
    assert topic.sent_notifications == []
    assert (len(sns.sms_messages), len(sns.sms_message_objects)) == (0, 0)
    sns.delete_topic(topic.arn)


def test_a_message_can_be_deleted_twice_and_its_handle_is_forgotten_at_last(sqs):
    for _ in range(2):
        sqs.send_message("images", "hello")
    first, second = sqs.receive_message("images", 2, 0, 30)
    for _ in range(2):
        sqs.delete_message("images", first.receipt_handle)
    queue = sqs.get_queue("images")
    assert first.receipt_handle in queue.deleted_messages
    queue.deleted_messages.update(str(number) for number in range(retention.MOST_HANDLES))
    assert first.receipt_handle not in queue.deleted_messages
    assert [one.id for one in queue._messages] == [second.id]


@pytest.mark.parametrize("again", ["receive", "send"])
def test_messages_go_after_the_queues_retention_period(sqs, again):
    for _ in range(3):
        sqs.send_message("images", "old")
    queue = sqs.get_queue("images")
    sqs.receive_message("images", 1, 0, 30)
    for message in queue._messages:
        message.sent_timestamp -= 4 * 86_400_000 + 1
    sqs.send_message("images", "new")
    if again == "receive":
        assert [one.body for one in sqs.receive_message("images", 10, 0, 30)] == ["new"]
    assert [one.body for one in queue._messages] == ["new"]
    assert all(one.body == "new" for one in queue.pending_messages)


def test_a_session_goes_an_hour_after_its_end():
    sts = sts_backends[ACCOUNT]["aws"]
    role = f"arn:aws:iam::{ACCOUNT}:role/images"

    def assume():
        return sts.assume_role(REGION, "one", role, "", 900, "")

    sts.assumed_roles.clear()
    old, expired = assume(), assume()
    old.expiration = utcnow() - timedelta(hours=1, seconds=1)
    expired.expiration = utcnow() - timedelta(minutes=59)
    new = assume()
    assert sts.assumed_roles == [expired, new]
    keys = iam_backends[ACCOUNT]["aws"].access_keys
    assert [one.access_key_id in keys for one in (old, expired, new)] == [False, True, True]
    sts.assumed_roles.clear()
