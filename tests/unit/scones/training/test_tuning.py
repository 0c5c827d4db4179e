"""Tuning jobs: the request, following a job, its messages and its picture."""

from __future__ import annotations

import dataclasses
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters
from PIL import Image
from rich.console import Console

from imageclassification import ranges
from imageclassification.errors import HyperparameterError
from scones import settings
from scones.errors import InputError, TrainingError
from scones.model.registry.pinned import VALIDATION_ACCURACY
from scones.training import tuning, watch
from scones.training.request import hyperparameters
from scones.training.request import request as training_request
from scones.training.spec import JobSpec, Placement
from scones.training.trials import as_json, read
from scones.training.trials_chart import BEST, axes, message, picture
from scones.training.trials_view import TrialLines, table

ENVIRONMENT = settings.load("dev", variables={})
NAME = "tune-dev-260101-120000"
ROLE = "arn:aws:iam::123456789012:role/scones-dev-training"
BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
SEARCHED = ranges.merge(
    [
        ranges.read_range("learning_rate=0.01:0.3:log"),
        ranges.read_range("mini_batch_size=8:64"),
        ranges.read_choice("optimizer=sgd,nag"),
    ]
)


def chosen(**overrides: str) -> Any:
    return hyperparameters(ENVIRONMENT, classes=2, samples=900, overrides=overrides)


def spec(**changes: Any) -> JobSpec:
    made = JobSpec("s3://scones-dev/datasets/0123abcd", chosen(), "scones-dev", ROLE)
    return dataclasses.replace(made, **changes)


def asked(searched: ranges.Searched = SEARCHED, *, seed: int | None = None, **limits: Any) -> dict[str, Any]:
    training = training_request(
        ENVIRONMENT,
        spec(
            hyperparameters=chosen(epochs="40", lr_scheduler_step="20,30"),
            placement=Placement("arn:aws:kms:us-east-1:123456789012:key/1", ("subnet-1",), ("sg-1",)),
        ),
        name=NAME,
        tags={"Project": "scones"},
    )
    return tuning.request(
        training, name=NAME, searched=searched, limits=dataclasses.replace(settings.Tuning(), **limits), seed=seed
    )


# --- the request --------------------------------------------------------------------------------------------------


