"""Follows a tuning job, with the status from SageMaker and the progress from each trial's log.

Example (not run: it needs an AWS account)::

    found = follow(environment, "tune-dev-260101-120000", print)
    found.best.epochs_done
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scones import aws
from scones.errors import TrainingError
from scones.training import trials
from scones.training.logs import LogReader
from scones.training.progress import Progress
from scones.training.trials import TuningSnapshot, TuningTrial

if TYPE_CHECKING:
    from scones.settings import Environment

_SECONDS_BETWEEN_LOOKS = (1.0, 10.0)  # between the first looks, and after some minutes
_LATE_LOOKS = 3  # how often to read the log after a trial's end; its last lines arrive late


class Watch:
    """Polls a tuning job and its trials. Each log line is read once.

    Args:
        name: The tuning job's name.
        client: Makes boto3 clients.
    """

    def __init__(self, environment: Environment, name: str, *, client: Callable[..., Any] = aws.client) -> None:
        self._environment, self._name = environment, name
        self._sagemaker, self._logs = client(environment, "sagemaker"), client(environment, "logs")
        self._readers: dict[str, LogReader] = {}
        self._progress: dict[str, Progress] = {}
        self._late: dict[str, int] = {}
        self._out_of_time: dict[str, bool] = {}

    def look(self) -> TuningSnapshot:
        """The current state of the tuning job.

        Raises:
            TrainingError: the job does not exist.
        """
        job = trials.read(self._describe(), self._summaries(), now=datetime.now(UTC))
        return replace(job, trials=tuple(self._with_log(trial) for trial in job.trials))

    @property
    def owed(self) -> bool:
        """Whether the last log lines of a trial may still arrive."""
        return any(looks < _LATE_LOOKS for looks in self._late.values())

    def _describe(self) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        try:
            return self._sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=self._name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
                raise
            raise TrainingError(
                f"environment '{self._environment.name}' has no tuning job '{self._name}': "
                f"{error.response['Error']['Message']}",
                hint="invoke tune prints the name; SageMaker's console lists all jobs",
            ) from None

    def _summaries(self) -> list[dict[str, Any]]:
        pages = self._sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=self._name, SortBy="CreationTime", PaginationConfig={"PageSize": 100}
        )
        return [summary for page in pages for summary in page["TrainingJobSummaries"]]

    def _with_log(self, trial: TuningTrial) -> TuningTrial:
        """A trial with the progress from its log."""
        name = trial.name
        looks = self._late.get(name, 0)
        if looks < _LATE_LOOKS:
            reader = self._readers.setdefault(name, LogReader(self._logs, name))
            progress = self._progress.get(name, Progress(name, trial.epochs))
            for line in reader.read():
                progress = progress.after(line)
            self._progress[name] = progress
            if trial.ended:
                complete = trial.status == "Failed" or progress.kept is not None
                self._late[name] = _LATE_LOOKS if complete else looks + 1
        if trial.status == "Stopped" and name not in self._out_of_time:
            found = self._sagemaker.describe_training_job(TrainingJobName=name)
            self._out_of_time[name] = found["SecondaryStatus"] == "MaxRuntimeExceeded"
        progress = self._progress[name]
        return replace(
            trial,
            epochs_done=progress.epochs_done,
            kept=progress.kept,
            out_of_time=self._out_of_time.get(name, False),
        )


def follow(
    environment: Environment,
    name: str,
    show: Callable[[TuningSnapshot], None],
    *,
    client: Callable[..., Any] = aws.client,
    sleep: Callable[[float], None] = time.sleep,
) -> TuningSnapshot:
    """Wait for the end of a tuning job. A failed or stopped job is not an error.

    Args:
        show: Called with the state of the job every few seconds.
        client: Makes boto3 clients.
        sleep: Waits between two requests.

    Raises:
        TrainingError: the job does not exist.
    """
    watch = Watch(environment, name, client=client)
    waited = 0.0
    while True:
        job = watch.look()
        show(job)
        if job.ended and not watch.owed:
            return job
        pause = min(_SECONDS_BETWEEN_LOOKS[1], _SECONDS_BETWEEN_LOOKS[0] + waited / 60)
        sleep(pause)
        waited += pause
