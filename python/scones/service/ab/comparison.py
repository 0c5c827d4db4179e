"""Compares the models behind an endpoint by their captured traffic: requests, confidence, accuracy.

Example::

    >>> from datetime import UTC, datetime
    >>> from pathlib import Path
    >>> from scones.service.capture import AnsweringModel, Event
    >>> from scones.service.capture.labels import KnownImage
    >>> now, model = datetime(2026, 11, 22, tzinfo=UTC), AnsweringModel("scones-dev/7", ("bicycle", "motorcycle"))
    >>> event = Event("1", now, (0.9, 0.1), "a", ("a.png",), False, Path("f"), 1, 0, variant="AllTraffic", model=model)
    >>> labels = KnownImages(by_name={"a.png": KnownImage("bicycle", "a.png")})
    >>> [traffic] = compare([event], threshold=0.8, labels=labels)
    >>> traffic.variant, traffic.version, traffic.low, traffic.measured.accuracy
    ('AllTraffic', '7', 0, 1.0)
    >>> agreement([event], [event])
    Agreement(both=1, alike=1, surer=0.0)

A variant keeps its name when it gets another model, so each model at each variant is counted for itself. Confidence
alone does not tell which model is better: a model can be sure and wrong. The labels of the test split's images are
known, so answers to them also count as right or wrong. Pure functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from scones.model.measures import wilson
from scones.service.capture.analysis import ModelTraffic, by_model, confidence_of, predicted
from scones.service.capture.labels import KnownImages

if TYPE_CHECKING:
    from scones.service.capture.measured import Measured
    from scones.service.capture.records import Event

ORDER = ("AllTraffic", "Candidate", "Shadow")


@dataclass(frozen=True)
class Traffic:
    """The requests that one model answered at one variant.

    Attributes:
        version: The version of its model package; empty if it is not known which model answered.
        requests: The number of captured requests.
        answered: The number of requests captured with their answer.
        confidence: The mean probability of the most probable class; None without an answer.
        low: The number of answers below the threshold. Answers of the class ``other`` are counted for themselves.
        foreign: The number of answers that are the class ``other``.
        measured: How often it was right, of the images with a known label. Each counts once, with its last answer.
    """

    variant: str
    version: str
    requests: int
    answered: int
    confidence: float | None
    low: int
    foreign: int
    measured: Measured

    @property
    def low_share(self) -> float | None:
        """The share of answers below the threshold."""
        return self.low / self.answered if self.answered else None

    @property
    def low_interval(self) -> tuple[float, float] | None:
        """The 95% interval of :attr:`low_share` (Wilson's)."""
        return wilson(self.low, self.answered) if self.answered else None


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


def compare(events: Sequence[Event], *, threshold: float, labels: KnownImages = KnownImages()) -> list[Traffic]:  # noqa: B008 (immutable)
    """Summarise each model's requests: by variant, the pinned model's first, and within one in order of time.

    Args:
        events: Captured requests, in order of time.
        threshold: The workflow fails answers below this confidence.
        labels: The images whose true class is known.
    """
    found = by_model(events, threshold=threshold, labels=labels)
    return [_traffic(one) for one in sorted(found, key=lambda one: _order(one.answerer.variant))]


def shadows(events: Sequence[Event]) -> list[tuple[str, Agreement]]:
    """For each shadow, its version and its agreement with the answers that callers got. In order of time."""
    main = [event for event in events if event.variant == "AllTraffic"]
    found = []
    for answerer in dict.fromkeys(event.answerer for event in events if not event.answerer.returned):
        agreed = agreement(main, [event for event in events if event.answerer == answerer])
        if agreed:
            found.append((answerer.model.name, agreed))
    return found


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


def _identity(event: Event) -> tuple[str | None, str]:
    return event.inference_id, event.name


def _order(variant: str) -> int:
    return ORDER.index(variant) if variant in ORDER else len(ORDER)


def _traffic(one: ModelTraffic) -> Traffic:
    answered = predicted(one.events)
    return Traffic(
        variant=one.answerer.variant,
        version=one.answerer.model.package.rpartition("/")[2],
        requests=one.summary.events,
        answered=len(answered),
        confidence=fmean(confidence_of(event) for event in answered) if answered else None,
        low=one.summary.predictions - one.summary.passed - one.summary.foreign,
        foreign=one.summary.foreign,
        measured=one.measured,
    )
