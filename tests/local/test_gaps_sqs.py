"""SQS works as AWS documents, also where moto lacks it (sqs/gaps)."""

from __future__ import annotations

import json
import threading
import time

import pytest
from botocore.exceptions import ClientError

from .conftest import eventually


def attributes(sqs, queue: str) -> dict[str, str]:
    return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]


def test_setting_one_attribute_leaves_the_policy_as_it_is(cloud):
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="tests-policy")["QueueUrl"]
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "60"})
    assert attributes(sqs, queue)["Policy"] == policy
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    assert "Policy" not in attributes(sqs, queue)


def test_a_redrive_policy_comes_back_as_compact_json(cloud):
    sqs = cloud.client("sqs")
    dead = sqs.create_queue(QueueName="tests-dead")["QueueUrl"]
    target = attributes(sqs, dead)["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 3}, separators=(",", ":"))
    queue = sqs.create_queue(QueueName="tests-redrive", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    assert attributes(sqs, queue)["RedrivePolicy"] == policy


@pytest.mark.parametrize("parameter", ["AttributeNames", "MessageSystemAttributeNames"])
def test_a_messages_attributes_are_asked_for_by_either_name(cloud, parameter):
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName=f"tests-named-{parameter}", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    for name in ("SentTimestamp", "SenderId", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"):
        (message,) = sqs.receive_message(QueueUrl=queue, **{parameter: [name]})["Messages"]
        assert set(message["Attributes"]) == {name}
    with pytest.raises(ClientError, match="Sender"):
        sqs.receive_message(QueueUrl=queue, **{parameter: ["Sender"]})
    with pytest.raises(ClientError, match=r"InvalidAttributeName.*Unknown Attribute SentTimestamp\."):
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["SentTimestamp"])


def fifo(cloud, name: str, **attributes: str) -> str:
    given = {"FifoQueue": "true", "ContentBasedDeduplication": "true", **attributes}
    return cloud.client("sqs").create_queue(QueueName=f"{name}.fifo", Attributes=given)["QueueUrl"]


def receive(sqs, queue: str, **given) -> list[dict]:
    given = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"], **given}
    return sqs.receive_message(QueueUrl=queue, **given).get("Messages", [])


def test_a_group_is_in_order_and_waits_for_its_message_in_flight(cloud):
    sqs, queue = cloud.client("sqs"), fifo(cloud, "tests-order")
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")):
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=group)
    (first,) = receive(sqs, queue, MaxNumberOfMessages=1)
    assert [message["Body"] for message in receive(sqs, queue)] == ["b1"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
    found = receive(sqs, queue)
    assert [message["Body"] for message in found] == ["a2", "a3"]
    numbers = [message["Attributes"]["SequenceNumber"] for message in [first, *found]]
    assert numbers == sorted(numbers)


def test_a_duplicate_is_accepted_and_not_delivered_even_after_the_first_was_deleted(cloud):
    sqs, queue = cloud.client("sqs"), fifo(cloud, "tests-duplicates")
    sent = sqs.send_message(QueueUrl=queue, MessageBody="once", MessageGroupId="a")
    (message,) = receive(sqs, queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    again = sqs.send_message(QueueUrl=queue, MessageBody="once", MessageGroupId="a")
    assert again["MessageId"] == sent["MessageId"]
    assert receive(sqs, queue) == []


def test_a_long_poll_ends_with_the_first_message_and_waits_for_a_blocked_group(cloud):
    sqs, queue = cloud.client("sqs"), fifo(cloud, "tests-poll")
    for body in ("1", "2"):
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="a")
    (first,) = receive(sqs, queue, MaxNumberOfMessages=1)
    begun = time.monotonic()
    handle = {"QueueUrl": queue, "ReceiptHandle": first["ReceiptHandle"]}
    threading.Timer(0.3, sqs.delete_message, kwargs=handle).start()
    assert [message["Body"] for message in receive(sqs, queue, WaitTimeSeconds=20)] == ["2"]
    assert time.monotonic() - begun < 10


def test_a_delay_and_a_visibility_timeout_are_over_in_time(cloud):
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="tests-times", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="late", DelaySeconds=1)
    assert receive(sqs, queue) == []
    for count in ("1", "2"):
        (message,) = receive(sqs, queue, WaitTimeSeconds=20)
        assert message["Attributes"]["ApproximateReceiveCount"] == count


def test_a_dead_letter_queue_says_whose_it_may_be(cloud):
    sqs = cloud.client("sqs")
    source = sqs.create_queue(QueueName="tests-source")["QueueUrl"]
    arn = attributes(sqs, source)["QueueArn"]

    def aim(dead: str, most: int = 3) -> None:
        policy = {"deadLetterTargetArn": attributes(sqs, dead)["QueueArn"], "maxReceiveCount": most}
        sqs.set_queue_attributes(QueueUrl=source, Attributes={"RedrivePolicy": json.dumps(policy)})

    allow = {"redrivePermission": "denyAll"}
    dead = sqs.create_queue(QueueName="tests-closed-to-all", Attributes={"RedriveAllowPolicy": json.dumps(allow)})[
        "QueueUrl"
    ]
    with pytest.raises(ClientError, match="RedriveAllowPolicy does not allow this source queue"):
        aim(dead)
    assert "RedrivePolicy" not in attributes(sqs, source)
    allow = {"redrivePermission": "byQueue", "sourceQueueArns": [arn]}
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(allow)})
    assert json.loads(attributes(sqs, dead)["RedriveAllowPolicy"]) == allow
    with pytest.raises(ClientError, match="valid values are from 1 to 1000"):
        aim(dead, most=0)
    with pytest.raises(ClientError, match="same type of queue as the source"):
        aim(fifo(cloud, "tests-other-kind"))
    aim(dead)
    assert json.loads(attributes(sqs, source)["RedrivePolicy"])["maxReceiveCount"] == 3
    for wrong in ("{", '{"redrivePermission": "some"}', '{"redrivePermission": "byQueue"}'):
        with pytest.raises(ClientError, match="for parameter RedriveAllowPolicy is invalid"):
            sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": wrong})


