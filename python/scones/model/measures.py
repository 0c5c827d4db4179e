"""Accuracy, confusion, calibration and thresholds, as pure functions over arrays.

Example::

    >>> labels, predictions = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    >>> confidences = np.array([0.97, 0.62, 0.88, 0.71])
    >>> matrix = confusion(labels, predictions, classes=2)
    >>> matrix.tolist(), scores(matrix, ("bicycle", "motorcycle"))[0].recall
    ([[1, 1], [0, 2]], 0.5)
    >>> smallest_threshold(confidences, labels == predictions, 0.95)
    Coverage(threshold=0.7, answered=3, share=0.75, accuracy=1.0, foreign=None)
    >>> [round(end, 3) for end in wilson(183, 200)]
    [0.868, 0.946]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99)


@dataclass(frozen=True)
class ClassScore:
    """The scores of one class.

    Attributes:
        images: The number of images of this class.
        predicted: The number of images with this class as prediction.
        precision: The share of right predictions among ``predicted``. None if there are none.
        recall: The share of right predictions among ``images``. None if there are none.
    """

    name: str
    images: int
    predicted: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Coverage:
    """The effect of a confidence threshold.

    Attributes:
        threshold: An image is answered if its confidence is at least this.
        answered: The number of answered images.
        share: The share of answered images, 0 to 1. With ``foreign``, of the images of the wanted classes.
        accuracy: The accuracy on the answered images. None if there are none.
        foreign: The share of the images of none of the wanted classes that are answered nevertheless, 0 to 1. None if
            the model has no class ``other``.
    """

    threshold: float
    answered: int
    share: float
    accuracy: float | None
    foreign: float | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of the accuracy (see :func:`wilson`). None without answered images."""
        return wilson(round(self.accuracy * self.answered), self.answered) if self.accuracy is not None else None


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The effect of every relevant threshold, from the highest to the lowest.

    Attributes:
        thresholds: The distinct confidences, in descending order; float64, shape (thresholds,).
        coverage: The share of answered images at each threshold; same shape. With ``foreign``, of the wanted classes.
        risk: The share of wrong answers among the answered images; same shape.
        answered: The number of answered images; same shape.
        foreign: The share of the images of none of the wanted classes that are answered; same shape. None if the model
            has no class ``other``.
    """

    thresholds: np.ndarray
    coverage: np.ndarray
    risk: np.ndarray
    answered: np.ndarray
    foreign: np.ndarray | None = None


def wilson(successes: int, trials: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's score interval for a proportion (E. B. Wilson, JASA 22, 1927). ``z`` = 1.96 gives 95 %.

    The interval stays within 0 and 1. It also works for small numbers and for 100 %, unlike the usual ± interval.
    """
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # Rounding must not move the interval off the share.
    return max(0.0, min(share, (centre - half) / scale)), min(1.0, max(share, (centre + half) / scale))


def confusion(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Count images by true class (row) and prediction (column); int64, shape (classes, classes).

    Args:
        labels, predictions: Integers from 0 to ``classes`` - 1, shape (images,).
    """
    return np.bincount(labels * classes + predictions, minlength=classes * classes).reshape(classes, classes)


def scores(matrix: np.ndarray, classes: Sequence[str]) -> list[ClassScore]:
    """Compute precision and recall of every class from a :func:`confusion` matrix."""
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


def passing(probabilities: np.ndarray, other: int | None) -> np.ndarray:
    """The confidence of each answer, as a threshold judges it: -inf for the class ``other``, which never passes.

    Args:
        probabilities: shape (images, classes).
        other: The label of that class. None if the model does not have it.

    Example::

        >>> passing(np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]), 2).tolist()
        [0.7, -inf]
    """
    found = probabilities.max(axis=1).astype(np.float64)
    return found if other is None else np.where(probabilities.argmax(axis=1) == other, -np.inf, found)


def coverage(
    confidences: np.ndarray, correct: np.ndarray, thresholds: Sequence[float], foreign: np.ndarray | None = None
) -> list[Coverage]:
    """Compute the share of images that each threshold answers, and the accuracy on them.

    Args:
        confidences: The probability of each image's prediction, shape (images,). -inf if it never passes.
        correct: Whether each prediction is right; bool, shape (images,).
        foreign: Whether each image is of none of the wanted classes; bool, shape (images,). None if the model has no
            class ``other``.
    """
    wanted = np.ones(len(confidences), dtype=bool) if foreign is None else ~foreign
    found = []
    for threshold in thresholds:
        answered = confidences >= threshold
        count = int(answered.sum())
        found.append(
            Coverage(
                threshold,
                count,
                _share(answered, wanted),
                float(correct[answered].mean()) if count else None,
                None if foreign is None else _share(answered, foreign),
            )
        )
    return found


def _share(answered: np.ndarray, among: np.ndarray) -> float:
    return float(answered[among].mean()) if among.any() else 0.0


def risk_coverage(confidences: np.ndarray, correct: np.ndarray, foreign: np.ndarray | None = None) -> RiskCoverage:
    """The risk-coverage curve (R. El-Yaniv and Y. Wiener, JMLR 11, 2010). Arguments as for :func:`coverage`.

    Images with equal confidence share one point, because a threshold cannot separate them. What never passes has none.
    """
    order = np.argsort(-confidences, kind="stable")[: int(np.isfinite(confidences).sum())]
    falling, wrong = confidences[order].astype(np.float64), np.cumsum(~correct[order])
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) if len(falling) else order  # of equals
    answered, wanted = last + 1, np.ones(len(confidences), dtype=bool) if foreign is None else ~foreign

    def share(among: np.ndarray) -> np.ndarray:
        return np.cumsum(among[order])[last] / max(1, int(among.sum()))

    others = None if foreign is None else share(foreign)
    return RiskCoverage(falling[last], share(wanted), wrong[last] / answered, answered, others)


def smallest_threshold(
    confidences: np.ndarray, correct: np.ndarray, target: float, foreign: np.ndarray | None = None
) -> Coverage | None:
    """The threshold that answers the most images with an accuracy of at least ``target``. None if there is none.

    Among equivalent thresholds, it has the fewest decimals. To separate confidences of 0.8134 and 0.8871, for instance,
    it is 0.88. Arguments as for :func:`coverage`.
    """
    curve = risk_coverage(confidences, correct, foreign)
    reached = np.flatnonzero(1 - curve.risk >= target - 1e-12)
    if not len(reached):
        return None
    place = reached[-1]
    below = curve.thresholds[place + 1] if place + 1 < len(curve.thresholds) else -math.inf
    return coverage(confidences, correct, [_shortest(below, curve.thresholds[place])], foreign)[0]


def _shortest(above: float, most: float) -> float:
    """The number with the fewest decimals that is greater than ``above`` and at most ``most``, both within 0 and 1."""
    for decimals in range(1, 17):
        # Compare as floats, because the number is written to a file and read again.
        shorter = round(math.floor(most * 10**decimals) / 10**decimals, decimals)
        if above < shorter <= most:
            return shorter
    return float(most)


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """The mean difference of confidence and accuracy, 0 to 1 (Guo et al., ICML 2017, equation 3).

    Predictions are sorted into bins of equal width by their confidence. Bin m goes from (m - 1) / bins, exclusive, to
    m / bins, inclusive. Each bin has a difference of accuracy and mean confidence. The error is their mean, weighted by
    the number of predictions in the bin.

    Args:
        probabilities: One row an image; shape (images, classes).
        labels: Integers from 0 to classes - 1, shape (images,).
    """
    confidences = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    place = np.clip(np.ceil(confidences * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(place, weights=right - confidences, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
