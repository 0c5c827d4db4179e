"""Metrics, log events, traces and the states of alarms are there after a crash and after a restart."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud import control
from localcloud.xray.segments import new_trace_id
from tests.local.conftest import eventually

GROUP, STREAM = "/tests/kept", "one"


class Observed:
    """What clients of a cloud are told."""

    def __init__(self, cloud: control.Cloud) -> None:
        keys = {"aws_access_key_id": cloud.access_key_id, "aws_secret_access_key": cloud.secret_access_key}
        where = {"endpoint_url": cloud.endpoint, "region_name": "us-east-1"}
        self.cloudwatch, self.logs, self.xray = (
            boto3.client(service, **where, **keys) for service in ("cloudwatch", "logs", "xray")
        )

    def alarm(self) -> str:
        return self.cloudwatch.describe_alarms(AlarmNames=["kept"])["MetricAlarms"][0]["StateValue"]

    def answers(self, trace: str) -> dict[str, Any]:
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        span = {"StartTime": now - timedelta(hours=2), "EndTime": now + timedelta(hours=2)}
        which = {"logGroupName": GROUP, "logStreamName": STREAM}
        return {
            "metrics": self.cloudwatch.list_metrics(Namespace="Tests")["Metrics"],
            "data": self.cloudwatch.get_metric_statistics(
                Namespace="Tests",
                MetricName="Kept",
                **span,
                Period=86400,
                Statistics=["Sum", "Maximum", "SampleCount"],
                ExtendedStatistics=["p50"],
            )["Datapoints"],
            "alarm": self.alarm(),
            "events": self.logs.get_log_events(**which, startFromHead=True)["events"],
            "found": self.logs.filter_log_events(logGroupName=GROUP)["events"],
            "streams": self.logs.describe_log_streams(logGroupName=GROUP)["logStreams"],
            "groups": self.logs.describe_log_groups()["logGroups"],
            "trace": self.xray.batch_get_traces(TraceIds=[trace])["Traces"],
        }


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "local"
    control.down(tmp_path / "local")


def kept(state: Path) -> bytes:
    """The backend of CloudWatch, as it is in the database."""
    with contextlib.closing(sqlite3.connect(state / "cloud.sqlite")) as database:
        query = "SELECT content FROM part WHERE name = 'cloudwatch/123456789012/us-east-1'"
        return database.execute(query).fetchone()[0]


def test_what_was_observed_is_there_after_a_crash_and_after_a_restart(state: Path) -> None:
    running = control.up(state, port=0)
    cloud, trace, now = Observed(running), new_trace_id(), time.time()
    cloud.logs.create_log_group(logGroupName=GROUP)
    cloud.logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    cloud.cloudwatch.put_metric_alarm(
        AlarmName="kept",
        Namespace="Tests",
        MetricName="Kept",
        Statistic="Sum",
        Period=3600,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=5,
    )
    cloud.cloudwatch.put_metric_data(Namespace="Tests", MetricData=[{"MetricName": "Kept", "Values": [1, 2, 3.5]}])
    eventually(lambda: cloud.alarm() == "ALARM")
    eventually(lambda: b"ALARM" in kept(state))  # its state changes without a request, and is kept within a second
    segment = {"name": "a", "id": "1" * 16, "trace_id": trace, "start_time": now, "end_time": now + 1}
    cloud.xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])
    events = [{"timestamp": int(now * 1000) + number, "message": f"line {number}"} for number in range(3)]
    cloud.logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=events)
    before = cloud.answers(trace)
    assert [one["message"] for one in before["events"]] == ["line 0", "line 1", "line 2"]
    assert [(one["Sum"], one["ExtendedStatistics"]) for one in before["data"]] == [(6.5, {"p50": 2.0})]
    os.kill(running.pid, signal.SIGKILL)
    running = control.up(state, port=0)
    assert Observed(running).answers(trace) == before
    assert control.down(state)
    running = control.up(state, port=0)
    assert Observed(running).answers(trace) == before
