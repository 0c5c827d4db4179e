"""Reads SageMaker's description of a tuning job and its trials, and writes it as JSON.

Example::

    >>> trial = TuningTrial(1, "tune-dev-1-001", "Completed", {"learning_rate": "0.0534"}, epochs=60, objective=0.91)
    >>> job = TuningSnapshot("tune-dev-1", "Completed", "Random", {}, {}, 1, (trial,), best_name="tune-dev-1-001")
    >>> job.best.values["learning_rate"], json.loads(as_json(job))["best"]
    ('0.0534', 'tune-dev-1-001')

:func:`read` makes the snapshot from SageMaker's answers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imageclassification.ranges import Searched, from_request

ENDED = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class TuningTrial:
    """One training job of a tuning job.

    Attributes:
        number: 1, 2, … in the order of creation.
        status: InProgress, Completed, Failed, Stopping or Stopped.
        values: The values of the searched hyperparameters.
        epochs: The requested number of epochs.
        epochs_done: The number of epochs with a validation accuracy.
        objective: Validation accuracy of the last epoch, 0 to 1. None before the first.
        kept: Validation accuracy of the kept model, 0 to 1. None if it is not known.
        seconds: The training time.
        failure_reason: SageMaker's reason. None if the trial has not failed.
        out_of_time: Whether the trial was stopped at the maximum runtime.
    """

    number: int
    name: str
    status: str
    values: Mapping[str, str]
    epochs: int
    epochs_done: int = 0
    objective: float | None = None
    kept: float | None = None
    seconds: int = 0
    failure_reason: str | None = None
    out_of_time: bool = False

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.status in ENDED


@dataclass(frozen=True)
class TuningSnapshot:
    """The current state of a tuning job.

    Attributes:
        status: InProgress, Completed, Failed, Stopping or Stopped.
        strategy: Bayesian, Random or Grid.
        searched: The searched ranges and choices, by hyperparameter.
        static: The hyperparameters that all trials share.
        jobs: The maximum number of trials. None for Grid.
        trials: The trials so far.
        best_name: The training job of the best trial. None until a trial has completed.
        failure_reason: SageMaker's reason. None if the job has not failed.
    """

    name: str
    status: str
    strategy: str
    searched: Searched
    static: Mapping[str, str]
    jobs: int | None
    trials: tuple[TuningTrial, ...] = ()
    best_name: str | None = None
    failure_reason: str | None = None

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.status in ENDED

    @property
    def best(self) -> TuningTrial | None:
        """The trial with the best objective. None until a trial has completed."""
        return next((trial for trial in self.trials if trial.name == self.best_name), None)

    def outcome(self, trial: TuningTrial) -> str:
        """The outcome of a trial in words, for instance ``stopped early``."""
        if trial.status != "Stopped":
            return {"InProgress": "running", "Stopping": "stopping"}.get(trial.status, trial.status.lower())
        if trial.out_of_time:
            return "out of time"
        if self.status in ("Stopping", "Stopped"):
            return "stopped"
        # SageMaker may stop a trial after its last epoch.
        return "stopped early" if trial.epochs_done < trial.epochs else "completed"


def read(description: Mapping[str, Any], summaries: Sequence[Mapping[str, Any]], *, now: datetime) -> TuningSnapshot:
    """Read a tuning job from SageMaker's answers.

    Args:
        description: The answer of DescribeHyperParameterTuningJob.
        summaries: TrainingJobSummaries of ListTrainingJobsForHyperParameterTuningJob, in the order of creation.
        now: The current time, for the training time of running trials.
    """
    config = description["HyperParameterTuningJobConfig"]
    static = {
        name: value
        for name, value in description["TrainingJobDefinition"].get("StaticHyperParameters", {}).items()
        if not name.startswith("_")
    }
    epochs = int(static.get("epochs", 30))  # the algorithm's default
    return TuningSnapshot(
        name=description["HyperParameterTuningJobName"],
        status=description["HyperParameterTuningJobStatus"],
        strategy=config["Strategy"],
        searched=from_request(config.get("ParameterRanges") or {}),
        static=static,
        jobs=config["ResourceLimits"].get("MaxNumberOfTrainingJobs"),
        trials=tuple(_trial(number, summary, epochs, now) for number, summary in enumerate(summaries, 1)),
        best_name=(description.get("BestTrainingJob") or {}).get("TrainingJobName"),
        failure_reason=description.get("FailureReason"),
    )


def _trial(number: int, summary: Mapping[str, Any], epochs: int, now: datetime) -> TuningTrial:
    began, ended = summary.get("TrainingStartTime"), summary.get("TrainingEndTime")
    return TuningTrial(
        number=number,
        name=summary["TrainingJobName"],
        status=summary["TrainingJobStatus"],
        values=dict(summary["TunedHyperParameters"]),
        epochs=epochs,
        objective=(summary.get("FinalHyperParameterTuningJobObjectiveMetric") or {}).get("Value"),
        seconds=max(0, math.ceil(((ended or now) - began).total_seconds())) if began else 0,
        failure_reason=summary.get("FailureReason"),
    )


def as_json(job: TuningSnapshot) -> str:
    """The tuning job and its trials as JSON."""
    return (
        json.dumps(
            {
                "name": job.name,
                "status": job.status,
                "strategy": job.strategy,
                "searched": [str(entry) for entry in job.searched.values()],
                "hyperparameters": dict(job.static),
                "best": job.best_name,
                "trials": [
                    {
                        "name": trial.name,
                        "outcome": job.outcome(trial),
                        "hyperparameters": dict(trial.values),
                        "epochs": trial.epochs_done,
                        "objective": trial.objective,
                        "kept": trial.kept,
                        "seconds": trial.seconds,
                        "failure_reason": trial.failure_reason,
                    }
                    for trial in job.trials
                ],
            },
            indent=2,
        )
        + "\n"
    )