def buried(cloud, name: str, *bodies: str) -> tuple[str, str]:
    """A queue whose messages are in its dead-letter queue: the queue's URL, and the ARN of the other one."""
    sqs = cloud.client("sqs")
    dead = attributes(sqs, sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"])["QueueArn"]
    policy = {"deadLetterTargetArn": dead, "maxReceiveCount": 1}
    given = {"VisibilityTimeout": "0", "RedrivePolicy": json.dumps(policy)}
    queue = sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"]
    for body in bodies:
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    assert len(receive(sqs, queue)) == len(bodies)
    assert receive(sqs, queue) == []
    return queue, dead


def test_dead_letters_are_moved_back_to_the_queue_that_they_come_from(cloud):
    sqs = cloud.client("sqs")
    queue, dead = buried(cloud, "tests-move", "a", "b")
    sqs.start_message_move_task(SourceArn=dead)
    found = [*receive(sqs, queue, WaitTimeSeconds=20, VisibilityTimeout=60)]
    assert {message["Body"] for message in found} == {"a", "b"}
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in found} == {"1"}

    def task() -> dict:
        (one,) = sqs.list_message_move_tasks(SourceArn=dead)["Results"]
        return one

    eventually(lambda: task()["Status"] == "COMPLETED")
    assert (task()["ApproximateNumberOfMessagesMoved"], "TaskHandle" in task()) == (2, False)


def test_a_move_keeps_its_rate_is_alone_and_can_be_cancelled(cloud):
    sqs = cloud.client("sqs")
    queue, dead = buried(cloud, "tests-slow-move", *"abcd")
    with pytest.raises(ClientError, match="Source queue must be configured as a Dead Letter Queue"):
        sqs.start_message_move_task(SourceArn=attributes(sqs, queue)["QueueArn"])
    with pytest.raises(ClientError, match="specified for the SourceArn parameter doesn't exist"):
        sqs.start_message_move_task(SourceArn=f"{dead}-none")
    task = sqs.start_message_move_task(SourceArn=dead, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    with pytest.raises(ClientError, match="There is already a task running"):
        sqs.start_message_move_task(SourceArn=dead)
    moved = sqs.cancel_message_move_task(TaskHandle=task)["ApproximateNumberOfMessagesMoved"]
    assert moved < 4
    assert sqs.list_message_move_tasks(SourceArn=dead)["Results"][0]["Status"] == "CANCELLED"


# attributes


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"Colour": "red"}, "InvalidAttributeName"),
        ({"DelaySeconds": "901"}, "InvalidAttributeValue"),
        ({"VisibilityTimeout": "soon"}, "InvalidAttributeValue"),
        ({"MessageRetentionPeriod": "1"}, "InvalidAttributeValue"),
        ({"ContentBasedDeduplication": "true"}, "InvalidAttributeName"),
    ],
)
def test_an_attribute_that_aws_does_not_have_is_refused_when_it_is_set(cloud, attributes, code):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="tests-gaps-attributes")["QueueUrl"]
    for call, given in (
        (sqs.create_queue, {"QueueName": "tests-gaps-refused"}),
        (sqs.set_queue_attributes, {"QueueUrl": url}),
    ):
        with pytest.raises(ClientError) as refused:
            call(**given, Attributes=attributes)
        assert refused.value.response["Error"]["Code"].endswith(code)
        assert next(iter(attributes)) in refused.value.response["Error"]["Message"]
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="tests-gaps-refused")


