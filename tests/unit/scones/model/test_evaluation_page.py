"""The page of an evaluation shows what was wrong, the most sure first."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scones.dataset import LabelledImage
from scones.model import evaluation_page
from scones.model.evaluation import Evaluation

CLASSES = ("bicycle", "motor<b>cycle")
LABELS = (0, 0, 1, 1)
SURE = ((0.9, 0.1), (0.3, 0.7), (0.95, 0.05), (0.4, 0.6))  # right; wrong and refused; wrong and passes; right, refused


def evaluated(images: list[LabelledImage], rows: tuple[tuple[float, float], ...] = SURE) -> Evaluation:
    count = len(images)
    return Evaluation(
        endpoint="scones-dev",
        classes=CLASSES,
        names=tuple(one.name for one in images),
        labels=np.array([one.label for one in images]),
        probabilities=np.array(rows[:count]),
        seconds=np.zeros(count),
        about={},
    )


@pytest.fixture
def images(tmp_path: Path) -> list[LabelledImage]:
    found = []
    for number, label in enumerate(LABELS):
        path = tmp_path / f"photo {number}.png"
        Image.new("RGB", (32, 32), (60 * number, 0, 0)).save(path)
        found.append(LabelledImage(path, label, path.name))
    return found


def test_the_wrong_images_stand_there_the_most_sure_first(images: list[LabelledImage], tmp_path: Path) -> None:
    found = evaluated(images)
    assert [
        (one.name, one.answered, one.passed) for one in evaluation_page.wrong_answers(found, images, threshold=0.8)
    ] == [
        ("photo 2.png", "bicycle", True),
        ("photo 1.png", "motor<b>cycle", False),
    ]
    now = datetime(2026, 11, 22, tzinfo=UTC)
    page = evaluation_page.write(found, images, tmp_path / "evaluation.html", threshold=0.8, now=now).read_text()
    assert "The model is right on 50 % of 4 images (95 % interval 15.0 to 85.0 %)" in page
    assert "At 0.80 the model answers 50 % of images; 50 % of these are wrong" in page
    assert "2 answers are wrong, and 1 of them pass" in page
    assert page.index("photo 2.png") < page.index("photo 1.png")
    assert "photo 0.png" not in page
    assert "motor&lt;b&gt;cycle" in page
    assert "motor<b>cycle" not in page
    sources = re.findall('src="([^"]*)"', page)
    assert len(sources) == 2
    assert all(source.startswith("data:image/png;base64,") for source in sources)


def test_a_perfect_model_has_no_wrong_images(images: list[LabelledImage], tmp_path: Path) -> None:
    page = evaluation_page.write(evaluated(images[:1]), images[:1], tmp_path / "page.html", threshold=0.95).read_text()
    assert "No answer is wrong" in page
    assert "At 0.95 the model answers none of the images" in page
