"""A process's output arrives in CloudWatch Logs: after its group was deleted, and without line ends."""

from __future__ import annotations

import io

import boto3
from moto import mock_aws

from localcloud.logs.stream import LogStream, lines


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


def test_an_output_without_line_ends_comes_in_parts_that_are_log_events():
    class Endless(io.RawIOBase):
        """Gives a megabyte in small parts, as a pipe does."""

        left = 1_000_000

        def readable(self):
            return True

        def readinto(self, buffer):
            size = min(len(buffer), self.left, 4096)
            self.left -= size
            buffer[:size] = b"x" * size
            return size

    found = list(lines(io.BufferedReader(Endless())))
    assert sum(map(len, found)) == 1_000_000
    assert max(map(len, found)) <= 262_144 - 26
