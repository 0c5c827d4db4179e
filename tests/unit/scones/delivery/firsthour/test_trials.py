"""What the steps look at, and what they say of a cloud that does not do it. The cloud and Terraform are stand-ins."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imageclassification.hyperparameters import parse
from scones import settings
from scones.delivery.firsthour import FirstHour, Notes
from scones.delivery.firsthour.trials import Tools, went_on
from scones.errors import CheckError, TerraformError, TrainingError
from scones.training.spec import JobSpec

TRAINS = settings.load("dev", variables={}).training.instance_type
OUTPUTS = {"endpoint_name": "scones-checkdev", "bucket": "scones-checkdev-1"}


class Account:
    """An account with an endpoint.

    Attributes:
        served: The version behind the endpoint; ``pinned`` and ``compared`` until the next apply.
        deaf: The candidate gets no requests.
        differs: Stacks whose second plan is not empty.
        stuck: A pinned version that an apply does not bring: the update is rolled back.
        quotas: Its quotas, by name.
        applied: How often a stack was applied.
    """

    def __init__(self) -> None:
        self.pinned, self.compared = 1, False
        self.served, self.serving = 1, False
        self.requests = 0
        self.deaf, self.differs, self.stuck = False, set[str](), 0
        self.quotas = {f"{TRAINS} for training job usage": 1, "ml.m5.large for endpoint usage": 3}
        self.applied = 0

    def stack(self, _: Any, name: str, **__: Any) -> Any:
        return SimpleNamespace(
            name=name,
            apply=self.apply,
            plan=lambda: name in self.differs,
            backend=SimpleNamespace(read=lambda _: SimpleNamespace(outputs=OUTPUTS, resources=())),
        )

    def apply(self) -> None:
        if self.pinned == self.stuck:
            raise TerraformError(
                "SageMaker rolled the update of endpoint 'scones-checkdev' back: alarm rollback-latency"
            )
        self.served, self.serving = self.pinned, self.compared
        self.applied += 1

    def client(self, _: Any, service: str, **__: Any) -> Any:
        if service == "service-quotas":
            listed = [{"QuotaName": name, "QuotaCode": "L-1", "Value": value} for name, value in self.quotas.items()]
            return SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: [{"Quotas": listed}]))
        pages = SimpleNamespace(paginate=lambda **_: [{"MetricAlarms": self.alarms()}])
        return SimpleNamespace(invoke_endpoint=self.invoke, get_paginator=lambda _: pages)

    def invoke(self, **_: Any) -> dict[str, Any]:
        self.requests += 1
        second = self.serving and not self.deaf and self.requests % 2
        return {"Body": io.BytesIO(b"[1]"), "InvokedProductionVariant": "Candidate" if second else "AllTraffic"}

    def alarms(self) -> list[dict[str, str]]:
        return [{"AlarmName": "scones-checkdev-rollback-latency"}] if self.served == 3 and self.requests > 20 else []


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    found = Account()
    monkeypatch.setattr("scones.service.packaging.package", lambda *_: [])
    monkeypatch.setattr("scones.model.registry.pin", lambda _, version, **__: setattr(found, "pinned", version))
    monkeypatch.setattr("scones.service.ab.start", lambda *_, **__: setattr(found, "compared", True))
    monkeypatch.setattr("scones.service.ab.stop", lambda _: setattr(found, "compared", False))
    return found


@pytest.fixture
def hour(account: Account, tmp_path: Path) -> FirstHour:
    images = tmp_path / "build" / "dataset" / "test" / "bicycle"
    images.mkdir(parents=True)
    (images / "one.png").write_bytes(b"png")
    environment = replace(settings.load("dev", variables={}), build_name=str(tmp_path / "build"))
    notes = Notes(tmp_path / "notes.json", facts={"first": 1, "second": 2, "slow": 3})
    return FirstHour(environment, notes, Tools(client=account.client, stack=account.stack, sleep=lambda seconds: None))


@pytest.mark.parametrize("what", [f"{TRAINS} for training job usage", "ml.m5.large for endpoint usage"])
def test_a_quota_that_is_too_low_is_named_before_anything_is_made(hour: FirstHour, account: Account, what: str) -> None:
    """A new account has a quota of 0 for GPUs. An endpoint's update with a candidate needs three instances."""
    account.quotas[what] -= 1
    with pytest.raises(TrainingError, match=f"the quota '{what}' .* needed; nothing was made"):
        hour.apply_twice()
    assert account.applied == 0
    account.quotas[what] += 1
    assert hour.apply_twice() == "both plans were empty after the apply"


