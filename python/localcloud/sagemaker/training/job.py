"""One training job: what was asked for, and how far it has come.

Example::

    job = Job(request, role=ExecutionRole(context.roles, request["RoleArn"], account=…, region=…))
    job.enter("Training")
    job.end("Completed")

It stands in moto's ``training_jobs`` in the place of moto's own, which is complete at birth and drops most of what it
is sent; every field of the request comes back from DescribeTrainingJob.
"""

from __future__ import annotations

import math
import subprocess
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.utils import arn_formatter

from localcloud.sagemaker.role import ExecutionRole
from localcloud.sagemaker.training.metrics import DEFINITIONS

#: StatusMessage of each SecondaryStatus, as SageMaker words them.
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
}
FAILURE_REASON_LENGTH = 1024
STOP_GRACE = 120.0  # seconds from SIGTERM to SIGKILL, as on AWS


class Stopped(Exception):
    """The job is to stop before its algorithm has begun."""


class Job:
    """A training job.

    Attributes:
        request: CreateTrainingJob's parameters.
        role: What the job does in its role's name.
        tuning_job_arn: The tuning job whose trial it is; None for a job by itself.
        training_job_name, arn, tags, creation_time: As moto's other actions (ListTrainingJobs, ListTags) look for them.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        *,
        role: ExecutionRole,
        tuning_job_arn: str | None = None,
        changed: Callable[[Job], None] | None = None,
    ) -> None:
        self.request = dict(request)
        self.tuning_job_arn = tuning_job_arn
        self._changed = changed or (lambda job: None)
        self.role = role
        self.account, self.region = role.account, role.region
        self.training_job_name: str = request["TrainingJobName"]
        self.arn = arn_formatter("training-job", self.training_job_name, role.account, role.region)
        self.tags = list(request.get("Tags") or [])
        self.creation_time = utcnow()
        self.last_modified_time = self.creation_time
        self.training_start_time: datetime | None = None
        self.training_end_time: datetime | None = None
        self.training_job_status = "InProgress"
        self._lock = threading.RLock()
        self._transitions: list[dict[str, Any]] = []
        self._metrics: list[dict[str, Any]] = []
        self._failure_reason: str | None = None
        self._ending: str | None = None
        self._child: subprocess.Popen | None = None
        self.enter("Starting")

    @property
    def artifact(self) -> str:
        """Where the model's archive is put."""
        return f"{self.output}/model.tar.gz"

    @property
    def output(self) -> str:
        """The job's folder of outputs in S3."""
        return f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{self.training_job_name}/output"

    def enter(self, secondary: str) -> None:
        """Go on to the next SecondaryStatus."""
        with self._lock:
            now = utcnow()
            if self._transitions:
                self._transitions[-1].setdefault("EndTime", now)
            self._transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": MESSAGES[secondary]})
            if secondary == "Downloading":
                self.training_start_time = now
            self.last_modified_time = now

    def end(self, status: str, *, reason: str | None = None) -> None:
        """Come to the end: ``Completed``, ``Failed`` with a reason, or ``Stopped``."""
        with self._lock:
            self._failure_reason = reason[:FAILURE_REASON_LENGTH] if reason else None
            self.enter(self._ending if status == "Stopped" and self._ending else status)
            now = self.last_modified_time
            self._transitions[-1]["EndTime"] = now
            self.training_end_time = now
            self.training_job_status = status
        self._changed(self)  # not under the lock: who is told may be waiting for it, to stop the job

    def record(self, metrics: list[dict[str, Any]]) -> None:
        """Keep the metrics as they stand."""
        with self._lock:
            self._metrics = metrics
        self._changed(self)

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Each metric's last value so far: MetricName, Value and Timestamp."""
        with self._lock:
            return list(self._metrics)

    @property
    def failure_reason(self) -> str | None:
        """Why it failed; None where it did not."""
        return self._failure_reason

    @property
    def stopping(self) -> bool:
        """Whether the job was asked to stop."""
        return self._ending is not None

    def attend(self, start: Any) -> subprocess.Popen:
        """Start the algorithm's process, which a later :meth:`stop` will end.

        Args:
            start: Starts it and gives the process.

        Raises:
            Stopped: the job was asked to stop already.
        """
        with self._lock:
            if self.stopping:
                raise Stopped
            self._child = start()
            return self._child

    def stop(self, ending: str = "Stopped") -> None:
        """Ask the algorithm to write what it has and leave; after a grace it is killed.

        Args:
            ending: The SecondaryStatus to end with: ``Stopped`` or ``MaxRuntimeExceeded``.

        Raises:
            ValidationError: the job has ended.
        """
        with self._lock:
            if self.training_job_status == "Stopping":
                return
            if self.training_job_status != "InProgress":
                raise ValidationError(
                    f"The request was rejected because the training job is in status {self.training_job_status}."
                )
            self._ending = ending
            self.training_job_status = "Stopping"
            self.enter("Stopping")
            child = self._child
        if child and child.poll() is None:
            child.terminate()
            threading.Thread(target=_kill_after, args=(child, STOP_GRACE), daemon=True).start()

    def interrupt(self) -> None:
        """Kill the algorithm's process, which cannot be given what it needs."""
        with self._lock:
            if self._child and self._child.poll() is None:
                self._child.kill()

    @property
    def response_object(self) -> dict[str, Any]:
        """DescribeTrainingJob's answer, of one moment."""
        with self._lock:
            seconds = None
            if self.training_start_time and self.training_end_time:
                seconds = math.ceil((self.training_end_time - self.training_start_time).total_seconds())
            algorithm = {**self.request["AlgorithmSpecification"], "MetricDefinitions": list(DEFINITIONS)}
            answer = {
                **{name: value for name, value in self.request.items() if name != "Tags"},
                "TrainingJobArn": self.arn,
                "TuningJobArn": self.tuning_job_arn,
                "AlgorithmSpecification": algorithm,
                "TrainingJobStatus": self.training_job_status,
                "SecondaryStatus": self._transitions[-1]["Status"],
                "SecondaryStatusTransitions": [dict(transition) for transition in self._transitions],
                "FailureReason": self._failure_reason,
                "CreationTime": self.creation_time,
                "LastModifiedTime": self.last_modified_time,
                "TrainingStartTime": self.training_start_time,
                "TrainingEndTime": self.training_end_time,
                "TrainingTimeInSeconds": seconds,
                "BillableTimeInSeconds": seconds,
                "FinalMetricDataList": list(self._metrics),
                "ModelArtifacts": {"S3ModelArtifacts": self.artifact},
                "EnableNetworkIsolation": self.request.get("EnableNetworkIsolation", False),
                "EnableManagedSpotTraining": self.request.get("EnableManagedSpotTraining", False),
                "EnableInterContainerTrafficEncryption": self.request.get(
                    "EnableInterContainerTrafficEncryption", False
                ),
            }
        return {name: value for name, value in answer.items() if value not in (None, [], {})}


def _kill_after(child: subprocess.Popen, seconds: float) -> None:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
