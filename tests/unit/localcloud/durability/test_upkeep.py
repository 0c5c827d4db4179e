"""What the cloud does from time to time goes on after an error, in whichever service it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.durability.database import Database
from localcloud.durability.upkeep import every
from localcloud.sagemaker.hosting import capture
from localcloud.sagemaker.hosting import usage as containers
from localcloud.sqs import usage as queues

SECONDS = 20.0


class Failing:
    """Work that fails the first time. The second time it does not end, so that its thread takes no more time."""

    def __init__(self) -> None:
        self.calls, self.again = 0, threading.Event()

    def __call__(self) -> None:
        self.calls += 1
        if self.calls == 1:
            raise OSError("the disk is full")
        self.again.set()
        threading.Event().wait()


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Any]:
    database = Database(tmp_path / "cloud.sqlite")
    yield SimpleNamespace(database=database, metrics=None)
    database.close()


def test_work_goes_on_after_an_error_which_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    work = Failing()
    every(0.001, work.__call__)
    assert work.again.wait(SECONDS)
    assert "the disk is full" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["captures", "containers", "queues"])
def test_captures_and_reports_go_on_after_an_error(context: Any, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((capture, "FLUSH_SECONDS"), (containers, "EVERY_SECONDS"), (queues, "EVERY_SECONDS")):
        monkeypatch.setattr(module, name, 0.001)
    work = Failing()
    if what == "captures":
        repeated: Any = capture.Captures(context)
        repeated.flush = work.__call__
    else:
        repeated = containers.UsageReporter(context.metrics) if what == "containers" else queues.QueueUsage(None)
        repeated.report = work.__call__
    repeated.begin()
    assert work.again.wait(SECONDS)
