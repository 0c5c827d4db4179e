"""The labels of captured images outlive the data set that they come from."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from scones.service.capture.labels import KnownImage, remember
from scones.service.capture.models import AnsweringModel
from scones.service.capture.records import Event

PICTURE = b"a picture"
EVENT = Event(
    event_id="1",
    time=datetime(2026, 11, 22, tzinfo=UTC),
    probabilities=(0.9, 0.1),
    inference_id=None,
    custom_attributes=("bike.png",),
    has_image=True,
    path=Path("f"),
    line=1,
    offset=0,
    digest=hashlib.sha256(PICTURE).hexdigest(),
)


def dataset(folder: Path, label: str, fingerprint: str) -> Any:
    path = folder / f"{label}.png"
    path.write_bytes(PICTURE)
    image = SimpleNamespace(path=path, label=0, name=path.name)
    return SimpleNamespace(classes=(label,), fingerprint=fingerprint, images=lambda split: [image])


def test_an_earlier_data_sets_labels_are_remembered(tmp_path: Path) -> None:
    remember(tmp_path, dataset(tmp_path, "bicycle", "5f"))
    found = remember(tmp_path, None)
    assert found.of(EVENT) == KnownImage("bicycle", "bicycle.png", "5f")
    other = replace(EVENT, digest="another picture")  # of the same name
    assert found.of(other) is None


def test_a_model_is_measured_by_the_labels_of_its_own_data_set(tmp_path: Path) -> None:
    """The second data set has the same picture, and calls its class otherwise."""
    remember(tmp_path, dataset(tmp_path, "bicycle", "5f"))
    found = remember(tmp_path, dataset(tmp_path, "two-wheeler", "6a"))
    for fingerprint, label in (("5f", "bicycle"), ("6a", "two-wheeler"), ("unknown", "two-wheeler")):
        event = replace(EVENT, model=AnsweringModel("g/1", (label,), fingerprint))
        assert found.of(event).label == label


def test_a_damaged_file_of_labels_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("{")
    assert remember(tmp_path, None).by_digest == {}
    assert remember(tmp_path, dataset(tmp_path, "bicycle", "5f")).of(EVENT)
