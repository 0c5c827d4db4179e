"""An endpoint with hours: schedules with a narrow role delete and create it, and no plan fights them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scones.model.registry import PinnedModel, write_pin
from scones.settings import Environment
from scones.terraform import Stack, destroy, destroy_all
from tests.local.conftest import eventually

from . import provider
from .workbench import give, values_kept

pytestmark = [pytest.mark.usefixtures("provider_is_here"), pytest.mark.slow, pytest.mark.nightly]
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def hours(*, on: bool) -> dict[str, Any]:
    """Hours that hold now, or do not. Two days off leave time for this test at midnight."""
    now = datetime.now(UTC)
    off = {(now + timedelta(days=days)).strftime("%a") for days in ((3, 4) if on else (0, 1))}
    return {"from_utc": 0, "until_utc": 24, "days": [day for day in DAYS if day not in off]}


@pytest.fixture(scope="module")
def service(
    project: Environment, model: Callable[[str, int], PinnedModel], one_provider: str, terraform_log: Path
) -> Iterator[Stack]:
    """The service, applied within its endpoint's hours."""
    environment = replace(project, service={**project.service, "endpoint_hours": hours(on=True)})
    made = {name: Stack(environment, name, log=terraform_log) for name in ("foundation", "service")}
    with pytest.MonkeyPatch.context() as patch, values_kept(project):
        patch.setenv(provider.NAME, one_provider)
        give(project, "service", endpoint_hours=hours(on=True))
        try:
            made["foundation"].apply()
            write_pin(project.pin_path, model(made["foundation"].outputs()["bucket"], 1))
            yield made["service"]
        finally:
            destroy_all(environment, stack=partial(Stack, log=terraform_log))


def test_the_endpoint_goes_and_comes_with_its_hours_and_plans_stay_empty(
    service: Stack, cloud: Any, project: Environment
) -> None:
    scheduler, sagemaker = cloud.client("scheduler"), cloud.client("sagemaker")

    def stands(status: str = "InService") -> bool:
        found = sagemaker.list_endpoints(NameContains="scones-local")["Endpoints"]
        return [one["EndpointStatus"] for one in found] == [status]

    def fire(name: str) -> None:
        """Let a schedule's target be called now, in the schedule's own role."""
        target = scheduler.get_schedule(Name=f"scones-local-{name}")["Target"]
        moment = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
        once = {"ScheduleExpression": f"at({moment})", "FlexibleTimeWindow": {"Mode": "OFF"}}
        scheduler.create_schedule(Name=f"now-{name}", Target=target, ActionAfterCompletion="DELETE", **once)

    service.apply()
    assert stands()
    assert service.plan() is False
    allowed = cloud.client("iam").get_role_policy(RoleName="scones-local-hours", PolicyName="hours")["PolicyDocument"]
    allowed = json.loads(allowed) if isinstance(allowed, str) else allowed
    actions = {action for statement in allowed["Statement"] for action in statement["Action"]}
    assert actions == {"sagemaker:AddTags", "sagemaker:CreateEndpoint", "sagemaker:DeleteEndpoint"}

    fire("off")
    eventually(lambda: not sagemaker.list_endpoints(NameContains="scones-local")["Endpoints"], seconds=60)
    give(project, "service", endpoint_hours=hours(on=False))
    service.apply()
    assert service.plan() is False, "an apply after hours brings nothing back"

    fire("on")
    eventually(stands, seconds=60)
    before = sagemaker.describe_endpoint(EndpointName="scones-local")["CreationTime"]
    give(project, "service", endpoint_hours=hours(on=True))
    service.apply()
    assert sagemaker.describe_endpoint(EndpointName="scones-local")["CreationTime"] == before, "it was taken back"
    assert service.plan() is False

    # Without hours again, an apply takes the endpoint that the schedule made.
    fire("off")
    eventually(lambda: not sagemaker.list_endpoints(NameContains="scones-local")["Endpoints"], seconds=60)
    give(project, "service", endpoint_hours=hours(on=False))
    service.apply()
    fire("on")
    eventually(stands, seconds=60)
    before = sagemaker.describe_endpoint(EndpointName="scones-local")
    give(project, "service", endpoint_hours=None)
    service.apply()
    assert sagemaker.describe_endpoint(EndpointName="scones-local")["CreationTime"] == before["CreationTime"]
    assert service.plan() is False

    # What a schedule could not make is made by the next apply.
    pinned = json.loads(project.pin_path.read_text())["model"]["artifact_uri"].removeprefix("s3://").partition("/")
    where, s3 = {"Bucket": pinned[0], "Key": pinned[2]}, cloud.client("s3")
    kept = s3.get_object(**where)["Body"].read()
    s3.delete_object(**where)
    sagemaker.delete_endpoint(EndpointName="scones-local")
    eventually(lambda: not sagemaker.list_endpoints(NameContains="scones-local")["Endpoints"], seconds=60)
    sagemaker.create_endpoint(EndpointName="scones-local", EndpointConfigName=before["EndpointConfigName"])
    eventually(lambda: stands("Failed"), seconds=60)
    s3.put_object(**where, Body=kept)
    assert service.plan() is True
    service.apply()
    assert stands()

    # What Terraform does not know goes with the stack.
    give(project, "service", endpoint_hours=hours(on=False))
    service.apply()
    fire("on")
    eventually(stands, seconds=60)
    destroy(service)
    eventually(lambda: not sagemaker.list_endpoints(NameContains="scones-local")["Endpoints"], seconds=60)
