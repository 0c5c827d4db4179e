"""Runs a batch on the state machine with a Distributed Map, and reads the rows that ResultWriter has written.

Example::

    >>> output = {"class_labels": ["bicycle", "car"], "rows": [
    ...     {"s3_bucket": "b", "s3_key": "one.png", "probabilities": [0.9, 0.1], "package_version": 3}]}
    >>> entry = {"Status": "SUCCEEDED", "Output": json.dumps(output)}
    >>> [(row.key, row.classification, row.confidence) for row in rows_of([entry])]
    [('one.png', 'bicycle', 0.9)]

Formats: Step Functions Developer Guide, "ResultWriter (Map)", and this project's docs/json.md.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from scones.errors import WorkflowError
from scones.s3 import explained, objects
from scones.service.batch.rows import BatchRow, answered
from scones.service.batch.sources import BatchImage
from scones.service.batch.standing import Batch, BatchStart, BatchTurn

ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
#: Of a file of results, how much is in memory at once. A child's input and output have up to 256 KiB each.
PIECE_BYTES = 1 << 20
_BETWEEN, _END = re.compile(r"\s*[\[,]\s*"), re.compile(r"\s*(\[\s*)?\]\s*")
_NUMBER = re.compile(r"(\d+)-[^/]*")
COLUMNS = ("s3_bucket", "s3_key", "etag")
#: What became of items: AWS's names in DescribeMapRun's itemCounts.
_DONE = ("succeeded", "failed", "timedOut", "aborted")


def turn(s3: Any, sfn: Any, machine: str, batch: Batch) -> BatchTurn:
    """The batch's turn, which is to be found before its rows are read: then all earlier runs are in them.

    S3 keeps the manifest of each run that somebody was about to start. Step Functions keeps an execution, and its name,
    for 90 days after its end.

    Raises:
        CloudError: S3 refused the listing, or cannot be reached.
    """
    with explained(f"the manifests in s3://{batch.bucket}/{batch.manifests} cannot be listed"):
        keys = [one["Key"].removeprefix(batch.manifests) for one in objects(s3, batch.bucket, batch.manifests)]
    number = max((int(found[1]) for key in keys if (found := _NUMBER.match(key))), default=1)
    while True:
        arn = _execution(machine, batch, number)
        try:
            status = sfn.describe_execution(executionArn=arn)["status"]
        except sfn.exceptions.ExecutionDoesNotExist:
            return BatchTurn(number)
        if status not in ENDED:
            return BatchTurn(number, arn)
        number += 1


def begin(s3: Any, sfn: Any, machine: str, batch: Batch, images: Sequence[BatchImage], number: int) -> BatchStart:
    """Write the manifest of the images, and start the state machine on it.

    Step Functions answers a second start with the same name and input while the first one runs as it has answered that
    one, and refuses any other (API reference, StartExecution). So nobody pays for a batch twice.

    Args:
        machine: The state machine's ARN.
        number: The turn's.

    Returns:
        The execution of this number: this one, or the one that somebody else has started.

    Raises:
        WorkflowError: there is no such state machine.
        CloudError: S3 refused the manifest, or cannot be reached.
    """
    body = manifest(images).encode()
    key = batch.manifest(number, body, "csv")
    with explained(f"s3://{batch.bucket}/{key} cannot be written"):
        s3.put_object(Bucket=batch.bucket, Key=key, Body=body, ContentType="text/csv")
    given = json.dumps({"batch": batch.name, "manifest": {"bucket": batch.bucket, "key": key}})
    try:
        answer = sfn.start_execution(stateMachineArn=machine, name=batch.run(number), input=given)
    except sfn.exceptions.ExecutionAlreadyExists:
        return BatchStart(_execution(machine, batch, number), is_ours=False)
    except sfn.exceptions.StateMachineDoesNotExist:
        raise WorkflowError(
            f"there is no state machine {machine}", hint="apply it: invoke tf.apply --stack service"
        ) from None
    return BatchStart(str(answer["executionArn"]), is_ours=True)


def _execution(machine: str, batch: Batch, number: int) -> str:
    return f"{machine.replace(':stateMachine:', ':execution:', 1)}:{batch.run(number)}"


def manifest(images: Iterable[BatchImage]) -> str:
    """The CSV file that the Map reads: a header row, and a line for each image.

    Step Functions reads a backslash as a mark for the letter after it, so each is written twice (Developer Guide, "How
    Step Functions parses input CSV files").

    Example::

        >>> manifest([BatchImage("", "b", "one, two.png", "5d41")])
        's3_bucket,s3_key,etag\\nb,"one, two.png",5d41\\n'
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((image.bucket, image.key.replace("\\", "\\\\"), image.etag) for image in images)
    return stream.getvalue()


def follow(
    sfn: Any,
    execution: str,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    pause: float = 0.5,
    wait: Callable[[float], None] = time.sleep,
) -> Mapping[str, Any]:
    """Wait until an execution has ended.

    Args:
        on_progress: Called with the number of images whose children have ended, and with the number of all.
        pause: Seconds between the first two looks. Each further pause is longer by half, up to two seconds.

    Returns:
        DescribeExecution's answer.

    Raises:
        WorkflowError: there is no such execution.
    """
    while True:
        try:
            found: Mapping[str, Any] = sfn.describe_execution(executionArn=execution)
        except sfn.exceptions.ExecutionDoesNotExist:
            raise WorkflowError(f"there is no execution {execution}") from None
        for one in sfn.list_map_runs(executionArn=execution)["mapRuns"]:
            counts = sfn.describe_map_run(mapRunArn=one["mapRunArn"])["itemCounts"]
            on_progress(sum(counts[name] for name in _DONE), counts["total"])
        if found["status"] in ENDED:
            return found
        wait(pause)
        pause = min(pause * 1.5, 2)


def results(s3: Any, batch: Batch) -> list[str]:
    """The keys of the files of results of all runs of the batch, the oldest first.

    Raises:
        CloudError: S3 refused the listing, or cannot be reached.
    """
    with explained(f"the results in s3://{batch.bucket}/{batch.results} cannot be listed"):
        files: list[tuple[datetime, str]] = sorted(
            (one["LastModified"], one["Key"])
            for one in objects(s3, batch.bucket, batch.results)
            if one["Key"].rpartition("/")[2].startswith(("SUCCEEDED_", "FAILED_"))
        )
    return [key for _, key in files]


def read(s3: Any, batch: Batch, keys: Iterable[str]) -> Iterator[BatchRow]:
    """The rows of some of the batch's :func:`results`. A file may have gigabytes; it is read piece by piece.

    Raises:
        CloudError: S3 refused a request, or cannot be reached.
        WorkflowError: a file is no list of results.
    """
    for key in keys:
        with explained(f"s3://{batch.bucket}/{key} cannot be read"):
            body = s3.get_object(Bucket=batch.bucket, Key=key)["Body"]
            try:
                yield from rows_of(entries(body.iter_chunks(PIECE_BYTES)))
            except (ValueError, LookupError, TypeError) as error:
                raise WorkflowError(
                    f"s3://{batch.bucket}/{key} is no list of results: {type(error).__name__}: {error}",
                    hint="delete it; the same command classifies its images again",
                ) from None


def entries(pieces: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of a JSON list, one by one, of which the pieces come one by one.

    Raises:
        ValueError: it is none, or it is cut short.

    Example::

        >>> list(entries([b'[{"a": "x', b'y"}, {"a"', b': []}]']))
        [{'a': 'xy'}, {'a': []}]
    """
    decode, text, at = json.JSONDecoder().raw_decode, "", 0
    for piece in codecs.iterdecode(pieces, "utf-8"):
        text, at = text[at:] + piece, 0
        while (found := _BETWEEN.match(text, at)) and text[found.end() : found.end() + 1] == "{":
            try:
                entry, at = decode(text, found.end())
            except json.JSONDecodeError:  # the rest of it is in the next piece
                break
            yield entry
    if not _END.fullmatch(text, at):
        raise ValueError(f"it breaks off, or is none, at {text[at : at + 80]!a}")


def rows_of(entries: Iterable[Mapping[str, Any]]) -> Iterator[BatchRow]:
    """The rows of a file of results: of a child that succeeded what it says, of another one an error for each image."""
    for entry in entries:
        if entry["Status"] == "SUCCEEDED":
            output = json.loads(entry["Output"])
            for row in output["rows"]:
                yield _row(row, output["class_labels"])
        else:
            asked = json.loads(entry["Input"])
            bucket = (asked.get("BatchInput") or {}).get("bucket", "")
            for item in asked["Items"]:
                yield BatchRow(
                    bucket=item.get("s3_bucket") or bucket,
                    key=item.get("s3_key") or item.get("Key", ""),
                    etag=(item.get("etag") or item.get("ETag") or item.get("Etag") or "").strip('"'),
                    error=entry.get("Error") or f"States.{entry['Status']}",
                    cause=entry.get("Cause"),
                )


def _row(given: Mapping[str, Any], labels: Sequence[str]) -> BatchRow:
    """A row as the table needs it: an answer is judged later, so what the function's own threshold says is left out."""
    chances = given.get("probabilities")
    error, cause = (None, None) if chances else (given.get("error"), given.get("cause"))
    row = BatchRow(
        bucket=sys.intern(given["s3_bucket"] or ""),  # a million rows have few buckets and errors
        key=given["s3_key"],
        etag=(given.get("etag") or "").strip('"'),
        error=error and sys.intern(error),
        cause=cause,
        model_version=given.get("package_version"),
        milliseconds=given.get("milliseconds"),
    )
    return answered(row, chances, labels, model_version=row.model_version) if chances else row
