"""What answers to labelled images are worth: pure functions over arrays.

Example::

    wilson(183, 200)                                   # (0.868, 0.946)
    matrix = confusion(labels, predictions, classes=2)
    scores(matrix, ("bicycle", "motorcycle"))[0].recall
    coverage(confidences, labels == predictions, THRESHOLDS)
    expected_calibration_error(probabilities, labels)  # 0.061: what it claims and what it gets differ by 6 %
    smallest_threshold(confidences, labels == predictions, 0.95)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99)


@dataclass(frozen=True)
class ClassScore:
    """One class's row.

    Attributes:
        images: How many test images have it.
        predicted: How many were answered with it.
        precision: The share of those answers that are right; None without one.
        recall: The share of its images that were answered with it; None without one.
    """

    name: str
    images: int
    predicted: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Coverage:
    """What a threshold does.

    Attributes:
        threshold: The confidence from which an image is answered.
        answered: How many images are.
        share: That, of all images.
        accuracy: The share of right answers among those given; None where none is.
    """

    threshold: float
    answered: int
    share: float
    accuracy: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the accuracy on all images so answered lies, at 95 % (see :func:`wilson`); None where none is."""
        return wilson(round(self.accuracy * self.answered), self.answered) if self.accuracy is not None else None


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """What every threshold does that matters, from the one that answers least to the one that answers all.

    Attributes:
        thresholds: The confidences there are, once each, falling; float64, shape (thresholds,).
        coverage: The share of images answered at each.
        risk: The share of wrong answers among those given at each.
    """

    thresholds: np.ndarray
    coverage: np.ndarray
    risk: np.ndarray


def wilson(successes: int, trials: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's score interval for a proportion (E. B. Wilson, JASA 22, 1927); ``z`` = 1.96 is 95 %.

    Unlike the usual ± interval it stays within 0 and 1 and is right for small numbers and for 100 %.
    """
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # Rounding must not put the share itself outside.
    return max(0.0, min(share, (centre - half) / scale)), min(1.0, max(share, (centre + half) / scale))


def confusion(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """int64, shape (classes, classes): row the true class, column the answer.

    Args:
        labels, predictions: Integers from 0 to ``classes`` - 1, shape (images,).
    """
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)


def scores(matrix: np.ndarray, classes: Sequence[str]) -> list[ClassScore]:
    """Precision and recall of every class, from a :func:`confusion` matrix."""
    right, images, predicted = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    return [
        ClassScore(
            name,
            int(images[label]),
            int(predicted[label]),
            float(right[label] / predicted[label]) if predicted[label] else None,
            float(right[label] / images[label]) if images[label] else None,
        )
        for label, name in enumerate(classes)
    ]


def coverage(confidences: np.ndarray, correct: np.ndarray, thresholds: Sequence[float]) -> list[Coverage]:
    """What each threshold would answer, and how well.

    Args:
        confidences: The probability of each image's answer, shape (images,).
        correct: Whether it is right; bool, shape (images,).
        thresholds: In the order wanted.
    """
    found = []
    for threshold in thresholds:
        answered = confidences >= threshold
        count = int(answered.sum())
        found.append(
            Coverage(threshold, count, count / len(confidences), float(correct[answered].mean()) if count else None)
        )
    return found


def risk_coverage(confidences: np.ndarray, correct: np.ndarray) -> RiskCoverage:
    """The risk-coverage curve (R. El-Yaniv and Y. Wiener, JMLR 11, 2010). Arguments as for :func:`coverage`.

    Images of the same confidence are answered together or not at all, so they are one point.
    """
    order = np.argsort(-confidences, kind="stable")
    falling, wrong = confidences[order].astype(np.float64), np.cumsum(~correct[order])
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))  # of each group of equals
    return RiskCoverage(falling[last], (last + 1) / len(falling), wrong[last] / (last + 1))


def smallest_threshold(confidences: np.ndarray, correct: np.ndarray, target: float) -> Coverage | None:
    """The threshold that answers most images with at least an accuracy of ``target``; None where none does.

    Of all thresholds that do the same it is the one with the fewest decimals, for people to write down: with answers at
    0.8134 and 0.8871, of which only the latter is to be given, it is 0.88. Arguments as for :func:`coverage`.
    """
    curve = risk_coverage(confidences, correct)
    reached = np.flatnonzero(1 - curve.risk >= target - 1e-12)
    if not len(reached):
        return None
    place = reached[-1]
    below = curve.thresholds[place + 1] if place + 1 < len(curve.thresholds) else -math.inf
    return coverage(confidences, correct, [_shortest(below, curve.thresholds[place])])[0]


def _shortest(above: float, most: float) -> float:
    """A number of as few decimals as can be that is more than ``above`` and at most ``most``, both within 0 and 1."""
    for decimals in range(1, 17):
        # As floats, the number that is read from the file must be on the right side.
        shorter = round(math.floor(most * 10**decimals) / 10**decimals, decimals)
        if above < shorter <= most:
            return shorter
    return float(most)


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """How far confidence and accuracy are apart, 0 to 1 (Guo et al., ICML 2017, equation 3).

    Answers are put into bins of equal width by their confidence, bin m holding those from (m - 1) / bins, exclusive, to
    m / bins, inclusive; it is the mean over all answers of the difference between their bin's accuracy and mean
    confidence.

    Args:
        probabilities: One row an image; shape (images, classes).
        labels: Integers from 0 to classes - 1, shape (images,).
    """
    confidences = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    place = np.clip(np.ceil(confidences * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(place, weights=right - confidences, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
