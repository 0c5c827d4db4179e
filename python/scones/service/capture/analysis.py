"""Summarises captured traffic: by model, by class, over time, and the least sure answers.

Example::

    >>> from datetime import UTC
    >>> from pathlib import Path
    >>> from scones.service.capture.models import AnsweringModel
    >>> model = AnsweringModel("scones-dev/7", ("bicycle", "motorcycle"))
    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> event = Event("1", now, (0.9, 0.1), "a", ("bike.png",), False, Path("captured.jsonl"), 1, 0, model=model)
    >>> summary = summarise([event], threshold=0.8)
    >>> summary.passed, summary.classes[0].name, summary.classes[0].median
    (1, 'bicycle', 0.9)
    >>> [traffic] = by_model([event], threshold=0.8)
    >>> pass_sentence(traffic)
    'At 0.80 version 7 answers 100 % of images; how many of these are wrong is not known'

Pure functions. An event without a captured output counts as an event only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from scones.dataset.labels import OTHER
from scones.drawing.pages import answered, rounded, threshold_text
from scones.service.capture.labels import KnownImages, image_of
from scones.service.capture.measured import Measured, measure
from scones.service.capture.models import Answerer
from scones.service.capture.records import Event


@dataclass(frozen=True)
class ClassSummary:
    """The requests answered with one class.

    Attributes:
        count: The number of these requests.
        passed: The number that pass: none of the class ``other``, and of the others those of the threshold or more.
        minimum, lower_quartile, median, upper_quartile, maximum: Confidence, 0 to 1.
    """

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
        passed: The number of answers that pass: one of the wanted classes, with a confidence of the threshold or more.
        foreign: The number of answers that are the class ``other``.
        median: The median confidence; None without an answer.
        first: The time of the first request, UTC; None without a request.
        last: The time of the last request, UTC; None without a request.
        classes: The classes answered at least once, in label order.
    """

    events: int
    predictions: int
    images: int
    passed: int
    foreign: int
    threshold: float
    median: float | None
    first: datetime | None
    last: datetime | None
    classes: tuple[ClassSummary, ...]


@dataclass(frozen=True)
class ModelTraffic:
    """What one model answered.

    Attributes:
        measured: How often it was right.
    """

    answerer: Answerer
    events: tuple[Event, ...]
    summary: Summary
    measured: Measured


@dataclass(frozen=True)
class Trend:
    """Confidence over equal steps of time.

    Attributes:
        times: The middle of each step.
        low: The tenth percentile of confidence in each step; NaN in a step without requests.
        median: The median confidence in each step; NaN in a step without requests.
    """

    times: list[datetime]
    low: np.ndarray
    median: np.ndarray


def predicted(events: Sequence[Event]) -> list[Event]:
    """The events whose answer was captured."""
    return [event for event in events if event.probabilities is not None]


def returned(events: Sequence[Event]) -> list[Event]:
    """The events whose answer went to a caller: a shadow's answers do not."""
    return [event for event in events if event.answerer.returned]


def confidence_of(event: Event) -> float:
    """The confidence of an event whose answer was captured."""
    assert event.confidence is not None, "only of what predicted() gives"
    return event.confidence


def label_of(event: Event) -> str:
    """The predicted class's name, of an event whose answer was captured."""
    assert event.label is not None, "only of what predicted() gives"
    return event.label


def names_of(events: Sequence[Event]) -> list[str]:
    """The names of the classes that were answered: those of each model in its order, in the order of the models."""
    answered = predicted(events)
    used = {(event.model, event.predicted): label_of(event) for event in answered}
    places = {model: place for place, model in enumerate(dict.fromkeys(event.model for event in answered))}
    return list(dict.fromkeys(used[one] for one in sorted(used, key=lambda one: (places[one[0]], one[1]))))


def summarise(events: Sequence[Event], *, threshold: float) -> Summary:
    """Summarise captured traffic.

    Args:
        events: In order of time.
        threshold: The workflow passes answers of at least this confidence.
    """
    answered = predicted(events)
    confidences = np.array([event.confidence for event in answered])
    labels = np.array([event.label for event in answered], dtype=object)
    return Summary(
        events=len(events),
        predictions=len(answered),
        images=sum(event.has_image for event in events),
        passed=sum(event.passes(threshold) for event in answered),
        foreign=sum(event.foreign for event in answered),
        threshold=threshold,
        median=float(np.median(confidences)) if answered else None,
        first=events[0].time if events else None,
        last=events[-1].time if events else None,
        classes=tuple(_class(name, confidences[labels == name], threshold) for name in names_of(answered)),
    )


def by_model(events: Sequence[Event], *, threshold: float, labels: KnownImages = KnownImages()) -> list[ModelTraffic]:  # noqa: B008 (immutable)
    """The traffic of each model at each variant, in the order of their first answers.

    Args:
        events: In order of time.
        threshold: The workflow passes answers of at least this confidence.
        labels: The known images.
    """
    groups: dict[Answerer, list[Event]] = {}
    for event in events:
        groups.setdefault(event.answerer, []).append(event)
    return [
        ModelTraffic(
            answerer,
            tuple(group),
            summarise(group, threshold=threshold),
            measure(group, labels, threshold=threshold),
        )
        for answerer, group in groups.items()
    ]


