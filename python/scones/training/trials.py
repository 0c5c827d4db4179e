"""A tuning job and its trials, read from what SageMaker says of them, and as JSON.

Example::

    job = read(description, summaries, now=datetime.now(UTC))
    job.best.values["learning_rate"]     # '0.0534'
    files.write(path, as_json(job))
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
        number: 1, 2, … in the order of their start.
        status: InProgress, Completed, Failed, Stopping or Stopped.
        values: The searched hyperparameters' values.
        epochs: How many epochs it was asked for.
        epochs_done: How many were validated.
        objective: Validation accuracy of its last epoch so far, 0 to 1; None before the first.
        kept: Validation accuracy of the model that it keeps, the best epoch's.
        seconds: How long it has trained.
        failure_reason: Why it failed; None where it did not.
        out_of_time: Whether it was stopped for taking longer than a training job may.
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
        """Whether it is over."""
        return self.status in ENDED


@dataclass(frozen=True)
class TuningSnapshot:
    """A tuning job as it stands.

    Attributes:
        status: InProgress, Completed, Failed, Stopping or Stopped.
        strategy: How trials are chosen.
        static: The hyperparameters that all trials share.
        jobs: How many trials there are to be at most; None where the strategy decides.
        trials: Those started so far.
        best_name: The training job of the best trial; None while none has ended well.
        failure_reason: Why it failed; None where it did not.
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
        """Whether it is over."""
        return self.status in ENDED

    @property
    def best(self) -> TuningTrial | None:
        """The trial with the best objective; None while none has ended well."""
        return next((trial for trial in self.trials if trial.name == self.best_name), None)

    def outcome(self, trial: TuningTrial) -> str:
        """What became of a trial, in words."""
        if trial.status != "Stopped":
            return {"InProgress": "running", "Stopping": "stopping"}.get(trial.status, trial.status.lower())
        if trial.out_of_time:
            return "out of time"
        if self.status in ("Stopping", "Stopped"):
            return "stopped"
        # The word to stop may come when the last epoch is done.
        return "stopped early" if trial.epochs_done < trial.epochs else "completed"


def read(description: Mapping[str, Any], summaries: Sequence[Mapping[str, Any]], *, now: datetime) -> TuningSnapshot:
    """A tuning job out of DescribeHyperParameterTuningJob's and ListTrainingJobsForHyperParameterTuningJob's answers.

    Args:
        summaries: TrainingJobSummaries, in the order of their creation.
        now: Until when trials that run have trained.
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
    """The whole job, for another program to read."""
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
