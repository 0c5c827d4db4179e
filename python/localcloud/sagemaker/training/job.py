"""One training job: its request, its status and its metrics.

A job replaces moto's object in ``training_jobs``. moto's is Completed at once and drops most fields of the request.
Here DescribeTrainingJob answers with every field of the request.
"""

from __future__ import annotations

import math
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.utils import arn_formatter

from localcloud.children import ChildProcess
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
    """The job was stopped before its algorithm started."""


class Job:
    """A training job.

    moto's other actions (ListTrainingJobs, ListTags) read the attributes training_job_name, arn, tags, creation_time,
    last_modified_time, training_end_time and training_job_status.

    Attributes:
        request: CreateTrainingJob's parameters.
        role: Makes the job's calls to other services.
        tuning_job_arn: The tuning job that started this job. None if a caller started it.
        log_stream: The name of the stream to which the algorithm writes.
        training_job_status: InProgress, Stopping, Completed, Failed or Stopped.

    Example::

        >>> from types import SimpleNamespace
        >>> role = SimpleNamespace(account="123456789012", region="us-east-1")
        >>> output = {"S3OutputPath": "s3://bucket/models/"}
        >>> job = Job({"TrainingJobName": "scones-1", "OutputDataConfig": output}, role=role)
        >>> job.artifact
        's3://bucket/models/scones-1/output/model.tar.gz'
        >>> job.enter("Downloading")
        >>> job.end("Failed", reason="ClientError: there is no image")
        >>> job.training_job_status, job.failure_reason
        ('Failed', 'ClientError: there is no image')
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
        self._child: ChildProcess | None = None
        self.log_stream = f"{self.training_job_name}/algo-1-{int(time.time())}"
        self._enter("Starting")

    def __getstate__(self) -> dict[str, Any]:
        """What is kept of the job: all but its process, and whoever is told of its changes."""
        return {name: value for name, value in vars(self).items() if name not in ("_child", "_changed")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _child=None, _changed=lambda job: None)

    def tell(self, changed: Callable[[Job], None]) -> None:
        """Tell somebody else of the changes from now on."""
        self._changed = changed

    @property
    def artifact(self) -> str:
        """The S3 address of ``model.tar.gz``."""
        return f"{self.output}/model.tar.gz"

    @property
    def output(self) -> str:
        """The S3 address of the job's output folder, without a slash at the end."""
        return f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{self.training_job_name}/output"

    def enter(self, secondary: str) -> None:
        """Set the SecondaryStatus, one of :data:`MESSAGES`.

        A job that goes on after a restart of the cloud does not come to a status for a second time.
        """
        self._enter(secondary)
        self._changed(self)  # not under the lock: the tuning job has a lock of its own and may stop this job

    def _enter(self, secondary: str) -> None:
        with self._lock:
            if any(one["Status"] == secondary for one in self._transitions):
                return
            now = utcnow()
            if self._transitions:
                self._transitions[-1].setdefault("EndTime", now)
            self._transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": MESSAGES[secondary]})
            if secondary == "Downloading":
                self.training_start_time = now
            self.last_modified_time = now

    def end(self, status: str, *, reason: str | None = None) -> None:
        """End the job.

        Args:
            status: ``Completed``, ``Failed`` or ``Stopped``.
            reason: The FailureReason of a failed job. Only the first 1024 characters are kept.
        """
        with self._lock:
            self._failure_reason = reason[:FAILURE_REASON_LENGTH] if reason else None
            self._enter(self._ending if status == "Stopped" and self._ending else status)
            now = self.last_modified_time
            self._transitions[-1]["EndTime"] = now
            self.training_end_time = now
            self.training_job_status = status
        self._changed(self)

    def record(self, metrics: list[dict[str, Any]]) -> None:
        """Replace the metrics."""
        with self._lock:
            self._metrics = metrics
        self._changed(self)

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Each metric's last value: MetricName, Value and Timestamp."""
        with self._lock:
            return list(self._metrics)

    @property
    def failure_reason(self) -> str | None:
        """FailureReason. None unless the job has failed."""
        return self._failure_reason

    @property
    def runs(self) -> bool:
        """Whether the job has not ended."""
        return self.training_job_status in ("InProgress", "Stopping")

    @property
    def seconds_left(self) -> float | None:
        """The seconds until MaxRuntimeInSeconds; None without a limit."""
        limit = (self.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
        if limit is None or self.training_start_time is None:
            return limit
        return max(0.0, limit - (utcnow() - self.training_start_time).total_seconds())

    @property
    def stopping(self) -> bool:
        """Whether the job was asked to stop."""
        return self._ending is not None

    def attend(self, start: Callable[[], ChildProcess]) -> ChildProcess:
        """Start the algorithm's process. :meth:`stop` will end it.

        Args:
            start: Starts the process and returns it.

        Raises:
            Stopped: The job was asked to stop already.
        """
        with self._lock:
            if self.stopping:
                raise Stopped
            self._child = start()
            return self._child

    def stop(self, ending: str = "Stopped") -> None:
        """Send SIGTERM to the algorithm, which then writes its best model, and SIGKILL 120 seconds later.

        Args:
            ending: The last SecondaryStatus: ``Stopped`` or ``MaxRuntimeExceeded``.

        Raises:
            ValidationError: The job has ended already.
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
            self._enter("Stopping")
            child = self._child
        self._changed(self)
        if child and child.poll() is None:
            child.terminate()
            threading.Thread(target=_kill_after, args=(child, STOP_GRACE), daemon=True).start()

    def interrupt(self) -> None:
        """Kill the algorithm's process, because its input cannot be read."""
        with self._lock:
            if self._child and self._child.poll() is None:
                self._child.kill()

    @property
    def response_object(self) -> dict[str, Any]:
        """DescribeTrainingJob's answer."""
        with self._lock:
            seconds = None
            if self.training_start_time and self.training_end_time:
                seconds = math.ceil((self.training_end_time - self.training_start_time).total_seconds())
            algorithm = {
                # "… aren't generated except … You use one of the SageMaker built-in algorithms"
                "EnableSageMakerMetricsTimeSeries": True,
                **self.request["AlgorithmSpecification"],
                "MetricDefinitions": list(DEFINITIONS),
            }
            answer = {
                **{name: value for name, value in self.request.items() if name != "Tags"},
                "TrainingJobArn": self.arn,
                "TuningJobArn": self.tuning_job_arn,
                "AlgorithmSpecification": algorithm,
                # Where the request has none, AWS answers these.
                "InputDataConfig": [
                    {"CompressionType": "None", "RecordWrapperType": "None", **channel}
                    for channel in self.request.get("InputDataConfig") or []
                ],
                "OutputDataConfig": {"KmsKeyId": "", **self.request["OutputDataConfig"]},
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


def _kill_after(child: ChildProcess, seconds: float) -> None:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
