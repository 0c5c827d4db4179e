"""Starts, follows and explains executions of the state machine.

Example::

    url = upload(s3, bucket, Path("bicycle.png"))                     # 's3://BUCKET/images/<sha256>.png'
    execution = start(sfn, state_machine_arn, url, threshold=0.8)
    outcome = follow(sfn, execution.arn, on_state=print)              # a StateRun as each state begins and ends
    print(explain(outcome))                                           # 'bicycle, 0.92 sure (threshold 0.8)'
    raise SystemExit(exit_code(outcome))                              # 0 passed, 3 low confidence, 1 anything else

Many at once: :func:`run_many`. API: AWS Step Functions API reference, StartExecution, DescribeExecution and
GetExecutionHistory (whose HistoryEvent types :func:`state_runs` reads).
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from scones.errors import SHOWN, InputError, WorkflowError

LOW_CONFIDENCE = "ThresholdConfidenceNotMet"
PASSED, LOW, FAILED = 0, 3, 1
SIGNATURES = {b"\x89PNG\r\n\x1a\n": ("png", "image/png"), b"\xff\xd8\xff": ("jpg", "image/jpeg")}


@dataclass(frozen=True)
class Execution:
    """A started execution: its ARN, its name (the InferenceId of its capture) and the image it reads."""

    arn: str
    name: str
    image_url: str


@dataclass(frozen=True)
class StateRun:
    """What one state did in an execution.

    Attributes:
        name: The state's name, such as ``Ask the model``.
        kind: ``Task``, ``Choice``, ``Pass`` or ``Fail``; only Tasks are of interest to most readers.
        status: ``running``, ``succeeded`` or ``failed``.
        seconds: From its beginning to its end, retries and their waits included; None while it runs.
        attempts: How often its task was begun; more than 1 where it was retried.
        error: The name of the error that ended it or was last retried.
    """

    name: str
    kind: str
    status: str
    seconds: float | None = None
    attempts: int = 0
    error: str | None = None


@dataclass(frozen=True)
class ExecutionOutcome:
    """How an execution ended.

    Attributes:
        arn: The execution's ARN.
        status: ``SUCCEEDED``, ``FAILED``, ``TIMED_OUT`` or ``ABORTED``.
        output: The state machine's output; None unless it succeeded.
        error: The Error of the execution, such as ``ThresholdConfidenceNotMet``.
        cause: The Cause: the exception's message.
        states: What each state did, in order.
        seconds: From start to stop.
    """

    arn: str
    status: str
    output: dict[str, Any] | None = None
    error: str | None = None
    cause: str | None = None
    states: tuple[StateRun, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class ImageRun:
    """One image of :func:`run_many`: either its outcome, or the problem that kept it from having one."""

    image: str
    outcome: ExecutionOutcome | None = None
    problem: str | None = None

    @property
    def exit_code(self) -> int:
        return FAILED if self.outcome is None else exit_code(self.outcome)


def upload(s3: Any, bucket: str, path: Path) -> str:
    """Put a local image under ``images/<sha256>.<png|jpg>``, unless it is there already.

    Returns:
        The image's ``s3://`` URL.

    Raises:
        InputError: the file cannot be read, or its first bytes are not those of a PNG or JPEG.
    """
    from botocore.exceptions import ClientError

    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", hint="give a PNG or JPEG, or s3://BUCKET/KEY"
        ) from None
    found = next((kind for signature, kind in SIGNATURES.items() if content.startswith(signature)), None)
    if found is None:
        start = f"it begins with {content[:8]!r}" if content else "it is empty"
        raise InputError(f"{path} is not a PNG or JPEG: {start}", hint="convert it first")
    suffix, content_type = found
    key = f"images/{hashlib.sha256(content).hexdigest()}.{suffix}"
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404):
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)
    return f"s3://{bucket}/{key}"


def start(sfn: Any, state_machine_arn: str, image_url: str, threshold: float | None = None) -> Execution:
    """Start the state machine on an image in S3.

    The execution is named here, after the image: a repeated call of the SDK then cannot start it twice, and the
    capture's InferenceId (at most 64 characters) can be read by a person.

    Args:
        threshold: 0 to 1; the function's own where it is None.

    Raises:
        InputError: the threshold is not a number from 0 to 1.
        WorkflowError: there is no such state machine.
    """
    request: dict[str, Any] = {"image_url": image_url}
    if threshold is not None:
        request["confidence_threshold"] = check_threshold(threshold)
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", image_url.rsplit("/", 1)[-1].rpartition(".")[0])[:47].strip("-") or "image"
    name = f"{stem}-{uuid.uuid4().hex[:16]}"
    try:
        answer = sfn.start_execution(stateMachineArn=state_machine_arn, name=name, input=json.dumps(request))
    except sfn.exceptions.StateMachineDoesNotExist:
        raise WorkflowError(
            f"there is no state machine {state_machine_arn}", hint="apply it: invoke tf.apply --stack service"
        ) from None
    return Execution(answer["executionArn"], name, image_url)


def check_threshold(threshold: float) -> float:
    """The threshold, if it is a number from 0 to 1; InputError otherwise."""
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise InputError(f"the threshold is {threshold!r}; it must be a number from 0 to 1", hint="80 percent is 0.8")
    return threshold


def follow(
    sfn: Any,
    execution_arn: str,
    on_state: Callable[[StateRun], None] | None = None,
    *,
    timeout: float = 1800,
    pause: float = 0.1,
    stop: threading.Event | None = None,
) -> ExecutionOutcome:
    """Wait for an execution's end.

    Args:
        on_state: Called with a :class:`StateRun` when a state begins (``running``) and again when it ends.
        timeout: Seconds after which following is given up; the execution itself goes on.
        pause: Seconds before the second look; each next wait is longer by half, up to two seconds.
        stop: Once it is set, following is given up too.

    Raises:
        WorkflowError: there is no such execution, or it has not ended in time.
    """
    deadline, told, stop = time.monotonic() + timeout, 0, stop or threading.Event()
    while True:
        try:
            found = sfn.describe_execution(executionArn=execution_arn)
        except sfn.exceptions.ExecutionDoesNotExist:
            raise WorkflowError(f"there is no execution {execution_arn}") from None
        ended = found["status"] not in ("RUNNING", "PENDING_REDRIVE")
        if ended or on_state:
            states = state_runs(_history(sfn, execution_arn, whole=ended))
            told = _tell(states, told, on_state)
        if ended:
            return ExecutionOutcome(
                arn=execution_arn,
                status=found["status"],
                output=json.loads(found["output"]) if found.get("output") else None,
                error=found.get("error"),
                cause=found.get("cause"),
                states=tuple(states),
                seconds=(found["stopDate"] - found["startDate"]).total_seconds(),
            )
        if time.monotonic() > deadline or stop.wait(pause):
            raise WorkflowError(
                f"the execution {execution_arn} is still {found['status']} and no longer followed",
                hint="it goes on by itself; stop it with: aws stepfunctions stop-execution --execution-arn ARN",
            )
        pause = min(pause * 1.5, 2)


def state_runs(events: Iterable[dict[str, Any]]) -> list[StateRun]:
    """What each state did, in order, from an execution's history (GetExecutionHistory's ``events``, oldest first)."""
    runs: list[StateRun] = []
    begun: datetime | None = None
    for event in events:
        kind, moment = event["type"], event["timestamp"]
        if kind.endswith("StateEntered"):
            name = event["stateEnteredEventDetails"]["name"]
            runs.append(StateRun(name, kind.removesuffix("StateEntered"), "running"))
            begun = moment
        elif not runs or runs[-1].status != "running":
            continue
        elif kind in ("TaskScheduled", "LambdaFunctionScheduled"):
            runs[-1] = replace(runs[-1], attempts=runs[-1].attempts + 1, error=None)
        elif kind.startswith(("Task", "LambdaFunction")) and kind.endswith(("Failed", "TimedOut")):
            details = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
            runs[-1] = replace(runs[-1], error=details.get("error") or "States.Timeout")
        elif kind.endswith("StateExited") or kind in ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"):
            lost = runs[-1].error or not kind.endswith("StateExited")
            seconds = (moment - begun).total_seconds()
            runs[-1] = replace(runs[-1], status="failed" if lost else "succeeded", seconds=seconds)
    return runs


def exit_code(outcome: ExecutionOutcome) -> int:
    """0: the answer passed; 3: the model was not sure enough; 1: anything else."""
    if outcome.status == "SUCCEEDED":
        return PASSED
    return LOW if outcome.error == LOW_CONFIDENCE else FAILED


def explain(outcome: ExecutionOutcome) -> str:
    """An outcome in one sentence."""
    if outcome.status == "SUCCEEDED":
        output = outcome.output or {}
        return f"{output['classification']}, {output['confidence_score']:.4g} sure (threshold {output['threshold']:g})"
    reason = ": ".join(part for part in (outcome.error, outcome.cause) if part)
    return reason or f"the execution is {outcome.status}"


def images_of(arguments: Iterable[str]) -> list[str]:
    """The images that a person named: files and ``s3://`` URLs as they are, folders as the PNGs and JPEGs in them.

    Raises:
        InputError: a path does not exist, or a folder holds no image.
    """
    found: list[str] = []
    for argument in arguments:
        path = Path(argument).expanduser()
        if argument.startswith("s3://"):
            found.append(argument)
        elif path.is_file():
            found.append(str(path))
        elif path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
            if not inside:
                raise InputError(f"the folder {argument} holds no PNG or JPEG")
            found += map(str, inside)
        else:
            raise InputError(f"there is no image {argument}", hint="give a file, a folder or s3://BUCKET/KEY")
    return found


def run_many(
    s3: Any,
    sfn: Any,
    bucket: str,
    state_machine_arn: str,
    images: Sequence[str],
    threshold: float | None = None,
    *,
    workers: int = 8,
    on_done: Callable[[ImageRun], None] | None = None,
) -> list[ImageRun]:
    """Upload where needed, start and follow an execution for each image, ``workers`` at a time.

    One image's problem does not keep the others from being run.

    Args:
        images: Local paths and ``s3://`` URLs, as :func:`images_of` gives them.
        on_done: Called in this thread with each :class:`ImageRun` as it ends, in the order of their ends.

    Returns:
        One ImageRun an image, in the images' order.
    """
    if threshold is not None:
        check_threshold(threshold)

    def run(image: str) -> ImageRun:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            url = image if image.startswith("s3://") else upload(s3, bucket, Path(image))
            execution = start(sfn, state_machine_arn, url, threshold)
            return ImageRun(image, outcome=follow(sfn, execution.arn, stop=stop))
        except (*SHOWN, ClientError, BotoCoreError) as error:
            return ImageRun(image, problem=str(error))

    stop = threading.Event()
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        pending = {pool.submit(run, image): index for index, image in enumerate(images)}
        done: dict[int, ImageRun] = {}
        for future in as_completed(pending):
            done[pending[future]] = future.result()
            if on_done:
                on_done(future.result())
        return [done[index] for index in range(len(images))]
    finally:
        stop.set()  # on Ctrl-C, what has not been started is not, and what has is no longer waited for
        pool.shutdown(wait=False, cancel_futures=True)


def _history(sfn: Any, execution_arn: str, *, whole: bool) -> list[dict[str, Any]]:
    """The execution's events; of an ended one up to its last, for which AWS may need a moment."""
    for _ in range(20):
        pages = sfn.get_paginator("get_execution_history").paginate(
            executionArn=execution_arn, includeExecutionData=False, PaginationConfig={"PageSize": 1000}
        )
        events = [event for page in pages for event in page["events"]]
        if not whole or any(e["type"].startswith("Execution") and e["type"] != "ExecutionStarted" for e in events):
            break
        time.sleep(0.25)
    return events


def _tell(states: Sequence[StateRun], told: int, on_state: Callable[[StateRun], None] | None) -> int:
    """Tell what is new; a state is told twice: as it begins, and as it ends."""
    news = []
    for state in states:
        news.append(StateRun(state.name, state.kind, "running"))
        if state.status != "running":
            news.append(state)
    for state in news[told:]:
        if on_state:
            on_state(state)
    return len(news)
