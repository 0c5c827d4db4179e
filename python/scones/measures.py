"""What answers to labelled images are worth: pure functions over arrays.

Example::

    wilson(183, 200)                                   # (0.868, 0.946)
    matrix = confusion(labels, predictions, classes=2)
    scores(matrix, ("bicycle", "motorcycle"))[0].recall
    coverage(confidences, labels == predictions, THRESHOLDS)
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
        name: The class.
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
