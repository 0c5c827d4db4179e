"""invoke batch asks before it spends, does what is left, and judges anew without asking the model again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from rich.console import Console

from scones import settings
from scones.cost.batch import BatchPlan
from scones.errors import InputError
from scones.service.batch import Batch, standing
from scones.tasks.batched import BatchRun

BUCKET = "scones-dev-data"
SOURCE = f"s3://{BUCKET}/images/"
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/3"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-dev-classify-batch"
LABELS = ("bicycle", "motorcycle")
AWAY = {"error": "EndpointUnavailableError", "cause": "no answer"}
BROKEN = {"error": "InvalidImageError", "cause": "it is cut short"}


@dataclass
class Machine:
    """The state machine of batches: an execution has ended when it has begun, and its results are in S3.

    Attributes:
        answers: What the function says of an image, by the end of its key: probabilities, or an error and its cause.
        there: The executions that there are, by name, with their status.
        late: Called once before the first start: what somebody else does in that moment.
    """

    s3: Any
    answers: dict[str, Any]
    there: dict[str, str] = field(default_factory=dict)
    late: Callable[[str], None] = lambda name: None
    started: list[list[str]] = field(default_factory=list)

    class exceptions:
        class StateMachineDoesNotExist(Exception): ...

        class ExecutionDoesNotExist(Exception): ...

        class ExecutionAlreadyExists(Exception): ...

    def start_execution(self, name: str, input: str, **asked: Any) -> dict[str, str]:
        late, self.late = self.late, lambda name: None
        late(name)
        if name in self.there:
            raise self.exceptions.ExecutionAlreadyExists
        self.there[name] = "SUCCEEDED"
        place = json.loads(input)
        body = self.s3.get_object(Bucket=BUCKET, Key=place["manifest"]["key"])["Body"].read().decode()
        items = list(csv.DictReader(io.StringIO(body)))
        self.started.append([item["s3_key"].rpartition("/")[2] for item in items])
        self.write(place["batch"], name, items)
        return {"executionArn": name}

    def write(self, batch: str, run: str, items: list[dict[str, str]]) -> None:
        """What ResultWriter writes."""
        rows = []
        for item in items:
            said = self.answers[item["s3_key"].rpartition("/")[2]]
            rows.append({**item, **(said if isinstance(said, dict) else {"probabilities": said, "package_version": 3})})
        output = json.dumps({"class_labels": LABELS, "rows": rows})
        body = json.dumps([{"Status": "SUCCEEDED", "Output": output}])
        self.s3.put_object(Bucket=BUCKET, Key=f"batches/{batch}/results/{run}/SUCCEEDED_0.json", Body=body.encode())

    def describe_execution(self, executionArn: str) -> dict[str, str]:
        name = executionArn.rpartition(":")[2]
        if name not in self.there:
            raise self.exceptions.ExecutionDoesNotExist
        return {"status": self.there[name]}

    def list_map_runs(self, executionArn: str) -> dict[str, Any]:
        return {"mapRuns": []}


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        for name in ("sure.png", "unsure.png", "broken.png"):
            client.put_object(Bucket=BUCKET, Key=f"images/{name}", Body=b"x")
        yield client


@pytest.fixture
def machine(s3: Any) -> Machine:
    return Machine(s3, {"sure.png": [0.95, 0.05], "unsure.png": [0.3, 0.7], "broken.png": BROKEN})


@pytest.fixture
def run(s3: Any, machine: Machine, tmp_path: Path) -> BatchRun:
    environment = replace(settings.load("dev"), build_name=str(tmp_path))
    batch = Batch(standing.name_of(SOURCE, "map", PACKAGE), "map", BUCKET, "scones-dev", PACKAGE, LABELS)
    deployed = {"state_machine_arn": MACHINE, "at_most": 8, "transform_instance_type": "ml.m5.large"}
    console = Console(file=io.StringIO(), width=200)
    return BatchRun(environment, batch, deployed, {"s3": s3, "stepfunctions": machine}, console)


def said(run: BatchRun) -> str:
    assert isinstance(run.console.file, io.StringIO)
    return run.console.file.getvalue()


def test_each_image_has_a_row_and_the_numbers_are_in_the_summary(run: BatchRun, machine: Machine) -> None:
    found = run.classify(SOURCE, 0.8)
    counts = found.document
    assert (counts.images, counts.classified, counts.passed, counts.low_confidence) == (3, 3, 1, 1)
    assert counts.failed == {"InvalidImageError": 1}
    with (run.folder / "table.csv").open(newline="") as stream:
        table = {row["image"]: row for row in csv.DictReader(stream)}
    assert table[f"{SOURCE}sure.png"]["class"] == "bicycle"
    assert table[f"{SOURCE}unsure.png"]["error"] == "ThresholdConfidenceNotMet"
    assert table[f"{SOURCE}broken.png"]["cause"] == "it is cut short"
    assert json.loads((run.folder / "summary.json").read_text())["passed"] == 1
    assert "3 images; by map about" in said(run)


def test_a_second_run_does_only_what_is_missing(run: BatchRun, machine: Machine, s3: Any) -> None:
    machine.answers |= {"unsure.png": AWAY}
    first = run.classify(SOURCE, 0.8)
    assert first.document.failed == {"EndpointUnavailableError": 1, "InvalidImageError": 1}
    machine.answers |= {"unsure.png": [0.1, 0.9], "new.png": [0.9, 0.1]}
    s3.put_object(Bucket=BUCKET, Key="images/new.png", Body=b"x")
    second = run.classify(SOURCE, 0.8)
    assert sorted(machine.started[1]) == ["new.png", "unsure.png"]
    assert (second.document.images, second.document.classified, second.document.passed) == (4, 2, 3)


def test_results_that_were_read_before_a_run_are_not_read_again_after_it(
    run: BatchRun, machine: Machine, s3: Any
) -> None:
    machine.answers |= {"unsure.png": AWAY}
    run.classify(SOURCE, 0.8)
    read: list[str] = []
    s3.meta.events.register("before-parameter-build.s3.GetObject", lambda params, **about: read.append(params["Key"]))
    run.classify(SOURCE, 0.8)
    results = [key for key in read if "/results/" in key]
    assert len(results) == len(set(results)) == 2


def test_another_threshold_asks_the_model_nothing(run: BatchRun, machine: Machine) -> None:
    run.classify(SOURCE, 0.8)
    again = run.classify(SOURCE, 0.6)
    assert len(machine.started) == 1
    assert (again.document.passed, again.document.low_confidence, again.document.cost_usd) == (2, 0, 0.0)


def items(*keys: str) -> list[dict[str, str]]:
    return [{"s3_bucket": BUCKET, "s3_key": f"images/{key}", "etag": ""} for key in keys]


def test_a_run_that_still_goes_on_is_followed_and_not_started_again(run: BatchRun, machine: Machine) -> None:
    machine.there[run.batch.run(1)] = "RUNNING"
    follow, looks = machine.describe_execution, iter(range(9))

    def describe(executionArn: str) -> dict[str, str]:
        if next(looks):  # the first look is at the turn
            machine.write(run.batch.name, executionArn, items("sure.png", "unsure.png", "broken.png"))
            machine.there[run.batch.run(1)] = "SUCCEEDED"
        return follow(executionArn)

    machine.describe_execution = describe  # type: ignore[method-assign]
    found = run.classify(SOURCE, 0.8)
    assert machine.started == []
    assert found.document.passed == 1
    assert "another run has begun it" in said(run)


def test_what_somebody_else_has_done_since_is_not_done_again_and_the_rest_is(run: BatchRun, machine: Machine) -> None:
    """Between the look at what is done and the start, somebody else starts the batch with two of the three images."""

    def late(name: str) -> None:
        machine.there[name] = "SUCCEEDED"
        machine.write(run.batch.name, name, items("sure.png", "broken.png"))

    asked: list[BatchPlan] = []
    machine.late = late
    found = run.classify(SOURCE, 0.8, ask=asked.append)
    assert machine.started == [["unsure.png"]]
    assert [plan.images for plan in asked] == [3], "who has agreed to more is not asked again"
    assert (found.document.images, found.document.classified, found.document.low_confidence) == (3, 1, 1)


def test_nothing_is_started_when_the_answer_is_no_or_only_a_plan_is_wanted(run: BatchRun, machine: Machine) -> None:
    asked: list[BatchPlan] = []

    def refuse(plan: BatchPlan) -> None:
        asked.append(plan)
        raise InputError("nothing was started")

    with pytest.raises(InputError):
        run.classify(SOURCE, 0.8, ask=refuse)
    assert [plan.images for plan in asked] == [3]
    dry = run.classify(SOURCE, 0.8, dry_run=True)
    assert dry.document.table is None
    assert machine.started == []
    assert not run.folder.exists()


def test_the_rate_of_the_last_run_is_the_next_one_s_forecast(run: BatchRun, machine: Machine) -> None:
    folder = run.folder.parent / "another"
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps({"how": "map", "classified": 1000, "images_per_second": 100.0}))
    plan = run.plan(5000)
    assert plan
    assert plan.seconds == 50.0
    (folder / "summary.json").write_text("{")
    other = run.plan(5000)
    assert other
    assert other.seconds != 50.0
