"""GetLogEvents, FilterLogEvents, DescribeLogStreams and Insights answer as CloudWatch Logs documents."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import eventually, numbers


@pytest.fixture
def group(cloud: Any) -> str:
    """A group with the streams a (the times 0, 10, … 90) and b (5, 15, … 95). Times are milliseconds after begin."""
    logs, name = cloud.client("logs"), f"/tests/logs-{next(numbers)}"
    logs.create_log_group(logGroupName=name)
    for stream, first in (("a", 0), ("b", 5)):
        logs.create_log_stream(logGroupName=name, logStreamName=stream)
        events = [{"timestamp": BEGIN + first + 10 * number, "message": f"{stream}{number}"} for number in range(10)]
        logs.put_log_events(logGroupName=name, logStreamName=stream, logEvents=events)
    return name


BEGIN = int(time.time() * 1000) // 1000 * 1000 - 3_600_000


def test_pages_lead_forward_and_backward_through_a_stream(cloud: Any, group: str) -> None:
    logs, which = cloud.client("logs"), {"logGroupName": group, "logStreamName": "a"}

    def page(**given: Any) -> tuple[str, str, str]:
        found = logs.get_log_events(**which, limit=4, **given)
        shown = " ".join(one["message"] for one in found["events"])
        return shown, found["nextForwardToken"], found["nextBackwardToken"]

    first, forward, backward = page(startFromHead=True)
    second, further, back = page(nextToken=forward)
    third, end, _ = page(nextToken=further)
    assert [first, second, third] == ["a0 a1 a2 a3", "a4 a5 a6 a7", "a8 a9"]
    assert page(nextToken=end)[:2] == ("", end)
    assert page(nextToken=back)[0] == first
    assert page(nextToken=backward)[::2] == ("", backward)
    assert page()[0] == "a6 a7 a8 a9"
    logs.put_log_events(**which, logEvents=[{"timestamp": BEGIN + 200, "message": "new"}])
    assert page(nextToken=end)[0] == "new"
    with pytest.raises(ClientError, match="nextToken is invalid"):
        page(nextToken="f/1")


def test_the_end_of_a_span_is_excluded_from_a_stream_and_included_in_a_search(cloud: Any, group: str) -> None:
    logs, span = cloud.client("logs"), {"startTime": BEGIN + 20, "endTime": BEGIN + 40}
    found = logs.get_log_events(logGroupName=group, logStreamName="a", **span)["events"]
    assert [one["message"] for one in found] == ["a2", "a3"]
    found = logs.filter_log_events(logGroupName=group, **span)["events"]
    assert [(one["logStreamName"], one["message"]) for one in found] == [
        ("a", "a2"),
        ("b", "b2"),
        ("a", "a3"),
        ("b", "b3"),
        ("a", "a4"),
    ]


def test_a_search_has_pages_streams_and_patterns(cloud: Any, group: str) -> None:
    logs = cloud.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, logStreamNames=["b"], PaginationConfig={"PageSize": 4}
    )
    assert [[one["message"] for one in page["events"]] for page in pages] == [
        ["b0", "b1", "b2", "b3"],
        ["b4", "b5", "b6", "b7"],
        ["b8", "b9"],
    ]
    found = logs.filter_log_events(logGroupName=group, filterPattern='"7"')["events"]
    assert [one["message"] for one in found] == ["a7", "b7"]
    event = {"timestamp": BEGIN, "message": '{"kind": "a"}'}
    logs.put_log_events(logGroupName=group, logStreamName="a", logEvents=[event])
    found = logs.filter_log_events(logGroupName=group, filterPattern='{ $.kind = "a" }')["events"]
    assert [one["message"] for one in found] == [event["message"]]


def test_streams_know_their_events_and_lose_them_when_deleted(cloud: Any, group: str) -> None:
    logs = cloud.client("logs")

    def described() -> dict[str, Any]:
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        return {one["logStreamName"]: (one.get("firstEventTimestamp"), one.get("storedBytes")) for one in streams}

    assert described() == {"a": (BEGIN, 20), "b": (BEGIN + 5, 20)}
    logs.delete_log_stream(logGroupName=group, logStreamName="a")
    assert described() == {"b": (BEGIN + 5, 20)}
    logs.create_log_stream(logGroupName=group, logStreamName="a")
    assert described()["a"] == (None, 0)
    assert logs.get_log_events(logGroupName=group, logStreamName="a")["events"] == []
    logs.delete_log_group(logGroupName=group)
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="b")
    assert logs.filter_log_events(logGroupName=group)["events"] == []


def test_a_query_returns_the_latest_events_first(cloud: Any, group: str) -> None:
    logs = cloud.client("logs")
    second = BEGIN // 1000
    query = logs.start_query(
        logGroupName=group,
        startTime=second - 1,
        endTime=second + 1,
        queryString="fields @message, @logStream | sort @timestamp desc | limit 3",
    )["queryId"]
    found = eventually(lambda: logs.get_query_results(queryId=query)["results"])
    rows = [{one["field"]: one["value"] for one in row} for row in found]
    assert [(one["@message"], one["@logStream"]) for one in rows] == [("b9", "b"), ("a9", "a"), ("b8", "b")]
