"""The page Training: curves from a log, a job's time and cost, and what is new of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones import settings
from scones.console import curves
from scones.console.desk import Desk
from scones.console.page import Page
from scones.console.pages import training
from scones.cost import Prices
from scones.errors import TrainingError
from scones.training.jobs import ListedJob
from scones.training.trials import TuningSnapshot, TuningTrial

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LINES = [
    "[01/01/2026 12:00:00 INFO 1] Epoch[0] Train-accuracy=0.500000",
    "[01/01/2026 12:00:00 INFO 1] Epoch[0] Train-cross-entropy=6.9e-01",
    "[01/01/2026 12:00:00 INFO 1] Epoch[0] Time cost=13.7",
    "[01/01/2026 12:00:00 INFO 1] Epoch[0] Validation-accuracy=0.600000",
    "[01/01/2026 12:00:00 INFO 1] Epoch[1] Train-accuracy=0.700000",
]


def job(**changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "one",
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Training",
        "CreationTime": NOW,
        "TrainingStartTime": NOW,
        "ResourceConfig": {"InstanceCount": 2, "InstanceType": "ml.g4dn.xlarge"},
        "SecondaryStatusTransitions": [{"Status": "Training", "StartTime": NOW, "StatusMessage": "in progress"}],
        "HyperParameters": {"epochs": "2"},
        **changes,
    }


def test_curves_have_every_metric_that_the_log_has() -> None:
    found = curves.of(LINES[:3])
    assert curves.of(LINES[3:], found) is found
    assert set(found) == {"accuracy", "cross-entropy"}
    assert curves.columns(found["accuracy"]) == [[1, 2], [0.5, 0.7], [0.6, None]]
    assert curves.columns(found["cross-entropy"]) == [[1], [0.69], [None]]


def test_a_running_job_counts_its_seconds_and_costs_what_it_has_used() -> None:
    later = NOW + timedelta(hours=1)
    found = curves.described(job(), later)
    assert (found["seconds"], found["running"], found["steps"][0]["seconds"]) == (3600, True, 3600)
    prices = Prices("2026", "us-east-1", {"training_hour": {"source": "", "prices": {"ml.g4dn.xlarge": 0.736}}})
    assert curves.cost(job(), later, prices) == pytest.approx(2 * 0.736)
    ended = job(TrainingJobStatus="Completed", TrainingEndTime=later, BillableTimeInSeconds=1800)
    assert curves.cost(ended, later + timedelta(days=1), prices) == pytest.approx(0.736)
    assert curves.cost(job(TrainingStartTime=None), later, prices) == 0


def test_an_instance_without_a_price_says_so() -> None:
    unknown = job(ResourceConfig={"InstanceType": "ml.x", "InstanceCount": 1})
    assert curves.cost(unknown, NOW, Prices.load()) is None
    assert curves.cost_words(None, costs_money=True).startswith("unknown")
    assert curves.cost_words(None, costs_money=False) == "nothing here"


class Cloud:
    """One job and its log."""

    def __init__(self) -> None:
        self.job = job()
        self.lines: list[str] = []

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:
        if TrainingJobName != "one":
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "none"}}, "DescribeTrainingJob")
        return self.job

    def describe_log_streams(self, **asked: Any) -> dict[str, Any]:
        return {"logStreams": [{"logStreamName": "one/algo-1-1"}]}

    def get_log_events(self, nextToken: str = "0", **asked: Any) -> dict[str, Any]:
        new = self.lines[int(nextToken) :]
        return {"events": [{"message": line} for line in new], "nextForwardToken": str(len(self.lines))}


def page_of(cloud: Cloud) -> Page:
    desk = Desk(settings.load("dev", variables={}), lambda service: cloud, lambda stack: {}, may_write=False)
    return Page(desk)


def test_a_job_is_followed_line_by_line_until_its_last_ones_have_come() -> None:
    cloud = Cloud()
    moment = [NOW]
    look = training.following(page_of(cloud), "one", now=lambda: moment[0])
    (first,) = look()
    assert (first["job"]["step"], first["cost"]) == ("Training", "USD 0.00")
    assert list(look()) == []
    cloud.lines += LINES[:4]
    (second,) = look()
    assert second["lines"] == LINES[:4]
    assert second["curves"]["accuracy"] == [[1], [0.5], [0.6]]
    cloud.job = job(TrainingJobStatus="Failed", FailureReason="no images", TrainingEndTime=NOW)
    (third,) = look()
    assert (third["job"]["running"], third["job"]["reason"]) == (False, "no images")
    cloud.lines += LINES[4:]
    (late,) = look()
    assert late["curves"]["accuracy"] == [[1, 2], [0.5, 0.7], [0.6, None]]
    moment[0] += timedelta(seconds=10)
    with pytest.raises(StopIteration):
        look()


def test_a_job_that_there_is_not_is_named() -> None:
    with pytest.raises(TrainingError, match="'other'"):
        training.following(page_of(Cloud()), "other")()


def test_a_job_in_the_list_and_the_trials_of_a_tuning_job() -> None:
    listed = ListedJob("one", "training", "InProgress", NOW, None)
    assert training.row(listed, NOW + timedelta(seconds=90))["seconds"] == 90
    trials = (
        TuningTrial(1, "t-1", "Completed", {"learning_rate": "0.1"}, epochs=4, epochs_done=4, objective=0.8),
        TuningTrial(2, "t-2", "Stopped", {"learning_rate": "0.9"}, epochs=4, epochs_done=1, objective=0.5),
    )
    found = training.tuned(TuningSnapshot("t", "Completed", "Random", {}, {}, 2, trials, best_name="t-1"))
    shown = [(one["name"], one["outcome"], one["epochs"], one["best"]) for one in found["trials"]]
    assert shown == [("t-1", "completed", "4 of 4", True), ("t-2", "stopped early", "1 of 4", False)]
