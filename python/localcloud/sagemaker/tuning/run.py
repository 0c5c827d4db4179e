"""One trial of a tuning job, and its training job."""

from __future__ import annotations

import contextlib
import math
from datetime import datetime
from typing import Any, Protocol

from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError

from localcloud.sagemaker.tuning.search import Trial

ENDED = ("Completed", "Failed", "Stopped")


class TrainingJob(Protocol):
    """The part of :class:`localcloud.sagemaker.training.job.Job` that a tuning job uses."""

    training_job_name: str
    arn: str
    training_job_status: str
    creation_time: datetime
    training_start_time: datetime | None
    training_end_time: datetime | None

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Each metric's last value: MetricName, Value and Timestamp."""

    @property
    def failure_reason(self) -> str | None:
        """FailureReason. None unless the job has failed."""

    def stop(self) -> None:
        """Stop the job."""


class TrialRun:
    """A trial and its training job.

    Attributes:
        trial: The hyperparameters of the trial.
        job: The training job. None until it has started.
        values: The objective metric after each epoch.
        told: Whether the search has been told the trial's objective.

    Example::

        >>> from types import SimpleNamespace
        >>> run = TrialRun(Trial(0, {"learning_rate": "0.05"}))
        >>> metrics = [{"MetricName": "validation:accuracy", "Value": 0.91}]
        >>> job = SimpleNamespace(metrics=metrics, training_job_status="InProgress")
        >>> run.see(job, "validation:accuracy"), run.see(job, "validation:accuracy")
        (True, False)
        >>> run.objective is None, run.values
        (True, [0.91])
        >>> job.training_job_status = "Completed"
        >>> run.objective
        0.91
    """

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.job: TrainingJob | None = None
        self.values: list[float] = []
        self.told = False
        self._last: Any = None

    def see(self, job: TrainingJob, metric: str) -> bool:
        """Read the job's metrics, and return whether the objective has a new value."""
        self.job = job
        found = next((one for one in job.metrics if one["MetricName"] == metric), None)
        if found is None or found is self._last:
            return False
        self._last = found
        self.values.append(found["Value"])
        return True

    @property
    def training_job(self) -> TrainingJob:
        """The training job, which must have started."""
        assert self.job is not None  # callers ask for it only once it has started
        return self.job

    @property
    def end_time(self) -> datetime:
        """The moment at which the training job ended. It must have ended."""
        ended = self.training_job.training_end_time
        assert ended is not None  # the job sets it before its last status
        return ended

    @property
    def ended(self) -> bool:
        """Whether the training job has ended."""
        return self.job is not None and self.job.training_job_status in ENDED

    @property
    def objective(self) -> float | None:
        """The final objective. None if the trial is running, has failed or has no value."""
        if not self.ended or self.failed or not self.values:
            return None
        return self.values[-1]

    @property
    def failed(self) -> bool:
        """Whether the training job has failed."""
        return self.job is not None and self.job.training_job_status == "Failed"

    @property
    def objective_status(self) -> str:
        """ObjectiveStatus: Pending, Succeeded or Failed."""
        if not self.ended:
            return "Pending"
        return "Failed" if self.objective is None else "Succeeded"

    @property
    def seconds(self) -> int:
        """The training time so far, rounded up."""
        if self.job is None or self.job.training_start_time is None:
            return 0
        return math.ceil(((self.job.training_end_time or utcnow()) - self.job.training_start_time).total_seconds())

    def stop(self) -> None:
        """Stop the training job if it is running."""
        with contextlib.suppress(ValidationError):  # the job has just ended
            self.training_job.stop()

    def summary(self, metric: str, definition: str | None) -> dict[str, Any]:
        """The HyperParameterTrainingJobSummary. A running trial's objective is its latest value.

        Args:
            metric: The name of the objective metric.
            definition: The name of the training job definition. None if it has none.
        """
        job = self.training_job
        answer = {
            "TrainingJobDefinitionName": definition,
            "TrainingJobName": job.training_job_name,
            "TrainingJobArn": job.arn,
            "CreationTime": job.creation_time,
            "TrainingStartTime": job.training_start_time,
            "TrainingEndTime": job.training_end_time,
            "TrainingJobStatus": job.training_job_status,
            "TunedHyperParameters": dict(self.trial.values),
            "FailureReason": job.failure_reason,
            "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": metric, "Value": self.values[-1]}
            if self.values and not self.failed
            else None,
            "ObjectiveStatus": self.objective_status,
        }
        return {name: found for name, found in answer.items() if found is not None}
