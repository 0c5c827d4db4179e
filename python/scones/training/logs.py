"""A training job's log lines from CloudWatch Logs, each once.

Example::

    reader = LogReader(aws.client(environment, "logs"), "scones-dev-20260101-120000")
    for line in reader.read():      # what is new since the last call
        print(line)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

GROUP = "/aws/sagemaker/TrainingJobs"


class LogReader:
    """Reads a job's log from where the last call stopped.

    Args:
        logs: A CloudWatch Logs client.
        job: The training job's name. Its one instance writes the stream ``<job>/algo-1-<epoch seconds>``.
    """

    def __init__(self, logs: Any, job: str) -> None:
        self._logs = logs
        self._prefix = f"{job}/algo-1-"
        self._stream: str | None = None
        self._position: dict[str, Any] = {"startFromHead": True}

    def read(self) -> Iterator[str]:
        """The lines that have come since the last call; none while the job has no log yet."""
        if self._stream is None:
            self._stream = self._find()
            if self._stream is None:
                return
        while True:
            page = self._logs.get_log_events(logGroupName=GROUP, logStreamName=self._stream, **self._position)
            for event in page["events"]:
                yield event["message"]
            # At the end of a stream CloudWatch Logs answers with the very token that it was asked with.
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
        # A job that was restarted after a fault of the service's has more than one: the newest is the one that counts.
        names = [stream["logStreamName"] for stream in found["logStreams"]]
        return max(names, default=None)
