"""TestState in the running cloud: a Task's call is made as the role of the request."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture
def tested(cloud):
    """``tested(definition, **more)`` tests one state."""
    client = boto3.client(
        "stepfunctions",
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=cloud.running.access_key_id,
        aws_secret_access_key=cloud.running.secret_access_key,
        config=Config(inject_host_prefix=False),  # boto3 would ask the host sync-127.0.0.1
    )
    yield lambda definition, **more: client.test_state(definition=json.dumps(definition), **more)
    client.close()


@pytest.fixture
def queue(cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="tested")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def allowed(*actions):
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


def test_a_task_is_called_as_the_role(cloud, tested, queue):
    parameters = {"QueueUrl": queue, "MessageBody.$": "$"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": parameters, "Next": "On"}
    found = tested(state, roleArn=cloud.role("test-state-sends", allowed("sqs:SendMessage")), input='{"a": 1}')
    assert (found["status"], found["nextState"]) == ("SUCCEEDED", "On")
    (message,) = cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"]) == {"a": 1}
    denied = tested(state, roleArn=cloud.role("test-state-reads", allowed("sqs:ReceiveMessage")))
    assert denied["status"] == "FAILED"
    assert "is not authorized to perform: sqs:SendMessage" in denied["cause"]


def test_a_role_that_cannot_be_assumed_is_refused(tested):
    with pytest.raises(ClientError, match="authorized to assume the provided role") as refused:
        tested({"Type": "Succeed"}, roleArn="arn:aws:iam::123456789012:role/nobody")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
