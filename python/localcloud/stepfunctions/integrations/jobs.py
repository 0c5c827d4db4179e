"""``.sync``: the job that a call starts, how it is watched, and how it is stopped.

AWS: Step Functions Developer Guide, "Run a Job (.sync)": the Task ends when the job ends. Its result is the job's
description. If the job fails, the Task fails with States.TaskFailed, and the cause is the description. A Task that is
stopped or times out stops its job.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.stepfunctions.integrations.shapes import text_of
from localcloud.stepfunctions.language.scope import Json, StateFailure


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    Attributes:
        describe: The operation that describes it.
        stop: The operation that stops it.
        name: The member that names it, in the describing call and in the description.
        started: The member that names it in the starting call or in its answer.
        status: The member of the description that has its status.
        done: The status of success.
        failed: The statuses of failure.
    """

    describe: str
    stop: str
    name: str
    started: str
    status: str
    done: str
    failed: tuple[str, ...]


def _sagemaker(job: str) -> Kind:
    name = f"{job}JobName"
    return Kind(f"Describe{job}Job", f"Stop{job}Job", name, name, f"{job}JobStatus", "Completed", ("Failed", "Stopped"))


KINDS = {
    ("sagemaker", "createTrainingJob"): _sagemaker("Training"),
    ("sagemaker", "createTransformJob"): _sagemaker("Transform"),
    ("sagemaker", "createProcessingJob"): _sagemaker("Processing"),
    ("sagemaker", "createHyperParameterTuningJob"): Kind(
        "DescribeHyperParameterTuningJob",
        "StopHyperParameterTuningJob",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobStatus",
        "Completed",
        ("Failed", "Stopped"),
    ),
    ("states", "startExecution"): Kind(
        "DescribeExecution",
        "StopExecution",
        "ExecutionArn",
        "ExecutionArn",
        "Status",
        "SUCCEEDED",
        ("FAILED", "TIMED_OUT", "ABORTED"),
    ),
}

# What AWS shows of an execution (its recorded histories): nothing of redrives, of versions, or of maps.
EXECUTION = (
    "Cause",
    "Error",
    "ExecutionArn",
    "Input",
    "InputDetails",
    "Name",
    "Output",
    "OutputDetails",
    "StartDate",
    "StateMachineArn",
    "Status",
    "StopDate",
)


def started(service: str, action: str, pattern: str, arguments: Mapping[str, Json], output: Json) -> dict[str, Json]:
    """The handle of a job that has just been started.

    Example::

        >>> started("states", "startExecution", "sync:2", {}, {"ExecutionArn": "a"})
        {'service': 'states', 'action': 'startExecution', 'pattern': 'sync:2', 'name': 'a'}
    """
    kind = KINDS[service, action]
    name = output.get(kind.started) or arguments.get(kind.started)
    return {"service": service, "action": action, "pattern": pattern, "name": name}


def ended(job: Mapping[str, Json], description: Mapping[str, Json]) -> Json | None:
    """The result of a job that has ended; None if it still runs.

    Args:
        job: The job's handle.
        description: Its description, with keys in Pascal case.

    Raises:
        StateFailure: The job failed or was stopped.

    Example::

        >>> job = started("sagemaker", "createTrainingJob", "sync", {"TrainingJobName": "a"}, {})
        >>> ended(job, {"TrainingJobName": "a", "TrainingJobStatus": "InProgress"}) is None
        True
        >>> ended(job, {"TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError"})
        Traceback (most recent call last):
        ...
        localcloud.stepfunctions.language.scope.StateFailure: ('States.TaskFailed',
        '{"TrainingJobStatus":"Failed","FailureReason":"AlgorithmError"}')
    """
    kind = KINDS[job["service"], job["action"]]
    status = description.get(kind.status)
    if status != kind.done and status not in kind.failed:
        return None
    shown = dict(description)
    if job["service"] == "states":
        shown = {name: shown[name] for name in EXECUTION if name in shown}
        if job["pattern"] == "sync:2":
            shown |= {name: json.loads(shown[name]) for name in ("Input", "Output") if name in shown}
    if status in kind.failed:
        raise StateFailure("States.TaskFailed", text_of(shown))
    return shown
