"""What the demo finds of its stacks after it has destroyed them."""

import re
from typing import Any

import boto3
import pytest

from scones import settings
from scones.demo.leftovers import KINDS, left_behind

# Terraform's resources that have names of their own, with their kinds.
NAMED = {
    "aws_cloudwatch_dashboard": "dashboard",
    "aws_cloudwatch_event_rule": "rule",
    "aws_cloudwatch_log_group": "log group",
    "aws_cloudwatch_metric_alarm": "alarm",
    "aws_iam_role": "role",
    "aws_kms_alias": "key",
    "aws_lambda_event_source_mapping": "event source mapping",
    "aws_lambda_function": "function",
    "aws_s3_bucket": "bucket",
    "aws_sagemaker_endpoint": "endpoint",
    "aws_sagemaker_endpoint_configuration": "configuration",
    "aws_sagemaker_model": "model",
    "aws_sagemaker_model_package_group": "registry",
    "aws_scheduler_schedule": "schedule",
    "aws_sfn_state_machine": "state machine",
    "aws_sns_topic": "topic",
    "aws_sqs_queue": "queue",
}
# Parts of these, which go with them.
PARTS = {
    "aws_appautoscaling_",
    "aws_cloudwatch_event_target",
    "aws_cloudwatch_log_metric_filter",
    "aws_iam_role_policy",
    "aws_kms_key",
    "aws_s3_bucket_",
    "aws_s3_object",
    "aws_sns_topic_",
}
# What the demo does not have: options that are off in its environment, and what is there once an account.
NOT_IN_THE_DEMO = {
    "aws_budgets_budget",
    "aws_default_security_group",
    "aws_flow_log",
    "aws_iam_openid_connect_provider",
    "aws_iam_policy",
    "aws_route_table",
    "aws_security_group",
    "aws_subnet",
    "aws_vpc",
}
NOT_LISTED = {"aws_cloudwatch_query_definition"}  # costs nothing, and CloudWatch does not list it in pages


class Cloud:
    """Every client in one. The first page of each kind is of other environments; of one kind there is a second one."""

    def __init__(self, filled: str) -> None:
        self.filled, self.asked = filled, ""

    def get_paginator(self, operation: str) -> "Cloud":
        self.asked = operation
        return self

    def paginate(self) -> list[dict[str, Any]]:
        kind, (_, _, key, member) = next((kind, one) for kind, one in KINDS.items() if one[1] == self.asked)
        first, second = [["scones-locality-1", "scones-dev", "other"], ["scones-local-1"] * (kind == self.filled)]
        if kind in ("queue", "log group", "event source mapping", "topic", "key"):
            first, second = ([f"arn:aws:some:us-east-1:1:of/{name}" for name in page] for page in (first, second))
        return [{key: [{member: name} if member else name for name in page]} for page in (first, second) if page]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_is_found_on_every_page_and_only_the_environments_own(kind: str) -> None:
    found = left_behind(settings.load("local", variables={}), client=lambda *_: Cloud(kind))
    assert found == [f"{kind} scones-local-1"]


def test_boto3_lists_each_kind_in_pages() -> None:
    for service, operation, key, member in KINDS.values():
        client = boto3.client(service, region_name="us-east-1")
        assert client.can_paginate(operation)
        answer = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).output_shape
        listed = answer.members[key].member
        assert (member in listed.members) if member else listed.type_name == "string"


def test_every_kind_of_resource_that_the_modules_make_is_looked_for() -> None:
    """An option that makes something new must say how one sees that it is gone."""
    files = (settings.ROOT / "terraform").rglob("*.tf")
    made = {kind for path in files for kind in re.findall(r'^resource "(aws_\w+)"', path.read_text(), re.MULTILINE)}
    rest = made - NAMED.keys() - NOT_LISTED
    assert {one for one in rest if not one.startswith(tuple(PARTS | NOT_IN_THE_DEMO))} == set()
    assert set(NAMED.values()) == KINDS.keys()
