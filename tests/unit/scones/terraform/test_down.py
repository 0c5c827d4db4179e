"""invoke down: what goes, in which order, what stays, and that it can be repeated after an interruption."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from scones import settings
from scones.errors import InputError, TerraformError
from scones.steps import Waiting
from scones.tasks import down as task
from scones.terraform import down
from scones.terraform.state import TerraformState

ROLE = "arn:aws:iam::123456789012:role/scones-dev-training"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-dev-classify-image"
BATCHES = MACHINE.replace("-image", "-batch")


class Pages:
    def __init__(self, pages: list[dict[str, Any]]) -> None:
        self.pages = pages

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return self.pages


class Cloud:
    """Every client in one: two buckets of objects with versions, running work, registered models."""

    def __init__(self) -> None:
        keys = ["captures/a", "datasets/b", "images/c", "models/d", "checkpoints/e"]
        self.objects = {"scones-dev-1": {(key, str(number)) for key in keys for number in range(2)}}
        self.objects |= {"scones-dev-logs-1": {("log", "1")}, "scones-dev-tfstate-1": {("service.tfstate", "1")}}
        self.objects |= {"scones-prod-1": {("datasets/x", "1")}, "scones-develop-1": {("datasets/y", "1")}}
        self.running = {
            "executions": [f"{MACHINE}:e1", f"{BATCHES}:b1"],
            "TrainingJob": ["scones-dev-1", "other-scones-dev-1", "by-tag"],
        }
        self.tuning = ["tune-prod-1", "tune-dev-1", "by-role", "tune-dev-2"]
        self.tags = {"arn:by-tag": [{"Key": "Workload", "Value": "scones-dev"}]}
        # The tag decides: this job of prod has a name that looks like one of dev's.
        self.tags |= {"arn:tune-dev-2": [{"Key": "Workload", "Value": "scones-prod"}]}
        self.tags |= {"arn:tune-prod-1": [{"Key": "Workload", "Value": "scones-prod"}]}
        self.roles = {"by-role": ROLE}
        self.streams = ["scones-dev-1/algo-1-1", "by-tag/algo-1-1", "other-scones-dev-1/algo-1-1"]
        self.exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)
        self.packages = ["arn:1", "arn:2"]
        self.looks = 2  # how often a job that is asked to stop is seen to be at it
        self.stopping: list[tuple[str, int]] = []

    def get_paginator(self, name: str) -> Pages:
        if name == "list_object_versions":
            return Versions(self)
        found = {
            "list_model_packages": {"ModelPackageSummaryList": [{"ModelPackageArn": one} for one in self.packages]},
        }
        if name == "list_executions":
            return Executions(self)
        if name == "list_tags":
            return Tags(self)
        if name == "list_endpoint_configs":
            return Pages([{"EndpointConfigs": []}])
        if name == "list_transform_jobs":
            return Pages([{"TransformJobSummaries": []}])
        if name == "describe_log_streams":
            return Pages([{"logStreams": [{"logStreamName": one} for one in self.streams]}])
        if name == "search":
            return Pages([{"Results": [{"TrainingJob": {"TrainingJobName": "by-tag"}}]}])
        if name == "list_training_jobs":
            return Jobs(self)
        if name == "list_hyper_parameter_tuning_jobs":
            return TuningJobs(self)
        if name == "list_buckets":  # a page each
            return Pages([{"Buckets": [{"Name": name}]} for name in self.objects])
        return Pages([found[name]])

    def stop_hyper_parameter_tuning_job(self, HyperParameterTuningJobName: str) -> None:
        self.tuning.remove(HyperParameterTuningJobName)

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:
        return {"RoleArn": self.roles.get(TrainingJobName, "arn:another")}

    def describe_hyper_parameter_tuning_job(self, HyperParameterTuningJobName: str) -> dict[str, Any]:
        return {"TrainingJobDefinition": {"RoleArn": self.roles.get(HyperParameterTuningJobName, "arn:another")}}

    def delete_log_stream(self, logGroupName: str, logStreamName: str) -> None:
        self.streams.remove(logStreamName)

    def delete_log_group(self, logGroupName: str) -> None:
        raise AssertionError("another environment's job has its log there")

    def stop_execution(self, executionArn: str, **_: Any) -> None:
        self.running["executions"].remove(executionArn)

    def stop_training_job(self, TrainingJobName: str) -> None:
        assert not {"tune-dev-1", "by-role"} & set(self.tuning), "a tuning job would start another trial"
        self.running["TrainingJob"].remove(TrainingJobName)
        self.stopping.append((TrainingJobName, self.looks))

    def describe_endpoint(self, EndpointName: str) -> dict[str, str]:
        return {"EndpointName": EndpointName, "EndpointStatus": "InService"}

    def delete_model_package(self, ModelPackageName: str) -> None:
        self.packages.remove(ModelPackageName)

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        self.objects[Bucket] -= {(one["Key"], one["VersionId"]) for one in Delete["Objects"]}
        return {}


class Executions(Pages):
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def paginate(self, stateMachineArn: str, **_: Any) -> Any:
        found = [one for one in self.cloud.running["executions"] if one.startswith(f"{stateMachineArn}:")]
        return [{"executions": [{"executionArn": one} for one in found]}]


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
        return [{"TrainingJobSummaries": [summary("TrainingJob", name) for name in names]}]


class TuningJobs(Pages):
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def paginate(self, StatusEquals: str, **_: Any) -> Any:
        names = self.cloud.tuning if StatusEquals == "InProgress" else []
        return [{"HyperParameterTuningJobSummaries": [summary("HyperParameterTuningJob", name)]} for name in names]


def summary(kind: str, name: str) -> dict[str, str]:
    return {f"{kind}Name": name, f"{kind}Arn": f"arn:{name}"}


class Tags(Pages):
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def paginate(self, ResourceArn: str) -> Any:
        return [{"Tags": self.cloud.tags.get(ResourceArn, [])}]


class Versions(Pages):
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def paginate(self, Bucket: str) -> Any:
        found = [{"Key": key, "VersionId": version} for key, version in sorted(self.cloud.objects[Bucket])]
        return [{"Versions": found[:3]}, {"DeleteMarkers": found[3:]}]


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


class Terraform:
    """The three stacks of environment ``dev`` with their states, which go with what Terraform destroys."""

    bucket = "scones-dev-tfstate-1"

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.states = {
            "service": TerraformState(
                {"state_machine_arn": MACHINE, "batch": {"state_machine_arn": BATCHES}},
                ("module.endpoint.aws_sagemaker_endpoint.this",),
            ),
            "foundation": TerraformState(
                {"bucket": "scones-dev-1", "model_package_group_name": "scones-dev", "training_role_arn": ROLE},
                ("module.bucket.aws_s3_bucket.this", "module.network.aws_vpc.this"),
            ),
            "bootstrap": TerraformState({}, ("aws_s3_bucket.state",)),
        }

    def read(self, name: str) -> TerraformState:
        return self.states.get(name, TerraformState())

    def exists(self) -> bool:
        return "bootstrap" in self.states

    def delete(self) -> None:
        if self.states.pop("bootstrap", None):
            self.taken.append("bootstrap")

    def stack(self, environment: settings.Environment, name: str) -> Any:
        return FakeStack(self, environment, name)


class FakeStack:
    """A stack of :class:`Terraform`, which is also its backend."""

    def __init__(self, terraform: Terraform, environment: settings.Environment, name: str) -> None:
        self.backend, self.environment, self.name = terraform, environment, name
        self.ready = False
        self.on_line = None

    def require_values(self) -> None:
        """All values are there."""

    def ensure_init(self) -> None:
        self.ready = True

    def run(self, command: str, *arguments: str) -> None:
        assert self.ready
        assert "-auto-approve" in arguments
        if arguments[0].startswith("-target="):
            assert arguments[0] == "-target=module.network"
            self.backend.taken.append(f"{command} {arguments[0]}")
            found = self.backend.states["foundation"]
            self.backend.states["foundation"] = TerraformState(found.outputs, found.resources[:1])
        else:
            self.backend.taken.append(self.name)
            del self.backend.states[self.name]


@pytest.fixture
def terraform() -> Terraform:
    return Terraform()


@pytest.fixture
def taken(terraform: Terraform) -> list[str]:
    """The stacks and targets that Terraform destroyed."""
    return terraform.taken


def steps(
    cloud: Cloud, terraform: Terraform, *, everything: bool, name: str = "dev", seconds: float = 60
) -> list[down.TakedownStep]:
    """The steps that take an environment down, with little patience between two looks."""
    return down.steps(
        settings.load(name, variables={}),
        everything=everything,
        stack=terraform.stack,
        client=lambda *_: cloud,
        patience=down.Patience(seconds=seconds, pause=0.01),
    )


def take(cloud: Cloud, terraform: Terraform, **options: Any) -> dict[str, str]:
    """Take everything that there is, and what was said of each step."""
    return {step.what: step.take() for step in steps(cloud, terraform, **options)}


def test_data_sets_models_and_state_stay_and_all_that_costs_goes(
    cloud: Cloud, terraform: Terraform, taken: list[str]
) -> None:
    take(cloud, terraform, everything=False)
    assert taken == ["service", "destroy -target=module.network"]
    assert {key for key, _ in cloud.objects["scones-dev-1"]} == {"datasets/b", "models/d"}
    assert cloud.packages == ["arn:1", "arn:2"]
    assert len(cloud.streams) == 3
    assert cloud.objects["scones-dev-tfstate-1"]


def test_everything_is_everything_of_this_environment_and_nothing_of_another(
    cloud: Cloud, terraform: Terraform, taken: list[str]
) -> None:
    take(cloud, terraform, everything=True)
    assert taken == ["service", "foundation", "bootstrap"]
    assert cloud.streams == ["other-scones-dev-1/algo-1-1"]
    assert (cloud.objects["scones-dev-1"], cloud.objects["scones-dev-logs-1"], cloud.packages) == (set(), set(), [])
    assert cloud.objects["scones-prod-1"] == {("datasets/x", "1")}
    assert cloud.objects["scones-develop-1"] == {("datasets/y", "1")}


def test_an_environment_that_keeps_its_data_is_not_emptied(cloud: Cloud, terraform: Terraform) -> None:
    with pytest.raises(TerraformError, match="'prod' keeps its data sets and models: force_destroy is not set"):
        steps(cloud, terraform, everything=True, name="prod")
    assert steps(cloud, terraform, everything=False, name="prod")


def test_what_runs_is_stopped_first_and_what_belongs_to_others_goes_on(
    cloud: Cloud, terraform: Terraform, taken: list[str]
) -> None:
    said = take(cloud, terraform, everything=False)
    assert next(iter(said.items())) == ("executions and jobs that run", "6 stopped")
    assert cloud.running == {"executions": [], "TrainingJob": ["other-scones-dev-1"]}
    assert cloud.tuning == ["tune-prod-1", "tune-dev-2"]


@pytest.mark.parametrize("everything", [False, True])
def test_what_a_job_writes_as_it_stops_goes_too(
    cloud: Cloud, terraform: Terraform, taken: list[str], everything: bool
) -> None:
    take(cloud, terraform, everything=everything)
    assert cloud.stopping == []
    assert not any(key.startswith("checkpoints/") for key, _ in cloud.objects["scones-dev-1"])


def test_a_job_that_ended_just_now_keeps_nothing_from_going(
    cloud: Cloud, terraform: Terraform, taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(TrainingJobName: str) -> None:
        cloud.running["TrainingJob"].remove(TrainingJobName)
        refusal = {"Code": "ValidationException", "Message": "The request was rejected because it is Completed."}
        raise ClientError({"Error": refusal}, "StopTrainingJob")

    monkeypatch.setattr(cloud, "stop_training_job", ended)
    assert take(cloud, terraform, everything=False)["executions and jobs that run"] == "4 stopped"
    assert taken == ["service", "destroy -target=module.network"]


def test_a_job_that_does_not_stop_ends_it_with_its_name(cloud: Cloud, terraform: Terraform) -> None:
    cloud.looks = 10**6
    with pytest.raises(TerraformError, match="have not stopped yet: scones-dev-1"):
        take(cloud, terraform, everything=False, seconds=0.05)
    assert ("captures/a", "0") in cloud.objects["scones-dev-1"]


@pytest.mark.parametrize("everything", [False, True])
def test_a_second_time_passes_over_what_is_done(
    cloud: Cloud, terraform: Terraform, taken: list[str], everything: bool
) -> None:
    take(cloud, terraform, everything=everything)
    done = list(taken)
    again = take(cloud, terraform, everything=everything)
    assert taken == done
    assert set(again.values()) <= {"none runs", "nothing was there", "there is none", "there is no registry"}


def test_after_an_interruption_it_goes_on_where_it_was(
    cloud: Cloud, terraform: Terraform, taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deleting = cloud.delete_objects

    def interrupt(**_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cloud, "delete_objects", interrupt)
    with pytest.raises(KeyboardInterrupt):
        take(cloud, terraform, everything=True)
    assert taken == ["service"]
    monkeypatch.setattr(cloud, "delete_objects", deleting)
    take(cloud, terraform, everything=True)
    assert taken == ["service", "foundation", "bootstrap"]


def test_an_object_that_may_not_be_deleted_ends_it_with_its_name(
    cloud: Cloud, terraform: Terraform, taken: list[str]
) -> None:
    cloud.delete_objects = lambda **_: {"Errors": [{"Key": "captures/a", "Message": "Access Denied"}]}
    with pytest.raises(PermissionError, match="s3://scones-dev-1/captures/a cannot be deleted: Access Denied"):
        take(cloud, terraform, everything=False)


def ask(cloud: Cloud, terraform: Terraform) -> str:
    """Run the task's steps with a question first, and return what was shown."""
    console = Console(file=io.StringIO(), width=120)
    found = steps(cloud, terraform, everything=False)
    task.take(found, "dev", stays=["the registered models"], status=Waiting(console, ""), ask=True)
    return console.file.getvalue()


@pytest.mark.parametrize("answer", [None, "", "y", "prod"])
def test_nothing_goes_unless_the_environments_name_is_typed(
    cloud: Cloud, terraform: Terraform, monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    def typed(_: str) -> str:
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", typed)
    with pytest.raises(InputError, match="nothing was taken down") as ended:
        ask(cloud, terraform)
    assert (ended.value.exit_code, terraform.taken) == (2, [])


def test_nobody_there_to_ask_is_told_of_yes(
    cloud: Cloud, terraform: Terraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(InputError, match="say --yes"):
        ask(cloud, terraform)
    assert terraform.taken == []


def test_what_goes_and_what_stays_is_said_and_the_name_lets_it_go(
    cloud: Cloud, terraform: Terraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "dev")
    said = ask(cloud, terraform)
    assert "This goes from environment 'dev':" in said
    assert "This stays: the registered models." in said
    assert "✔ executions and jobs that run: 6 stopped" in said
    assert terraform.taken == ["service", "destroy -target=module.network"]
