"""Every table of a result keeps what matters in 60 columns: no word is cut, and no row is wider."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from imageclassification.ranges import merge, read_choice, read_range
from scones.model import registry
from scones.model.confidence.answers import Answers
from scones.model.confidence.proposal import propose, render
from scones.model.evaluation import Evaluation
from scones.service.ab import Traffic
from scones.service.capture.analysis import ClassSummary, ModelTraffic, Summary
from scones.service.capture.measured import Measured
from scones.service.capture.models import Answerer, AnsweringModel
from scones.service.capture.records import Event
from scones.service.workflow import ExecutionOutcome, ImageRun
from scones.tasks import ab, views
from scones.tasks import registry as registry_tasks
from scones.training.trials import TuningSnapshot, TuningTrial
from scones.training.trials_view import table as trials_table

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CLASSES = ("bicycle", "motorcycle", "bus", "pickup_truck", "streetcar", "train")


def versions() -> Any:
    metrics = {"validation:accuracy": 0.875, "validation:ece": 0.2}
    model = registry.PinnedModel("arn", 1, "i", "s3://b/m", "ab", CLASSES, metrics, "5f" * 32, "1f0c")
    version = registry.Version(1, "arn", "PendingManualApproval", NOW, "job", model)
    return registry_tasks._table([version], None)


def confusion() -> Any:
    labels = np.arange(120) % len(CLASSES)
    probabilities = np.eye(len(CLASSES))[labels]
    found = Evaluation("e", CLASSES, ("x",) * 120, labels, probabilities, np.full(120, 0.03), {})
    return views.evaluation_tables(found, threshold=0.8)


def captured() -> Any:
    one = ClassSummary("motorcycle", 600, 450, 0.4, 0.5, 0.6, 0.7, 0.9)
    summary = Summary(1234, 600, 600, 450, 0, 0.8, 0.9, NOW, NOW + timedelta(days=3), (one,))
    answerer = Answerer(AnsweringModel("scones-dev/3", ("bicycle", "motorcycle")))
    times = (NOW, NOW + timedelta(days=3))
    events = tuple(Event("1", time, None, None, (), False, Path("a.jsonl"), 1, 0) for time in times)
    return views.captured_table([ModelTraffic(answerer, events, summary, Measured(0, 0, 0, 0, 0, (), (), seen=False))])


def variants() -> Any:
    measured = Measured(200, 180, 0, 0, 0, (), (), seen=False)
    return ab._table([Traffic("AllTraffic", "3", 1000, 990, 0.93, 100, 0, measured)], 0.8)


def trials() -> Any:
    ranges = ("learning_rate=0.01:0.3:log", "weight_decay=0.0001:0.01:log", "mini_batch_size=16:64")
    searched = merge([*map(read_range, ranges), read_choice("optimizer=sgd,nag")])
    values = {"learning_rate": "0.0534", "weight_decay": "0.00123", "optimizer": "nag", "mini_batch_size": "32"}
    trial = TuningTrial(1, "t-001", "Completed", values, 60, 60, 0.91, 0.923, 100)
    return trials_table(TuningSnapshot("t", "Completed", "Bayesian", searched, {}, 8, (trial,), "t-001"))


def thresholds() -> Any:
    logits = np.array([[4, 0], [0.5, 0], [0, 3], [0, 2]] * 30, np.float32)
    return render(propose(Answers(logits, labels=np.array([0, 1, 1, 1] * 30)), 0.95), current=0.8)


def images() -> Any:
    low = "THRESHOLD_CONFIDENCE_NOT_MET: the model is 0.62 sure of motorcycle; the threshold is 0.80"
    outcome = ExecutionOutcome("arn", "FAILED", error="ThresholdConfidenceNotMet", cause=low, seconds=1.0)
    return views.summary_table([ImageRun("a.png", outcome), ImageRun("b.txt", problem="b.txt is not a PNG or JPEG")])


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        (versions, ["PendingManualApproval", "0.875"]),
        (confusion, ["3 pickup_truck", "accuracy of what", "100.0%"]),
        (captured, ["motorcycle", "600", "450", "60.0%"]),
        (variants, ["AllTraffic", "1,000", "90.0%", "200 images"]),
        (trials, ["★1", "0.0534", "0.00123", "nag", "0.923", "completed"]),
        (thresholds, ["proposed", "in use", "share answered"]),
        (images, ["low confidence", "motorcycle 0.62", "a.png"]),
    ],
)
def test_a_table_keeps_what_matters_in_60_columns(made: Callable[[], Any], kept: list[str]) -> None:
    console = Console(file=io.StringIO(), width=60, soft_wrap=True)
    console.print(made())
    shown = console.file.getvalue()
    assert "…" not in shown
    for words in kept:
        assert words in shown
    rows = [line for line in shown.splitlines() if line.startswith(("│", "┏", "★"))]
    assert all(len(row.rstrip()) <= 60 for row in rows)