def current(traffic: Sequence[ModelTraffic]) -> ModelTraffic:
    """The model whose answers went to callers last. Among the pinned model and a candidate, the pinned one.

    Args:
        traffic: Not empty.
    """
    answered = [one for one in traffic if one.summary.predictions] or list(traffic)
    return max(
        answered,
        key=lambda one: (one.answerer.returned, one.answerer.variant != "Candidate", one.events[-1].time),
    )


def right_sentence(one: ModelTraffic) -> str:
    """How often a model is right, as a title."""
    measured = one.measured
    if measured.accuracy is None:
        return f"How often {_called(one)} is right is not known: no image of it has a label"
    return f"{_called(one)} is right on {rounded(measured.accuracy)} of {_images(measured.images)} with a known label"


def pass_sentence(one: ModelTraffic) -> str:
    """What the threshold does, as a title. Where labels are known, it speaks of these images, else of all requests."""
    measured, summary = one.measured, one.summary
    at = f"At {threshold_text(summary.threshold)} {_called(one)}"
    if not measured.images:
        share = summary.passed / summary.predictions if summary.predictions else 0.0
        return f"{at} answers {rounded(share)} of images; how many of these are wrong is not known"
    if not measured.passed:
        return f"{at} answers none of {_images(measured.images)}"
    if not measured.foreign:
        return f"{at} answers {answered(measured.passed, measured.passed_wrong, measured.images)}"
    wanted = measured.images - measured.foreign
    of = rounded((measured.passed - measured.passed_foreign) / wanted) if wanted else "none"
    wrong = rounded(measured.passed_wrong / measured.passed) if measured.passed_wrong else "none"
    others = rounded(measured.passed_foreign / measured.foreign)
    return f"{at} answers {of} of the images of its classes and {others} of anything else; {wrong} of these are wrong"


def time_sentence(traffic: Sequence[ModelTraffic]) -> str:
    """What became of confidence over time, as a title.

    Args:
        traffic: With an answer each; newest first.
    """
    answers = sum(one.summary.predictions for one in traffic)
    foreign = sum(one.summary.foreign for one in traffic)
    low = answers - sum(one.summary.passed for one in traffic) - foreign
    text = f"{low:,} of {answers:,} answers were below {threshold_text(traffic[0].summary.threshold)}"
    text += f", and {foreign:,} were none of the classes" if foreign else ""
    last = max(traffic, key=lambda one: one.events[0].time)
    if len(traffic) > 1 and last.summary.first:
        text += f"; {last.answerer.name} has answered since {last.summary.first:%Y-%m-%d %H:%M} UTC"
    return text


def class_sentence(one: ModelTraffic) -> str:
    """Of which class a model is least sure, as a title."""
    if not one.summary.classes:
        return f"{_called(one)} has no captured answer"
    least = min(one.summary.classes, key=lambda found: found.median)
    if len(one.summary.classes) == 1:
        return f"{_called(one)} answered only {least.name}, half of the time with less than {rounded(least.median)}"
    return f"{_called(one)} is least sure of {least.name}: half of these answers are below {rounded(least.median)}"


def rows_sentence(rows: int) -> str:
    """What the table of the least sure images is, as a title."""
    return f"These {rows} images are the least sure" if rows > 1 else "This image is the least sure"


def least_sure(events: Sequence[Event], count: int) -> list[Event]:
    """The ``count`` images with the least sure answers, least sure first. Each image stands there once.

    The last answer to an image counts, because it is the present model's. A shadow's answers do not count.

    Args:
        events: In order of time.
    """
    last = {image_of(event): event for event in predicted(returned(events))}
    return sorted(last.values(), key=confidence_of)[:count]


def steps_of(events: Sequence[Event], steps: int) -> np.ndarray:
    """The edges of equal steps of time, as seconds; shape (steps + 1,).

    Args:
        events: In order of time; at least one.
    """
    return np.linspace(events[0].time.timestamp(), events[-1].time.timestamp(), steps + 1)


def trend(events: Sequence[Event], edges: np.ndarray) -> Trend:
    """The median and the tenth percentile of confidence in steps of time.

    Args:
        events: At least one with an answer, all within the edges.
        edges: The steps' edges (:func:`steps_of`).
    """
    answered = predicted(events)
    steps = len(edges) - 1
    seconds = np.array([event.time.timestamp() for event in answered])
    confidences = np.array([event.confidence for event in answered])
    step = np.clip(np.searchsorted(edges, seconds, side="right") - 1, 0, steps - 1)
    low, median = np.full(steps, np.nan), np.full(steps, np.nan)
    for one in np.unique(step):
        group = confidences[step == one]
        low[one], median[one] = np.percentile(group, 10), np.median(group)
    zone = answered[0].time.tzinfo
    middles = [datetime.fromtimestamp(middle, zone) for middle in (edges[:-1] + edges[1:]) / 2]
    return Trend(middles, low, median)


def _class(name: str, confidences: np.ndarray, threshold: float) -> ClassSummary:
    return ClassSummary(
        name,
        len(confidences),
        0 if name == OTHER else int((confidences >= threshold).sum()),
        *(float(value) for value in np.percentile(confidences, [0, 25, 50, 75, 100])),
    )


def _called(one: ModelTraffic) -> str:
    return one.answerer.name if one.answerer.model.package else "the model"


def _images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"
