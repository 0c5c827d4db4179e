"""ResultWriter: the files with the results of a distributed Map.

AWS: Step Functions Developer Guide, "ResultWriter (Map)": ``manifest.json`` names the files of the children that
succeeded, that failed and that never ran: SUCCEEDED_0.json, FAILED_0.json and PENDING_0.json. WriterConfig chooses what
an entry is (Transformation) and how entries are written (OutputType).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.utils import get_service_model

from localcloud.stepfunctions.integrations import failures
from localcloud.stepfunctions.integrations.names import OPTIMIZED
from localcloud.stepfunctions.integrations.shapes import iso, text_of
from localcloud.stepfunctions.language.scope import Json, StateFailure

FILES = {
    "SUCCEEDED": ("SUCCEEDED",),
    "FAILED": ("FAILED", "TIMED_OUT", "ABORTED"),
    "PENDING": ("PENDING",),
}


@dataclass(frozen=True)
class Child:
    """One child of a map run.

    Attributes:
        name: Its name, a UUID.
        machine_arn: ``arn:aws:states:…:stateMachine:NAME/LABEL``.
        execution_arn: Its ARN. None: it never ran.
        status: SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING.
        input: Its input as JSON text.
        output: Its output as JSON text, if it succeeded.
        error: Its error, if it failed.
        cause: The error's cause.
        started: Seconds since 1970.
        stopped: Seconds since 1970.
        redrive_count: How often it was redriven.
    """

    name: str
    machine_arn: str
    execution_arn: str | None
    status: str
    input: str
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    started: float | None = None
    stopped: float | None = None
    redrive_count: int = 0


def place(arguments: Mapping[str, Json]) -> tuple[str, str | None]:
    """The bucket and the prefix of a ResultWriter.

    Raises:
        StateFailure: States.ResultWriterFailed: one of them is no text.

    Example::

        >>> place({"Bucket": "b", "Prefix": "jobs"})
        ('b', 'jobs')
    """
    found = {name: arguments.get(name) for name in ("Bucket", "Prefix")}
    for name, value in found.items():
        if not isinstance(value, str) and (name == "Bucket" or value is not None):
            cause = f"The {name} of the ResultWriter must be a string but was: {text_of(value)}"
            raise StateFailure("States.ResultWriterFailed", cause)
    return str(found["Bucket"]), found["Prefix"]


def folder(prefix: str | None, map_run_arn: str) -> str:
    """Where a map run's files are.

    Example::

        >>> folder("jobs/", "arn:aws:states:us-east-1:123456789012:mapRun:m/Map:1-2"), folder(None, "a:1")
        ('jobs/1-2/', '1/')
    """
    below = (prefix or "").rstrip("/")
    return f"{below}/{map_run_arn.rpartition(':')[2]}/".lstrip("/")


def details(bucket: str, prefix: str | None, map_run_arn: str) -> dict[str, Json]:
    """The Map's result if its results are in S3."""
    key = f"{folder(prefix, map_run_arn)}manifest.json"
    return {"MapRunArn": map_run_arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}


def result_files(
    bucket: str, prefix: str | None, map_run_arn: str, children: Sequence[Child], config: Mapping[str, Json]
) -> dict[str, bytes]:
    """The files of a map run: whole keys and contents. The manifest is the last.

    Args:
        config: WriterConfig: Transformation NONE, COMPACT or FLATTEN; OutputType JSON or JSONL.
    """
    ending = str(config.get("OutputType", "JSON")).lower()
    where = folder(prefix, map_run_arn)
    files: dict[str, bytes] = {}
    listed: dict[str, Json] = {}
    for name, statuses in sorted(FILES.items()):
        entries = transformed([child for child in children if child.status in statuses], config)
        listed[name] = []
        if entries:
            key = f"{where}{name}_0.{ending}"
            files[key] = written(entries, ending)
            listed[name] = [{"Key": key, "Size": len(files[key])}]
    manifest = {"DestinationBucket": bucket, "MapRunArn": map_run_arn, "ResultFiles": listed}
    files[f"{where}manifest.json"] = text_of(manifest).encode()
    return files


def transformed(children: Sequence[Child], config: Mapping[str, Json]) -> list[Json]:
    """The entries of children. One that failed keeps its whole entry, whatever the Transformation is.

    Example::

        >>> child = Child("a", "m", "e", "SUCCEEDED", "{}", output="[1, 2]")
        >>> transformed([child], {"Transformation": "COMPACT"}), transformed([child], {"Transformation": "FLATTEN"})
        ([[1, 2]], [1, 2])
    """
    how = config.get("Transformation", "NONE")
    entries: list[Json] = []
    for child in children:
        if how == "NONE" or child.status != "SUCCEEDED":
            entries.append(entry(child))
            continue
        output = json.loads(child.output or "null")
        entries += output if how == "FLATTEN" and isinstance(output, list) else [output]
    return entries


def entry(child: Child) -> dict[str, Json]:
    """A child's whole entry, with its members in alphabetical order."""
    ran = child.execution_arn is not None
    redrivable = child.status in FILES["FAILED"]
    shown: dict[str, Json] = {
        "Cause": child.cause,
        "Error": child.error,
        "ExecutionArn": child.execution_arn,
        "Input": child.input,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "Output": child.output,
        "OutputDetails": {"Included": True} if child.output is not None else None,
        "RedriveCount": child.redrive_count if ran else None,
        "RedriveStatus": ("REDRIVABLE_BY_MAP_RUN" if redrivable else "NOT_REDRIVABLE") if ran else None,
        "RedriveStatusReason": f"Execution is {child.status} and cannot be redriven"
        if ran and not redrivable
        else None,
        "StartDate": _moment(child.started),
        "StateMachineArn": child.machine_arn,
        "Status": child.status,
        "StopDate": _moment(child.stopped),
    }
    return {name: value for name, value in shown.items() if value is not None}


def written(entries: Sequence[Json], ending: str) -> bytes:
    r"""A file's content.

    Example::

        >>> written([{"a": 1}, 2], "json"), written([{"a": 1}, 2], "jsonl")
        (b'[{"a":1},2]', b'{"a":1}\n2')
    """
    return ("\n".join(map(text_of, entries)) if ending == "jsonl" else text_of(list(entries))).encode()


def write(s3: Any, bucket: str, files: Mapping[str, bytes]) -> None:
    """Put the files.

    Args:
        s3: boto3's client of S3, in the role of the state machine.

    Raises:
        StateFailure: States.ResultWriterFailed.
    """
    try:
        for key, content in files.items():
            s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")
        return
    except ClientError as error:
        operation = get_service_model("s3").operation_model(error.operation_name)
        cause = failures.of_answer(error, OPTIMIZED["s3"], operation, sdk=False).cause
    except BotoCoreError as error:
        cause = failures.of_connection(error, OPTIMIZED["s3"]).cause
    raise StateFailure("States.ResultWriterFailed", cause)


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else iso(datetime.fromtimestamp(seconds, UTC))
