"""Only the statements of the environment's own buckets, topics, keys and queues are found, by its prefix."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scones.proof.granted import of_resources


def document(sid: str) -> str:
    statement = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def clients() -> Any:
    with mock_aws():
        yield [client(service) for service in ("s3", "sns", "kms", "sqs")]


def test_statements_of_resources_are_found_by_the_environments_prefix(clients):
    s3, sns, kms, sqs = clients
    keys = []
    for name in ("scones-local", "others"):
        s3.create_bucket(Bucket=f"{name}-logs")
        s3.put_bucket_policy(Bucket=f"{name}-logs", Policy=document("Bucket"))
        sns.create_topic(Name=f"{name}-alarms", Attributes={"Policy": document("Topic")})
        keys.append(kms.create_key(Policy=document("Key"))["KeyMetadata"]["KeyId"])
        sqs.create_queue(QueueName=f"{name}-arrivals", Attributes={"Policy": document("Queue")})
        sqs.create_queue(QueueName=f"{name}-plain")
        kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=keys[-1])
    assert [one.source for one in of_resources(s3, sns, kms, sqs, "scones-local")] == [
        "bucket/scones-local-logs/Bucket",
        "topic/scones-local-alarms/Topic",
        f"key/{keys[0]}/Key",
        "queue/scones-local-arrivals/Queue",
    ]
