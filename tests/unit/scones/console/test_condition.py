"""The page Health: alarms, queues and the budget, and what is told anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scones import settings
from scones.console import condition
from scones.console.desk import Desk
from scones.console.page import Page
from scones.console.pages import health
from scones.settings import Environment

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
QUEUES = {
    name: {"name": f"scones-dev-{name}", "url": f"https://{name}", "dead_letters": {"url": f"https://{name}-dead"}}
    for name in ("arrivals", "endings")
}


def alarm(name: str, state: str) -> dict[str, Any]:
    return {"AlarmName": f"scones-dev-{name}", "StateValue": state, "StateReason": "because", "ActionsEnabled": True}


class Cloud:
    """CloudWatch, SQS, STS and Budgets in one."""

    def __init__(self) -> None:
        self.states = {"a": "OK", "b": "ALARM", "c": "INSUFFICIENT_DATA"}
        self.waiting = {"https://arrivals": 3}

    class exceptions:
        class NotFoundException(Exception):
            """Budgets has no such budget."""

    def get_paginator(self, name: str) -> Cloud:
        assert name == "describe_alarms"
        return self

    def paginate(self, AlarmNamePrefix: str, **asked: Any) -> list[dict[str, Any]]:
        assert AlarmNamePrefix == "scones-dev-"
        found = [alarm(name, state) for name, state in self.states.items()]
        return [{"MetricAlarms": found[:2]}, {"MetricAlarms": found[2:], "CompositeAlarms": [alarm("d", "ALARM")]}]

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: Any) -> dict[str, Any]:
        return {"Attributes": {name: str(self.waiting.get(QueueUrl, 0)) for name in AttributeNames}}

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        assert asked["Dimensions"] == [{"Name": "QueueName", "Value": "scones-dev-arrivals"}]
        ages = [(2, 30.0), (1, 90.0)]
        return {"Datapoints": [{"Timestamp": NOW - timedelta(minutes=ago), "Maximum": age} for ago, age in ages]}

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}

    def describe_budget(self, **asked: Any) -> None:
        raise self.exceptions.NotFoundException


def page_of(cloud: Cloud, environment: Environment, arrival: Any = None) -> Page:
    return Page(Desk(environment, lambda name: cloud, lambda stack: {"arrival": arrival, "a": 1}, may_write=False))


def test_what_rings_comes_first_then_what_has_no_data() -> None:
    found = condition.alarms(Cloud(), "scones-dev")
    assert [(one["short"], one["words"]) for one in found] == [
        ("b", "rings"),
        ("d", "rings"),
        ("c", "no data"),
        ("a", "quiet"),
    ]


def test_a_queue_that_waits_says_since_when_and_an_empty_one_is_not_asked() -> None:
    cloud = Cloud()
    arrivals, endings = condition.queues(cloud, cloud, {"queues": QUEUES}, NOW)
    assert (arrivals["waiting"], arrivals["oldest"], arrivals["dead"]) == (3, 90.0, 0)
    assert (endings["waiting"], endings["oldest"]) == (0, None)
    assert condition.queues(cloud, cloud, None, NOW) == []


def test_without_a_budget_the_next_step_is_said() -> None:
    found = condition.spent(page_of(Cloud(), settings.load("dev", variables={})).desk)
    assert found["none"] == "environment 'dev' has no budget 'scones-dev'"
    assert "monthly_budget_usd" in found["hint"]


def test_only_the_part_that_has_changed_is_told_again(tmp_path: Path) -> None:
    cloud = Cloud()
    log = tmp_path / "cloud.log"
    environment = replace(settings.load("dev", variables={}), cloud_path=tmp_path / "cloud.json")
    look = health.following(page_of(cloud, environment, {"queues": QUEUES}), now=lambda: NOW)
    assert [name for part in look() for name in part] == ["alarms", "queues", "refusals"]
    assert list(look()) == []
    cloud.states["a"] = "ALARM"
    (told,) = look()
    assert told["alarms"][0]["short"] == "a"
    log.write_text(
        "refused (AccessDenied): User: arn:aws:iam::123456789012:user/ann is not authorized to perform: s3:GetObject "
        "on resource: arn:aws:s3:::b/k because no identity-based policy allows the s3:GetObject action\n"
    )
    (told,) = look()
    assert told["refusals"][0]["action"] == "s3:GetObject"


def test_on_aws_no_log_is_read() -> None:
    look = health.following(page_of(Cloud(), settings.load("dev", variables={})), now=lambda: NOW)
    assert [part["refusals"] for part in look() if "refusals" in part] == [[]]
