"""recordResult: writes the result of an execution to the bucket, and tells it to EventBridge.

An SQS queue gives it EventBridge's events "Step Functions Execution Status Change" (event.json) of the executions that
startWorkflow started. The result is results/dt=YYYY-MM-DD/NAME.json, with the day (UTC) when the execution began. So an
event that is delivered twice, and an execution that is redriven, write the same object.
"""

import json
import os
from datetime import UTC, datetime

import boto3
from botocore.config import Config

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard"})
s3, events = boto3.client("s3", config=CONFIG), boto3.client("events", config=CONFIG)
ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
ANSWER = ("classification", "confidence_score", "threshold", "class_probabilities", "model", "processing_time_ms")


class NoEndError(Exception):
    """The message is no event of an execution that has ended."""


class NotToldError(Exception):
    """EventBridge did not take the event."""


def handler(event, context):
    """The messages that were not handled. The queue delivers them again, and they are dead letters in the end."""
    failed = []
    for record in event["Records"]:
        log = {"function": "recordResult", "message": record.get("messageId")}
        try:
            log |= keep(json.loads(record["body"]))
        except Exception as error:  # noqa: BLE001 - whatever it is, the other messages are handled
            print(json.dumps({"level": "ERROR", **log, "error": type(error).__name__, "reason": str(error)}))
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            print(json.dumps({"level": "INFO", **log}))
    return {"batchItemFailures": failed}


def keep(event):
    """Write the result of an ended execution, and tell it."""
    detail = event["detail"]
    if detail["status"] not in ENDED:
        raise NoEndError(f"the execution is {detail['status']}, and has not ended")
    found = result(detail)
    key = f"{os.environ['RESULTS']}/dt={found['started_at'][:10]}/{detail['name']}.json"
    body = json.dumps(found, indent=2)
    s3.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=body.encode(), ContentType="application/json")
    name = "ImageClassified" if found["status"] == "SUCCEEDED" else "ImageNotClassified"
    told = {"Source": os.environ["SOURCE"], "DetailType": name, "Detail": json.dumps(found | {"result_key": key})}
    answer = events.put_events(Entries=[told | {"Resources": [detail["executionArn"]]}])
    if answer["FailedEntryCount"]:
        raise NotToldError(f"EventBridge did not take {name}: {answer['Entries'][0].get('ErrorCode')}")
    return {"execution": detail["name"], "status": found["status"], "result_key": key}


def result(detail):
    """The result, from an event's detail."""
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
    """ISO 8601 in UTC, of milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
