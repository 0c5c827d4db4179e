"""invoke down deletes in the right order, keeps data sets and models, and can be repeated after an interruption."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from invoke import Context
from invoke.exceptions import Exit

from scones import settings
from scones.errors import TerraformError
from scones.tasks import down as task
from scones.terraform import down
from scones.terraform.state import State

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-dev-classify-image"


class Pages:
    def __init__(self, pages: list[dict[str, Any]]) -> None:
        self.pages = pages

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return self.pages


class Cloud:
    """All clients in one object: two buckets of objects with versions, running work, registered models."""

    def __init__(self) -> None:
        keys = ["captures/a", "datasets/b", "images/c", "models/d", "checkpoints/e"]
        self.objects = {"scones-dev-1": {(key, str(number)) for key in keys for number in range(2)}}
        self.objects |= {"scones-dev-logs-1": {("log", "1")}, "scones-dev-tfstate-1": {("service.tfstate", "1")}}
        self.objects |= {"scones-prod-1": {("datasets/x", "1")}}
        self.running = {"executions": ["e1"], "TrainingJob": ["scones-dev-1", "other-scones-dev-1"]}
        self.packages = ["arn:1", "arn:2"]
        self.looks = 2  # how often a stopping job is still described as Stopping
        self.stopping: list[tuple[str, int]] = []

    def get_paginator(self, name: str) -> Pages:
        if name == "list_object_versions":
            return Versions(self)
        found = {
            "list_executions": {"executions": [{"executionArn": one} for one in self.running["executions"]]},
            "list_hyper_parameter_tuning_jobs": {"HyperParameterTuningJobSummaries": []},
            "list_model_packages": {"ModelPackageSummaryList": [{"ModelPackageArn": one} for one in self.packages]},
        }
        if name == "list_training_jobs":
            return Jobs(self)
        return Pages([found[name]])

    def list_buckets(self) -> dict[str, Any]:
        return {"Buckets": [{"Name": name} for name in self.objects]}

    def stop_execution(self, executionArn: str, **_: Any) -> None:
        self.running["executions"].remove(executionArn)

    def stop_training_job(self, TrainingJobName: str) -> None:
        self.running["TrainingJob"].remove(TrainingJobName)
        self.stopping.append((TrainingJobName, self.looks))

    def delete_model_package(self, ModelPackageName: str) -> None:
        self.packages.remove(ModelPackageName)

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        self.objects[Bucket] -= {(one["Key"], one["VersionId"]) for one in Delete["Objects"]}
        return {}


class Jobs(Pages):
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def paginate(self, StatusEquals: str, **_: Any) -> Any:
        names = self.cloud.running["TrainingJob"]
        if StatusEquals == "Stopping":
            names = [name for name, _ in self.cloud.stopping]
            self.cloud.stopping = [(name, left - 1) for name, left in self.cloud.stopping if left > 1]
            for name in set(names) - {name for name, _ in self.cloud.stopping}:
                self.cloud.objects["scones-dev-1"].add((f"checkpoints/{name}", "last"))
        return [{"TrainingJobSummaries": [{"TrainingJobName": name} for name in names]}]


class Versions(Pages):
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def paginate(self, Bucket: str) -> Any:
        found = [{"Key": key, "VersionId": version} for key, version in sorted(self.cloud.objects[Bucket])]
        return [{"Versions": found[:3]}, {"DeleteMarkers": found[3:]}]


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def taken(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks and targets that Terraform destroyed. Their states are deleted with them."""
    done: list[str] = []
    states = {
        "service": State({"state_machine_arn": MACHINE}, ("module.endpoint.aws_sagemaker_endpoint.this",)),
        "foundation": State(
            {"bucket": "scones-dev-1", "model_package_group_name": "scones-dev"},
            ("module.bucket.aws_s3_bucket.this", "module.network.aws_vpc.this"),
        ),
        "bootstrap": State({}, ("aws_s3_bucket.state",)),
    }

    class Backend:
        bucket = "scones-dev-tfstate-1"

        def read(self, name: str) -> State:
            return states.get(name, State())

        def exists(self) -> bool:
            return "bootstrap" in states

    class Stack:
        def __init__(self, environment: Any, name: str, **_: Any) -> None:
            self.name, self.backend = name, Backend()

        def init(self) -> None:
            pass

        def run(self, command: str, *arguments: str) -> None:
            done.append(f"{command} {arguments[0]}")
            found = states["foundation"]
            states["foundation"] = State(found.outputs, found.resources[:1])

    def destroy(stack: Stack) -> None:
        if states.pop(stack.name, None):
            done.append(stack.name)

    monkeypatch.setattr(down, "Backend", type("Made", (), {"of": staticmethod(lambda _: Backend())}))
    monkeypatch.setattr(down, "Stack", Stack)
    monkeypatch.setattr(down, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(down, "destroy", destroy)
    return done


def take(cloud: Cloud, *, everything: bool) -> dict[str, str]:
    """Take everything down, and return the messages of each step."""
    environment = settings.load("dev", variables={})
    return {step.what: step.take() for step in down.steps(environment, everything=everything, client=lambda *_: cloud)}


def test_data_sets_models_and_state_stay_and_all_that_costs_goes(cloud: Cloud, taken: list[str]) -> None:
    take(cloud, everything=False)
    assert taken == ["service", "destroy -target=module.network"]
    assert {key for key, _ in cloud.objects["scones-dev-1"]} == {"datasets/b", "models/d"}
    assert cloud.packages == ["arn:1", "arn:2"]
    assert cloud.objects["scones-dev-tfstate-1"]


def test_everything_is_everything_of_this_environment_and_nothing_of_another(cloud: Cloud, taken: list[str]) -> None:
    take(cloud, everything=True)
    assert taken == ["service", "foundation", "bootstrap"]
    assert (cloud.objects["scones-dev-1"], cloud.objects["scones-dev-logs-1"], cloud.packages) == (set(), set(), [])
    assert cloud.objects["scones-prod-1"] == {("datasets/x", "1")}


def test_an_environment_that_keeps_its_data_is_not_emptied(cloud: Cloud, taken: list[str]) -> None:
    environment = settings.load("prod", variables={})
    with pytest.raises(TerraformError, match="'prod' keeps its data sets and models: force_destroy is not set"):
        down.steps(environment, everything=True, client=lambda *_: cloud)
    assert down.steps(environment, everything=False, client=lambda *_: cloud)


def test_what_runs_is_stopped_first_and_what_belongs_to_others_goes_on(cloud: Cloud, taken: list[str]) -> None:
    said = take(cloud, everything=False)
    assert next(iter(said.items())) == ("executions and jobs that run", "2 stopped")
    assert cloud.running == {"executions": [], "TrainingJob": ["other-scones-dev-1"]}


@pytest.mark.parametrize("everything", [False, True])
def test_what_a_job_writes_as_it_stops_goes_too(cloud: Cloud, taken: list[str], everything: bool) -> None:
    take(cloud, everything=everything)
    assert cloud.stopping == []
    assert not any(key.startswith("checkpoints/") for key, _ in cloud.objects["scones-dev-1"])


def test_a_job_that_ended_just_now_keeps_nothing_from_going(
    cloud: Cloud, taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(TrainingJobName: str) -> None:
        cloud.running["TrainingJob"].remove(TrainingJobName)
        refusal = {"Code": "ValidationException", "Message": "The request was rejected because it is Completed."}
        raise ClientError({"Error": refusal}, "StopTrainingJob")

    monkeypatch.setattr(cloud, "stop_training_job", ended)
    assert take(cloud, everything=False)["executions and jobs that run"] == "1 stopped"
    assert taken == ["service", "destroy -target=module.network"]


def test_a_job_that_does_not_stop_ends_it_with_its_name(
    cloud: Cloud, taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.looks = 10**6
    monkeypatch.setattr(down, "STOPPING_SECONDS", 0.05)
    with pytest.raises(TerraformError, match="have not stopped yet: scones-dev-1"):
        take(cloud, everything=False)
    assert ("captures/a", "0") in cloud.objects["scones-dev-1"]


@pytest.mark.parametrize("everything", [False, True])
def test_a_second_time_passes_over_what_is_done(cloud: Cloud, taken: list[str], everything: bool) -> None:
    take(cloud, everything=everything)
    done = list(taken)
    again = take(cloud, everything=everything)
    assert taken == done
    assert set(again.values()) <= {"none runs", "nothing was there", "there is none", "there is no registry"}


def test_after_an_interruption_it_goes_on_where_it_was(
    cloud: Cloud, taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deleting = cloud.delete_objects

    def interrupt(**_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cloud, "delete_objects", interrupt)
    with pytest.raises(KeyboardInterrupt):
        take(cloud, everything=True)
    assert taken == ["service"]
    monkeypatch.setattr(cloud, "delete_objects", deleting)
    take(cloud, everything=True)
    assert taken == ["service", "foundation", "bootstrap"]


def test_an_object_that_may_not_be_deleted_ends_it_with_its_name(cloud: Cloud, taken: list[str]) -> None:
    cloud.delete_objects = lambda **_: {"Errors": [{"Key": "captures/a", "Message": "Access Denied"}]}
    with pytest.raises(PermissionError, match="s3://scones-dev-1/captures/a cannot be deleted: Access Denied"):
        take(cloud, everything=False)


@pytest.mark.parametrize("answer", [None, "", "y", "prod"])
def test_nothing_goes_unless_the_environments_name_is_typed(
    taken: list[str], monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    def ask(_: str) -> str:
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", ask)
    with pytest.raises(Exit, match="nothing was taken down") as ended:
        task.down(Context(), env="dev")
    assert (ended.value.code, taken) == (2, [])


def test_nobody_there_to_ask_is_told_of_yes(taken: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Exit, match="say --yes"):
        task.down(Context(), env="dev")
    assert taken == []
