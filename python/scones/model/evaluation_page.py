"""Writes the page of an evaluation: what was wrong, the most sure first.

Example (not run: it needs an evaluation)::

    write(found, dataset.images("test"), Path("build/evaluation.html"), threshold=0.8)

The page needs no other file, so it can be mailed (:mod:`scones.drawing.pages`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imageclassification import files
from scones.drawing import pages
from scones.model.measures import THRESHOLDS

if TYPE_CHECKING:
    from scones.dataset import LabelledImage
    from scones.model.evaluation import Evaluation

MOST = 120  # wrong images on the page


@dataclass(frozen=True)
class WrongAnswer:
    """An image with a wrong answer.

    Attributes:
        truth: The name of its class.
        answered: The name of the class that was answered.
        confidence: The probability of that class, 0 to 1.
        true_probability: The probability of its true class, 0 to 1.
        passed: Whether the answer passes.
        thumbnail: A data URI; None if the image cannot be decoded.
    """

    name: str
    truth: str
    answered: str
    confidence: float
    true_probability: float
    passed: bool
    thumbnail: str | None


def write(
    found: Evaluation,
    images: Sequence[LabelledImage],
    path: Path,
    *,
    threshold: float,
    now: datetime | None = None,
) -> Path:
    """Write the page. It appears whole or not at all.

    Args:
        images: The evaluated images, in the evaluation's order.
        threshold: The workflow passes answers of at least this confidence.
        now: The page's date; the current time by default.

    Returns:
        The page's path.
    """
    wrong = wrong_answers(found, images, threshold=threshold)
    page = pages.render(
        resources.files(__package__).joinpath("evaluation.html.j2").read_text("utf-8"),
        found=found,
        subject=found.endpoint or str(found.about.get("artifact", "a model")),
        titles=(right_sentence(found), pass_sentence(found, threshold), wrong_sentence(found, threshold)),
        threshold=threshold,
        at=found.coverage([threshold])[0],
        coverage=found.coverage(sorted({*THRESHOLDS, threshold})),
        wrong=wrong,
        count=len(found.labels) - int(found.correct.sum()),
        now=now or datetime.now(UTC),
    )
    return files.write(path, page)


def wrong_answers(found: Evaluation, images: Sequence[LabelledImage], *, threshold: float) -> list[WrongAnswer]:
    """The images with a wrong answer, the most sure first, at most :data:`MOST`."""
    confidences, passing = found.probabilities.max(axis=1), found.passing
    places = np.flatnonzero(~found.correct)
    rows = []
    for place in places[np.argsort(-confidences[places], kind="stable")][:MOST].tolist():
        small = pages.thumbnail(images[place].path.read_bytes())
        label, answered = int(found.labels[place]), int(found.predictions[place])
        rows.append(
            WrongAnswer(
                name=found.names[place],
                truth=found.classes[label],
                answered=found.classes[answered],
                confidence=float(confidences[place]),
                true_probability=float(found.probabilities[place, label]),
                passed=bool(passing[place] >= threshold),
                thumbnail=pages.data_uri(small) if small else None,
            )
        )
    return rows


def right_sentence(found: Evaluation) -> str:
    """How often the model is right, as a title."""
    low, high = found.interval
    wanted = (
        f", and on {pages.rounded(found.wanted[0] / found.wanted[1])} of those of its classes" if found.wanted else ""
    )
    return (
        f"The model is right on {pages.rounded(found.accuracy)} of {len(found.labels):,} images "
        f"(95 % interval {pages.between((low, high))}){wanted}"
    )


def pass_sentence(found: Evaluation, threshold: float) -> str:
    """What the threshold does, as a title."""
    (at,) = found.coverage([threshold])
    words = f"At {pages.threshold_text(threshold)} the model answers"
    if at.accuracy is None:
        return f"{words} none of the images"
    wrong = round(at.answered * (1 - at.accuracy))
    if at.foreign is not None and found.wanted is not None:
        of = f"{pages.rounded(at.share)} of the images of its classes and {pages.rounded(at.foreign)} of anything else"
        return f"{words} {of}; {pages.rounded(wrong / at.answered) if wrong else 'none'} of these answers are wrong"
    return f"{words} {pages.answered(at.answered, wrong, len(found.labels))}"


def wrong_sentence(found: Evaluation, threshold: float) -> str:
    """What the wrong answers are, as a title."""
    wrong = ~found.correct
    count, passed = int(wrong.sum()), int((wrong & (found.passing >= threshold)).sum())
    if not count:
        return "No answer is wrong"
    answers = "1 answer is" if count == 1 else f"{count:,} answers are"
    return f"{answers} wrong, and {passed:,} of them pass"
