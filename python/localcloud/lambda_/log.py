"""The log events of one run of a function: INIT_START at its worker's start, START, its own output, END, REPORT.

They are text, or JSON if the function's LoggingConfig asks for it. Source: AWS Lambda Developer Guide, "Viewing
CloudWatch logs for Lambda functions", "Telemetry API Event schema" and "Log level filtering".
"""

from __future__ import annotations

import json
import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.lambda_.environment import FunctionAnswer
from localcloud.lambda_.gaps.configuration import logging_config
from localcloud.logs.finding import existing_group

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

    from localcloud.iam.acting import Acting


OUT_OF_MEMORY = "Runtime.OutOfMemory"


def entries(function: LambdaFunction, request_id: str, done: FunctionAnswer) -> list[str]:
    r"""The log events of one run, in order. Each ends in a newline.

    Example::

        >>> from types import SimpleNamespace
        >>> function = SimpleNamespace(function_name="hello", version="$LATEST", memory_size=128, kept={})
        >>> done = FunctionAnswer(b"{}", False, "hello\n", 0.0021, None, 31, finished=False)
        >>> for event in entries(function, "8f3a", done):
        ...     print(event.rstrip())
        START RequestId: 8f3a Version: $LATEST
        hello
        END RequestId: 8f3a
        REPORT RequestId: 8f3a Duration: 2.10 ms Billed Duration: 3 ms Memory Size: 128 MB Max Memory Used: 31 MB
    """
    written = [f"{line}\n" for line in done.log.split("\n") if line]
    if done.finished:
        written += _last_words(request_id, done)
    logging = logging_config(function)
    if logging["LogFormat"] == "JSON":
        if logging["SystemLogLevel"] == "WARN":  # the other events have the level INFO
            report = [_platform("report", _metrics(function, request_id, done))] if done.error else []
            return [*written, *report]
        init = {"initializationType": "on-demand", "phase": "init", "runtimeVersion": done.runtime}
        start = {"requestId": request_id, "version": str(function.version)}
        last = _platform("report", _metrics(function, request_id, done))
        return [*([_platform("initStart", init)] if done.runtime else []), _platform("start", start), *written, last]
    return [
        *([f"INIT_START Runtime Version: {done.runtime}\n"] if done.runtime else []),
        f"START RequestId: {request_id} Version: {function.version}\n",
        *written,
        f"END RequestId: {request_id}\n",
        _report(function, request_id, done),
    ]


def write(function: LambdaFunction, stream: str, found: list[str], *, role: Acting) -> None:
    """Put log events into the function's log group with the permissions of its role.

    A missing group or stream is created, as Lambda does. If the role does not allow one of the calls, nothing is
    written and the events are lost.
    """
    name = function.logs_group_name
    group = existing_group(function.account_id, function.region, name)
    which = {"logGroupName": name, "logStreamName": stream}
    calls = [("PutLogEvents", which)]
    if group is None:
        calls = [("CreateLogGroup", {"logGroupName": name}), ("CreateLogStream", which), *calls]
    elif stream not in group.streams:
        calls = [("CreateLogStream", which), *calls]
    if not all(role.may_often("logs", operation, given) for operation, given in calls):
        return
    if group is None or stream not in group.streams:
        backend = function.logs_backend
        backend.ensure_log_group(name)
        backend.ensure_log_stream(name, stream)
        group = backend.groups[name]
    now = int(time.time() * 1000)
    group.put_log_events(stream, [{"timestamp": now, "message": message} for message in found])


def _last_words(request_id: str, done: FunctionAnswer) -> list[str]:
    found = json.loads(done.payload)
    if found["errorType"] == "Sandbox.Timedout":
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return [f"{stamp} {request_id} {found['errorMessage'].partition('Error: ')[2]}\n"]
    if found["errorType"] in ("Runtime.ExitError", OUT_OF_MEMORY):
        return [f"{found['errorMessage']}\nRuntime.ExitError\n"]
    return []


def _report(function: LambdaFunction, request_id: str, done: FunctionAnswer) -> str:
    milliseconds = done.seconds * 1000
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {math.ceil(milliseconds)} ms",
        f"Memory Size: {function.memory_size} MB",
        f"Max Memory Used: {done.max_memory_mb} MB",
    ]
    if done.init_seconds is not None:
        parts.append(f"Init Duration: {done.init_seconds * 1000:.2f} ms")
    if done.finished and json.loads(done.payload)["errorType"] == OUT_OF_MEMORY:
        parts += ["Status: error", f"Error Type: {OUT_OF_MEMORY}"]
    return "\t".join(parts) + "\t\n"


def _metrics(function: LambdaFunction, request_id: str, done: FunctionAnswer) -> dict[str, Any]:
    milliseconds = round(done.seconds * 1000, 3)
    metrics = {
        "durationMs": milliseconds,
        "billedDurationMs": math.ceil(milliseconds),
        "memorySizeMB": int(function.memory_size),
        "maxMemoryUsedMB": done.max_memory_mb,
    }
    if done.init_seconds is not None:
        metrics["initDurationMs"] = round(done.init_seconds * 1000, 3)
    return {"requestId": request_id, "metrics": metrics, "status": "error" if done.error else "success"}


def _platform(kind: str, record: dict[str, Any]) -> str:
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": stamp, "type": f"platform.{kind}", "record": record}) + "\n"
