"""Blue/green deployments follow AWS's documentation: canary, linear steps, baking, and alarms that roll back."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from moto.sagemaker.exceptions import ValidationError

from localcloud.latency import NONE
from localcloud.sagemaker import status_changes
from localcloud.sagemaker.hosting import autoscaling
from localcloud.sagemaker.hosting import endpoint as endpoints
from localcloud.sagemaker.hosting.autoscaling import Scaler, tracked
from localcloud.sagemaker.hosting.endpoint import Endpoint
from localcloud.sagemaker.hosting.plan import EndpointPlan, Variant
from localcloud.sagemaker.hosting.rollout import Rollout, between, read_rollout
from localcloud.sagemaker.hosting.schedules import due

from ..conftest import eventually

VARIANT = Variant("A", "image-classification:1", "s3://b/m", 1.0, 2, None, 60, {})


class Process:
    """A stand-in for a serving process. It records whether it was ended."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def retire(self) -> None:
        self.ended.set()

    def reserve(self) -> int:
        return 1

    def release(self) -> None: ...


def plan(name: str, *variants: Variant, shadows: tuple[Variant, ...] = ()) -> EndpointPlan:
    return EndpointPlan(name, variants or (VARIANT,), None, shadows)


def deployment(kind: str = "CANARY", wait: int = 1, **more: Any) -> dict[str, Any]:
    size = {"Type": "CAPACITY_PERCENT", "Value": 50}
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, "CanarySize": size, "LinearStepSize": size}
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 0},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
        **more,
    }