def test_the_lines_of_its_jobs_are_not_kept_for_ever(
    hour: FirstHour, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[Any] = []

    def none(*_: Any, **__: Any) -> Any:
        raise TrainingError("there is no such job")

    ready = SimpleNamespace(
        build=lambda: None,
        place=lambda _: JobSpec("s3://b/d", parse({"num_classes": "2", "num_training_samples": "99"}), "b", "role"),
    )
    monkeypatch.setattr("scones.delivery.firsthour.trials.Preparation", lambda *_, **__: ready)
    monkeypatch.setattr("scones.training.logs.limit", lambda _, days: happened.append(days))
    monkeypatch.setattr("scones.training.job.describe", none)
    monkeypatch.setattr("scones.training.job.start", lambda *_, **__: happened.append("started"))
    monkeypatch.setattr("scones.training.job.follow", lambda *_, **__: None)
    monkeypatch.setattr("scones.training.registering.register", lambda *_, **__: SimpleNamespace(version=1))
    hour.notes = Notes(tmp_path / "other.json")
    hour.serve()
    assert happened == [30, "started"]


def test_a_model_is_served_and_the_second_plan_is_empty(hour: FirstHour, account: Account) -> None:
    assert hour.serve() == "the plan was empty after the apply; 5 images were answered"
    account.differs = {"service"}
    with pytest.raises(CheckError, match="a second plan is not empty: service"):
        hour.serve()


def test_a_comparison_holds_if_both_answered_and_then_only_one(hour: FirstHour, account: Account) -> None:
    assert "of 40 requests: AllTraffic 20, Candidate 20" in hour.compare()
    assert not account.serving


def test_a_candidate_that_answers_nothing_does_not_hold_and_is_ended(hour: FirstHour, account: Account) -> None:
    account.deaf = True
    with pytest.raises(CheckError, match="during the comparison answered"):
        hour.compare()
    assert not account.compared


def test_rolling_back_waits_for_the_alarm_and_serves_the_first_version(hour: FirstHour, account: Account) -> None:
    assert "scones-checkdev-rollback-latency rang" in hour.roll_back()
    assert account.served == 1
    assert account.requests > 20, "the alarm rings because of requests"


def test_a_roll_back_that_is_turned_around_does_not_hold(hour: FirstHour, account: Account) -> None:
    """The alarm of the old fleet ends the update that would have mended it."""
    account.stuck = 1
    with pytest.raises(TerraformError, match="rolled the update of endpoint 'scones-checkdev' back"):
        hour.roll_back()


def test_everything_is_said_to_be_proved_for_a_reason(hour: FirstHour) -> None:
    trials = hour.trials()
    assert all(trial.proves for trial in trials)
    known = [trial.key for trial in trials]
    assert all(known.index(key) < known.index(trial.key) for trial in trials for key in trial.needs)


@pytest.mark.parametrize(
    ("after", "held"),
    [
        ({2: 0.57, 3: 0.78}, True),
        ({0: 0.53, 1: 0.68, 2: 0.57}, True),  # the local cloud's job repeats the lines of the job before
        ({0: 0.49, 1: 0.68}, False),
        ({}, False),
    ],
)
def test_a_job_that_begins_anew_has_not_gone_on(after: dict[int, float], held: bool) -> None:
    assert went_on({0: 0.53, 1: 0.68}, after) == held
