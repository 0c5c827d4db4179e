"""The page Models: what a version is now, what may become of it, and the plan that would follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from json import dumps
from pathlib import Path
from typing import Any

import pytest

from scones import settings
from scones.console import registered
from scones.console.registered import ModelStanding
from scones.errors import InputError
from scones.model.registry import PinnedModel, Version, read_pin, write_pin
from scones.settings import Environment

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev"


def version(number: int, status: str = "Approved", *, accuracy: float = 0.9, ours: bool = True) -> Version:
    metrics = {"validation:accuracy": accuracy, "validation:images": 100.0, "validation:ece": 0.08}
    model = PinnedModel(
        f"{ARN}/{number}", number, "image", "s3://b/model.tar.gz", "5f1c", ("bicycle", "motorcycle"), metrics, "3f", ""
    )
    created = datetime(2026, 1, number, tzinfo=UTC)
    return Version(number, f"{ARN}/{number}", status, created, "job-1", model if ours else None)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    found = settings.load("dev", variables={})
    function = tmp_path / "lambdas" / "one" / "handler.py"
    function.parent.mkdir(parents=True)
    function.write_text("def handler(event, context):\n    return event\n")
    return replace(found, root=tmp_path, pin_path=tmp_path / "pins" / "model.tfvars.json")


def test_a_row_says_what_is_pinned_what_serves_and_what_is_compared() -> None:
    now = ModelStanding(f"{ARN}/1", f"{ARN}/2", 10, {f"{ARN}/1": "AllTraffic, 90 %"})
    assert registered.row(version(1), now)["marks"] == ["pinned", "serves (AllTraffic, 90 %)"]
    row = registered.row(version(2, accuracy=0.8), now)
    assert row["marks"] == ["compared (10 %)"]
    assert [round(end, 2) for end in row["interval"]] == [0.71, 0.87]
    assert (row["status"], row["error"]) == ("approved", 0.08)


def test_a_version_of_another_program_has_no_numbers_and_no_commands(environment: Environment) -> None:
    found = registered.detail(version(1, ours=False), ModelStanding(), environment)
    assert (found["accuracy"], found["interval"], found["classes"], found["commands"]) == (None, None, [], [])


@pytest.mark.parametrize(
    ("number", "status", "first"),
    [
        (2, "Approved", "invoke pin 2 --env dev"),
        (2, "PendingManualApproval", "invoke pin 2 --approve --env dev"),
        (3, "Approved", "invoke ab.promote --env dev"),
        (1, "Approved", None),
        (2, "Rejected", None),
    ],
)
def test_the_commands_are_those_that_a_person_would_type(
    environment: Environment, number: int, status: str, first: str | None
) -> None:
    now = ModelStanding(pinned=f"{ARN}/1", compared=f"{ARN}/3", share=10)
    found = [one["text"] for one in registered.commands(version(number, status), now, environment)]
    assert found == ([first, "invoke tf.plan --env dev", "invoke tf.apply --env dev"] if first else [])


def test_an_older_version_is_a_roll_back() -> None:
    found, now = [version(3), version(2), version(1)], ModelStanding(pinned=f"{ARN}/2")
    assert [registered.direction(one, found, now) for one in found] == ["Promote", "Promote", "Roll back"]


def test_a_measurement_counts_only_for_the_model_that_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    assert registered.measured(path, f"{ARN}/1") is None
    content = {
        "model_package_arn": f"{ARN}/1",
        "images": 200,
        "accuracy": 0.9,
        "accuracy_interval_95": [0.85, 0.93],
        "classes": ["a", "b"],
        "confusion": [[90, 10], [10, 90]],
        "per_class": [],
        "thresholds": [],
    }
    path.write_text(dumps(content))
    found = registered.measured(path, f"{ARN}/1")
    assert found is not None
    assert found["interval"] == [0.85, 0.93]
    assert registered.measured(path, f"{ARN}/2") is None
    path.write_text("[]")
    assert registered.measured(path, f"{ARN}/1") is None


class FakeStack:
    """A stack whose plan changes one resource. It keeps the values that it was planned with."""

    def __init__(self, environment: Environment, name: str, **options: Any) -> None:
        self.environment, self.name = environment, name
        self.planned: PinnedModel | None = None
        self.compared = False

    def __call__(self, environment: Environment, name: str, **options: Any) -> FakeStack:
        self.environment, self.name = environment, name
        return self

    def plan(self, *, out: Path) -> bool:
        self.planned = read_pin(self.environment.pin_path)
        self.compared = self.environment.candidate_path.exists()
        return True

    def show(self, plan: Path, *, json: bool = False) -> str:
        change = {"actions": ["update"], "before": {"a": 1}, "after": {"a": 2}}
        told = {"resource_changes": [{"address": "aws_sagemaker_endpoint.this", "change": change}]}
        return dumps(told) if json else "Plan: 1 to change."

    def notice(self) -> str:
        return "two updates"


def test_the_plan_is_made_with_the_version_and_leaves_the_pin_alone(environment: Environment) -> None:
    environment.pin_path.parent.mkdir()
    pinned, wanted = version(1).model, version(2)
    assert pinned is not None
    write_pin(environment.pin_path, pinned)
    environment.candidate_path.write_text("{}")
    stack = FakeStack(environment, "")
    found = registered.plan(environment, wanted, stack=stack)
    assert found["changes"] == [{"action": "update", "address": "aws_sagemaker_endpoint.this", "attributes": ["a"]}]
    assert (found["notice"], found["text"], stack.name) == ("two updates", "Plan: 1 to change.", "service")
    assert stack.planned == wanted.model
    assert stack.compared, "the comparison belongs to the values"
    assert read_pin(environment.pin_path) == pinned


def test_a_rejected_version_has_no_plan(environment: Environment) -> None:
    with pytest.raises(InputError, match="cannot be deployed"):
        registered.plan(environment, version(2, "Rejected"))


def test_an_unknown_version_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match="there are: 2, 1"):
        registered.chosen([version(2), version(1)], 7)
