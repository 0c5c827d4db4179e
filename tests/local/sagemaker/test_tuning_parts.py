"""A tuning job's parts, without training: the search, the early-stopping rule, and the order of the trials."""

from __future__ import annotations

import math
import statistics
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.sagemaker.exceptions import ValidationError

from imageclassification.ranges import SMALL_IMAGES, Choice, Range, combinations
from localcloud.sagemaker.tuning.early import is_hopeless
from localcloud.sagemaker.tuning.job import TuningJob
from localcloud.sagemaker.tuning.listing import page
from localcloud.sagemaker.tuning.request import TuningPlan, resources
from localcloud.sagemaker.tuning.search import Search

pytestmark = pytest.mark.filterwarnings("error")

RATE = Range("learning_rate", 0.001, 0.1, scaling="Logarithmic")
OPTIMIZER = Choice("optimizer", ("sgd", "nag"))


def searched(*entries: Range | Choice) -> dict[str, Range | Choice]:
    return {entry.name: entry for entry in entries}


# --- the median rule, compared with numbers calculated by hand ----------------------------------------------------


@pytest.mark.parametrize(
    ("values", "previous", "hopeless"),
    [
        ([0.1], [], False),  # nothing to compare with
        ([], [[0.5]], False),  # nothing to judge
        ([0.50], [[0.51]], True),
        ([0.50], [[0.50]], False),  # equal is not worse
        # Running averages at the second epoch: .65 and .51; their median is .58.
        ([0.50, 0.57], [[0.60, 0.70, 0.90], [0.50, 0.52, 0.10]], True),
        ([0.50, 0.59], [[0.60, 0.70, 0.90], [0.50, 0.52, 0.10]], False),
        # At the third epoch: .70, .60, .50; the median is .60. A trial that ended after two epochs does not count.
        ([0.1, 0.1, 0.61], [[0.6, 0.7, 0.8], [0.5, 0.6, 0.7], [0.4, 0.5, 0.6], [0.9, 0.9]], False),
        ([0.9, 0.9, 0.59], [[0.6, 0.7, 0.8], [0.5, 0.6, 0.7], [0.4, 0.5, 0.6], [0.9, 0.9]], True),
    ],
)
def test_a_trial_below_the_median_of_the_others_running_averages_is_hopeless(
    values: list[float], previous: list[list[float]], hopeless: bool
) -> None:
    assert is_hopeless(values, previous) is hopeless


# --- the search ---------------------------------------------------------------------------------------------------


def values_of(search: Search, count: int) -> list[dict[str, str]]:
    found = []
    for _ in range(count):
        trial = search.ask()
        assert trial is not None
        search.tell(trial, float(trial.number % 3))
        found.append(trial.values)
    return found


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
@pytest.mark.parametrize("seed", range(5))
def test_as_many_jobs_as_combinations_try_them_all_whatever_is_good(strategy: str, seed: int) -> None:
    few = searched(OPTIMIZER, Range("mini_batch_size", 32, 34, whole=True))
    search = Search(few, strategy=strategy, jobs=6, seed=seed)
    tried = set()
    for _ in range(6):
        trial = search.ask()
        tried.add(tuple(trial.values.values()))
        search.tell(trial, 0.9 if trial.values["optimizer"] == "sgd" else 0.1)
    assert len(tried) == 6
    assert search.ask() is None


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_the_same_seed_chooses_the_same_trials_and_another_seed_others(strategy: str) -> None:
    first, again, other = (
        values_of(Search(SMALL_IMAGES, strategy=strategy, jobs=12, seed=seed), 12) for seed in (7, 7, 8)
    )
    assert first == again != other


def test_every_value_lies_in_its_range_and_is_written_as_the_algorithm_reads_it() -> None:
    for values in values_of(Search(SMALL_IMAGES, strategy="Random", jobs=60, seed=1), 60):
        for name, entry in SMALL_IMAGES.items():
            if isinstance(entry, Choice):
                assert values[name] in entry.values
            else:
                number = int(values[name]) if entry.whole else float(values[name])
                assert entry.least <= number <= entry.most


@pytest.mark.parametrize(
    ("kind", "middle"), [("Linear", 0.4505), ("Logarithmic", math.sqrt(0.001 * 0.9)), ("ReverseLogarithmic", 0.684)]
)
def test_values_are_spread_as_the_scaling_says(kind: str, middle: float) -> None:
    entry = Range("momentum", 0.001, 0.9, scaling=kind)
    found = values_of(Search(searched(entry), strategy="Random", jobs=400, seed=3), 400)
    median = statistics.median(float(values["momentum"]) for values in found)
    assert median == pytest.approx(middle, rel=0.25)


