"""Summarises captured traffic: confidence by class, over time, and the least sure answers.

Example::

    >>> from datetime import UTC
    >>> from pathlib import Path
    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> event = Event("1", now, (0.9, 0.1), "a", ("bike.png",), False, Path("captured.jsonl"), 1, 0)
    >>> summary = summarise([event], threshold=0.8, classes=("bicycle", "motorcycle"))
    >>> summary.passed, summary.classes[0].name, summary.classes[0].median
    (1, 'bicycle', 0.9)

Pure functions. An event without a captured output counts as an event only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from scones.service.capture.records import Event


@dataclass(frozen=True)
class ClassSummary:
    """The requests answered with one class.

    Attributes:
        index: The class's label.
        count: The number of these requests.
        passed: The number with a confidence of at least the threshold.
        minimum, lower_quartile, median, upper_quartile, maximum: Confidence, 0 to 1.
    """

    index: int
    name: str
    count: int
    passed: int
    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float


@dataclass(frozen=True)
class Summary:
    """Captured traffic in numbers.

    Attributes:
        events: The number of captured requests.
        predictions: The number of requests captured with their answer.
        images: The number of requests captured with their image.
        passed: The number of answers with a confidence of at least the threshold.
        median: The median confidence; None without an answer.
        first: The time of the first request, UTC; None without a request.
        last: The time of the last request, UTC; None without a request.
        classes: The classes answered at least once, in label order.
    """

    events: int
    predictions: int
    images: int
    passed: int
    threshold: float
    median: float | None
    first: datetime | None
    last: datetime | None
    classes: tuple[ClassSummary, ...]


@dataclass(frozen=True)
class Trend:
    """Confidence over equal steps of time. Steps without requests are left out.

    Attributes:
        times: The middle of each step.
        low: The tenth percentile of confidence in each step.
        median: The median confidence in each step.
    """

    times: list[datetime]
    low: np.ndarray
    median: np.ndarray


def class_name(index: int, classes: Sequence[str]) -> str:
    """A class's name, or ``class 2`` if the name is not known."""
    return classes[index] if index < len(classes) else f"class {index}"


def predicted(events: Sequence[Event]) -> list[Event]:
    """The events whose answer was captured."""
    return [event for event in events if event.probabilities is not None]


def confidence_of(event: Event) -> float:
    """The confidence of an event whose answer was captured."""
    assert event.confidence is not None, "only of what predicted() gives"
    return event.confidence


def label_of(event: Event) -> int:
    """The predicted class's index, of an event whose answer was captured."""
    assert event.predicted is not None, "only of what predicted() gives"
    return event.predicted


def percent(share: float) -> str:
    """Format a share as a percentage. A share below 1 never rounds to 100%, and one above 0 never to 0%.

    Example::

        >>> percent(0.99997), percent(0.00003), percent(0.5)
        ('99.99%', '<0.1%', '50.0%')
    """
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{math.floor(share * 10_000) / 100:.2f}%" if 0.999 < share < 1 else f"{share:.1%}".replace("100.0%", "100%")


def summarise(events: Sequence[Event], *, threshold: float, classes: Sequence[str] = ()) -> Summary:
    """Summarise captured traffic.

    Args:
        events: In order of time.
        threshold: The workflow passes answers of at least this confidence.
        classes: The class names, in label order.
    """
    answered = predicted(events)
    confidences = np.array([event.confidence for event in answered])
    labels = np.array([event.predicted for event in answered], dtype=int)
    return Summary(
        events=len(events),
        predictions=len(answered),
        images=sum(event.has_image for event in events),
        passed=int((confidences >= threshold).sum()),
        threshold=threshold,
        median=float(np.median(confidences)) if answered else None,
        first=events[0].time if events else None,
        last=events[-1].time if events else None,
        classes=tuple(
            _class(int(label), class_name(int(label), classes), confidences[labels == label], threshold)
            for label in np.unique(labels)
        ),
    )


def least_sure(events: Sequence[Event], count: int) -> list[Event]:
    """The ``count`` answers with the lowest confidence, lowest first."""
    return sorted(predicted(events), key=confidence_of)[:count]


def trend(events: Sequence[Event], steps: int) -> Trend:
    """The median and the tenth percentile of confidence in ``steps`` equal steps of time.

    Args:
        events: In order of time; at least one with an answer.
    """
    answered = predicted(events)
    seconds = np.array([event.time.timestamp() for event in answered])
    confidences = np.array([event.confidence for event in answered])
    edges = np.linspace(seconds.min(), seconds.max(), steps + 1)
    step = np.clip(np.searchsorted(edges, seconds, side="right") - 1, 0, steps - 1)
    used = np.unique(step)
    groups = [confidences[step == one] for one in used]
    zone = answered[0].time.tzinfo
    return Trend(
        times=[datetime.fromtimestamp((edges[one] + edges[one + 1]) / 2, zone) for one in used],
        low=np.array([np.percentile(group, 10) for group in groups]),
        median=np.array([np.median(group) for group in groups]),
    )


def _class(index: int, name: str, confidences: np.ndarray, threshold: float) -> ClassSummary:
    return ClassSummary(
        index,
        name,
        len(confidences),
        int((confidences >= threshold).sum()),
        *(float(value) for value in np.percentile(confidences, [0, 25, 50, 75, 100])),
    )
