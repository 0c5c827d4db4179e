"""invoke ab.*: what the tasks take from a person, and which traffic they compare."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit
from moto import mock_aws
from rich.console import Console

from scones import aws, settings
from scones.errors import CloudError
from scones.service import ab
from scones.service.capture import Period
from scones.tasks import ab as task

from ..model.registry.conftest import GROUP, Cloud

OUTPUTS = {"endpoint_name": "scones-dev", "capture_uri": "s3://captured/captures"}
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """Environment ``dev`` with two registered versions, of which the first is pinned."""
    made = Cloud(tmp_path)
    for number in (1, 2):
        made.train(f"{made.job}-{number}", accuracy=0.91)
        made.register(f"{made.job}-{number}")
    made.pin(1)
    return made


@pytest.fixture
def s3(cloud: Cloud) -> Iterator[Any]:
    """A bucket with one answer of each variant in the hour of 12:00, and of the candidate one in the hour before."""
    with mock_aws():
        client = aws.client(cloud.environment, "s3")
        client.create_bucket(Bucket="captured")
        for variant, moment in (("AllTraffic", NOW), ("Candidate", NOW), ("Candidate", NOW - timedelta(hours=1))):
            line = {
                "captureData": {"endpointOutput": {"mode": "OUTPUT", "encoding": "JSON", "data": "[0.9, 0.1]"}},
                "eventMetadata": {"eventId": f"{variant}{moment}", "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"},
            }
            # An hour before, version 9 was the candidate.
            served = f"AllTraffic.{GROUP}.1.Candidate.{GROUP}.{2 if moment == NOW else 9}"
            key = f"captures/scones-dev/{served}/scones-dev/{variant}/{moment:%Y/%m/%d/%H}/00-00-000-a.jsonl"
            client.put_object(Bucket="captured", Key=key, Body=json.dumps(line).encode())
        yield client


def start(cloud: Cloud, **options: Any) -> ab.Candidate:
    return ab.start(cloud.environment, 2, group=GROUP, client=cloud.client, **options)


def reported(cloud: Cloud, s3: Any, period: Period) -> str:
    """What is shown of a period, in one line of words."""
    console = Console(width=160, file=io.StringIO())
    compared = ab.read(cloud.environment.candidate_path)
    clients = {"s3": s3, "sagemaker": cloud.client(cloud.environment, "sagemaker")}
    task.report(console, cloud.environment, clients, OUTPUTS, compared, period, threshold=0.8).show()
    return console.file.getvalue()


def test_a_comparison_counts_what_was_answered_since_it_began(cloud: Cloud) -> None:
    """An earlier candidate's answers are under the same variant's name."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    start(cloud, share=10)
    found = start(cloud, share=20)
    assert before <= task.period_of(None, None, found).since <= datetime.now(UTC)
    assert "gets 20 % of the requests" in task.started(found, cloud.environment.candidate_path)
    assert task.period_of("2026-11-01", None, found).since == datetime(2026, 11, 1, tzinfo=UTC)


def test_the_report_counts_the_periods_answers_of_each_model_and_says_what_comes_next(cloud: Cloud, s3: Any) -> None:
    start(cloud, share=10)
    said = reported(cloud, s3, Period(since=NOW))
    rows = {row[0]: row[1:3] for line in said.splitlines() if (row := line.replace("│", " ").split())}
    assert (rows["AllTraffic"], rows["Candidate"]) == (["1", "1"], ["2", "1"])  # the version, and its requests
    assert "next: invoke ab.promote, or invoke ab.stop" in said
    earlier = reported(cloud, s3, Period(since=NOW - timedelta(hours=1)))
    assert "│ Candidate  │       9 │        1 │" in earlier
    assert "│ Candidate  │       2 │        1 │" in earlier


def test_the_comparison_is_a_document_that_keeps_to_its_schema(
    cloud: Cloud, s3: Any, monkeypatch: pytest.MonkeyPatch, printed_json: Any
) -> None:
    start(cloud, share=10)
    monkeypatch.setattr(settings, "load", lambda env: cloud.environment)
    sagemaker = cloud.client(cloud.environment, "sagemaker")
    monkeypatch.setattr("scones.aws.client", lambda _, service, **__: s3 if service == "s3" else sagemaker)
    monkeypatch.setattr("scones.terraform.Stack.outputs", lambda stack: OUTPUTS)
    task.status(Context(), since=f"{NOW - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}", json=True)
    found = printed_json("ab.status")
    counted = [(one["variant"], one["version"], one["requests"]) for one in found["variants"]]
    assert counted == [("AllTraffic", 1, 1), ("Candidate", 9, 1), ("Candidate", 2, 1)]


def test_a_period_without_captures_is_said(cloud: Cloud, s3: Any) -> None:
    with pytest.raises(CloudError, match="nothing was captured from endpoint scones-dev"):
        reported(cloud, s3, Period(since=NOW + timedelta(days=1)))


def test_without_a_comparison_the_last_thirty_days_count() -> None:
    since = task.period_of(None, None, None).since
    assert timedelta(days=30) <= datetime.now(UTC) - since < timedelta(days=30, minutes=5)


@pytest.mark.parametrize(
    ("version", "share", "words"),
    [("four", None, "'four' is not a version's number"), ("4", "a tenth", "--share must be a whole number")],
)
def test_what_is_no_number_is_said(version: str, share: str | None, words: str) -> None:
    before = settings.load("dev", variables={}).candidate_path.exists()
    with pytest.raises(Exit, match=words) as ended:
        task.start(Context(), version, share=share, env="dev")
    assert ended.value.code == 2
    assert settings.load("dev", variables={}).candidate_path.exists() == before
