"""Compares two variants by their captured traffic: requests, confidence, accuracy.

Example::

    >>> from datetime import UTC, datetime
    >>> from scones.service.capture import Event
    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> event = Event("1", now, (0.9, 0.1), "a", ("bike.png",), False, Path("captured.jsonl"), 1, 0)
    >>> [traffic] = compare({"AllTraffic": [event]}, threshold=0.8, labels={"bike.png": 0})
    >>> traffic.low, traffic.accuracy
    (0, 1.0)
    >>> agreement([event], [event])
    Agreement(both=1, alike=1, surer=0.0)

Confidence alone does not tell which model is better: a model can be sure and wrong. The labels of the test split's
images are known, so answers to them also count as right or wrong. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from scones.model.measures import wilson
from scones.service.capture.analysis import confidence_of, predicted
from scones.service.workflow import images

if TYPE_CHECKING:
    from scones.dataset import Dataset
    from scones.service.capture.records import Event


@dataclass(frozen=True)
class Traffic:
    """One variant's requests.

    Attributes:
        requests: The number of captured requests.
        answered: The number of requests captured with their answer.
        confidence: The mean probability of the most probable class; None without an answer.
        low: The number of answers below the threshold.
        labelled: The number of answers to images with a known label.
        correct: The number of right answers to those images.
    """

    variant: str
    requests: int
    answered: int
    confidence: float | None
    low: int
    labelled: int
    correct: int

    @property
    def low_share(self) -> float | None:
        """The share of answers below the threshold."""
        return self.low / self.answered if self.answered else None

    @property
    def low_interval(self) -> tuple[float, float] | None:
        """The 95% interval of :attr:`low_share` (Wilson's)."""
        return wilson(self.low, self.answered) if self.answered else None

    @property
    def accuracy(self) -> float | None:
        """The share of right answers among the images with a known label."""
        return self.correct / self.labelled if self.labelled else None

    @property
    def accuracy_interval(self) -> tuple[float, float] | None:
        """The 95% interval of :attr:`accuracy` (Wilson's)."""
        return wilson(self.correct, self.labelled) if self.labelled else None


@dataclass(frozen=True)
class Agreement:
    """The requests that both variants answered.

    Attributes:
        both: The number of these requests.
        alike: The number that got the same class from both.
        surer: The mean confidence of the second variant minus that of the first.
    """

    both: int
    alike: int
    surer: float


def compare(
    events: Mapping[str, Sequence[Event]], *, threshold: float, labels: Mapping[str, int] | None = None
) -> list[Traffic]:
    """Summarise each variant's requests, in the order of ``events``.

    Args:
        events: Captured requests, by variant.
        threshold: The workflow fails answers below this confidence.
        labels: The label of each image, by the name that requests give it (:func:`labels_of`).
    """
    return [_traffic(variant, found, threshold, labels or {}) for variant, found in events.items()]


def agreement(first: Sequence[Event], second: Sequence[Event]) -> Agreement | None:
    """Compare the answers of two variants to the same requests, matched by InferenceId and name.

    None if they share no request.
    """
    known = {_identity(event): event for event in first if event.probabilities and event.inference_id}
    pairs = [(known[_identity(event)], event) for event in second if event.probabilities and _identity(event) in known]
    if not pairs:
        return None
    return Agreement(
        both=len(pairs),
        alike=sum(one.predicted == other.predicted for one, other in pairs),
        surer=fmean(confidence_of(other) - confidence_of(one) for one, other in pairs),
    )


def by_variant(events: Iterable[Event], folder: Path) -> dict[str, list[Event]]:
    """Group captured requests by variant, the variant with most requests first.

    Args:
        folder: The endpoint's folder of captured files, ``<folder>/<variant>/yyyy/…``.
    """
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.path.relative_to(folder).parts[0], []).append(event)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def labels_of(dataset: Dataset) -> dict[str, int]:
    """The labels of the test split's images, by each name that this project's requests use.

    ``invoke evaluate`` sends the file's name. The workflow sends the S3 key: ``datasets/<fingerprint>/test/<name>`` for
    an image of the data set. An uploaded file is known by its place, ``images/<digest>``, whatever its name is
    (:func:`_known`). No model was trained on the test split.
    """
    found: dict[str, int] = {}
    for image in dataset.images("test"):
        uploaded = images.place(image.path.read_bytes())
        for name in (image.name, f"datasets/{dataset.fingerprint}/test/{image.name}", uploaded):
            found[name] = image.label
    return found


def _identity(event: Event) -> tuple[str | None, str]:
    return event.inference_id, event.name


def _known(event: Event) -> str:
    """The event's name in :func:`labels_of`: of an uploaded image its place, without the file's name."""
    return event.name.removesuffix(f"/{event.title}") if event.title != event.name else event.name


def _traffic(variant: str, events: Sequence[Event], threshold: float, labels: Mapping[str, int]) -> Traffic:
    answered = predicted(events)
    labelled = [event for event in answered if _known(event) in labels]
    return Traffic(
        variant=variant,
        requests=len(events),
        answered=len(answered),
        confidence=fmean(confidence_of(event) for event in answered) if answered else None,
        low=sum(confidence_of(event) < threshold for event in answered),
        labelled=len(labelled),
        correct=sum(event.predicted == labels[_known(event)] for event in labelled),
    )
