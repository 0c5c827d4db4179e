"""Reads the labels of images: one class index, or with ``multi_label`` a 0 or 1 for each class.

Example::

    >>> labels = Labels(num_classes=3, several=True)
    >>> labels.of_numbers(["1", "0", "1.000000"], "train.lst line 3")
    (1, 0, 1)
    >>> labels.of_json("[0, 2]", "line 3", "class-id")
    (1, 0, 1)
    >>> labels.gather([(1, 0, 1), (0, 1, 0)])
    array([[1., 0., 1.],
           [0., 1., 0.]], dtype=float32)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import SupportsFloat

import numpy as np

from imageclassification.errors import InputDataError

MOST_SHOWN = 60  # characters of a value in a message; a FailureReason has at most 1,024


def shown(value: object) -> str:
    """A value for a message, cut to ``MOST_SHOWN`` characters."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


@dataclass(frozen=True)
class Labels:
    """Reads and checks labels.

    Attributes:
        several: The hyperparameter ``multi_label``: an image may have several labels, or none.
    """

    num_classes: int
    several: bool

    def of_numbers(self, numbers: Sequence[object], place: str) -> tuple[int, ...]:
        """An image's labels, from one number, or with ``multi_label`` from one number for each class.

        Args:
            numbers: Numbers, or text that holds them.
            place: The image's name in an error.

        Raises:
            InputDataError: If there are too many or too few, or one is not a label.
        """
        if not self.several:
            if len(numbers) != 1:
                raise InputDataError(
                    f"{place} has {len(numbers)} labels, and one is needed; for several labels an image set "
                    "multi_label to 1"
                )
            return (self._index(numbers[0], place),)
        if len(numbers) != self.num_classes:
            raise InputDataError(
                f"{place} has {len(numbers)} labels, but num_classes is {self.num_classes}; with multi_label every "
                f"image has a 0 or 1 for each class: set num_classes to {len(numbers)}, or correct the labels"
            )
        found = []
        for number in numbers:
            value = _whole(number)
            if value is None or value not in (0, 1):
                raise InputDataError(
                    f"{place} has {shown(str(number))} among its labels; with multi_label each is 0 or 1"
                )
            found.append(value)
        return tuple(found)

    def of_json(self, text: str, place: str, label_format: str) -> tuple[int, ...]:
        """An image's labels, from an augmented manifest: a number, or a list with ``multi_label``.

        Args:
            text: The label attribute: JSON, or the content of a JSON string.
            place: The image's name in an error.
            label_format: ``multi-hot`` (a 0 or 1 for each class) or ``class-id`` (the indices of the image's classes).

        Raises:
            InputDataError: If it is neither a number nor a list of numbers, or does not fit the hyperparameters.
        """
        value: object = text
        for _ in range(2):  # a JSON string may hold the number: "1"
            if isinstance(value, str):
                try:
                    value = json.loads(value)
                except (ValueError, RecursionError):
                    break
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, list | dict) for one in value)):
            raise InputDataError(f"{place} has label {shown(text)}, which is neither a number nor a list of numbers")
        if not self.several or label_format == "multi-hot":
            if self.several and not isinstance(value, list):
                raise InputDataError(
                    f"{place} has label {shown(text)}; with multi_label it is a list with a 0 or 1 for each class, as "
                    "in [0, 1, 0], or, with the content type's label-format=class-id, of class indices"
                )
            return self.of_numbers(value if isinstance(value, list) else [value], place)
        indices = [self._index(number, place) for number in (value if isinstance(value, list) else [value])]
        self.check([tuple(indices)], [place])
        return tuple(int(index in indices) for index in range(self.num_classes))

    def check(self, labels: Sequence[Sequence[int]], places: Sequence[str]) -> None:
        """Checks that class indices are below ``num_classes``.

        Raises:
            InputDataError: If one is not.
        """
        greatest = max((max(found, default=0) for found in labels), default=0)
        if greatest < self.num_classes:
            return
        for found, place in zip(labels, places, strict=True):
            beyond = next((label for label in found if label >= self.num_classes), None)
            if beyond is not None:
                raise InputDataError(
                    f"{place} has label {shown(str(beyond))}, but num_classes is {self.num_classes}, so labels are 0 "
                    f"to {self.num_classes - 1}; correct the label, or set num_classes to {shown(str(greatest + 1))}"
                )

    def gather(self, labels: Sequence[tuple[int, ...]]) -> np.ndarray:
        """All labels in one array: int64 (N,), or with ``multi_label`` float32 (N, num_classes) of 0 and 1."""
        if self.several:
            return np.array(labels, np.float32).reshape(-1, self.num_classes)
        return np.array(labels, np.int64).reshape(-1)

    def check_all_seen(self, gathered: np.ndarray, where: str) -> None:
        """Checks that every class has an image.

        Args:
            gathered: The result of :meth:`gather`.
            where: The channel's name in an error.

        Raises:
            InputDataError: If a class has none.
        """
        seen = set((np.flatnonzero(gathered.any(0)) if self.several else np.unique(gathered)).tolist())
        if len(seen) < self.num_classes:
            unseen = list(islice((label for label in range(self.num_classes) if label not in seen), 10))
            more = " …" if len(seen) + len(unseen) < self.num_classes else ""
            raise InputDataError(
                f"num_classes is {self.num_classes}, but {where} has no image of label {', '.join(map(str, unseen))}"
                f"{more}; set num_classes to the number of classes there are"
            )

    @staticmethod
    def _index(number: object, place: str) -> int:
        index = _whole(number)
        if index is None or index < 0:
            raise InputDataError(f"{place} has label '{shown(str(number))}'; a label is a class index: 0, 1, 2, …")
        return index


def _whole(number: object) -> int | None:
    """The number as an int, if it is whole: MXNet's im2rec writes 1.000000. None otherwise."""
    if isinstance(number, bool) or not isinstance(number, str | SupportsFloat):
        return None
    try:
        value = float(number)
        return int(value) if value == int(value) else None
    except (ValueError, OverflowError):
        return None
