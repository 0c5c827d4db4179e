"""Starts, follows and explains one execution of the state machine.

Example::

    >>> answer = {"classification": "bicycle", "confidence_score": 0.92, "threshold": 0.8}
    >>> passed = ExecutionOutcome("arn:…", "SUCCEEDED", output=answer)
    >>> explain(passed), exit_code(passed)
    ('bicycle, 0.92 sure (threshold 0.8)', 0)
    >>> cause = "THRESHOLD_CONFIDENCE_NOT_MET: the model is 0.62 sure of bicycle; the threshold is 0.80"
    >>> low = ExecutionOutcome("arn:…", "FAILED", error="ThresholdConfidenceNotMet", cause=cause)
    >>> exit_code(low), str(refused(low)), result_of(low)
    (3, 'bicycle 0.62 < 0.80', 'low confidence')
    >>> cause = "NOT_ONE_OF_THE_CLASSES: the model is 0.97 sure of other: the image is none of bicycle, motorcycle; …"
    >>> cat = ExecutionOutcome("arn:…", "FAILED", error="NotOneOfTheClasses", cause=cause)
    >>> exit_code(cat), str(refused(cat)), result_of(cat)
    (3, 'none of the classes: other 0.97', 'not one of the classes')

API: AWS Step Functions API reference, StartExecution and DescribeExecution.
"""

from __future__ import annotations

import json
import re
import threading
import time
import unicodedata
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from scones.errors import InputError, WorkflowError
from scones.service.workflow.history import StateRun, events, state_runs

LOW_CONFIDENCE, NOT_ONE_OF_THE_CLASSES = "ThresholdConfidenceNotMet", "NotOneOfTheClasses"
#: The errors with which the workflow refuses the model's answer. Everything has worked.
REFUSALS = (LOW_CONFIDENCE, NOT_ONE_OF_THE_CLASSES)
PASSED, REFUSED, FAILED = 0, 3, 1
Result = Literal["passed", "low confidence", "not one of the classes", "failed"]
#: How an execution can end, for people.
RESULTS: tuple[Result, ...] = get_args(Result)
# The function filterLowConfidence writes these. A failed execution has no output, so its Cause is all that tells.
_CAUSES = {
    LOW_CONFIDENCE: re.compile(r"the model is ([\d.e+-]+) sure of (.+); the threshold is ([\d.e+-]+)$", re.DOTALL),
    NOT_ONE_OF_THE_CLASSES: re.compile(r"the model is ([\d.e+-]+) sure of (.+?): the image is none of", re.DOTALL),
}


@dataclass(frozen=True)
class Execution:
    """A started execution.

    Attributes:
        name: Its name, which is also the InferenceId of its captured request.
        image_url: The image it reads, ``s3://BUCKET/KEY``.
    """

    arn: str
    name: str
    image_url: str