def test_auto_is_logarithmic_from_one_order_of_magnitude_on() -> None:
    assert Range("learning_rate", 0.01, 0.1).drawn_on == "Logarithmic"
    assert Range("learning_rate", 0.01, 0.09).drawn_on == "Linear"
    assert Range("momentum", 0.0, 0.9).drawn_on == "Linear"


def test_a_grid_is_every_combination_once() -> None:
    wide = searched(Choice("optimizer", ("sgd", "nag", "adam")))
    search = Search(wide, strategy="Grid", jobs=3)
    assert [search.ask().values["optimizer"] for _ in range(3)] == ["sgd", "nag", "adam"]
    assert search.ask() is None
    assert combinations(wide) == 3
    assert combinations(searched(OPTIMIZER, Range("mini_batch_size", 8, 11, whole=True))) == 8
    assert combinations(searched(OPTIMIZER, RATE)) is None


def test_bayesian_search_finds_a_narrow_peak_sooner_than_chance() -> None:
    def best(strategy: str, seed: int) -> float:
        search = Search(searched(RATE, OPTIMIZER), strategy=strategy, jobs=30, seed=seed)
        found = []
        for _ in range(30):
            trial = search.ask()
            score = -abs(math.log(float(trial.values["learning_rate"]) / 0.02)) - (trial.values["optimizer"] == "sgd")
            search.tell(trial, score)
            found.append(score)
        return max(found)

    seeds = range(5)
    assert statistics.fmean(best("Bayesian", seed) for seed in seeds) > statistics.fmean(
        best("Random", seed) for seed in seeds
    )


# --- how trials run -----------------------------------------------------------------------------------------------


class FakeTraining:
    """A stand-in for training jobs. The test gives the metrics and ends each job."""

    def __init__(self, request: dict[str, Any], changed: Any) -> None:
        self.request = request
        self.training_job_name = request["TrainingJobName"]
        self.arn = f"arn:aws:sagemaker:us-east-1:1:training-job/{self.training_job_name}"
        self.training_job_status = "InProgress"
        self.creation_time = self.training_start_time = datetime.now(UTC)
        self.training_end_time: datetime | None = None
        self.metrics: list[dict[str, Any]] = []
        self.failure_reason: str | None = None
        self._changed = changed

    def epoch(self, value: float) -> None:
        self.metrics = [{"MetricName": "validation:accuracy", "Value": value, "Timestamp": datetime.now(UTC)}]
        self._changed(self)

    def end(self, status: str = "Completed", reason: str | None = None) -> None:
        self.failure_reason, self.training_end_time = reason, datetime.now(UTC)
        self.training_job_status = status
        self._changed(self)

    def stop(self) -> None:
        self.end("Stopped")


