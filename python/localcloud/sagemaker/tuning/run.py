"""One trial of a tuning job and its training job, as they run.

Example::

    run = Run(search.ask())
    run.see(job, "validation:accuracy")     # True: there is a new value
    run.objective                           # None: it has not ended
"""

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
    """What a tuning job wants of a training job: :class:`localcloud.sagemaker.training.job.Job`."""

    training_job_name: str
    arn: str
    training_job_status: str
    creation_time: datetime
    training_start_time: datetime | None
    training_end_time: datetime | None
    metrics: list[dict[str, Any]]
    failure_reason: str | None

    def stop(self) -> None: ...


class Run:
    """A trial and its training job.

    Attributes:
        trial: The combination that is tried.
        job: Its training job.
        values: Its objective metric after each epoch.
        told: Whether the search knows how it ended.
    """

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.job: TrainingJob | None = None
        self.values: list[float] = []
        self.told = False
        self._last: Any = None

    def see(self, job: TrainingJob, metric: str) -> bool:
        """Take in the metrics as they stand; whether the objective has a new value."""
        self.job = job
        found = next((one for one in job.metrics if one["MetricName"] == metric), None)
        if found is None or found is self._last:
            return False
        self._last = found
        self.values.append(found["Value"])
        return True

    @property
    def ended(self) -> bool:
        """Whether its training job has ended."""
        return self.job is not None and self.job.training_job_status in ENDED

    @property
    def objective(self) -> float | None:
        """The final objective; None while it runs, and where it failed or has none."""
        if not self.ended or self.failed or not self.values:
            return None
        return self.values[-1]

    @property
    def failed(self) -> bool:
        """Whether its training job has failed."""
        return self.job is not None and self.job.training_job_status == "Failed"

    @property
    def objective_status(self) -> str:
        """Whether its objective counts: Pending, Succeeded or Failed."""
        if not self.ended:
            return "Pending"
        return "Failed" if self.objective is None else "Succeeded"

    @property
    def seconds(self) -> int:
        """How long it has trained."""
        if self.job is None or self.job.training_start_time is None:
            return 0
        return math.ceil(((self.job.training_end_time or utcnow()) - self.job.training_start_time).total_seconds())

    def stop(self) -> None:
        """Stop its training job, if it still runs."""
        with contextlib.suppress(ValidationError):  # it ended at this very moment
            self.job.stop()

    def summary(self, metric: str, definition: str | None) -> dict[str, Any]:
        """Its HyperParameterTrainingJobSummary; the objective of one that runs is the latest."""
        job = self.job
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
