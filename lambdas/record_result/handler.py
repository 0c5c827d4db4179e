"""recordResult: writes the result of an execution to the bucket, and tells it to EventBridge.

An SQS queue gives it EventBridge's events "Step Functions Execution Status Change" (event.json) of the executions that
startWorkflow started. The result is results/dt=YYYY-MM-DD/NAME.json, with the day (UTC) when the execution began. So an
event that is delivered twice, and an execution that is redriven, write the same object. Events may come in another
order than they happened, so a result is written only over an earlier one.
"""

import json
import os

import boto3
from botocore.config import Config
from ending import result
from latest import write

CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard"})
s3, events = boto3.client("s3", config=CONFIG), boto3.client("events", config=CONFIG)


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
    """Write the result of an ended execution, and tell it, unless a later end of it has been written."""
    detail = event["detail"]
    found = result(detail)
    key = f"{os.environ['RESULTS']}/dt={found['started_at'][:10]}/{detail['name']}.json"
    log = {"execution": detail["name"], "status": found["status"], "result_key": key}
    if (later := write(s3, os.environ["BUCKET"], key, found)) is not None:
        return log | {"not_written": f"the execution was redriven, and ended again at {later}"}
    name = "ImageClassified" if found["status"] == "SUCCEEDED" else "ImageNotClassified"
    told = {"Source": os.environ["SOURCE"], "DetailType": name, "Detail": json.dumps(found | {"result_key": key})}
    answer = events.put_events(Entries=[told | {"Resources": [detail["executionArn"]]}])
    if answer["FailedEntryCount"]:
        raise NotToldError(f"EventBridge did not take {name}: {answer['Entries'][0].get('ErrorCode')}")
    return log
