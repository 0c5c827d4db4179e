"""SNS and EventBridge in the local cloud: what moto lacks and AWS answers."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

# publish


def test_a_topic_that_does_not_exist_is_named(cloud):
    with pytest.raises(ClientError, match="Topic does not exist") as refused:
        cloud.client("sns").publish(TopicArn="arn:aws:sns:us-east-1:123456789012:none", Message="a")
    assert refused.value.response["Error"]["Code"] == "NotFound"


def test_messages_of_a_fifo_topic_have_a_group_and_growing_numbers(cloud):
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="gaps.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    with pytest.raises(ClientError, match="The MessageGroupId parameter is required for FIFO topics") as refused:
        sns.publish(TopicArn=topic, Message="a")
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
    first, second = (
        sns.publish(TopicArn=topic, Message="a", MessageGroupId="g", MessageDeduplicationId=str(number))
        for number in range(2)
    )
    assert len(first["SequenceNumber"]) == 20
    assert first["SequenceNumber"] < second["SequenceNumber"]


@pytest.mark.parametrize("value", [{"DataType": "String"}, {"DataType": "String", "StringValue": ""}])
def test_an_attribute_of_a_message_has_a_value(cloud, value):
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="gaps-attributes")["TopicArn"]
    words = (
        r"InvalidParameter.*The message attribute 'a' must contain non-empty message attribute value for .* 'String'"
    )
    with pytest.raises(ClientError, match=words):
        sns.publish(TopicArn=topic, Message="a", MessageAttributes={"a": value})
    with pytest.raises(ClientError, match=words):
        sns.publish_batch(
            TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "a", "MessageAttributes": {"a": value}}]
        )


# subscribe


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("lambda", "nonsense"),
        ("lambda", ""),
        ("lambda", "arn:aws:sqs:us-east-1:123456789012:q"),
        ("lambda", "arn:aws:lambda:us-east-1:123456789012:layer:f"),
        ("sqs", "http://127.0.0.1/123456789012/q"),
        ("sqs", "arn:aws:dynamodb:us-east-1:123456789012:q"),
        ("sqs", "arn:aws:sqs:us-east-1:123456789012:q:x"),
    ],
)
def test_an_endpoint_is_the_arn_of_its_protocol(cloud, protocol, endpoint):
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="gaps-endpoints")["TopicArn"]
    words = {"lambda": "Lambda endpoint ARN", "sqs": "SQS endpoint ARN"}[protocol]
    with pytest.raises(ClientError, match=f"Invalid parameter: {words}") as refused:
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


# details


def test_an_events_detail_is_an_object(cloud):
    good = {"Source": "tests", "DetailType": "t", "Detail": "{}"}
    answered = cloud.client("events").put_events(Entries=[good, {**good, "Detail": '"text"'}])
    assert answered["FailedEntryCount"] == 1
    assert "EventId" in answered["Entries"][0]
    assert answered["Entries"][1] == {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
