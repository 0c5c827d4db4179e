"""How often the models that answered captured requests are right, as far as labels are known.

Example::

    >>> from datetime import UTC, datetime
    >>> from pathlib import Path
    >>> from scones.service.capture.labels import KnownImage
    >>> from scones.service.capture.models import AnsweringModel
    >>> from scones.service.capture.records import Event
    >>> model = AnsweringModel("scones-dev/7", ("bicycle", "motorcycle"))
    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> event = Event("1", now, (0.9, 0.1), None, ("a.png",), False, Path("f"), 1, 0, model=model)
    >>> found = measure([event], KnownImages(by_name={"a.png": KnownImage("motorcycle", "a.png")}), threshold=0.8)
    >>> found.images, found.right, found.passed, found.passed_wrong
    (1, 0, 1, 1)

Pure functions. Each image counts once a model, with its last answer: a model answers the same image in the same way, so
a second answer is no further evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scones.dataset.labels import OTHER
from scones.model.measures import wilson
from scones.service.capture.labels import KnownImage, KnownImages, image_of
from scones.service.capture.records import Event


@dataclass(frozen=True)
class Measured:
    """A model's answers to images with a known label.

    Attributes:
        images: The number of these images.
        right: The number of right answers.
        passed: The number of answers that pass: one of the wanted classes, with a confidence of the threshold or more.
        passed_wrong: The number of wrong answers among those.
        passed_foreign: The number of images among those that are of none of the wanted classes.
        names: The classes of ``confusion``: the model's, then those that it does not know.
        confusion: The number of images by true class (row) and answer (column), both in the order of ``names``.
        seen: True if an image is of another data set's test split than of the model's. The model may then have been
            trained on it.
    """

    images: int
    right: int
    passed: int
    passed_wrong: int
    passed_foreign: int
    names: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    seen: bool

    @property
    def rows(self) -> list[tuple[str, tuple[int, ...]]]:
        """The rows of the confusion matrix that have images, each with its true class."""
        return [(name, row) for name, row in zip(self.names, self.confusion, strict=True) if sum(row)]

    @property
    def accuracy(self) -> float | None:
        """The share of right answers. None without labels."""
        return self.right / self.images if self.images else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of :attr:`accuracy` (Wilson's)."""
        return wilson(self.right, self.images) if self.images else None

    @property
    def wrong_share(self) -> float | None:
        """The share of wrong answers among those that pass. None if none passes."""
        return self.passed_wrong / self.passed if self.passed else None

    @property
    def wrong_interval(self) -> tuple[float, float] | None:
        """The 95 % interval of :attr:`wrong_share` (Wilson's)."""
        return wilson(self.passed_wrong, self.passed) if self.passed else None

    @property
    def refused(self) -> int:
        """The number of answers that do not pass."""
        return self.images - self.passed

    @property
    def refused_right(self) -> int:
        """The number of right answers among those that do not pass. An answer ``other`` can be right."""
        return self.right - (self.passed - self.passed_wrong)

    @property
    def foreign(self) -> int:
        """The number of images that are of none of the wanted classes."""
        return sum(sum(row) for name, row in zip(self.names, self.confusion, strict=True) if name == OTHER)

    @property
    def wanted_right(self) -> int:
        """The number of right answers to images of the wanted classes."""
        rows = zip(self.names, self.confusion, strict=True)
        return sum(row[place] for place, (name, row) in enumerate(rows) if name != OTHER)


def measure(events: Iterable[Event], labels: KnownImages, *, threshold: float) -> Measured:
    """Measure one model's answers. Answers whose class names are not known are left out.

    Args:
        events: In order of time, all of one model.
        threshold: The workflow passes answers of at least this confidence.
    """
    last: dict[str, tuple[Event, KnownImage]] = {}
    for event in events:
        if event.label is not None and event.model.classes and (known := labels.of(event)):
            last[image_of(event)] = (event, known)
    found = list(last.values())
    names = _names(found)
    place = {name: index for index, name in enumerate(names)}
    table = [[0] * len(names) for _ in names]
    right = passed = passed_wrong = passed_foreign = 0
    for event, known in found:
        assert event.label is not None, "only answers are kept above"
        table[place[known.label]][place[event.label]] += 1
        passes, wrong = event.passes(threshold), event.label != known.label
        right += not wrong
        passed += passes
        passed_wrong += passes and wrong
        passed_foreign += passes and known.label == OTHER
    return Measured(
        images=len(found),
        right=right,
        passed=passed,
        passed_wrong=passed_wrong,
        passed_foreign=passed_foreign,
        names=names,
        confusion=tuple(map(tuple, table)),
        seen=any(event.model.dataset != known.dataset for event, known in found),
    )


def _names(found: Sequence[tuple[Event, KnownImage]]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for event, _ in found:
        names |= dict.fromkeys(event.model.classes)
    for event, known in found:
        names |= dict.fromkeys((known.label, event.label or ""))
    return tuple(names)
