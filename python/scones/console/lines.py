"""The lines that a function has written for one execution, from CloudWatch Logs.

Example::

    >>> events = [
    ...     {"timestamp": 1, "message": "START RequestId: a Version: $LATEST"},
    ...     {"timestamp": 2, "message": '{"execution": "one"}'},
    ...     {"timestamp": 3, "message": "END RequestId: a"},
    ...     {"timestamp": 4, "message": "START RequestId: b Version: $LATEST"},
    ...     {"timestamp": 5, "message": '{"execution": "two"}'},
    ... ]
    >>> [one["timestamp"] for one in about(events, "two")]
    [4, 5]

A function's stream has the lines of one request after the other: Lambda Developer Guide, "Viewing CloudWatch logs for
Lambda functions". The project's functions name the execution in what they write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

BEGIN = re.compile(r"START RequestId: ")
# Clocks differ a little, and a line may be written just before the state's own event.
MARGIN = timedelta(seconds=2)
MOST = 500


def about(events: Iterable[Mapping[str, Any]], execution: str) -> list[Mapping[str, Any]]:
    """Of a stream's lines, those of the requests that name an execution."""
    requests: list[list[Mapping[str, Any]]] = [[]]
    for event in events:
        if BEGIN.match(event["message"]):
            requests.append([])
        requests[-1].append(event)
    return [one for lines in requests if any(execution in line["message"] for line in lines) for one in lines]


def group_of(function: str) -> str:
    """The log group of a function, by its name or ARN.

    Example::

        >>> group_of("arn:aws:lambda:us-east-1:123456789012:function:scones-local-classify-image:3")
        '/aws/lambda/scones-local-classify-image'
    """
    name = function.split(":function:")[-1].split(":")[0]
    return f"/aws/lambda/{name}"


def read(logs: Any, function: str, execution: str, began: datetime, ended: datetime | None) -> list[dict[str, Any]]:
    """The lines that a function has written for an execution, oldest first.

    Args:
        logs: The client.
        function: Its name or ARN.
        execution: The execution's name.
        began: When the state was entered.
        ended: When it was left; None while it runs.

    Returns:
        For each line its time, its message and its stream. Empty if the function has written nothing.
    """
    group, period = group_of(function), {"startTime": _milliseconds(began - MARGIN)}
    if ended is not None:
        period["endTime"] = _milliseconds(ended + MARGIN)
    try:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=f'"{execution}"', **period
        )
        streams = list(dict.fromkeys(event["logStreamName"] for page in pages for event in page["events"]))
        found = []
        for stream in streams:
            events = logs.get_log_events(
                logGroupName=group, logStreamName=stream, startFromHead=True, limit=10_000, **period
            )["events"]
            found += [
                {"at": one["timestamp"], "message": _broken(one["message"]), "stream": stream}
                for one in about(events, execution)
            ]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return sorted(found, key=lambda line: line["at"])[:MOST]


def _broken(message: str) -> str:
    r"""A line with the breaks that it had. Lambda's runtime writes a traceback as one event, with carriage returns.

    Example::

        >>> _broken("[ERROR] Boom\r  File one\r    raise\n")
        '[ERROR] Boom\n  File one\n    raise'
    """
    return message.rstrip("\r\n").replace("\r\n", "\n").replace("\r", "\n")


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
