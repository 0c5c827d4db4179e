"""What captured traffic says of two variants: how much each was asked, how sure it was, how often right.

Example::

    compare({"AllTraffic": events, "Candidate": others}, threshold=0.8, labels={"bike_s_000001.png": 0})
    agreement(events, shadows)          # of requests that both answered: how often alike

Confidence alone says little of a model (one may be surer and wrong): where a request's image is one of the test split,
its label is known, and answers are counted as right or wrong. Pure functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from scones.model.measures import wilson
from scones.service.capture.analysis import confidence_of, predicted

if TYPE_CHECKING:
    from scones.dataset import Dataset
    from scones.service.capture.records import Event


@dataclass(frozen=True)
class Traffic:
    """One variant's requests.

    Attributes:
        requests: How many were captured.
        answered: How many of them with the answer.
        confidence: The mean probability of the most probable class; None without an answer.
        low: How many answers were below the threshold.
        labelled: How many answers were to images whose label is known.
        correct: How many of those were right.
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
        """Where that share lies for all such requests, at 95 %."""
        return wilson(self.low, self.answered) if self.answered else None

    @property
    def accuracy(self) -> float | None:
        """The share of right answers, among those whose label is known."""
        return self.correct / self.labelled if self.labelled else None

    @property
    def accuracy_interval(self) -> tuple[float, float] | None:
        """Where that lies for all such images, at 95 %."""
        return wilson(self.correct, self.labelled) if self.labelled else None


@dataclass(frozen=True)
class Agreement:
    """Requests that two variants answered both.

    Attributes:
        both: How many there are.
        alike: How many were answered with the same class.
        surer: By how much the second is surer, on average.
    """

    both: int
    alike: int
    surer: float


def compare(
    events: Mapping[str, Sequence[Event]], *, threshold: float, labels: Mapping[str, int] | None = None
) -> list[Traffic]:
    """Each variant's requests in numbers, in the order given.

    Args:
        events: Captured requests, by variant.
        threshold: The confidence below which the workflow fails an answer.
        labels: The label of an image, by what requests call it (:func:`labels_of`).
    """
    return [_traffic(variant, found, threshold, labels or {}) for variant, found in events.items()]


def agreement(first: Sequence[Event], second: Sequence[Event]) -> Agreement | None:
    """How two variants answered the same requests, by InferenceId and name; None where they share none."""
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
    """Captured requests by variant, most requests first.

    Args:
        folder: The endpoint's folder of captured files, ``<folder>/<variant>/yyyy/…``.
    """
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.path.relative_to(folder).parts[0], []).append(event)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def labels_of(dataset: Dataset) -> dict[str, int]:
    """The labels of the test split's images, by every name that a request of this project gives one.

    ``invoke evaluate`` sends the file's name, the workflow the S3 key: ``datasets/<fingerprint>/test/<name>`` for the
    data set's own, ``images/<sha256>.<suffix>`` for an uploaded file. No model was trained on the test split.
    """
    found: dict[str, int] = {}
    for image in dataset.images("test"):
        digest = hashlib.sha256(image.path.read_bytes()).hexdigest()
        for name in (image.name, f"datasets/{dataset.fingerprint}/test/{image.name}", f"images/{digest}.png"):
            found[name] = image.label
    return found


def _identity(event: Event) -> tuple[str | None, str]:
    return event.inference_id, event.name


def _traffic(variant: str, events: Sequence[Event], threshold: float, labels: Mapping[str, int]) -> Traffic:
    answered = predicted(events)
    labelled = [event for event in answered if event.name in labels]
    return Traffic(
        variant=variant,
        requests=len(events),
        answered=len(answered),
        confidence=fmean(confidence_of(event) for event in answered) if answered else None,
        low=sum(confidence_of(event) < threshold for event in answered),
        labelled=len(labelled),
        correct=sum(event.predicted == labels[event.name] for event in labelled),
    )
