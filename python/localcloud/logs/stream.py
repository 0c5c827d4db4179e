"""A process's output as a log stream of the local cloud's CloudWatch Logs, line by line as it is printed.

Example::

    stream = LogStream(account, region, "/aws/sagemaker/TrainingJobs", "job/algo-1-1767225600")
    for line in lines(child.stdout):
        stream.write(line)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import IO

from moto.core.exceptions import ServiceException
from moto.logs.models import logs_backends

from localcloud.iam.acting import Acting

_creating = threading.Lock()


@dataclass(frozen=True)
class LogStream:
    """One stream of one group; both are made when the first line needs them.

    Attributes:
        account: The account's id.
        region: The AWS region.
        group: The log group's name.
        name: The stream's name.
        role: Who writes; what it may not write is lost, as on AWS. None where no role is needed.
    """

    account: str
    region: str
    group: str
    name: str
    role: Acting | None = None

    @cached_property
    def _allowed(self) -> bool:
        """Whether the role may write: asked once, since a job writes line after line."""
        which = {"logGroupName": self.group, "logStreamName": self.name}
        calls = [("DescribeLogStreams", {"logGroupName": self.group}), ("CreateLogStream", which)]
        if self.group not in logs_backends[self.account][self.region].groups:
            calls.insert(0, ("CreateLogGroup", {"logGroupName": self.group}))
        calls.append(("PutLogEvents", which))
        return self.role is None or all(self.role.may("logs", operation, **given) for operation, given in calls)

    @property
    def arn(self) -> str:
        """The group's ARN, as SageMaker names it in a model's error."""
        return f"arn:aws:logs:{self.region}:{self.account}:log-group:{self.group}"

    def create(self) -> None:
        """Make the group and the stream where they are missing."""
        if not self._allowed:
            return
        backend = logs_backends[self.account][self.region]
        with _creating:
            backend.ensure_log_group(self.group)
            backend.ensure_log_stream(self.group, self.name)

    def write(self, message: str) -> None:
        """Put one line, with the time it is now. CloudWatch Logs takes no empty message: such a line is left out."""
        if not message or not self._allowed:
            return
        event = {"timestamp": int(time.time() * 1000), "message": message}
        backend = logs_backends[self.account][self.region]
        try:
            backend.put_log_events(self.group, self.name, [event])
        except ServiceException:  # not made yet, or deleted meanwhile
            self.create()
            backend.put_log_events(self.group, self.name, [event])


def lines(output: IO[bytes]) -> Iterator[str]:
    """A child's output, line by line until it closes; what is no UTF-8 is replaced."""
    for line in output:
        yield line.decode(errors="replace").rstrip("\r\n")
