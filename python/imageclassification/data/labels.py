"""What images are: a class index each, or with ``multi_label`` a 0 or 1 for each class.

::

    labels = Labels(num_classes=3, several=True)
    labels.of_numbers([1, 0, 1], "train.lst line 3")         # (1, 0, 1)
    labels.of_json("[0, 2]", "line 3", "class-id")           # (1, 0, 1)
    labels.gather([(1, 0, 1), (0, 1, 0)])                    # float32 (2, 3)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from imageclassification.errors import InputDataError

MOST_SHOWN = 60  # characters of a value in a message: a FailureReason has room for 1,024


def shown(value: object) -> str:
    """A value as a message shows it, shortened."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


@dataclass(frozen=True)
class Labels:
    """How labels are read.

    Attributes:
        num_classes: The hyperparameter.
        several: The hyperparameter ``multi_label``: an image may be of several classes, or of none.
    """

    num_classes: int
    several: bool

    def of_numbers(self, numbers: Sequence[object], place: str) -> tuple[int, ...]:
        """An image's labels, told by a number, or with ``multi_label`` by one for each class.

        Args:
            numbers: The numbers, as text or not.
            place: What an error calls the image.

        Raises:
            InputDataError: they are too many or too few, or are no labels.
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
                f"image has a 0 or 1 for each class: set num_classes to {len(numbers)}, or mend the labels"
            )
        found = tuple(_whole(number) for number in numbers)
        wrong = [number for number, value in zip(numbers, found, strict=True) if value not in (0, 1)]
        if wrong:
            raise InputDataError(
                f"{place} has {shown(str(wrong[0]))} among its labels; with multi_label each is 0 or 1"
            )
        return found

    def of_json(self, text: str, place: str, label_format: str) -> tuple[int, ...]:
        """An image's labels, as an augmented manifest has them: a number, or a list with ``multi_label``.

        Args:
            text: The attribute: JSON, or what a JSON string holds.
            place: What an error calls the image.
            label_format: ``multi-hot``, a 0 or 1 for each class; or ``class-id``, the classes that it is of.

        Raises:
            InputDataError: it is neither, or does not go with the hyperparameters.
        """
        value = text
        for _ in range(2):  # "1" may come as it is, or still in its quotation marks
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
        """Refuse class indices beyond the classes.

        Raises:
            InputDataError: there is one.
        """
        greatest = max((max(found, default=0) for found in labels), default=0)
        if greatest < self.num_classes:
            return
        for found, place in zip(labels, places, strict=True):
            beyond = next((label for label in found if label >= self.num_classes), None)
            if beyond is not None:
                raise InputDataError(
                    f"{place} has label {shown(str(beyond))}, but num_classes is {self.num_classes}, so labels are 0 "
                    f"to {self.num_classes - 1}; mend the label, or set num_classes to {shown(str(greatest + 1))}"
                )

    def gather(self, labels: Sequence[tuple[int, ...]]) -> np.ndarray:
        """All labels: int64 (N,), or with ``multi_label`` float32 (N, num_classes) of 0 and 1."""
        if self.several:
            return np.array(labels, np.float32).reshape(-1, self.num_classes)
        return np.array(labels, np.int64).reshape(-1)

    def check_all_seen(self, gathered: np.ndarray, where: str) -> None:
        """Refuse classes of which there is no image.

        Args:
            gathered: What :meth:`gather` gave.
            where: What an error calls the images' list.

        Raises:
            InputDataError: there is such a class.
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
    """A whole number, however it is written (MXNet's im2rec writes 1.000000); None where it is none."""
    try:
        value = float(number) if not isinstance(number, bool) else None
        return int(value) if value is not None and value == int(value) else None
    except (TypeError, ValueError, OverflowError):
        return None
