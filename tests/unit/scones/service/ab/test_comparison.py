"""A comparison counts captured requests by variant, measures a shadow's agreement, and finds labels by every name."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scones.service import ab
from scones.service.ab.comparison import by_variant, labels_of
from scones.service.capture import Event


def event(*probabilities: float, name: str = "", request: str | None = None, variant: str = "AllTraffic") -> Event:
    return Event(
        event_id=f"{name}{request}{variant}",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        probabilities=probabilities or None,
        inference_id=request,
        custom_attributes=(name,) if name else (),
        has_image=False,
        path=Path("captures/scones") / variant / "2026/01/01/00/file.jsonl",
        line=1,
        offset=0,
    )


def test_each_variant_is_counted_for_itself() -> None:
    events = [
        event(0.9, 0.1, name="a.png"),
        event(0.6, 0.4, name="b.png"),
        event(),
        event(0.2, 0.8, variant="Candidate"),
    ]
    found = ab.compare(
        by_variant(events, Path("captures/scones")), threshold=0.8, labels={"a.png": 0, "b.png": 1, "c.png": 0}
    )
    main, candidate = found
    assert (main.variant, main.requests, main.answered, main.low) == ("AllTraffic", 3, 2, 1)
    assert main.confidence == pytest.approx(0.75)
    assert (main.low_share, main.labelled, main.correct, main.accuracy) == (0.5, 2, 1, 0.5)
    low, high = main.accuracy_interval
    assert 0 < low < 0.5 < high < 1
    assert (candidate.variant, candidate.requests, candidate.low) == ("Candidate", 1, 0)
    assert candidate.accuracy is candidate.accuracy_interval is None


def test_a_variant_without_answers_has_no_shares() -> None:
    (found,) = ab.compare({"AllTraffic": [event()]}, threshold=0.8)
    assert (found.confidence, found.low_share, found.low_interval) == (None, None, None)


def test_agreement_is_of_requests_that_both_answered() -> None:
    main = [event(0.9, 0.1, request="1"), event(0.7, 0.3, request="2"), event(0.9, 0.1), event(0.6, 0.4, request="4")]
    shadow = [event(0.8, 0.2, request="1"), event(0.1, 0.9, request="2"), event(0.9, 0.1), event(0.9, 0.1, request="5")]
    found = ab.agreement(main, shadow)
    assert (found.both, found.alike) == (2, 1)
    assert found.surer == pytest.approx(0.05)
    assert ab.agreement(main, []) is None


def test_a_label_is_known_by_every_name_that_requests_use(tmp_path: Path) -> None:
    path = tmp_path / "bike.png"
    path.write_bytes(b"a picture")
    image = SimpleNamespace(path=path, label=1, name="bike.png")
    dataset: Any = SimpleNamespace(fingerprint="5f", images=lambda split: [image] if split == "test" else [])
    digest = hashlib.sha256(b"a picture").hexdigest()
    labels = labels_of(dataset)
    assert labels == {"bike.png": 1, "datasets/5f/test/bike.png": 1, f"images/{digest[:16]}": 1}
    sent = event(0.1, 0.9, name=f"images/{digest[:16]}/another name.png")
    [traffic] = ab.compare({"AllTraffic": [sent]}, threshold=0.8, labels=labels)
    assert (traffic.labelled, traffic.correct) == (1, 1)
