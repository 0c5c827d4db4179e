"""The proposed threshold, its file and its picture."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from scones.errors import InputError, SettingsError
from scones.model.confidence import Answers, propose
from scones.model.confidence.chart import draw
from scones.model.confidence.proposal import render, sentence
from scones.model.confidence.setting import set_threshold
from scones.settings import ROOT


def answers(images: int = 100, seed: int = 0) -> Answers:
    """Answers with about nine in ten correct. The more confident ones are correct more often."""
    random = np.random.default_rng(seed)
    margins = np.abs(random.normal(0, 3, images))
    right = random.random(images) < 1 / (1 + np.exp(-margins))
    logits = np.stack([margins, np.zeros(images)], axis=1).astype(np.float32)
    return Answers(logits, np.where(right, 0, 1))


def said(proposal: object, **options: float) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(render(proposal, **options))
    return console.file.getvalue()


def test_the_proposal_reaches_its_target_and_is_shown_among_its_alternatives() -> None:
    proposal = propose(answers(), 0.95)
    measured = answers()
    passed = measured.confidences >= proposal.found.threshold
    assert measured.correct[passed].mean() == proposal.found.accuracy >= 0.95
    text = said(proposal, current=0.8)
    assert f"threshold {proposal.found.threshold}" in text
    assert "in use" in text
    assert "proposed" in text
    low, _ = proposal.found.interval
    assert low < 0.95
    assert f"so few images prove no more than {low:.1%}" in text


def test_many_images_prove_what_few_do_not() -> None:
    sure = Answers(np.tile(np.array([[5.0, 0.0]], np.float32), (2000, 1)), np.array([1] * 20 + [0] * 1980))
    assert "so few images" not in said(propose(sure, 0.97))


def test_a_target_out_of_reach_has_the_best_that_can_be_had() -> None:
    wrong = Answers(np.array([[0, 1], [0, 2], [0, 3], [0, 4]], np.float32), np.array([0, 1, 1, 0]))
    proposal = propose(wrong, 0.9)
    assert proposal.found is None
    assert (proposal.best.accuracy, proposal.best.answered) == (pytest.approx(2 / 3), 3)
    assert "proposed" not in said(proposal)


def test_the_calibration_error_of_a_temperature_is_that_of_scores_divided_by_it() -> None:
    measured = answers()
    divided = Answers(measured.logits / np.float32(2), measured.labels)
    assert measured.calibration_error(2.0) == pytest.approx(divided.calibration_error())
    assert measured.probabilities().sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(("target", "current"), [(0.95, 0.8), (0.5, None), (1.0, 0.99)])
def test_the_picture_is_drawn_whatever_is_found(target: float, current: float | None) -> None:
    for measured in (answers(), answers(1), Answers(np.array([[0, 1.0]], np.float32), np.array([0]))):
        with Image.open(io.BytesIO(draw(propose(measured, target), current=current, title="version 3"))) as picture:
            assert picture.size == (1440, 960)


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_the_threshold_is_written_and_all_else_stays_as_it_is(environment: str, tmp_path: Path) -> None:
    text = (ROOT / "terraform" / "environments" / environment / "service.tfvars.json").read_text()
    before = json.loads(text)["confidence_threshold"]
    path = tmp_path / "service.tfvars.json"
    path.write_text(text)
    assert set_threshold(path, 0.6125) == before
    assert path.read_text() == text.replace(f'"confidence_threshold": {before}', '"confidence_threshold": 0.6125')
    assert [one.name for one in tmp_path.iterdir()] == ["service.tfvars.json"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "does not hold one 'confidence_threshold'"),
        ('{"a": 1}', "does not hold one 'confidence_threshold'"),
        ('{"confidence_threshold": "0.8"}', "does not hold one 'confidence_threshold'"),
        ('{"a": {"confidence_threshold": 0.8}}', "does not hold one 'confidence_threshold'"),
        ('{"a": {"confidence_threshold": 0.8}, "confidence_threshold": 0.8}', "does not hold one"),
        (None, "is missing"),
    ],
)
def test_a_file_that_cannot_be_changed_safely_is_left_alone(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "service.tfvars.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        set_threshold(path, 0.9)
    assert text is None or path.read_text() == text


def with_other(images: int = 300) -> Answers:
    """Answers to as many images of anything else as of each of two classes. Half of the former pass when unsure."""
    random = np.random.default_rng(1)
    labels = np.arange(images) % 3
    logits = random.normal(0, 1.2, (images, 3)).astype(np.float32)
    logits[np.arange(images), labels] += 2
    return Answers(logits, labels, other=2)


def test_of_a_model_with_other_the_proposal_counts_what_is_wanted_and_what_is_not() -> None:
    answers = with_other()
    proposal = propose(answers, 0.95)
    at = proposal.found
    passes = answers.passing >= at.threshold
    assert at.answered == passes.sum()
    assert at.share == pytest.approx(passes[answers.labels < 2].mean())
    assert at.foreign == pytest.approx(passes[answers.labels == 2].mean())
    assert at.accuracy == pytest.approx(answers.correct[passes].mean())
    assert at.accuracy >= 0.95
    text = said(proposal, current=0.8)
    assert "100 of them are of none of the wanted classes; on the others, accuracy" in text
    assert f"of the wanted images answered, and {at.foreign:.1%} of anything else" in " ".join(text.split())
    assert "of anything else" in text.partition("Alternatives")[2]


def test_the_pictures_title_is_a_sentence() -> None:
    proposal = propose(with_other(), 0.95)
    text = sentence(proposal, current=0.8)
    assert text.startswith(f"At {proposal.found.threshold:.2f}, ")
    assert " of the wanted images and " in text
    assert " of anything else pass; " in text
    assert text.endswith("% of what passes is right")
    plain = sentence(propose(answers(), 0.95))
    assert "of images pass; " in plain
    assert draw(proposal, current=0.8, title="version 3").startswith(b"\x89PNG")


def test_a_model_that_takes_all_for_other_has_no_picture() -> None:
    always = Answers(np.tile(np.array([[0.0, 0.0, 5.0]], np.float32), (9, 1)), np.arange(9) % 3, other=2)
    proposal = propose(always, 0.9)
    assert (proposal.found, proposal.best.accuracy) == (None, None)
    with pytest.raises(InputError, match="takes every image for none of its classes"):
        draw(proposal, title="version 3")