class Bench:
    """A tuning job. The test itself runs the trials."""

    def __init__(self, **plan: Any) -> None:
        self.started: list[FakeTraining] = []
        self.time = 0.0
        self.news = threading.Condition()
        given = {"searched": searched(RATE), "strategy": "Random", "jobs": 3, "parallel": 1, "seed": 1, **plan}
        self.job = TuningJob(
            {
                "HyperParameterTuningJobName": "bench",
                "Tags": [{"Key": "Project", "Value": "scones"}],
                "HyperParameterTuningJobConfig": {
                    "HyperParameterTuningJobObjective": {"MetricName": "validation:accuracy", "Type": "Maximize"},
                    "ResourceLimits": {},
                },
                "TrainingJobDefinition": {
                    "AlgorithmSpecification": {"TrainingInputMode": "File"},
                    "StaticHyperParameters": {"epochs": "3"},
                },
            },
            TuningPlan(metric="validation:accuracy", **given),
            account="123456789012",
            region="us-east-1",
            launch=self.launch,
            clock=lambda: self.time,
        )
        self.thread = threading.Thread(target=self.job.run, daemon=True)
        self.thread.start()

    def launch(self, request: Any, changed: Any) -> FakeTraining:
        with self.news:
            self.started.append(FakeTraining(request, changed))
            self.news.notify_all()
            return self.started[-1]

    def trial(self, number: int) -> FakeTraining:
        """Wait until the trial with this number has started, and return it."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.started) > number, timeout=60)
        return self.started[number]

    def ended(self) -> dict[str, Any]:
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.job.describe()


@pytest.fixture
def bench() -> Iterator[Any]:
    made: list[Bench] = []

    def make(**plan: Any) -> Bench:
        made.append(Bench(**plan))
        return made[-1]

    yield make
    for one in made:
        if one.thread.is_alive():
            one.job.stop()


def test_trials_run_so_many_at_a_time_and_no_more_than_allowed(bench: Any) -> None:
    tuning = bench(jobs=3, parallel=2)
    first, second = tuning.trial(0), tuning.trial(1)
    assert tuning.job.summary()["TrainingJobStatusCounters"]["InProgress"] == 2
    first.epoch(0.5)
    first.end()
    third = tuning.trial(2)
    for trial in (second, third):
        trial.epoch(0.4)
        trial.end()
    assert tuning.ended()["HyperParameterTuningJobStatus"] == "Completed"
    assert len(tuning.started) == 3


def test_a_trial_is_named_tagged_and_told_its_objective_as_sagemaker_does(bench: Any) -> None:
    request = bench().trial(0).request
    stem, _, suffix = request["TrainingJobName"].rpartition("-")
    assert stem == "bench-001"
    assert len(bytes.fromhex(suffix)) == 4
    assert request["HyperParameters"]["_tuning_objective_metric"] == "validation:accuracy"
    assert request["HyperParameters"]["epochs"] == "3"
    assert 0.001 <= float(request["HyperParameters"]["learning_rate"]) <= 0.1
    assert request["Tags"] == [{"Key": "Project", "Value": "scones"}]


def test_the_best_trial_is_the_one_whose_last_epoch_was_best(bench: Any) -> None:
    tuning = bench(jobs=3)
    for number, values in enumerate(([0.9, 0.5], [0.6, 0.7], [0.65, 0.69])):
        trial = tuning.trial(number)
        for value in values:
            trial.epoch(value)
        trial.end()
    best = tuning.ended()["BestTrainingJob"]
    assert best["TrainingJobName"] == tuning.started[1].training_job_name
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {"MetricName": "validation:accuracy", "Value": 0.7}
    assert best["TunedHyperParameters"] == {
        "learning_rate": tuning.started[1].request["HyperParameters"]["learning_rate"]
    }


def test_a_hopeless_trial_is_stopped_after_its_epoch_and_its_objective_counts(bench: Any) -> None:
    tuning = bench(jobs=2, early_stopping=True)
    for value in (0.6, 0.8):
        tuning.trial(0).epoch(value)
    tuning.trial(0).end()
    second = tuning.trial(1)
    second.epoch(0.61)  # the other's average at the first epoch is .60
    assert second.training_job_status == "InProgress"
    second.epoch(0.69)  # at the second .70
    assert second.training_job_status == "Stopped"
    found = tuning.ended()
    assert found["TrainingJobStatusCounters"] | {"Completed": 1, "Stopped": 1} == found["TrainingJobStatusCounters"]
    assert found["ObjectiveStatusCounters"] == {"Succeeded": 2, "Pending": 0, "Failed": 0}


def test_only_trials_that_have_ended_have_a_say_in_whether_another_is_hopeless(bench: Any) -> None:
    tuning = bench(jobs=3, parallel=2, early_stopping=True)
    running, second = tuning.trial(0), tuning.trial(1)
    running.epoch(0.9)
    second.epoch(0.5)
    assert second.training_job_status == "InProgress"
    running.end("Failed", "InternalServerError")
    second.epoch(0.5)
    assert second.training_job_status == "InProgress"
    second.end()
    third = tuning.trial(2)
    third.epoch(0.49)
    assert third.training_job_status == "Stopped"


def test_without_early_stopping_a_poor_trial_goes_on(bench: Any) -> None:
    tuning = bench(jobs=2)
    tuning.trial(0).epoch(0.9)
    tuning.trial(0).end()
    tuning.trial(1).epoch(0.1)
    assert tuning.trial(1).training_job_status == "InProgress"


def test_failed_trials_are_counted_and_others_go_on(bench: Any) -> None:
    tuning = bench(jobs=2)
    tuning.trial(0).end("Failed", "ClientError: no")
    tuning.trial(1).epoch(0.5)
    tuning.trial(1).end()
    found = tuning.ended()
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert found["ObjectiveStatusCounters"] == {"Succeeded": 1, "Pending": 0, "Failed": 1}
    assert tuning.job.trials()[0]["FailureReason"] == "ClientError: no"


def test_when_every_trial_failed_the_tuning_job_has_failed_with_the_reason(bench: Any) -> None:
    tuning = bench(jobs=2)
    for number in range(2):
        tuning.trial(number).end("Failed", "ClientError: no such layers")
    found = tuning.ended()
    assert found["HyperParameterTuningJobStatus"] == "Failed"
    assert found["FailureReason"] == "All training jobs failed with: ClientError: no such layers"
    assert "BestTrainingJob" not in found


def test_stopping_stops_the_running_trials_and_starts_none(bench: Any) -> None:
    tuning = bench(jobs=5, parallel=2)
    tuning.trial(1)
    tuning.trial(0).epoch(0.5)
    tuning.job.stop()
    found = tuning.ended()
    assert found["HyperParameterTuningJobStatus"] == "Stopped"
    assert [trial.training_job_status for trial in tuning.started] == ["Stopped", "Stopped"]
    assert found["BestTrainingJob"]["TrainingJobName"] == tuning.started[0].training_job_name
    with pytest.raises(ValidationError, match="is in status Stopped"):
        tuning.job.stop()


def test_a_tuning_job_past_its_time_completes_with_what_it_has(bench: Any) -> None:
    tuning = bench(jobs=5, seconds=600)
    tuning.trial(0).epoch(0.5)
    tuning.time = 600.0
    tuning.trial(0).epoch(0.6)
    found = tuning.ended()
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["Stopped"] == len(tuning.started) == 1


def test_a_target_or_too_many_trials_without_a_better_one_is_enough(bench: Any) -> None:
    tuning = bench(jobs=9, target=0.9)
    tuning.trial(0).epoch(0.91)
    tuning.trial(0).end()
    assert tuning.ended()["HyperParameterTuningJobStatus"] == "Completed"
    assert len(tuning.started) == 1

    tuning = bench(jobs=9, patience=3)
    for number, value in enumerate((0.5, 0.4, 0.4, 0.4)):
        tuning.trial(number).epoch(value)
        tuning.trial(number).end()
    assert tuning.ended()["TuningJobCompletionDetails"] == {"NumberOfTrainingJobsObjectiveNotImproving": 3}
    assert len(tuning.started) == 4


def test_a_fault_of_the_cloud_ends_the_job_as_failed(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bench, "launch", lambda *_: 1 / 0)
    found = bench().ended()
    assert found["HyperParameterTuningJobStatus"] == "Failed"
    assert "ZeroDivisionError" in found["FailureReason"]


# --- listing ------------------------------------------------------------------------------------------------------


def test_trials_are_listed_in_pages_by_their_objective() -> None:
    def summary(name: str, value: float | None) -> dict[str, Any]:
        objective = {} if value is None else {"FinalHyperParameterTuningJobObjectiveMetric": {"Value": value}}
        return {"TrainingJobName": name, "TrainingJobStatus": "Completed", "CreationTime": name, **objective}

    summaries = [summary("a", 0.5), summary("b", None), summary("c", 0.9)]
    by_value = {"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending", "MaxResults": 1}
    first = page(summaries, by_value)
    assert [one["TrainingJobName"] for one in first["TrainingJobSummaries"]] == ["c"]
    second = page(summaries, {**by_value, "NextToken": first["NextToken"]})
    assert [one["TrainingJobName"] for one in second["TrainingJobSummaries"]] == ["a"]
    assert "NextToken" not in second
    assert len(page(summaries, {})["TrainingJobSummaries"]) == 3


# --- the instances of trials, which two fields can name ------------------------------------------------------------


def of_trials(**given: Any) -> dict[str, Any]:
    return resources({"HyperParameterTuningResourceConfig": given})


def test_sagemakers_sdk_names_the_trials_instances_in_a_field_of_its_own() -> None:
    one = {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50}
    assert of_trials(**one) == resources({"ResourceConfig": one}) == one
    assert of_trials(InstanceType="ml.p3.2xlarge", InstanceCount=1) == {**one, "VolumeSizeInGB": 30}


def test_of_several_kinds_of_instances_the_first_is_used() -> None:
    several = [
        {"InstanceType": kind, "InstanceCount": 1, "VolumeSizeInGB": size}
        for kind, size in (("ml.g5.xlarge", 40), ("ml.p3.2xlarge", 60))
    ]
    assert of_trials(AllocationStrategy="Prioritized", InstanceConfigs=several, VolumeKmsKeyId="key") == {
        "InstanceType": "ml.g5.xlarge",
        "InstanceCount": 1,
        "VolumeSizeInGB": 40,
        "VolumeKmsKeyId": "key",
    }


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (
            {"ResourceConfig": {"InstanceCount": 1}, "HyperParameterTuningResourceConfig": {"InstanceCount": 1}},
            "Only one of ResourceConfig and HyperParameterTuningResourceConfig can be specified",
        ),
        (
            {"HyperParameterTuningResourceConfig": {"InstanceConfigs": [{"InstanceCount": 1}], "InstanceCount": 1}},
            "HyperParameterTuningResourceConfig cannot have InstanceCount if it has InstanceConfigs",
        ),
    ],
)
def test_instances_are_named_once(definition: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        resources(definition)
