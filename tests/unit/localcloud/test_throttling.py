"""Calls that come too fast are refused in each service's own words, and those after a while are not."""

from __future__ import annotations

import json

import pytest

from localcloud import latency
from localcloud.errors import LocalCloudError
from localcloud.iam.enforcement import OPERATION
from localcloud.iam.evaluation import Principal
from localcloud.iam.principals import PRINCIPAL
from localcloud.latency import AWS, NONE
from localcloud.throttling import Throttle

ACCOUNT = "123456789012"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def passed(throttle, service, operations):
    """How many of these calls may go on, in the order of the operations."""
    return sum(throttle.allows(ACCOUNT, "us-east-1", service, operation) for operation in operations)


def request(service, operation):
    scope = f"AWS4-HMAC-SHA256 Credential=AKIA/20260102/us-east-1/{service}/aws4_request"
    who = Principal(f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, "root")
    return {"HTTP_AUTHORIZATION": scope, OPERATION: (f"{service}:{operation}", {}), PRINCIPAL: who}


def test_lambdas_control_plane_shares_fifteen_calls_a_second_and_invocations_do_not_count(clock):
    throttle = Throttle(AWS, clock)
    assert passed(throttle, "lambda", ["Invoke"] * 1000) == 1000
    assert passed(throttle, "lambda", ["CreateFunction", "ListTags", "PublishVersion"] * 10) == 15
    assert passed(throttle, "lambda", ["GetFunction"] * 200) == 100
    clock.now = 1.0
    assert passed(throttle, "lambda", ["CreateFunction"] * 30) == 15


def test_a_bucket_lets_a_burst_through_and_then_a_trickle(clock):
    throttle = Throttle(AWS, clock)
    assert passed(throttle, "stepfunctions", ["UpdateStateMachine"] * 150) == 100
    clock.now = 3.0
    assert passed(throttle, "stepfunctions", ["UpdateStateMachine"] * 10) == 3
    clock.now = 1000.0
    assert passed(throttle, "stepfunctions", ["UpdateStateMachine"] * 150) == 100


def test_operations_accounts_and_regions_have_buckets_of_their_own(clock):
    throttle = Throttle(AWS, clock)
    assert passed(throttle, "cloudwatch", ["PutMetricAlarm"] * 9 + ["DeleteAlarms"] * 9) == 6
    assert throttle.allows(ACCOUNT, "eu-west-1", "cloudwatch", "PutMetricAlarm")
    assert throttle.allows("210987654321", "us-east-1", "cloudwatch", "PutMetricAlarm")


def test_ec2_lets_more_pass_of_what_changes_nothing(clock):
    throttle = Throttle(AWS, clock)
    assert passed(throttle, "ec2", ["DescribeVpcs"] * 150) == 100
    assert passed(throttle, "ec2", ["CreateVpc"] * 150) == 50


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("lambda", "CreateFunction", "TooManyRequestsException", 429),
        ("stepfunctions", "CreateStateMachine", "ThrottlingException", 400),
        ("sagemaker", "DescribeEndpoint", "ThrottlingException", 400),
        ("kms", "CreateKey", "ThrottlingException", 400),
        ("cloudwatch", "PutMetricAlarm", "Throttling", 400),
        ("iam", "GetRole", "Throttling", 400),
        ("ec2", "CreateVpc", "RequestLimitExceeded", 503),
    ],
)
def test_a_refusal_has_the_services_own_code_which_its_clients_retry(clock, service, operation, code, status):
    from botocore.retries.standard import ThrottledRetryableChecker

    throttle = Throttle(AWS, clock)
    while (refused := throttle.refuse(request(service, operation))) is None:
        pass
    assert refused.status_code == status
    said = refused.get_data(as_text=True)
    assert code in said
    assert any(words in said for words in ("Rate exceeded", "Request limit exceeded", "exceeded the rate"))
    assert code in ThrottledRetryableChecker._THROTTLED_ERROR_CODES
    if service == "lambda":
        assert json.loads(refused.data)["__type"] == code


def test_a_cloud_that_is_not_slow_throttles_nothing(clock):
    throttle = Throttle(NONE, clock)
    assert all(throttle.refuse(request("cloudwatch", "PutMetricAlarm")) is None for _ in range(1000))


def test_a_latency_that_there_is_not_is_refused_with_what_there_is():
    with pytest.raises(LocalCloudError, match=r"SCONES_LOCAL_LATENCY is 'azure'[\s\S]*set it to aws"):
        latency.chosen({latency.VARIABLE: "azure"})
    assert latency.chosen({latency.VARIABLE: ""}) is NONE
