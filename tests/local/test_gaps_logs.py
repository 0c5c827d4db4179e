"""CloudWatch Logs works as AWS documents, also where moto lacks it."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

# logs/gaps/kms_key.py


def test_a_log_group_is_given_a_key_and_is_without_it_again(cloud):
    logs, name = cloud.client("logs"), "/tests/keyed"
    service = {"Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"}}
    statement = {**service, "Action": "kms:GenerateDataKey*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    key = cloud.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    logs.create_log_group(logGroupName=name)

    def held() -> str | None:
        return logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0].get("kmsKeyId")

    logs.associate_kms_key(logGroupName=name, kmsKeyId=key)
    assert held() == key
    logs.disassociate_kms_key(logGroupName=name)
    assert held() is None
    arn = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["arn"]
    logs.associate_kms_key(resourceIdentifier=arn, kmsKeyId=key)
    assert held() == key


def test_no_key_is_given_to_a_log_group_that_is_not_there(cloud):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        cloud.client("logs").associate_kms_key(logGroupName="/tests/none", kmsKeyId="arn:aws:kms:us-east-1:1:key/a")


# logs/gaps/stream_prefix.py


ALLOWED = {
    "Effect": "Allow",
    "Principal": {"Service": "es.amazonaws.com"},
    "Action": "logs:PutLogEvents",
    "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:/tests/*:*",
}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "policyName is required"),
        ({"policyName": "tests"}, "policyDocument is required"),
        ({"policyName": "tests", "policyDocument": "{"}, "valid JSON"),
        ({"policyName": "tests", "policyDocument": "[1]"}, "valid JSON"),
        ({"policyName": "tests", "policyDocument": "{}"}, "calling the PutResourcePolicy"),
        ({"policyName": "tests", "policyDocument": '{"Statement": [1]}'}, "calling the PutResourcePolicy"),
        ({"policyName": "tests", "policyDocument": '{"Statement": {"Effect": "Allow"}}'}, "Action"),
        (
            {"policyName": "tests", "policyDocument": json.dumps({"Statement": {**ALLOWED, "Condition": [1]}})},
            "calling the PutResourcePolicy",
        ),
        (
            {"policyName": "tests", "policyDocument": json.dumps({"Statement": {**ALLOWED, "Principal": 1}})},
            "calling the PutResourcePolicy",
        ),
        (
            {
                "policyName": "tests",
                "policyDocument": json.dumps({"Statement": {k: v for k, v in ALLOWED.items() if k != "Principal"}}),
            },
            "Principal",
        ),
    ],
)
def test_a_resource_policy_that_cannot_be_read_is_refused_and_stops_nobody(cloud, given, said):
    """All services that write logs read these policies."""
    logs = cloud.client("logs")
    with pytest.raises(logs.exceptions.InvalidParameterException, match=said):
        logs.put_resource_policy(**given)
    assert "tests" not in [one.get("policyName") for one in logs.describe_resource_policies()["resourcePolicies"]]


def test_a_resource_policy_that_can_be_read_is_kept(cloud):
    logs = cloud.client("logs")
    logs.put_resource_policy(policyName="tests-good", policyDocument=json.dumps({"Statement": [ALLOWED]}))
    assert "tests-good" in [one["policyName"] for one in logs.describe_resource_policies()["resourcePolicies"]]
    logs.delete_resource_policy(policyName="tests-good")


def test_events_are_filtered_by_the_begin_of_their_streams_names(cloud):
    logs, name = cloud.client("logs"), "/tests/prefixes"
    logs.create_log_group(logGroupName=name)
    for stream in ("job-1/a", "job-1/b", "job-2/a"):
        logs.create_log_stream(logGroupName=name, logStreamName=stream)
        event = {"timestamp": 1_795_000_000_000, "message": stream}
        logs.put_log_events(logGroupName=name, logStreamName=stream, logEvents=[event])

    def found(**given):
        return {event["message"] for event in logs.filter_log_events(logGroupName=name, **given)["events"]}

    assert found(logStreamNamePrefix="job-1") == {"job-1/a", "job-1/b"}
    assert found(logStreamNamePrefix="none") == set()
    with pytest.raises(ClientError, match="InvalidParameterException"):
        found(logStreamNamePrefix="job", logStreamNames=["job-1/a"])