@pytest.fixture
def alarm(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The alarm ``errors``. It is in ALARM once the event is set."""
    found = threading.Event()
    monkeypatch.setattr(endpoints, "tripped", lambda account, region, names: names[0] if found.is_set() else None)
    return found


@pytest.fixture
def served() -> Any:
    """An endpoint InService on plan ``blue``, and its processes by plan."""
    fleets = {"blue": {"A": Process()}, "green": {"A": Process()}}
    site = SimpleNamespace(
        context=SimpleNamespace(backends=SimpleNamespace(keep=lambda touched: None), latency=NONE),
        endpoint="e",
        account="123456789012",
        region="us-east-1",
        watch=lambda *_: None,
        deploy=lambda asked: fleets[asked.config_name],
    )
    endpoint = Endpoint(site, plan("blue"), tags=[], captures=SimpleNamespace())
    endpoint.create()
    eventually(lambda: endpoint.endpoint_status == "InService")
    return SimpleNamespace(endpoint=endpoint, fleets=fleets)


def shares(endpoint: Endpoint, requests: int = 200) -> Counter[str]:
    """Count the requests that each plan answers."""
    found: Counter[str] = Counter()
    for _ in range(requests):
        with endpoint.lease(None) as lease:
            found[lease.plan.config_name] += 1
    return found


def stage(endpoint: Endpoint) -> str | None:
    pending = endpoint.response_object.get("PendingDeploymentSummary")
    return pending["ProductionVariants"][0]["VariantStatus"][0]["Status"] if pending else None


def test_a_canary_gets_its_share_until_it_has_baked(served: Any, alarm: threading.Event) -> None:
    endpoint = served.endpoint
    endpoint.update(plan("green"), deployment_config=deployment(wait=1))
    eventually(lambda: stage(endpoint) == "Baking")
    during = endpoint.response_object
    assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", "blue")
    assert during["PendingDeploymentSummary"]["EndpointConfigName"] == "green"
    found = shares(endpoint)
    assert 60 < found["green"] < 140  # 200 requests at 50 %: the chance of a count outside this range is 1e-8
    eventually(lambda: endpoint.endpoint_status == "InService")
    assert endpoint.response_object["EndpointConfigName"] == "green"
    assert shares(endpoint) == {"green": 200}
    assert served.fleets["blue"]["A"].ended.wait(5)


def test_eventbridge_hears_of_each_stage_of_an_update(
    served: Any, alarm: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint's making is no update."""
    told: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(status_changes, "send", lambda kind, arn, detail: told.append((kind, detail)))
    served.endpoint.update(plan("green"), deployment_config=deployment())
    eventually(lambda: served.endpoint.endpoint_status == "InService" and len(told) >= 6)
    updates = [detail for kind, detail in told if kind == "Endpoint Deployment"]
    assert [stage_in(detail) for detail in updates] == ["Creating", "Baking", "Deleting", None]
    assert [detail["EndpointStatus"] for detail in updates] == ["UPDATING"] * 3 + ["IN_SERVICE"]
    assert (updates[0]["EndpointConfigName"], updates[-1]["EndpointConfigName"]) == ("blue", "green")
    assert [detail["EndpointStatus"] for kind, detail in told if kind == "Endpoint"] == ["UPDATING", "IN_SERVICE"]


def stage_in(detail: dict[str, Any]) -> str | None:
    """The stage in an event about an endpoint's update."""
    if "PendingDeploymentSummary" not in detail:
        return None
    (variant,) = detail["PendingDeploymentSummary"]["ProductionVariants"]
    return str(variant["VariantStatus"][0]["Status"])


def test_an_alarm_turns_a_canary_back_and_the_reason_names_it(served: Any, alarm: threading.Event) -> None:
    endpoint = served.endpoint
    endpoint.update(plan("green"), deployment_config=deployment(wait=60))
    eventually(lambda: stage(endpoint) == "Baking")
    alarm.set()
    eventually(lambda: endpoint.endpoint_status == "InService")
    after = endpoint.response_object
    assert after["EndpointConfigName"] == "blue"
    assert "alarm errors" in after["FailureReason"]
    assert "PendingDeploymentSummary" not in after
    assert after["LastDeploymentConfig"] == deployment(wait=60)
    assert shares(endpoint) == {"blue": 200}
    assert served.fleets["green"]["A"].ended.is_set()
    assert not served.fleets["blue"]["A"].ended.is_set()


def test_between_other_variants_it_goes_at_once(served: Any, alarm: threading.Event) -> None:
    """AWS's guardrails need the same variant names. With other names, all traffic moves at once, without baking."""
    endpoint = served.endpoint
    served.fleets["green"]["B"] = Process()
    other = Variant("B", "image-classification:1", "s3://b/m", 1.0, 1, None, 60, {})
    endpoint.update(plan("green", VARIANT, other), deployment_config=deployment(wait=600))
    eventually(lambda: endpoint.endpoint_status == "InService")
    assert endpoint.response_object["EndpointConfigName"] == "green"


def test_steps_are_those_of_the_routing() -> None:
    assert read_rollout(None) == Rollout()
    assert read_rollout(deployment("ALL_AT_ONCE")).shares == (1.0,)
    assert read_rollout(deployment("CANARY")).shares == (0.5, 1.0)
    assert read_rollout(deployment("LINEAR")).shares == (0.5, 1.0)
    thirds = deployment("LINEAR")
    thirds["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["LinearStepSize"]["Value"] = 30
    assert read_rollout(thirds).shares == pytest.approx((0.3, 0.6, 0.9, 1.0))
    assert between(plan("a"), plan("b"), read_rollout(thirds)) == read_rollout(thirds)


def test_what_cannot_be_done_is_refused_by_name() -> None:
    large, counted, hasty = deployment(), deployment(), deployment(wait=400)
    large["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["CanarySize"]["Value"] = 60
    counted["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["CanarySize"]["Type"] = "INSTANCE_COUNT"
    hasty["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 600
    for config, words in (
        (large, "CanarySize must be from 0% to 50%"),
        (counted, "does not support INSTANCE_COUNT"),
        (hasty, "MaximumExecutionTimeoutInSeconds must be more"),
    ):
        with pytest.raises(ValidationError, match=words):
            read_rollout(config)


def test_a_target_that_cannot_be_scaled_does_not_keep_the_others_from_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such a target can exist, because moto accepts any resource id and any schedule."""
    seen = []

    def look(self: Scaler, account: str, region: str, backend: Any, target: str, begin: float, end: float) -> None:
        seen.append(target)
        if target == "first":
            raise ValueError("cron(0 0 L * ? *) cannot be read")

    backend = SimpleNamespace(_flatten_scalable_targets=lambda namespace: ["first", "second"])
    monkeypatch.setattr(autoscaling, "applicationautoscaling_backends", {"123456789012": {"us-east-1": backend}})
    monkeypatch.setattr(Scaler, "_look", look)
    Scaler(SimpleNamespace(now=lambda: 0.0)).look()
    assert seen == ["first", "second"]
    assert "cron(0 0 L * ? *) cannot be read" in capsys.readouterr().out


def test_target_tracking_goes_out_in_three_minutes_and_in_after_fifteen() -> None:
    assert tracked(1, [None] * 12 + [120, 130, 250], target=100) == 3
    assert tracked(1, [None] * 12 + [120, 90, 250], target=100) == 1
    assert tracked(4, [100] * 15, target=100) == 1
    assert tracked(4, [None] + [100] * 14, target=100) == 4, "a minute without data must not scale in"
    assert tracked(4, [0] * 15, target=100) == 1
    assert tracked(2, [190] * 15, target=100) == 2


@pytest.mark.parametrize(
    ("expression", "zone", "at"),
    [
        ("cron(0 20 ? * MON-FRI *)", None, datetime(2026, 11, 23, 20, tzinfo=UTC)),
        ("cron(0 20 * * ? *)", "Europe/Berlin", datetime(2026, 11, 23, 19, tzinfo=UTC)),
        ("cron(0/15 8,20 * NOV ? 2026)", None, datetime(2026, 11, 23, 20, 45, tzinfo=UTC)),
        ("at(2026-11-23T20:00:00)", "Europe/Berlin", datetime(2026, 11, 23, 19, tzinfo=UTC)),
    ],
)
def test_a_schedule_is_due_at_its_time_only(expression: str, zone: str | None, at: datetime) -> None:
    second = timedelta(seconds=1)
    assert due(expression, zone, at - second, at)
    assert not due(expression, zone, at, at + second)
    assert not due(expression, zone, at - 2 * second, at - second)


def test_a_rate_is_due_every_time_it_has_passed() -> None:
    begun = datetime(2026, 11, 23, 20, tzinfo=UTC)
    five = timedelta(minutes=5)
    assert due("rate(5 minutes)", None, begun + five - timedelta(seconds=1), begun + five, since=begun)
    assert not due("rate(5 minutes)", None, begun + timedelta(seconds=1), begun + timedelta(seconds=9), since=begun)
    with pytest.raises(ValueError, match="the schedule 'every day' is not supported"):
        due("every day", None, begun, begun + five)
