"""The segments of traces, in the cloud's database.

moto keeps segments and telemetry records in lists (``xray/models.py``). It keeps a segment that was sent while it was
in progress beside the same one when it has ended, and every trace has a response time of 1.

AWS: "X-Ray stores trace data for 30 days" (X-Ray Developer Guide, Concepts). GetTraceSummaries finds traces by the time
in their ids (X-Ray API Reference, TimeRangeType). A segment's document replaces an earlier one of the same id. The
local cloud refuses filter expressions.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import AWSError
from moto.xray.exceptions import BadSegmentException
from moto.xray.models import TelemetryRecords, TraceSegment, XRayBackend
from moto.xray.responses import XRayResponse

from localcloud.durability import upkeep

if TYPE_CHECKING:
    from localcloud.durability.database import Database

KEPT_SECONDS = 30 * 86400
CLEAN_SECONDS = 3600.0
CHUNK = 2000
TABLES = (
    """CREATE TABLE IF NOT EXISTS trace_segment (account TEXT NOT NULL, region TEXT NOT NULL, trace TEXT NOT NULL,
    id TEXT NOT NULL, time INTEGER NOT NULL, start REAL NOT NULL, end REAL, error INTEGER NOT NULL,
    fault INTEGER NOT NULL, throttle INTEGER NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (account, region, trace, id))""",
    "CREATE INDEX IF NOT EXISTS trace_segment_by_time ON trace_segment (time)",
)


def install(database: Database) -> None:
    """Let X-Ray's operations use the database."""
    for statement in TABLES:
        database.declare(statement)
    receive = XRayResponse.trace_segments

    def trace_segments(self: XRayResponse) -> Any:
        answer = receive(self)
        database.flush()
        return answer

    def process_segment(self: XRayBackend, doc: str) -> None:
        database.soon(
            "INSERT OR REPLACE INTO trace_segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(self.account_id, self.region_name, *_row(doc))],
        )

    def add_telemetry_records(self: XRayBackend, src: dict[str, Any]) -> None:
        TelemetryRecords.from_json(src)  # checks them; no operation returns them

    def get_trace_summary(
        self: XRayBackend, start_time: datetime, end_time: datetime, filter_expression: str | None
    ) -> dict[str, Any]:
        if filter_expression:
            raise AWSError(
                "the local cloud does not support FilterExpression: leave it out",
                exception_type="InvalidRequestException",
                status=400,
            )
        where = (self.account_id, self.region_name, int(start_time.timestamp()), int(end_time.timestamp()))
        return summaries(database, *where)

    def get_trace_ids(self: XRayBackend, trace_ids: Sequence[str]) -> dict[str, Any]:
        return whole(database, self.account_id, self.region_name, trace_ids)

    XRayResponse.trace_segments = trace_segments
    XRayBackend.process_segment = process_segment
    XRayBackend.add_telemetry_records = add_telemetry_records
    XRayBackend.get_trace_summary = get_trace_summary
    XRayBackend.get_trace_ids = get_trace_ids
    upkeep.every(CLEAN_SECONDS, lambda: clean(database, time.time()))


def summaries(database: Database, account: str, region: str, begin: int, end: int) -> dict[str, Any]:
    """GetTraceSummaries' answer: the traces with a time from begin to end, in seconds since 1970."""
    rows = database.read(
        "SELECT trace, min(start), max(end), max(error), max(fault), max(throttle) FROM trace_segment"
        " INDEXED BY trace_segment_by_time"
        " WHERE time BETWEEN ? AND ? AND account = ? AND region = ? GROUP BY trace ORDER BY time",
        (begin, end, account, region),
    )
    found = [
        {
            "Id": trace,
            "Duration": round(last - first, 3),
            "ResponseTime": round(last - first, 3),
            "HasError": bool(error),
            "HasFault": bool(fault),
            "HasThrottle": bool(throttle),
            "IsPartial": False,
            "Annotations": {},
            "Http": {},
            "ServiceIds": [],
            "Users": [],
        }
        for trace, first, last, error, fault, throttle in rows
        if last is not None  # a segment of it has ended
    ]
    return {"ApproximateTime": int(time.time()), "TracesProcessedCount": len(found), "TraceSummaries": found}


def whole(database: Database, account: str, region: str, trace_ids: Sequence[str]) -> dict[str, Any]:
    """BatchGetTraces' answer: the segments of traces, in the order in which they began."""
    traces, absent = [], []
    for trace in trace_ids:
        rows = database.read(
            "SELECT id, document, start, end FROM trace_segment WHERE account = ? AND region = ? AND trace = ?"
            " ORDER BY start",
            (account, region, trace),
        )
        if not rows:
            absent.append(trace)
            continue
        last = max((end for *_, end in rows if end is not None), default=rows[0][2])
        segments = [{"Id": identity, "Document": document} for identity, document, _, _ in rows]
        traces.append({"Id": trace, "Duration": round(last - rows[0][2], 3), "Segments": segments})
    return {"Traces": traces, "UnprocessedTraceIds": absent}


def clean(database: Database, now: float) -> None:
    """Delete the segments of traces that are older than X-Ray keeps them, some at a time."""
    old = f"SELECT rowid FROM trace_segment WHERE time < ? LIMIT {CHUNK}"
    while rows := database.read(old, (int(now) - KEPT_SECONDS,)):
        database.now("DELETE FROM trace_segment WHERE rowid = ?", rows)


def _row(document: str) -> tuple[Any, ...]:
    """What is kept of a segment's document.

    Raises:
        BadSegmentException: It is no segment.
    """
    try:
        found = json.loads(document)
        segment = TraceSegment.from_dict(dict(found), raw=document)
        start, end = float(segment.start_time), None if segment.end_time is None else float(segment.end_time)
    except (ValueError, TypeError):
        raise BadSegmentException(code="JSONFormatError", message="Bad JSON data") from None
    stamp = re.fullmatch(r"1-([0-9a-fA-F]{8})-.*", segment.trace_id)
    moment = int(stamp.group(1), 16) if stamp else int(start)
    marks = (bool(found.get(name)) for name in ("error", "fault", "throttle"))
    return segment.trace_id, segment.id, moment, start, end, *marks, document
