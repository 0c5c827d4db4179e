"""One tuning job: it starts its trials, watches them, and answers Describe and List.

A job replaces moto's object in ``hyper_parameter_tuning_jobs``. moto's is Completed at once and invents its best job.
A trial's objective is the value of its last epoch, as in a training job's FinalMetricDataList.

Example (not run: it needs a running cloud)::

    job = TuningJob(request, read(request), account="123456789012", region="us-east-1", launch=launch)
    threading.Thread(target=job.run, daemon=True).start()
    job.describe()["BestTrainingJob"]["TunedHyperParameters"]
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.utils import arn_formatter

from localcloud import log
from localcloud.sagemaker.training.job import FAILURE_REASON_LENGTH
from localcloud.sagemaker.tuning.early import is_hopeless
from localcloud.sagemaker.tuning.request import TuningPlan, static_definition, trial_request
from localcloud.sagemaker.tuning.run import TrainingJob, TrialRun
from localcloud.sagemaker.tuning.search import Search

Launch = Callable[[Mapping[str, Any], Callable[[TrainingJob], None]], TrainingJob]


class TuningJob:
    """A hyperparameter tuning job.

    Args:
        request: CreateHyperParameterTuningJob's parameters.
        plan: The request, checked by :func:`~localcloud.sagemaker.tuning.request.read`.
        launch: Starts a training job from CreateTrainingJob's parameters. It calls its second argument when the
            training job has new metrics and when it ends.
        clock: Returns a time in seconds.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        plan: TuningPlan,
        *,
        account: str,
        region: str,
        launch: Launch,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.request = dict(request)
        self.plan = plan
        self.hyper_parameter_tuning_job_name: str = request["HyperParameterTuningJobName"]
        self.arn = arn_formatter("hyper-parameter-tuning-job", self.hyper_parameter_tuning_job_name, account, region)
        self.tags = list(request.get("Tags") or [])
        self.creation_time = self.last_modified_time = utcnow()
        self.hyper_parameter_tuning_end_time: Any = None
        self.hyper_parameter_tuning_job_status = "InProgress"
        self._launch, self._clock = launch, clock
        self._began = clock()
        self._search = Search(plan.searched, strategy=plan.strategy, jobs=plan.jobs, seed=plan.seed)
        self._runs: list[TrialRun] = []
        self._enough = False
        self._failure_reason: str | None = None
        # Guards all of the above. A training job never waits for it while holding its own lock.
        self._changed = threading.Condition()

    def __getstate__(self) -> dict[str, Any]:
        """What is kept of the job: all but the function that starts a training job."""
        runs = [run for run in self._runs if run.job is not None]
        return {name: value for name, value in vars(self).items() if name != "_launch"} | {"_runs": runs}

    def resume(self, launch: Launch, tell: Callable[[TrainingJob, Callable[[TrainingJob], None]], None]) -> None:
        """Get ready to :meth:`run` on after a restart of the cloud.

        Args:
            tell: Makes a training job tell its changes to a function.
        """
        self._launch = launch
        for run in self._runs:
            tell(run.training_job, partial(self._see, run))

    def run(self) -> None:
        """Run the trials. The job ends even if the local cloud itself has a fault."""
        try:
            self._run()
        except Exception as error:  # noqa: BLE001  a fault of the cloud must not leave the job InProgress
            log.failure(error)
            self._halt()
            self._end("Failed", f"InternalServerError: the local cloud failed: {type(error).__name__}: {error}")

    def stop(self) -> None:
        """Stop the running trials and start no more. A stopped trial uploads its best model so far.

        Raises:
            ValidationError: The job has ended already.
        """
        with self._changed:
            if self.hyper_parameter_tuning_job_status == "InProgress":
                self.hyper_parameter_tuning_job_status = "Stopping"
                self.last_modified_time = utcnow()
                self._changed.notify_all()
            elif self.hyper_parameter_tuning_job_status != "Stopping":
                raise ValidationError(
                    "The request was rejected because the hyperparameter tuning job is in status "
                    f"{self.hyper_parameter_tuning_job_status}."
                )

    def _run(self) -> None:
        while True:
            left = None if self.plan.seconds is None else self.plan.seconds - (self._clock() - self._began)
            with self._changed:
                self._harvest()
                halt = self.hyper_parameter_tuning_job_status == "Stopping" or (left is not None and left <= 0)
                running = [run for run in self._runs if not run.ended]
                more = not (halt or self._enough or len(self._runs) >= self.plan.jobs)
                if not more and not running:
                    break
                if not halt and not (more and len(running) < self.plan.parallel):
                    self._changed.wait(left)
                    continue
            if halt:
                self._halt()
                with self._changed:
                    self._changed.wait_for(lambda: all(run.ended for run in self._runs))
            else:
                self._start_one()
        if self.hyper_parameter_tuning_job_status == "Stopping":
            self._end("Stopped")
        elif self._runs and all(run.failed for run in self._runs):
            self._end("Failed", f"All training jobs failed with: {self._runs[-1].training_job.failure_reason}")
        else:
            self._end("Completed")

    def _start_one(self) -> None:
        """Start the next trial. The caller must not hold the lock: the trial's thread may call :meth:`_see` at once."""
        trial = self._search.ask()
        if trial is None:
            self._enough = True
            return
        run = TrialRun(trial)
        name = f"{self.hyper_parameter_tuning_job_name}-{trial.number + 1:03}-{secrets.token_hex(4)}"
        with self._changed:
            self._runs.append(run)
        try:
            run.job = self._launch(trial_request(self.request, name, trial.values), lambda job: self._see(run, job))
        except ServiceException:
            with self._changed:
                self._runs.remove(run)
            raise

    def _see(self, run: TrialRun, job: TrainingJob) -> None:
        """Note a trial's metrics and status. A training job calls it from its own thread."""
        with self._changed:
            new = run.see(job, self.plan.metric)
            previous = [other.values for other in self._runs if other is not run and other.ended and not other.failed]
            hopeless = new and self.plan.early_stopping and not run.ended and is_hopeless(run.values, previous)
            self._changed.notify_all()
        if hopeless:
            run.stop()

    def _harvest(self) -> None:
        """Report ended trials to the search, and check the completion criteria."""
        for run in self._runs:
            if run.ended and not run.told:
                run.told = True
                self._search.tell(run.trial, run.objective)
                self.last_modified_time = utcnow()
        best = self._best()
        if best is not None and best.objective is not None and self.plan.target is not None:
            self._enough |= best.objective >= self.plan.target
        if self.plan.patience is not None:
            self._enough |= self._not_improving() >= self.plan.patience

    def _best(self) -> TrialRun | None:
        def objective(run: TrialRun) -> float:
            return -math.inf if run.objective is None else run.objective

        return max((run for run in self._runs if run.objective is not None), key=objective, default=None)

    def _not_improving(self) -> int:
        """The number of trials that ended after the best one."""
        ended = sorted((run for run in self._runs if run.ended), key=lambda run: run.end_time)
        best = self._best()
        return len(ended) if best is None else len(ended) - 1 - ended.index(best)

    def _halt(self) -> None:
        for run in self._runs:
            if run.job is not None and not run.ended:
                run.stop()

    def _end(self, status: str, reason: str | None = None) -> None:
        with self._changed:
            self._failure_reason = reason[:FAILURE_REASON_LENGTH] if reason else None
            self.hyper_parameter_tuning_end_time = self.last_modified_time = utcnow()
            self.hyper_parameter_tuning_job_status = status

    def describe(self) -> dict[str, Any]:
        """DescribeHyperParameterTuningJob's answer."""
        with self._changed:
            best = self._best()
            definition = static_definition(self.request)
            answer = {
                **self.summary(),
                "HyperParameterTuningJobConfig": self.request["HyperParameterTuningJobConfig"],
                "TrainingJobDefinition": definition,
                "BestTrainingJob": None
                if best is None
                else best.summary(self.plan.metric, definition.get("DefinitionName")),
                "TuningJobCompletionDetails": {"NumberOfTrainingJobsObjectiveNotImproving": self._not_improving()},
                "ConsumedResources": {"RuntimeInSeconds": sum(run.seconds for run in self._runs)},
                "FailureReason": self._failure_reason,
            }
        for only_in_summary in ("Strategy", "ResourceLimits"):
            del answer[only_in_summary]
        return {name: value for name, value in answer.items() if value is not None}

    def summary(self) -> dict[str, Any]:
        """The job's item in ListHyperParameterTuningJobs."""
        with self._changed:
            statuses = [run.job.training_job_status for run in self._runs if run.job is not None]
            objectives = [run.objective_status for run in self._runs if run.job is not None]
            answer = {
                "HyperParameterTuningJobName": self.hyper_parameter_tuning_job_name,
                "HyperParameterTuningJobArn": self.arn,
                "HyperParameterTuningJobStatus": self.hyper_parameter_tuning_job_status,
                "Strategy": self.plan.strategy,
                "CreationTime": self.creation_time,
                "HyperParameterTuningEndTime": self.hyper_parameter_tuning_end_time,
                "LastModifiedTime": self.last_modified_time,
                "TrainingJobStatusCounters": {
                    "Completed": statuses.count("Completed"),
                    "InProgress": statuses.count("InProgress") + statuses.count("Stopping"),
                    "RetryableError": 0,
                    "NonRetryableError": statuses.count("Failed"),
                    "Stopped": statuses.count("Stopped"),
                },
                "ObjectiveStatusCounters": {
                    status: objectives.count(status) for status in ("Succeeded", "Pending", "Failed")
                },
                "ResourceLimits": self.request["HyperParameterTuningJobConfig"]["ResourceLimits"],
            }
        return {name: value for name, value in answer.items() if value is not None}

    def trials(self) -> list[dict[str, Any]]:
        """All summaries of ListTrainingJobsForHyperParameterTuningJob, in the order in which the trials started."""
        with self._changed:
            name = self.request["TrainingJobDefinition"].get("DefinitionName")
            return [run.summary(self.plan.metric, name) for run in self._runs if run.job is not None]
