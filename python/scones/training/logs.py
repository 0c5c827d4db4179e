"""Reads a training job's log lines from CloudWatch Logs.

Example (not run: it needs an AWS account)::

    reader = LogReader(aws.client(environment, "logs"), "scones-dev-20260101-120000")
    for line in reader.read():      # new lines since the last call
        print(line)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from scones.settings import TRAINING_LOGS as GROUP

KEPT_DAYS = 30  # as the default of Terraform's log_retention_days


def limit(logs: Any, days: int) -> None:
    """Let the log group of training jobs keep lines for some days, unless it has a retention already.

    SageMaker makes the group with an account's first training job, and keeps its lines for ever. The group belongs to
    the account and not to one environment, so Terraform cannot make it.

    Args:
        logs: A boto3 CloudWatch Logs client.
        days: The days. CloudWatch Logs allows only some numbers, such as 7, 30 and 90.

    Raises:
        ClientError: CloudWatch Logs refused it.
    """
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=GROUP)
    found = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    if not any(one["logGroupName"] == GROUP and one.get("retentionInDays") for one in found):
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=days)


class LogReader:
    """Reads each line of a job's log once.

    Args:
        logs: A boto3 CloudWatch Logs client.
        job: The training job's name. The job's instance writes the log stream ``<job>/algo-1-<epoch seconds>``.
    """

    def __init__(self, logs: Any, job: str) -> None:
        self._logs = logs
        self._prefix = f"{job}/algo-1-"
        self._stream: str | None = None
        self._position: dict[str, Any] = {"startFromHead": True}

    def read(self) -> Iterator[str]:
        """Yield the new lines since the last call."""
        if self._stream is None:
            self._stream = self._find()
            if self._stream is None:
                return
        while True:
            page = self._logs.get_log_events(logGroupName=GROUP, logStreamName=self._stream, **self._position)
            for event in page["events"]:
                yield event["message"]
            # At the end of a stream, CloudWatch Logs returns the token of the request.
            ended = page["nextForwardToken"] == self._position.get("nextToken")
            self._position = {"nextToken": page["nextForwardToken"], "startFromHead": True}
            if ended:
                return

    def _find(self) -> str | None:
        try:
            found = self._logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=self._prefix)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":  # no job has ever written here
                return None
            raise
        # SageMaker may restart a job after an internal fault. Then the newest stream counts.
        names = [stream["logStreamName"] for stream in found["logStreams"]]
        return max(names, default=None)
