"""The state machines of the soak, and how each of their executions must end.

A function writes a line at the end of every call. The line tells which state of which execution called it.
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.kills.victim import ACCOUNT, REGION

FUNCTION, QUEUE, ACTIVITY = "kills", "kills-tokens", "kills-work"
ARN = f"arn:aws:states:{REGION}:{ACCOUNT}"
#: Follows the code of :class:`benchmarks.beacon.Beacon`.
HANDLER = """
import json, time

class Expected(Exception):
    pass

def handler(event, context):
    begun = time.time()
    time.sleep(0.3)
    line = {"call": event["call"], "begun": begun, "ended": time.time()}
    tell("calls", json.dumps(line))
    if event["tries"] < event["fails"]:
        raise Expected("as it should")
    return {"x": event["x"]}
"""
Json = dict[str, Any]


@dataclass(frozen=True)
class Ending:
    """How an execution must end.

    Attributes:
        status: Its status.
        calls: How many calls of the function it makes.
        redrives: How often it must be redriven.
        error: Its error.
    """

    status: str
    calls: int
    redrives: int = 0
    error: str | None = None


ENDINGS = {
    "flows": Ending("SUCCEEDED", 9),
    "retries": Ending("SUCCEEDED", 5),
    "fails": Ending("FAILED", 1, error="Kills.Expected"),
    "redriven": Ending("SUCCEEDED", 3, redrives=1),
    "token": Ending("SUCCEEDED", 1),
    "activity": Ending("SUCCEEDED", 1),
    "parent": Ending("SUCCEEDED", 3),
    "express": Ending("SUCCEEDED", 2),
}
#: Machines that only others start.
INNER = ("child",)


def task(name: str, *, fails: int = 0, tries: str = "$$.State.RetryCount", **more: Any) -> Json:
    """A Task that calls the function. It fails the first times.

    Args:
        fails: How often it fails.
        tries: The path in the context object that tells how often it was tried.
    """
    payload = {
        "x.$": "$.x",
        "fails": fails,
        "tries.$": tries,
        "call.$": f"States.Format('{{}} {name} {{}} {{}}', $$.Execution.Name, $.i, {tries})",
    }
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": FUNCTION, "Payload": payload},
        "ResultPath": None,
        **more,
    }


def definitions() -> dict[str, Json]:
    """The definitions, by the machines' names."""

    def flow(first: str, **states: Json) -> Json:
        return {"StartAt": first, "States": states}

    call: Callable[..., Json] = lambda name, **more: task(name, **more)  # noqa: E731
    item = flow("Item", Item=call("Item", End=True))
    apart = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    apart |= flow("Apart", Apart=call("Apart", End=True))
    each = {"Type": "Map", "ItemsPath": "$.items", "ResultPath": None}
    chosen = {"x.$": "$.x", "i.$": "$$.Map.Item.Value"}
    chosen_apart = {"x.$": "$.x", "i.$": "States.Format('{}-{}', $.x, $$.Map.Item.Value)"}
    caught = {"ErrorEquals": ["Expected"], "ResultPath": None, "Next": "Last"}
    again = {"ErrorEquals": ["Expected"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1}
    child = {"StateMachineArn": f"{ARN}:stateMachine:child", "Input.$": "$"}
    sync = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "ResultPath": None}
    by_token = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{QUEUE}",
            "MessageBody.$": "$$.Task.Token",
        },
        "ResultPath": None,
    }
    worker_is_gone = {"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 20, "BackoffRate": 1}
    worked = {"Type": "Task", "Resource": f"{ARN}:activity:{ACTIVITY}", "ResultPath": None}
    worked |= {"TimeoutSeconds": 15, "Retry": [worker_is_gone]}
    return {
        "flows": flow(
            "First",
            First=call("First", Next="Wait"),
            Wait={"Type": "Wait", "Seconds": 2, "Next": "Second"},
            Second=call("Second", Next="Both"),
            Both={
                "Type": "Parallel",
                "Branches": [
                    flow("Left", Left=call("Left", End=True)),
                    flow("Right", Right=call("Right", End=True)),
                ],
                "ResultPath": None,
                "Next": "Each",
            },
            Each={**each, "ItemSelector": chosen, "ItemProcessor": item, "Next": "Far"},
            Far={**each, "ItemSelector": chosen_apart, "ItemProcessor": apart, "Next": "Last"},
            Last=call("Last", End=True),
        ),
        "retries": flow(
            "Again",
            Again=call("Again", fails=2, Retry=[again], Next="Never"),
            Never=call("Never", fails=9, Catch=[caught], Next="Last"),
            Last=call("Last", End=True),
        ),
        "fails": flow(
            "First",
            First=call("First", Next="Over"),
            Over={"Type": "Fail", "Error": "Kills.Expected", "Cause": "as it should"},
        ),
        "redriven": flow(
            "First",
            First=call("First", Next="Second"),
            Second=call("Second", fails=1, tries="$$.Execution.RedriveCount", End=True),
        ),
        "token": flow("Token", Token={**by_token, "Next": "Last"}, Last=call("Last", End=True)),
        "activity": flow("Worker", Worker={**worked, "Next": "Last"}, Last=call("Last", End=True)),
        "parent": flow(
            "Named",
            Named={
                **sync,
                "Parameters": {**child, "Name.$": "States.Format('{}-named', $$.Execution.Name)"},
                "Next": "Unnamed",
            },
            Unnamed={**sync, "Parameters": child, "Next": "Last"},
            Last=call("Last", End=True),
        ),
        "express": flow("First", First=call("First", Next="Last"), Last=call("Last", End=True)),
        "child": flow("Only", Only=call("Only", End=True)),
    }


def given(number: int) -> str:
    """The input of an execution. It is the output too."""
    return json.dumps({"x": number, "i": 0, "items": [1, 2]}, separators=(",", ":"))


def packaged(code: str) -> bytes:
    """A function's zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", code)
    return buffer.getvalue()


def repeated(calls: list[Mapping[str, Any]], kills: list[float], *, slack: float) -> list[str]:
    """The calls that were made again although they had ended before a kill.

    Args:
        calls: The lines of the function: ``call``, and ``begun`` and ``ended`` in seconds since 1970.
        kills: The moments of the kills.
        slack: How long the cloud has, after a call's end, to keep its answer, in seconds.
    """
    found = []
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for call in sorted(calls, key=lambda call: call["begun"]):
        by_name.setdefault(call["call"], []).append(call)
    for name, those in by_name.items():
        for before, after in itertools.pairwise(those):
            if not any(before["begun"] < kill < after["begun"] and kill < before["ended"] + slack for kill in kills):
                found.append(name)
    return found
