"""Traces are there after a restart, and go after 30 days."""

from __future__ import annotations

import json

import pytest
from moto.xray.models import XRayBackend
from moto.xray.responses import XRayResponse

from localcloud.durability.database import Database
from localcloud.xray import traces

HERE = ("123456789012", "us-east-1")
DAY = 86400


@pytest.fixture
def backend(monkeypatch):
    """moto's backend, whose methods are as before after the test."""
    monkeypatch.setattr(XRayResponse, "trace_segments", XRayResponse.trace_segments)
    for name in ("process_segment", "add_telemetry_records", "get_trace_summary", "get_trace_ids"):
        monkeypatch.setattr(XRayBackend, name, getattr(XRayBackend, name))
    return XRayBackend(HERE[1], HERE[0])


def put(backend, trace, start):
    document = {"name": "a", "id": "1", "trace_id": trace, "start_time": start, "end_time": start + 1}
    backend.process_segment(json.dumps(document))
    return json.dumps(document)


def test_traces_are_there_after_a_restart(tmp_path, backend):
    database = Database(tmp_path / "cloud.sqlite")
    traces.install(database)
    document = put(backend, f"1-{1000:08x}-a", 1000.5)
    put(XRayBackend("eu-west-1", HERE[0]), f"1-{1000:08x}-b", 1000.5)
    database.close()
    database = Database(tmp_path / "cloud.sqlite")
    found = traces.summaries(database, *HERE, 990, 1010)["TraceSummaries"]
    assert [(one["Id"], one["Duration"]) for one in found] == [(f"1-{1000:08x}-a", 1.0)]
    assert traces.summaries(database, *HERE, 1001, 1010)["TraceSummaries"] == []
    (whole,) = traces.whole(database, *HERE, [f"1-{1000:08x}-a"])["Traces"]
    assert [one["Document"] for one in whole["Segments"]] == [document]
    database.close()


def test_traces_older_than_30_days_go(backend, monkeypatch):
    monkeypatch.setattr(traces, "CHUNK", 20)
    database = Database()
    traces.install(database)
    for number in range(traces.CHUNK + 5):
        put(backend, f"1-{5 * DAY:08x}-{number}", 5 * DAY)
    put(backend, f"1-{6 * DAY:08x}-new", 6 * DAY)
    traces.clean(database, 35.5 * DAY)
    found = traces.summaries(database, *HERE, 0, 40 * DAY)["TraceSummaries"]
    assert [one["Id"] for one in found] == [f"1-{6 * DAY:08x}-new"]
    database.close()
