"""invoke capture counts what was sent, and waits for it if asked."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from rich.console import Console

from scones import aws
from scones.errors import CloudError
from scones.service.capture import Capture, Period
from scones.service.capture.sent import noting
from scones.tasks import captured

from ..model.registry.conftest import GROUP, Cloud

OUTPUTS = {"endpoint_name": "scones-dev", "capture_uri": "s3://captured/captures"}


class Registry:
    """SageMaker with the registry of ``Cloud`` and an endpoint that captures all requests."""

    def __init__(self, registered: Any) -> None:
        self._registered = registered

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registered, name)

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        config = {"EnableCapture": True, "CaptureStatus": "Started", "CurrentSamplingPercentage": 100}
        created = datetime(2026, 1, 1, tzinfo=UTC)
        return {"EndpointStatus": "Updating", "CreationTime": created, "DataCaptureConfig": config}


class Sender:
    """Requests of version 1, and the files that SageMaker writes of them, one for each request."""

    def __init__(self, cloud: Cloud, s3: Any) -> None:
        self.cloud, self.s3, self.pauses = cloud, s3, 0
        self.clients = {"s3": s3, "sagemaker": Registry(cloud.client(cloud.environment, "sagemaker"))}

    def send(self, count: int) -> None:
        folder = self.cloud.environment.captures
        with noting(folder, "scones-dev", "invoke evaluate", lambda: datetime.now(UTC)) as answered:
            answered += [f"evaluate-{number}" for number in range(count)]

    def write(self, number: int) -> None:
        now = datetime.now(UTC)
        line = {
            "captureData": {"endpointOutput": {"mode": "OUTPUT", "encoding": "JSON", "data": "[0.9, 0.1]"}},
            "eventMetadata": {
                "eventId": f"{number}",
                "inferenceId": f"evaluate-{number}",
                "inferenceTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            },
        }
        key = f"captures/scones-dev/AllTraffic.{GROUP}.1/scones-dev/AllTraffic/{now:%Y/%m/%d/%H}/{number}.jsonl"
        self.s3.put_object(Bucket="captured", Key=key, Body=json.dumps(line).encode())

    def pause(self, seconds: float) -> None:
        """What is still to come comes meanwhile."""
        self.pauses += 1
        self.write(self.pauses)

    def fetch(self, **options: Any) -> tuple[Capture, list[Any]]:
        console = Console(file=io.StringIO())
        return captured.fetch(
            console, self.cloud.environment, self.clients, OUTPUTS, Period(), pause=self.pause, **options
        )


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    cloud = Cloud(tmp_path)
    cloud.train(cloud.job, accuracy=0.91)
    cloud.register(cloud.job)
    with mock_aws():
        s3 = aws.client(cloud.environment, "s3")
        s3.create_bucket(Bucket="captured")
        yield Sender(cloud, s3)


def test_what_is_still_to_come_is_said(sender: Sender) -> None:
    sender.send(3)
    sender.write(0)
    found, (coming,) = sender.fetch()
    assert [(event.answerer.name, event.label) for event in found.events] == [("version 1", "bicycle")]
    assert "2 of 3 requests that invoke evaluate sent" in str(coming)
    assert sender.pauses == 0


def test_wait_waits_until_all_of_it_is_there(sender: Sender) -> None:
    sender.send(3)
    sender.write(0)
    found, coming = sender.fetch(wait=True)
    assert (len(found.events), coming, sender.pauses) == (3, [], 2)


def test_wait_waits_for_the_first_capture_too_and_gives_up_in_time(sender: Sender) -> None:
    sender.send(1)
    times = iter([0.0, 1.0, captured.WAIT_SECONDS + 1])
    sender.write = lambda number: None
    with pytest.raises(CloudError, match=r"(?s)1 of 1 requests .* are still to come.*invoke capture --wait"):
        sender.fetch(wait=True, clock=lambda: next(times))
    assert sender.pauses == 1


def test_an_endpoint_without_captures_says_that_they_come_late() -> None:
    error = captured.nothing_captured("scones", "s3://b/captures", Period(), Capture((), ()))
    assert "no event under s3://b/captures/scones/" in str(error)
    assert "a few minutes after the requests" in str(error)