def test_a_message_that_aws_refuses_is_refused_and_fails_alone_in_a_batch(cloud):
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="tests-contents", Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    text = {"DataType": "String", "StringValue": "x"}
    refused = {
        "InvalidMessageContents": [
            {"MessageBody": "\x01"},
            {"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "\x01"}}},
        ],
        "InvalidParameterValue": [
            {"MessageBody": "x", "MessageAttributes": {f"a{number}": text for number in range(11)}},
            {"MessageBody": "x", "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "abc"}}},
            {"MessageBody": "x", "MessageAttributes": {"n": {"DataType": "String", "StringValue": ""}}},
            {"MessageBody": "x", "MessageAttributes": {"AWS.x": text}},
            {"MessageBody": "ä" * 513},
            {"MessageBody": "x" * 1020, "MessageAttributes": {"a": text}},
        ],
    }
    for code, messages in refused.items():
        for message in messages:
            with pytest.raises(ClientError) as raised:
                sqs.send_message(QueueUrl=queue, **message)
            assert raised.value.response["Error"]["Code"] == code
            answer = sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "bad", **message}])
            assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [("bad", code, True)]
    with pytest.raises(ClientError, match="MissingParameter"):
        sqs.send_message(QueueUrl=queue, MessageBody="")
    good = {"MessageBody": "ü\t😀", "MessageAttributes": {"n": {"DataType": "Number.int", "StringValue": "-1.5e3"}}}
    answer = sqs.send_message_batch(
        QueueUrl=queue, Entries=[{"Id": "bad", "MessageBody": "\x00"}, {"Id": "good", **good}]
    )
    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    (kept,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert kept["Body"] == good["MessageBody"]


@pytest.mark.parametrize(
    "policy",
    [
        "{",
        "[]",
        '{"maxReceiveCount": 1}',
        '{"deadLetterTargetArn": "x", "maxReceiveCount": 1}',
        '{"deadLetterTargetArn": 5, "maxReceiveCount": "many"}',
        '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:tests-shape", "maxReceiveCount": "many"}',
    ],
)
def test_a_redrive_policy_that_is_none_is_refused(cloud, policy):
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="tests-shape")["QueueUrl"]
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*RedrivePolicy is invalid"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    assert "RedrivePolicy" not in attributes(sqs, queue)


def test_a_prefix_of_queues_is_no_regular_expression(cloud):
    sqs = cloud.client("sqs")
    for name in ("tests-prefix-a", "tests-prefix.fifo"):
        sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if "." in name else {})
    found = sqs.list_queues(QueueNamePrefix="tests-prefix.")["QueueUrls"]
    assert [url.rpartition("/")[2] for url in found] == ["tests-prefix.fifo"]
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="[]")


def test_a_url_of_another_account_or_region_is_not_the_queue_of_that_name_here(cloud):
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="tests-places")["QueueUrl"]
    path = "/123456789012/tests-places"
    for good in (queue, f"https://sqs.us-east-1.amazonaws.com{path}", f"https://queue.amazonaws.com{path}"):
        assert attributes(sqs, good)["QueueArn"].endswith(":tests-places")
    elsewhere = {
        queue.replace("123456789012", "999999999999"): "AWS.SimpleQueueService.NonExistentQueue",
        f"http://sqs.eu-west-1.amazonaws.com{path}": "InvalidAddress",
        f"https://eu-west-1.queue.amazonaws.com{path}": "InvalidAddress",
    }
    for url, code in elsewhere.items():
        with pytest.raises(ClientError) as refused:
            sqs.send_message(QueueUrl=url, MessageBody="a")
        assert refused.value.response["Error"]["Code"] == code
    assert attributes(sqs, queue)["ApproximateNumberOfMessages"] == "0"
    named = {"QueueName": "tests-places"}
    assert sqs.get_queue_url(**named, QueueOwnerAWSAccountId="123456789012")["QueueUrl"] == queue
    with pytest.raises(ClientError) as refused:
        sqs.get_queue_url(**named, QueueOwnerAWSAccountId="999999999999")
    assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
