"""invoke ab.*: what the tasks take from a person, and which traffic they compare."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit

from scones import settings
from scones.model.registry import write_pin
from scones.service import capture
from scones.service.capture import Capture, Event, Period
from scones.settings import Environment
from scones.tasks import ab as task
from scones.terraform import Stack

from ..service.ab.test_candidate import MODEL

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Environment ``dev``, applied, with version 1 pinned."""
    found = replace(settings.load("dev", variables={}), root=tmp_path, pin_path=tmp_path / "model.tfvars.json")
    write_pin(found.pin_path, MODEL)
    monkeypatch.setattr(settings, "load", lambda name=None: found)
    outputs = {"endpoint_name": "scones-dev", "capture_uri": "s3://bucket/captures"}
    monkeypatch.setattr(Stack, "outputs", lambda self: outputs)
    monkeypatch.setattr("scones.aws.client", lambda *_, **__: None)
    return found


@pytest.fixture
def periods(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> list[Period]:
    """The periods whose captures were asked for; each variant has answered once."""
    asked: list[Period] = []
    folder = environment.build / "captures" / "dev" / "scones-dev"

    def read(paths: Any, period: Period) -> Capture:
        asked.append(period)
        events = [
            Event(name, NOW, (0.9, 0.1), None, (name,), True, folder / name / "2026" / "a.jsonl", 1, 0)
            for name in ("AllTraffic", "Candidate")
        ]
        return Capture(events, [], 1, 0, 0)

    monkeypatch.setattr(capture, "download", lambda *_, **__: SimpleNamespace(paths=[]))
    monkeypatch.setattr(capture, "read", read)
    return asked


def test_a_comparison_counts_what_was_answered_since_it_began(
    environment: Environment, periods: list[Period], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier candidate's answers are under the same variant's name."""
    monkeypatch.setattr(
        "scones.service.ab.candidate.choose",
        lambda _, version, **__: SimpleNamespace(model=replace(MODEL, version=version)),
    )
    before = datetime.now(UTC) - timedelta(seconds=1)
    task.start(Context(), "4", env="dev")
    task.start(Context(), "4", share="20", env="dev")
    task.status(Context(), env="dev")
    assert before <= periods[0].since <= datetime.now(UTC)
    said = capsys.readouterr().out
    assert "gets 20 % of the requests" in said
    assert "next: invoke ab.promote, or invoke ab.stop" in said
    task.status(Context(), since="2026-11-01", env="dev")
    assert periods[1].since == datetime(2026, 11, 1, tzinfo=UTC)


def test_without_a_comparison_the_last_thirty_days_count(environment: Environment, periods: list[Period]) -> None:
    task.status(Context(), env="dev")
    assert timedelta(days=30) <= datetime.now(UTC) - periods[0].since < timedelta(days=30, minutes=5)


@pytest.mark.parametrize(
    ("version", "share", "words"),
    [("four", None, "'four' is not a version's number"), ("4", "a tenth", "--share must be a whole number")],
)
def test_what_is_no_number_is_said(environment: Environment, version: str, share: str | None, words: str) -> None:
    with pytest.raises(Exit, match=words) as ended:
        task.start(Context(), version, share=share, env="dev")
    assert ended.value.code == 2
    assert not environment.candidate_path.exists()
