"""A comparison counts captured requests by variant, measures a shadow's agreement, and finds labels by every name."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scones.service import ab
from scones.service.capture import AnsweringModel, Event
from scones.service.capture.labels import KnownImage, KnownImages, labels_of

CLASSES = ("bicycle", "motorcycle")
PINNED = AnsweringModel("scones/1", CLASSES)
LABELS = KnownImages(
    by_name={f"{name}.png": KnownImage(CLASSES[label], name) for name, label in (("a", 0), ("b", 1), ("c", 0))}
)


def event(
    *probabilities: float,
    name: str = "",
    request: str | None = None,
    variant: str = "AllTraffic",
    model: AnsweringModel = PINNED,
) -> Event:
    return Event(
        event_id=f"{name}{request}{variant}",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        probabilities=probabilities or None,
        inference_id=request,
        custom_attributes=(name,) if name else (),
        has_image=False,
        path=Path("file.jsonl"),
        line=1,
        offset=0,
        variant=variant,
        model=model,
    )


def test_each_model_is_counted_for_itself() -> None:
    """The same variant had another model before."""
    other = AnsweringModel("scones/2", CLASSES)
    events = [
        event(0.2, 0.8, variant="Candidate", model=other),
        event(0.9, 0.1, name="a.png"),
        event(0.6, 0.4, name="b.png"),
        event(),
        event(0.2, 0.8, model=other),
    ]
    main, later, candidate = ab.compare(events, threshold=0.8, labels=LABELS)
    assert (main.variant, main.version, main.requests, main.answered, main.low) == ("AllTraffic", "1", 3, 2, 1)
    assert main.confidence == pytest.approx(0.75)
    assert (main.low_share, main.measured.images, main.measured.right, main.measured.accuracy) == (0.5, 2, 1, 0.5)
    low, high = main.measured.interval
    assert 0 < low < 0.5 < high < 1
    assert (later.variant, later.version, later.requests) == ("AllTraffic", "2", 1)
    assert (candidate.variant, candidate.version, candidate.requests, candidate.low) == ("Candidate", "2", 1, 0)
    assert candidate.measured.accuracy is candidate.measured.interval is None


def test_a_variant_without_answers_has_no_shares() -> None:
    (found,) = ab.compare([event()], threshold=0.8)
    assert (found.confidence, found.low_share, found.low_interval) == (None, None, None)


def test_agreement_is_of_requests_that_both_answered() -> None:
    main = [event(0.9, 0.1, request="1"), event(0.7, 0.3, request="2"), event(0.9, 0.1), event(0.6, 0.4, request="4")]
    shadow = [event(0.8, 0.2, request="1"), event(0.1, 0.9, request="2"), event(0.9, 0.1), event(0.9, 0.1, request="5")]
    found = ab.agreement(main, shadow)
    assert (found.both, found.alike) == (2, 1)
    assert found.surer == pytest.approx(0.05)
    assert ab.agreement(main, []) is None


def test_each_shadow_is_compared_with_what_callers_got() -> None:
    earlier, later = AnsweringModel("scones/2", CLASSES), AnsweringModel("scones/3", CLASSES)
    events = [
        event(0.9, 0.1, request="1"),
        event(0.1, 0.9, request="1", variant="Shadow", model=earlier),
        event(0.9, 0.1, request="2"),
        event(0.8, 0.2, request="2", variant="Shadow", model=later),
    ]
    assert [(name, found.both, found.alike) for name, found in ab.shadows(events)] == [
        ("version 2", 1, 0),
        ("version 3", 1, 1),
    ]


def test_a_label_is_known_by_the_image_and_without_it_by_every_name_that_requests_use(tmp_path: Path) -> None:
    path = tmp_path / "bike.png"
    path.write_bytes(b"a picture")
    image = SimpleNamespace(path=path, label=1, name="bike.png")
    dataset: Any = SimpleNamespace(
        classes=CLASSES, fingerprint="5f", images=lambda split: [image] if split == "test" else []
    )
    digest = hashlib.sha256(b"a picture").hexdigest()
    found = labels_of(dataset)
    sent = event(0.1, 0.9, name=f"images/{digest[:16]}/another name.png")
    assert found.of(sent) == KnownImage("motorcycle", "bike.png", "5f")
    label = KnownImage("motorcycle", "bike.png", "5f")
    assert found == KnownImages(
        {digest: (label,)},
        dict.fromkeys(("bike.png", "datasets/5f/test/bike.png", f"images/{digest[:16]}"), label),
    )
