"""Subscriptions of topics: who must confirm, who may be reached, and what becomes of what is not delivered."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import eventually, sending_policy

HERE = "us-east-1:123456789012"
WAITING = "pending confirmation"
numbers = itertools.count(1)


@pytest.fixture
def topic(cloud: Any) -> str:
    return cloud.client("sns").create_topic(Name=f"tests-subscriptions-{next(numbers)}")["TopicArn"]


@pytest.fixture
def queue(cloud: Any) -> Any:
    """Makes a queue, and returns its URL and ARN. SNS may send to it, unless a test says otherwise."""

    def make(name: str = "", *, policy: bool = True, **attributes: str) -> tuple[str, str]:
        name = f"tests-subscriptions-{next(numbers)}{name}"
        arn = f"arn:aws:sqs:{HERE}:{name}"
        given = {**attributes, **({"Policy": sending_policy(arn, "sns")} if policy else {})}
        return cloud.client("sqs").create_queue(QueueName=name, Attributes=given)["QueueUrl"], arn

    return make


def letters(cloud: Any, url: str, count: int = 1) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def there() -> bool:
        asked = {"QueueUrl": url, "MessageAttributeNames": ["All"], "AttributeNames": ["All"], "VisibilityTimeout": 600}
        found.extend(cloud.client("sqs").receive_message(MaxNumberOfMessages=10, **asked).get("Messages", []))
        return len(found) >= count

    eventually(there)
    return found


def code_of(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**given)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_mail_address_waits_for_its_confirmation_until_its_topic_goes(cloud, topic):
    sns = cloud.client("sns")
    given = {"TopicArn": topic, "Protocol": "email", "Endpoint": "you@example.com"}
    assert sns.subscribe(**given)["SubscriptionArn"] == WAITING
    arn = sns.subscribe(**given, ReturnSubscriptionArn=True)["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]) == ("true", "false")
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    assert listed in sns.list_subscriptions()["Subscriptions"]
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsPending"], counts["SubscriptionsConfirmed"]) == ("1", "0")
    assert sns.publish(TopicArn=topic, Message="to nobody")["MessageId"]
    said = f"no mail can be sent from here: you@example.com is not asked to confirm its subscription to {topic}"
    assert (cloud.state / "cloud.log").read_text().count(said) == 1

    assert code_of(sns.confirm_subscription, TopicArn=topic, Token="a" * 64) == (
        "InvalidParameter",
        "Invalid parameter: Token",
    )
    assert code_of(sns.confirm_subscription, TopicArn=f"{topic}-none", Token="a")[0] == "NotFound"
    code, words = code_of(sns.unsubscribe, SubscriptionArn=arn)
    assert code == "InvalidParameter"
    assert "Cannot unsubscribe a subscription that is pending confirmation" in words
    assert "at least 6 elements" in code_of(sns.unsubscribe, SubscriptionArn=WAITING)[1]
    sns.delete_topic(TopicArn=topic)
    assert code_of(sns.get_subscription_attributes, SubscriptionArn=arn)[0] == "NotFound"


def test_what_is_no_mail_address_is_refused(cloud, topic):
    found = code_of(cloud.client("sns").subscribe, TopicArn=topic, Protocol="email", Endpoint="you")
    assert found == ("InvalidParameter", "Invalid parameter: Email address")


@pytest.mark.parametrize("protocol", ["http", "https", "sms", "application", "firehose"])
def test_a_protocol_that_nothing_is_delivered_by_is_refused_by_name(cloud, topic, protocol):
    found = code_of(cloud.client("sns").subscribe, TopicArn=topic, Protocol=protocol, Endpoint="http://127.0.0.1/")
    assert found == ("NotImplemented", f"the local cloud does not support sns:Subscribe with Protocol {protocol!r}")


@pytest.mark.parametrize(
    "attribute", ["DeliveryPolicy", "ArchivePolicy", "SQSFailureFeedbackRoleArn", "FifoThroughputScope"]
)
def test_an_attribute_on_which_nothing_acts_is_refused_by_name(cloud, topic, attribute):
    sns = cloud.client("sns")
    assert code_of(sns.create_topic, Name="tests-refused", Attributes={attribute: "{}"}) == (
        "NotImplemented",
        f"the local cloud does not support sns:CreateTopic with Attributes.{attribute}",
    )
    given = {"TopicArn": topic, "AttributeName": attribute}
    assert code_of(sns.set_topic_attributes, **given, AttributeValue="{}")[0] == "NotImplemented"
    sns.set_topic_attributes(**given, AttributeValue="")  # it asks for nothing


def test_a_queue_gets_a_message_only_if_its_policy_lets_sns_send(cloud, topic, queue):
    sns, closed, opened = cloud.client("sns"), queue(policy=False), queue()
    gone = f"arn:aws:sqs:{HERE}:tests-no-such-queue"
    for arn in (closed[1], gone, opened[1]):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    identity = sns.publish(TopicArn=topic, Message="hello")["MessageId"]
    assert json.loads(letters(cloud, opened[0])[0]["Body"])["Message"] == "hello"
    assert "Messages" not in cloud.client("sqs").receive_message(QueueUrl=closed[0])
    said = (cloud.state / "cloud.log").read_text()
    for arn in (closed[1], gone):
        assert f"message {identity} of {topic} could not be delivered to {arn}" in said


@pytest.mark.parametrize("protocol", ["sqs", "lambda"])
def test_what_is_not_delivered_goes_to_the_subscriptions_dead_letter_queue(cloud, topic, queue, protocol):
    sns, dead = cloud.client("sns"), queue()
    endpoint = f"arn:aws:{protocol}:{HERE}:" + ("function:tests-gone" if protocol == "lambda" else "tests-gone")
    redrive = json.dumps({"deadLetterTargetArn": dead[1]})
    sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes={"RedrivePolicy": redrive})
    identity = sns.publish(TopicArn=topic, Message="lost", Subject="s")["MessageId"]
    (letter,) = letters(cloud, dead[0])
    told = json.loads(letter["Body"])
    assert (told["Message"], told["Subject"], told["MessageId"]) == ("lost", "s", identity)
    assert letter["MessageAttributes"]["RequestID"]["StringValue"] == identity
    assert {"ErrorCode", "ErrorMessage"} <= letter["MessageAttributes"].keys()


def test_a_subscription_is_what_was_asked_for_or_is_refused(cloud, topic, queue):
    sns, (_, arn) = cloud.client("sns"), queue()
    given = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn}
    for attributes, words in (
        ({"FilterPolicy": "{"}, "FilterPolicy: failed to parse JSON"),
        ({"FilterPolicyScope": "Elsewhere"}, r"FilterPolicyScope: Invalid value [Elsewhere]"),
        ({"RedrivePolicy": '{"deadLetterTargetArn": "a"}'}, "deadLetterTargetArn is an invalid arn"),
    ):
        code, message = code_of(sns.subscribe, **given, Attributes=attributes)
        assert (code, words in message) == ("InvalidParameter", True), message
    made = sns.subscribe(**given, Attributes={"RawMessageDelivery": "true"})["SubscriptionArn"]
    assert sns.subscribe(**given, Attributes={"RawMessageDelivery": "true"})["SubscriptionArn"] == made
    assert (
        "already exists with different attributes"
        in code_of(sns.subscribe, **given, Attributes={"RawMessageDelivery": "false"})[1]
    )


def test_a_filter_policy_goes_by_its_scope_when_that_changes(cloud, topic, queue):
    sns, (url, arn) = cloud.client("sns"), queue()
    made = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": '{"kind": ["good"]}'}
    )["SubscriptionArn"]
    attribute = {"kind": {"DataType": "String", "StringValue": "good"}}
    sns.publish(TopicArn=topic, Message='{"kind": "good"}')
    sns.publish(TopicArn=topic, Message="by attribute", MessageAttributes=attribute)
    sns.set_subscription_attributes(
        SubscriptionArn=made, AttributeName="FilterPolicyScope", AttributeValue="MessageBody"
    )
    sns.publish(TopicArn=topic, Message="by attribute again", MessageAttributes=attribute)
    sns.publish(TopicArn=topic, Message='{"kind": "good", "by": "body"}')
    found = [json.loads(one["Body"])["Message"] for one in letters(cloud, url, 2)]
    assert set(found) == {"by attribute", '{"kind": "good", "by": "body"}'}


def test_a_fifo_topic_sends_a_message_once_to_queues_only(cloud, queue):
    sns = cloud.client("sns")
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = sns.create_topic(Name=f"tests-subscriptions-{next(numbers)}.fifo", Attributes=attributes)["TopicArn"]
    fifo, plain = queue(".fifo", FifoQueue="true"), queue()
    for _, arn in (fifo, plain):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    answers = [sns.publish(TopicArn=topic, Message=text, MessageGroupId="g") for text in ("a", "a", "b")]
    assert answers[0]["MessageId"] == answers[1]["MessageId"] != answers[2]["MessageId"]
    assert answers[0]["SequenceNumber"] == answers[1]["SequenceNumber"] < answers[2]["SequenceNumber"]
    entry = {"Id": "one", "Message": "c", "MessageGroupId": "g"}
    (batched,) = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[entry])["Successful"]
    assert batched["SequenceNumber"] > answers[2]["SequenceNumber"]
    for url, _ in (fifo, plain):
        assert sorted(one["Body"] for one in letters(cloud, url, 3)) == ["a", "b", "c"]
    found = code_of(sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="you@example.com")
    assert "FIFO topics deliver messages to Amazon SQS queues only" in found[1]
