"""Writes a process's output to a log stream of the local cloud's CloudWatch Logs, line by line.

Example::

    >>> import io
    >>> from moto import mock_aws
    >>> stream = LogStream("123456789012", "us-east-1", "/aws/sagemaker/TrainingJobs", "job/algo-1-1767225600")
    >>> with mock_aws():
    ...     stream.create()
    ...     for line in lines(io.BytesIO(b"epoch 1")):
    ...         stream.write(line)
    ...     group = logs_backends["123456789012"]["us-east-1"].groups["/aws/sagemaker/TrainingJobs"]
    ...     [event.message for event in group.streams["job/algo-1-1767225600"].events]
    ['epoch 1']
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import IO

from moto.logs.models import logs_backends

from localcloud.iam.acting import Acting
from localcloud.logs.finding import existing_group

_creating = threading.Lock()
LONGEST_LINE = 262_144 - 26  # bytes; Amazon CloudWatch Logs API Reference, PutLogEvents


@dataclass(frozen=True)
class LogStream:
    """One stream of one log group.

    Attributes:
        account: The account's number.
        region: The AWS region.
        group: The log group's name.
        name: The stream's name.
        role: The role that writes; None if no role is needed. As on AWS, lines are lost if the role may not write them.
    """

    account: str
    region: str
    group: str
    name: str
    role: Acting | None = None

    @cached_property
    def _allowed(self) -> bool:
        """Whether the role may write. It is checked once, because a job writes many lines."""
        which = {"logGroupName": self.group, "logStreamName": self.name}
        calls = [("DescribeLogStreams", {"logGroupName": self.group}), ("CreateLogStream", which)]
        if existing_group(self.account, self.region, self.group) is None:
            calls.insert(0, ("CreateLogGroup", {"logGroupName": self.group}))
        calls.append(("PutLogEvents", which))
        return self.role is None or all(self.role.may("logs", operation, **given) for operation, given in calls)

    @property
    def arn(self) -> str:
        """The log group's ARN, without the ``:*`` at its end."""
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{self.group}"

    def create(self) -> None:
        """Create the group and the stream if they do not exist."""
        if not self._allowed:
            return
        backend = logs_backends[self.account][self.region]
        with _creating:
            backend.ensure_log_group(self.group)
            backend.ensure_log_stream(self.group, self.name)

    def write(self, message: str) -> None:
        """Write one line with the current time.

        CloudWatch Logs refuses empty messages, so an empty line is left out.
        """
        if not message or not self._allowed:
            return
        event = {"timestamp": int(time.time() * 1000), "message": message}
        group = existing_group(self.account, self.region, self.group)
        if group is None or self.name not in group.streams:  # they were not made yet, or were deleted
            self.create()
            group = logs_backends[self.account][self.region].groups[self.group]
        group.put_log_events(self.name, [event])


def lines(output: IO[bytes]) -> Iterator[str]:
    """A process's output, line by line until it closes. Bytes that are not UTF-8 are replaced.

    A longer line than a log event may be comes in parts, so that an output without line ends needs little memory.
    """
    while line := output.readline(LONGEST_LINE):
        yield line.decode(errors="replace").rstrip("\r\n")