def test_the_request_is_one_that_sagemaker_takes() -> None:
    import boto3

    model = boto3.client("sagemaker", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x").meta.service_model
    validate_parameters(asked(seed=3), model.operation_model("CreateHyperParameterTuningJob").input_shape)


def test_the_request_searches_validation_accuracy_within_the_budget() -> None:
    config = asked(max_jobs=9, max_parallel_jobs=3, seed=7)["HyperParameterTuningJobConfig"]
    assert config["HyperParameterTuningJobObjective"] == {"Type": "Maximize", "MetricName": "validation:accuracy"}
    assert config["ResourceLimits"] == {"MaxNumberOfTrainingJobs": 9, "MaxParallelTrainingJobs": 3}
    assert (config["Strategy"], config["TrainingJobEarlyStoppingType"], config["RandomSeed"]) == ("Bayesian", "Auto", 7)
    assert asked(early_stopping=False)["HyperParameterTuningJobConfig"]["TrainingJobEarlyStoppingType"] == "Off"
    assert "RandomSeed" not in asked()["HyperParameterTuningJobConfig"]


def test_trials_share_what_is_not_searched() -> None:
    definition = asked()["TrainingJobDefinition"]
    static = definition["StaticHyperParameters"]
    assert (static["epochs"], static["num_training_samples"], static["num_layers"]) == ("40", "900", "20")
    assert not static.keys() & SEARCHED.keys()
    assert definition["RoleArn"] == ROLE
    assert definition["ResourceConfig"]["InstanceType"] == ENVIRONMENT.training.instance_type
    assert {channel["ChannelName"] for channel in definition["InputDataConfig"]} >= {"train", "validation"}
    assert asked()["Tags"] == [{"Key": "Project", "Value": "scones"}]


def test_trials_run_in_the_network_isolated_and_their_models_are_under_the_key() -> None:
    definition = asked()["TrainingJobDefinition"]
    assert definition["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert definition["EnableNetworkIsolation"]
    assert definition["OutputDataConfig"]["KmsKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/1"


def test_trials_do_not_share_a_place_for_checkpoints() -> None:
    training = {**training_request(ENVIRONMENT, spec(checkpoint_uri="s3://scones-dev/checkpoints"), name=NAME, tags={})}
    assert training["checkpoint_config"]["s3_uri"] == "s3://scones-dev/checkpoints"
    made = tuning.request(training, name=NAME, searched=SEARCHED, limits=settings.Tuning())
    assert "CheckpointConfig" not in made["TrainingJobDefinition"]


def test_a_grid_has_choices_only_and_as_many_trials_as_combinations() -> None:
    grid = asked(ranges.merge([ranges.read_choice("optimizer=sgd,nag")]), strategy="Grid")
    assert grid["HyperParameterTuningJobConfig"]["ResourceLimits"] == {"MaxParallelTrainingJobs": 2}
    with pytest.raises(InputError, match="learning_rate is a range of numbers"):
        asked(strategy="Grid")


def test_a_range_whose_end_no_training_job_could_take_is_refused() -> None:
    tuning.check_together(SEARCHED, chosen())
    wide = ranges.merge([ranges.read_range("mini_batch_size=8:512")])
    few = hyperparameters(ENVIRONMENT, classes=2, samples=100)
    with pytest.raises(HyperparameterError, match=r"mini_batch_size 8 to 512 cannot be searched: .*more than num"):
        tuning.check_together(wide, few)


@pytest.mark.parametrize("environment", ["dev", "abcdefghijkl"])
def test_a_name_is_one_that_sagemaker_takes(environment: str) -> None:
    name = tuning.new_name(dataclasses.replace(ENVIRONMENT, name=environment), BEGAN)
    assert name == f"tune-{environment}-260101-120000"
    tuning.check_name(name)


@pytest.mark.parametrize("name", ["x" * 33, f"x{'-' * 31}x"])
def test_refuses_a_name_that_is_too_long(name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be a tuning job's name(.|\n)*32 at most"):
        tuning.check_name(name)


@pytest.mark.parametrize(
    ("code", "said"),
    [("ResourceLimitExceeded", "a quota of 2 for 'ml.g4dn.xlarge"), ("ResourceInUse", "invoke tune --attach my-name")],
)
def test_a_refusal_of_aws_is_explained(code: str, said: str) -> None:
    class Client:
        def create_hyper_parameter_tuning_job(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "CreateHyperParameterTuningJob")

    with pytest.raises(TrainingError, match=said):
        tuning.start(ENVIRONMENT, spec(), SEARCHED, name="my-name", client=lambda *_: Client())


# --- following a job ----------------------------------------------------------------------------------------------


def summary(number: int, status: str = "Completed", objective: float | None = None, **changes: Any) -> dict[str, Any]:
    found = {
        "TrainingJobName": f"{NAME}-{number:03}-0a1b2c3d",
        "TrainingJobStatus": status,
        "TrainingStartTime": BEGAN,
        "TunedHyperParameters": {
            "learning_rate": str(0.01 * number),
            "mini_batch_size": str(8 * number),
            "optimizer": "nag" if number % 2 else "sgd",
        },
        **changes,
    }
    if status not in ("InProgress", "Stopping"):
        found["TrainingEndTime"] = BEGAN + timedelta(seconds=60 * number)
    if objective is not None:
        found["FinalHyperParameterTuningJobObjectiveMetric"] = {"MetricName": VALIDATION_ACCURACY, "Value": objective}
    return found


def described(status: str, best: int | None = None) -> dict[str, Any]:
    found = {**asked(max_jobs=4), "HyperParameterTuningJobStatus": status}
    if best:
        found["BestTrainingJob"] = summary(best)
    return found


class Clients:
    """SageMaker's and CloudWatch Logs' answers, one for each look."""

    def __init__(self, looks: list[tuple[dict[str, Any], list[dict[str, Any]]]], logs: dict[int, list[str]]) -> None:
        self._looks, self._lines = looks, logs
        self.described: list[str] = []

    def __call__(self, environment: settings.Environment, service: str) -> Clients:
        return self

    def describe_hyper_parameter_tuning_job(self, **_: Any) -> dict[str, Any]:
        return self._looks[0][0]

    def get_paginator(self, action: str) -> Clients:
        assert action == "list_training_jobs_for_hyper_parameter_tuning_job"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        found = self._looks.pop(0)[1] if len(self._looks) > 1 else self._looks[0][1]
        return [{"TrainingJobSummaries": found[:1]}, {"TrainingJobSummaries": found[1:]}]

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:
        self.described.append(TrainingJobName)
        return {"SecondaryStatus": "MaxRuntimeExceeded" if "-003-" in TrainingJobName else "Stopped"}

    def describe_log_streams(self, *, logStreamNamePrefix: str, **_: Any) -> dict[str, Any]:
        return {"logStreams": [{"logStreamName": f"{logStreamNamePrefix}1"}]}

    def get_log_events(self, *, logStreamName: str, nextToken: str = "", **_: Any) -> dict[str, Any]:
        number = int(logStreamName.split("-")[4])
        lines = [] if nextToken else self._lines.get(number, [])
        return {"events": [{"message": line} for line in lines], "nextForwardToken": "f/1"}


def epochs(*values: float) -> list[str]:
    lines = [f"Epoch[{epoch}] Validation-accuracy={value:.6f}" for epoch, value in enumerate(values)]
    return [*lines, f"Storing the best model with validation accuracy: {max(values):.6f}"]


LOOKS = [
    (described("InProgress"), [summary(1, "InProgress", 0.5)]),
    (
        described("Completed", best=2),
        [
            summary(1, objective=0.85),
            summary(2, objective=0.9),
            summary(3, "Stopped", 0.6),
            summary(4, "Stopped", 0.4),
            summary(5, "Failed", FailureReason="ClientError: no"),
        ],
    ),
]
LOGS = {1: epochs(*[0.8] * 39, 0.85), 2: epochs(*[0.95] * 39, 0.9), 3: epochs(0.6), 4: epochs(0.5, 0.4)}


@pytest.fixture
def followed() -> tuple[Any, list[Any], Clients]:
    """Follow a tuning job to its end. Returns the job, everything that was shown, and the clients."""
    shown: list[Any] = []
    clients = Clients(list(LOOKS), LOGS)
    found = watch.follow(ENVIRONMENT, NAME, shown.append, client=clients, sleep=lambda _: None)
    return found, shown, clients


def test_a_job_is_followed_until_it_ends_with_every_trials_epochs(followed: Any) -> None:
    job, shown, clients = followed
    assert [look.status for look in shown] == ["InProgress", "Completed"]
    assert [trial.epochs_done for trial in job.trials] == [40, 40, 1, 2, 0]
    assert job.best.number == 2
    assert (job.best.objective, job.best.kept, job.best.seconds) == (0.9, 0.95, 120)
    assert clients.described == [trial.name for trial in job.trials if trial.status == "Stopped"]  # each only once


def test_what_became_of_a_trial_is_told_in_words(followed: Any) -> None:
    job = followed[0]
    assert [job.outcome(trial) for trial in job.trials] == [
        "completed",
        "completed",
        "out of time",
        "stopped early",
        "failed",
    ]
    stopped = dataclasses.replace(job, status="Stopped")
    assert stopped.outcome(job.trials[3]) == "stopped"


def test_a_job_that_is_not_there_is_named() -> None:
    class Client:
        def describe_hyper_parameter_tuning_job(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "ResourceNotFound", "Message": "no"}}, "Describe")

    with pytest.raises(TrainingError, match=f"'dev' has no tuning job '{NAME}'"):
        watch.follow(ENVIRONMENT, NAME, print, client=lambda *_: Client())


def test_lines_tell_of_each_trials_start_and_end_once(followed: Any) -> None:
    job, shown, _ = followed
    told = TrialLines()
    first, second = told.new(shown[0]), told.new(shown[1])
    assert first == ["trial 1 of 4: learning_rate 0.01, mini_batch_size 8, optimizer nag"]
    assert second[0] == ("trial 1 completed: validation accuracy 0.850, best epoch 0.850, 40 of 40 epochs, 60 s")
    assert "trial 5 failed: 0 of 40 epochs, 300 s, ClientError: no" in second
    assert told.new(job) == []


def test_the_table_has_every_trial_and_marks_the_best(followed: Any) -> None:
    console = Console(file=io.StringIO(), width=120)
    console.print(table(followed[0]))
    rows = console.file.getvalue().splitlines()
    best = next(row for row in rows if "★2" in row)
    for value in ("0.02", "16", "sgd", "40/40", "0.900", "0.950", "120", "completed"):
        assert value in best.split()
    assert any(f"★ best: {NAME}-002-0a1b2c3d" in row for row in rows)


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    everything = {name: (entry.ends[0]) for name, entry in ranges.SMALL_IMAGES.items()}
    given = summary(1, "Stopped", 0.9, TunedHyperParameters=everything)
    description = {**asked(ranges.SMALL_IMAGES), "HyperParameterTuningJobStatus": "Completed"}
    console = Console(file=io.StringIO(), width=80)
    console.print(table(read(description, [given], now=BEGAN)))
    assert "…" not in console.file.getvalue()


def test_the_trials_are_kept_as_json(followed: Any) -> None:
    found = json.loads(as_json(followed[0]))
    assert found["best"] == f"{NAME}-002-0a1b2c3d"
    assert [trial["outcome"] for trial in found["trials"]][2:4] == ["out of time", "stopped early"]
    assert found["trials"][4]["objective"] is None
    assert "_tuning_objective_metric" not in found["hyperparameters"]


def test_an_axis_places_values_on_the_scale_they_were_searched_on(followed: Any) -> None:
    job = followed[0]
    by_title = {axis.title: axis for axis in axes(job)}
    middle = dataclasses.replace(
        job.trials[0], values={"learning_rate": str((0.01 * 0.3) ** 0.5), "optimizer": "sgd", "mini_batch_size": "36"}
    )
    assert by_title["learning_rate"].place(middle) == pytest.approx(0.5)
    categorical = by_title["optimizer"]
    assert [categorical.place(trial) for trial in job.trials[:2]] == [1.0, 0.0]
    objective = axes(job)[-1]
    assert [objective.place(trial) for trial in job.trials] == [pytest.approx(0.9), 1.0, pytest.approx(0.4), 0.0, None]


def test_the_best_trial_is_the_most_visible_line(followed: Any) -> None:
    """Its colour covers more of the picture than any other trial's, and none without a best trial."""
    job = followed[0]

    def covered(found: Any) -> int:
        pixels = np.asarray(Image.open(io.BytesIO(picture(found))).convert("RGB")).astype(int)
        return int((np.abs(pixels - np.frombuffer(bytes.fromhex(BEST[1:]), np.uint8)).sum(axis=2) < 30).sum())

    others = dataclasses.replace(job, best_name=None)
    assert covered(job) > 5_000
    assert covered(others) == 0


def test_the_title_of_the_picture_says_what_came_out(followed: Any) -> None:
    job = followed[0]
    said = message(job)
    assert said.startswith(f"Trial 2 of {len(job.trials)} is the best")
    assert f"learning_rate {float(job.best.values['learning_rate']):.3g}" in said
    assert "so far" in message(dataclasses.replace(job, status="InProgress"))
    assert message(dataclasses.replace(job, best_name=None, trials=())) == f"{job.name}: no trial has begun yet"


def test_the_picture_is_drawn_of_many_trials_of_one_and_of_failed_ones(followed: Any) -> None:
    job = followed[0]
    for trials in (job.trials, job.trials[:1], job.trials[4:]):
        image = Image.open(io.BytesIO(picture(dataclasses.replace(job, trials=trials))))
        assert image.width > 800
