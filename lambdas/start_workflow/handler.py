"""startWorkflow: starts an execution for each object that has arrived in the bucket.

An SQS queue gives it EventBridge's events "Object Created" (event.json) of all objects under the prefix. Those whose
key ends in none of SUFFIXES, in any case of letters, start nothing. The execution's name comes from the bucket, the
key and the object's version. So an event that is delivered twice starts no second execution:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html

With AT_MOST, it waits until each execution has ended. Then no more executions run at once than invocations of it.
"""

import hashlib
import json
import os
import re
import time

import boto3
from botocore.config import Config

NAME = 76  # an execution's name has at most 80 characters, and another try adds -r1 to -r999
# A throttled StartExecution is tried again here, and then by the queue.
states = boto3.client("stepfunctions", config=Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard"}))


class NoArrivalError(Exception):
    """The message is no event of an object that has arrived."""


def handler(event, context):
    """The messages that were not handled. The queue delivers them again, and they are dead letters in the end."""
    failed = []
    for record in event["Records"]:
        log = {"function": "startWorkflow", "message": record.get("messageId")}
        try:
            log |= start(json.loads(record["body"]))
            if "execution_arn" in log and os.environ.get("AT_MOST"):
                wait(log["execution_arn"])
        except Exception as error:  # noqa: BLE001 - whatever it is, the other messages are handled
            print(json.dumps({"level": "ERROR", **log, "error": type(error).__name__, "reason": str(error)}))
            failed.append({"itemIdentifier": record["messageId"]})
        else:
            print(json.dumps({"level": "INFO", **log}))
    return {"batchItemFailures": failed}


def start(event):
    """Start the execution for an event, unless it has been started already, or the object has another suffix."""
    if event["detail-type"] != "Object Created":
        raise NoArrivalError(f"the message is {event['detail-type']!a}, not 'Object Created'")
    detail = event["detail"]
    bucket, found = detail["bucket"]["name"], detail["object"]
    key, version = found["key"], found.get("version-id")
    image = {"image_url": f"s3://{bucket}/{key}"}
    if not key.lower().endswith(tuple(suffix.lower() for suffix in json.loads(os.environ["SUFFIXES"]))):
        return image | {"not_started": f"its key ends in none of {os.environ['SUFFIXES']}"}
    given = {"s3_bucket": bucket, "s3_key": key, **({"s3_version": version} if version else {})}
    name = name_of(bucket, key, version or found.get("sequencer", ""))
    arn = os.environ["STATE_MACHINE_ARN"]
    started = f"{arn.replace(':stateMachine:', ':execution:')}:{name}"
    try:
        states.start_execution(stateMachineArn=arn, name=name, input=json.dumps(given, sort_keys=True))
    except states.exceptions.ExecutionAlreadyExists:
        return image | {"execution_arn": started, "again": True}
    return image | {"execution_arn": started}


def name_of(bucket, key, version):
    """The execution's name: the same for the same version of an object, and different for every other one."""
    digest = hashlib.sha256(json.dumps([bucket, key, version]).encode()).hexdigest()[:32]
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", key.rpartition("/")[2].rpartition(".")[0]).strip("-")
    return "-".join(part for part in ("arrival", stem[: NAME - len("arrival--") - len(digest)], digest) if part)


def wait(arn):
    """Wait until an execution has ended, however it did. DescribeExecution may not know a new one yet."""
    status, pause = "RUNNING", 0.1
    while status == "RUNNING":
        time.sleep(pause)
        pause = min(pause * 2, 5)
        try:
            status = states.describe_execution(executionArn=arn)["status"]
        except states.exceptions.ExecutionDoesNotExist:
            continue
