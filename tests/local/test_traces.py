"""PutTraceSegments' segments come back from GetTraceSummaries and BatchGetTraces."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.xray.segments import new_trace_id


def test_a_trace_has_its_segments_and_the_latest_document_of_each(cloud: Any) -> None:
    xray, trace, now = cloud.client("xray"), new_trace_id(), time.time()
    begun = {"name": "front", "id": "a" * 16, "trace_id": trace, "start_time": now, "in_progress": True}
    ended = {"name": "front", "id": "a" * 16, "trace_id": trace, "start_time": now, "end_time": now + 1.5}
    behind = {**ended, "name": "back", "id": "b" * 16, "start_time": now + 1, "end_time": now + 1.25, "fault": True}

    def summary() -> list[dict[str, Any]]:
        found = xray.get_trace_summaries(StartTime=now - 5, EndTime=now + 5)["TraceSummaries"]
        return [one for one in found if one["Id"] == trace]

    xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(begun)])
    assert summary() == []
    bad = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(behind), json.dumps(ended), "{}", "no JSON"])
    assert [one["ErrorCode"] for one in bad["UnprocessedTraceSegments"]] == ["MissingParam", "JSONFormatError"]
    (found,) = summary()
    assert (found["Duration"], found["HasFault"], found["HasError"]) == (1.5, True, False)
    whole = xray.batch_get_traces(TraceIds=[trace, "1-00000000-none"])
    (one,) = whole["Traces"]
    assert [json.loads(segment["Document"]) for segment in one["Segments"]] == [ended, behind]
    assert (one["Duration"], whole["UnprocessedTraceIds"]) == (1.5, ["1-00000000-none"])


def test_a_filter_expression_is_refused(cloud: Any) -> None:
    with pytest.raises(ClientError, match="does not support FilterExpression"):
        cloud.client("xray").get_trace_summaries(StartTime=1, EndTime=2, FilterExpression="fault")
