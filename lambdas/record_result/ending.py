"""The result of an execution, from the event that tells its end."""

import json
from datetime import UTC, datetime

ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
ANSWER = ("classification", "confidence_score", "threshold", "class_probabilities", "model", "processing_time_ms")


class NoEndError(Exception):
    """The message is no event of an execution that has ended."""


def result(detail):
    """The result, from an event's detail."""
    if detail["status"] not in ENDED:
        raise NoEndError(f"the execution is {detail['status']}, and has not ended")
    given = json.loads(detail["input"]) if detail.get("input") else {}
    found = {
        "execution": detail["name"],
        "status": detail["status"],
        "image_url": f"s3://{given.get('s3_bucket')}/{given.get('s3_key')}",
        "s3_version": given.get("s3_version"),
        "started_at": moment(detail["startDate"]),
        "ended_at": moment(detail["stopDate"]),
    }
    if detail["status"] == "SUCCEEDED":
        # EventBridge leaves out an output that is too long for an event.
        output = json.loads(detail.get("output") or "{}")
        return found | {name: output.get(name) for name in ANSWER}
    return found | {"error": detail.get("error"), "cause": detail.get("cause")}


def moment(milliseconds):
    """ISO 8601 in UTC, of milliseconds since 1970. A later one sorts behind."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