@dataclass(frozen=True)
class ExecutionOutcome:
    """How an execution ended.

    Attributes:
        status: ``SUCCEEDED``, ``FAILED``, ``TIMED_OUT`` or ``ABORTED``.
        output: The state machine's output; None unless it succeeded.
        error: The execution's Error, such as ``ThresholdConfidenceNotMet``.
        cause: The execution's Cause, which is the exception's message.
        states: The states that ran, in order.
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
class RefusedAnswer:
    """An answer of the model that does not pass.

    Attributes:
        label: The most probable class.
        confidence: Its probability, with the digits that tell it from the threshold.
        threshold: The least confidence that passes. None if none does, because the image is of none of the classes.
        digits: The numbers as the function has written them.
    """

    label: str
    confidence: float
    threshold: float | None
    digits: tuple[str, ...]

    def __str__(self) -> str:
        if self.threshold is None:
            return f"none of the classes: {self.label} {self.digits[0]}"
        return f"{self.label} {self.digits[0]} < {self.digits[1]}"


def start(sfn: Any, state_machine_arn: str, image_url: str, threshold: float | None = None) -> Execution:
    """Start the state machine on an image in S3.

    The execution's name is made from the file's name, the letters that a name may have. With a name, a retry of the SDK
    cannot start it twice, and a person can read the InferenceId (at most 64 characters) of its captured request.

    Args:
        threshold: 0 to 1. None uses the threshold that the function is configured with.

    Raises:
        InputError: the threshold is not a number from 0 to 1.
        WorkflowError: there is no such state machine.
    """
    request: dict[str, Any] = {"image_url": image_url}
    if threshold is not None:
        request["confidence_threshold"] = check_threshold(threshold)
    name = f"{_stem(image_url)}-{uuid.uuid4().hex[:16]}"
    try:
        answer = sfn.start_execution(stateMachineArn=state_machine_arn, name=name, input=json.dumps(request))
    except sfn.exceptions.StateMachineDoesNotExist:
        raise WorkflowError(
            f"there is no state machine {state_machine_arn}", hint="apply it: invoke tf.apply --stack service"
        ) from None
    return Execution(answer["executionArn"], name, image_url)


def check_threshold(threshold: float) -> float:
    """Return the threshold if it is a number from 0 to 1. Raise InputError otherwise."""
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
    """Wait for an execution to end.

    Args:
        on_state: Called with a :class:`StateRun` when a state begins (``running``) and again when it ends.
        timeout: Stop following after this many seconds. The execution itself goes on.
        pause: Seconds between the first two requests. Each further pause is longer by half, up to two seconds.
        stop: Stop following when this event is set.

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
            states = state_runs(events(sfn, execution_arn, whole=ended))
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


def exit_code(outcome: ExecutionOutcome) -> int:
    """0 if the answer passed, 3 if it was refused (:data:`REFUSALS`), 1 otherwise."""
    if outcome.status == "SUCCEEDED":
        return PASSED
    return REFUSED if outcome.error in REFUSALS else FAILED


def result_of(outcome: ExecutionOutcome | None) -> Result:
    """How an execution ended, for people.

    Args:
        outcome: None for an image of which no execution could be started.
    """
    if outcome is None or exit_code(outcome) == FAILED:
        return "failed"
    if outcome.status == "SUCCEEDED":
        return "passed"
    return "not one of the classes" if outcome.error == NOT_ONE_OF_THE_CLASSES else "low confidence"


def refused(outcome: ExecutionOutcome) -> RefusedAnswer | None:
    """The answer of an execution that failed because the answer was refused. None for any other outcome."""
    form = _CAUSES.get(outcome.error or "")
    if (found := form.search(outcome.cause or "") if form else None) is None:
        return None
    sure, label, *least = found.groups()
    return RefusedAnswer(label, float(sure), float(least[0]) if least else None, (sure, *least))


def explain(outcome: ExecutionOutcome) -> str:
    """Explain an outcome in one sentence."""
    if outcome.status == "SUCCEEDED":
        output = outcome.output or {}
        return f"{output['classification']}, {output['confidence_score']:.4g} sure (threshold {output['threshold']:g})"
    if answer := refused(outcome):
        return str(answer)
    reason = ": ".join(part for part in (outcome.error, outcome.cause) if part)
    return reason or f"the execution is {outcome.status}"


def _stem(image_url: str) -> str:
    """The image's name without its suffix, with the letters of an execution's name that CloudWatch Logs takes too."""
    file = image_url.rsplit("/", 1)[-1]
    plain = unicodedata.normalize("NFKD", file.rpartition(".")[0] or file).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "-", plain)[:47].strip("-") or "image"


def _tell(states: Sequence[StateRun], told: int, on_state: Callable[[StateRun], None] | None) -> int:
    """Report new states. Each state is reported twice: when it begins and when it ends."""
    news = []
    for state in states:
        news.append(StateRun(state.name, state.kind, "running"))
        if state.status != "running":
            news.append(state)
    for state in news[told:]:
        if on_state:
            on_state(state)
    return len(news)
