"""With the variable arrival, an object that arrives starts the workflow, and its result is in the bucket."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.arrival import pictures
from localcloud import control
from scones.model.registry import PinnedModel, write_pin
from scones.service import inbox
from scones.settings import Environment
from scones.terraform import Stack, destroy_all
from tests.local.conftest import eventually

from . import provider
from .test_gate import give
from .workbench import values_kept

# Of each hundred: so many are no pictures, and so many events come twice.
MANY, UNREADABLE, TWICE = 1000, 5, 10

pytestmark = [pytest.mark.usefixtures("provider_is_here"), pytest.mark.slow]


@pytest.fixture(scope="module")
def service(
    project: Environment, model: Callable[[str, int], PinnedModel], one_provider: str, terraform_log: Path
) -> Iterator[Stack]:
    """The service with arrival on. An untrained model is never sure, so the threshold is 0.5."""
    made = {name: Stack(project, name, log=terraform_log) for name in ("foundation", "service")}
    with pytest.MonkeyPatch.context() as patch, values_kept(project):
        patch.setenv(provider.NAME, one_provider)
        give(project, "service", confidence_threshold=0.5)
        try:
            made["foundation"].apply()
            write_pin(project.pin_path, model(made["foundation"].outputs()["bucket"], 1))
            made["service"].apply()
            yield made["service"]
        finally:
            destroy_all(project, stack=partial(Stack, log=terraform_log))


def test_an_object_that_arrives_has_a_result_and_the_plan_stays_empty(service: Stack, cloud: Any) -> None:
    assert service.plan() is False
    arrival = service.outputs()["arrival"]
    bucket = arrival["uri"].split("/")[2]
    s3 = cloud.client("s3")
    one, other = pictures(2)
    names = {"photo 7.png": one, "PHOTO.PNG": other, "broken.jpg": b"no picture"}
    for name, content in {**names, "notes.txt": b"text"}.items():
        s3.put_object(Bucket=bucket, Key=f"incoming/{name}", Body=content)
    found = inbox.wait_for(s3, arrival, names, seconds=60)
    assert {name: one["status"] for name, one in found.items()} == {
        "photo 7.png": "SUCCEEDED",
        "PHOTO.PNG": "SUCCEEDED",
        "broken.jpg": "FAILED",
    }
    assert found["broken.jpg"]["error"] == "InvalidImageError"
    assert found["photo 7.png"]["classification"] in ("bicycle", "motorcycle")
    assert len(list(inbox.keys(s3, arrival))) == 3, "the text starts nothing"


@pytest.mark.nightly
def test_a_thousand_arrivals_have_a_thousand_executions_though_events_come_twice_and_the_cloud_is_killed(
    service: Stack, cloud: Any
) -> None:
    arrival, machine = service.outputs()["arrival"], service.outputs()["state_machine_arn"]
    bucket, queue = arrival["uri"].split("/")[2], arrival["queues"]["arrivals"]["url"]
    images = pictures(MANY)
    contents = {
        f"many-{number:04}.png": b"no picture" if number % 100 < UNREADABLE else next(images) for number in range(MANY)
    }

    def put(name: str) -> None:
        key = f"incoming/{name}"
        version = cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=contents[name])["VersionId"]
        if int(name[5:9]) % 100 >= 100 - TWICE:
            detail = {"bucket": {"name": bucket}, "object": {"key": key, "version-id": version}}
            event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
            cloud.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event))

    def begun() -> list[str]:
        pages = cloud.client("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine)
        return [one["name"] for page in pages for one in page["executions"] if one["name"].startswith("arrival-many-")]

    names = list(contents)
    cloud.client("s3"), cloud.client("sqs")  # boto3 makes clients in one thread only
    with ThreadPoolExecutor(4) as clients:
        list(clients.map(put, names[: MANY // 2]))
        eventually(lambda: len(begun()) >= MANY // 10, seconds=300)
        os.kill(cloud.running.pid, signal.SIGKILL)
        eventually(lambda: not control.is_alive(cloud.state))
        cloud.use(control.up(cloud.state, tethered=True))
        cloud.client("s3"), cloud.client("sqs")
        list(clients.map(put, names[MANY // 2 :]))
    found = inbox.wait_for(cloud.client("s3"), arrival, names, seconds=1200)
    assert len(found) == MANY
    executions = begun()
    assert len(executions) == len(set(executions)) == MANY
    assert Counter(map(inbox.ending, found.values())) == {
        "passed": MANY * (100 - UNREADABLE) // 100,
        "InvalidImageError": MANY * UNREADABLE // 100,
    }
    loads = inbox.look(
        cloud.client("sqs"), cloud.client("stepfunctions"), arrival, machine, since=datetime.now(UTC)
    ).waiting
    assert {name: load.dead for name, load in loads.items()} == {"arrivals": 0, "endings": 0}
