"""The trace of an execution, from X-Ray: what took how long.

DescribeExecution has a trace header only if the caller gave one. So the trace is looked for among those that began with
the execution: the state machine's segment names the execution.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

AT_ONCE = 5  # traces; BatchGetTraces gives no more
MOST = 50  # traces of the same seconds that are looked at
MARGIN = timedelta(seconds=2)


def of(xray: Any, described: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The segments of an execution's trace; none if it has no trace, or X-Ray does not have it yet.

    Args:
        xray: The client.
        described: DescribeExecution's answer.
    """
    header = described.get("traceHeader") or ""
    given = next((part[5:] for part in header.split(";") if part.startswith("Root=")), None)
    began, arn = described["startDate"], described["executionArn"]
    if given is None:
        found = xray.get_trace_summaries(StartTime=began - MARGIN, EndTime=began + MARGIN)["TraceSummaries"]
        ids = [one["Id"] for one in found][:MOST]
    else:
        ids = [given]
    for start in range(0, len(ids), AT_ONCE):
        for trace in xray.batch_get_traces(TraceIds=ids[start : start + AT_ONCE])["Traces"]:
            documents = [one["Document"] for one in trace["Segments"]]
            if given or any(arn in document for document in documents):
                return list(map(json.loads, documents))
    return []


def spans(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The segments of a trace and their parts, each with its depth, in the order of their begin.

    Example::

        >>> root = {"id": "1", "name": "machine", "start_time": 1.0, "end_time": 3.0,
        ...         "subsegments": [{"id": "2", "name": "Ask", "start_time": 1.0, "end_time": 2.0}]}
        >>> function = {"id": "3", "parent_id": "2", "name": "classify", "start_time": 1.2, "end_time": 1.8}
        >>> [(one["name"], one["depth"]) for one in spans([function, root])]
        [('machine', 0), ('Ask', 1), ('classify', 2)]
    """
    children: dict[str | None, list[dict[str, Any]]] = {}
    ids = set()

    def gather(segment: dict[str, Any], parent: str | None) -> None:
        ids.add(segment["id"])
        children.setdefault(parent, []).append(segment)
        for part in segment.get("subsegments", []):
            gather(part, segment["id"])

    for one in documents:
        gather(one, one.get("parent_id"))
    found: list[dict[str, Any]] = []

    def walk(segment: dict[str, Any], depth: int) -> None:
        begin = segment["start_time"]
        found.append(
            {
                "name": segment["name"],
                "depth": depth,
                "began": begin,
                "seconds": segment.get("end_time", begin) - begin,
                "failed": bool(segment.get("fault") or segment.get("error")),
            }
        )
        for part in sorted(children.get(segment["id"], []), key=lambda one: one["start_time"]):
            walk(part, depth + 1)

    roots = [one for parent, group in children.items() if parent not in ids for one in group]
    for root in sorted(roots, key=lambda one: one["start_time"]):
        walk(root, 0)
    return found
