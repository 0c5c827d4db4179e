"""SQS works as AWS documents, also where moto lacks it (sqs/gaps/attributes.py)."""

from __future__ import annotations

import json


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
