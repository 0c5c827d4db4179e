"""A local cloud that was started with SCONES_LOCAL_LATENCY=aws is as slow as AWS, and says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from invoke import Context

from localcloud import control
from localcloud.errors import LocalCloudError
from localcloud.latency import VARIABLE
from scones import settings
from scones.tasks import local

from ..conftest import LocalCloud
from .conftest import package

BEYOND = 181  # seconds after which every metric is there


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    state = tmp_path_factory.mktemp("slow") / "local"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "aws")
        yield LocalCloud(control.up(state, port=0, tethered=True))
    control.down(state)


def test_its_latency_is_shown_and_another_one_is_not_given_to_it_while_it_runs(
    slow: LocalCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = SimpleNamespace(name="local", cloud_path=slow.state / "cloud.json")
    monkeypatch.setattr(settings, "load", lambda name: environment)
    local.status(Context())
    assert "its latency: aws" in capsys.readouterr().out
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(LocalCloudError, match=r"runs with the latency 'aws', not 'none'[\s\S]*invoke local\.down"):
        control.up(slow.state)


def test_a_function_is_refused_a_role_that_was_made_just_now(slow: LocalCloud) -> None:
    role = slow.role("fresh")
    with pytest.raises(ClientError, match="The role defined for the function cannot be assumed by Lambda"):
        slow.client("lambda").create_function(
            FunctionName="early",
            Runtime="python3.12",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": package("def handler(event, context): ...")},
        )


def test_alarms_that_are_set_too_fast_are_throttled(slow: LocalCloud) -> None:
    cloudwatch = slow.client("cloudwatch")

    def set_one(_: Any) -> str:
        try:
            cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason=json.dumps("to try it"))
        except ClientError as error:
            return f"{error.response['Error']['Code']}"
        return ""

    with ThreadPoolExecutor(8) as side_by_side:
        codes = list(side_by_side.map(set_one, range(40)))
    assert set(codes) == {"Throttling", "ResourceNotFound"}


def test_a_metric_is_seen_minutes_later(slow: LocalCloud) -> None:
    cloudwatch, now = slow.client("cloudwatch"), datetime.now(UTC)
    cloudwatch.put_metric_data(Namespace="Tests", MetricData=[{"MetricName": "Late", "Value": 7.0}])

    def seen() -> list[float]:
        found = cloudwatch.get_metric_statistics(
            Namespace="Tests",
            MetricName="Late",
            StartTime=now - timedelta(minutes=1),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return [one["Sum"] for one in found["Datapoints"]]

    assert seen() == []
    (slow.state / "alarm-clock").write_text(str(BEYOND))
    assert seen() == [7.0]
