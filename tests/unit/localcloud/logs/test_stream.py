"""If a log group is deleted, later output of its process still arrives in CloudWatch Logs."""

from __future__ import annotations

import boto3
from moto import mock_aws

from localcloud.logs.stream import LogStream


@mock_aws
def test_a_line_makes_a_group_that_is_gone_anew():
    client = boto3.client("logs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stream = LogStream("123456789012", "us-east-1", "/aws/sagemaker/TrainingJobs", "job/algo-1-1")
    stream.create()
    stream.write("first")
    client.delete_log_group(logGroupName=stream.group)
    stream.write("second")
    found = client.get_log_events(logGroupName=stream.group, logStreamName=stream.name)["events"]
    assert [event["message"] for event in found] == ["second"]
