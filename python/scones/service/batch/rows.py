"""The rows of a batch's table: an image, and what the model said of it.

Example::

    >>> row = BatchRow("b", "one.png", classification="bicycle", confidence=0.7, probabilities=(0.7, 0.3))
    >>> judged(row, threshold=0.8).error, judged(row, threshold=0.6).passed
    ('ThresholdConfidenceNotMet', True)
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scones.dataset.labels import OTHER
from scones.service.workflow import LOW_CONFIDENCE, NOT_ONE_OF_THE_CLASSES

# Errors that are not the picture's: AWS did not answer, or something is missing there. A later run tries these again.
# Rows that are too long for a child's output are so at every try.
_AGAIN = re.compile(
    r"Endpoint(Unavailable|Refused)Error|Image(NotFound|Refused)Error|ModelError|NoAnswer"
    r"|(?!States\.DataLimitExceeded)(Lambda|States|Runtime|Sandbox)\..*"
)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """What became of one image.

    Attributes:
        bucket: The object's bucket.
        key: Its key.
        etag: The ETag of the object that was read. Empty if it is not known.
        classification: The most probable class. None without an answer.
        confidence: Its probability, 0 to 1.
        probabilities: The probability of every class, in label order. Empty without an answer.
        passed: Whether the answer is one of the wanted classes, with a confidence that reaches the threshold.
        error: Why there is no answer, or why it does not pass. None if it passed.
        cause: The error's message.
        model_version: The version of the model package that answered.
        milliseconds: How long the answer took. None if it is not known.
    """

    bucket: str
    key: str
    etag: str = ""
    classification: str | None = None
    confidence: float | None = None
    probabilities: tuple[float, ...] = ()
    passed: bool = False
    error: str | None = None
    cause: str | None = None
    model_version: int | None = None
    milliseconds: float | None = None

    @property
    def is_final(self) -> bool:
        """Whether another try would give the same: there is an answer, or the picture itself is at fault."""
        return self.confidence is not None or not (self.error and _AGAIN.fullmatch(self.error))


def answered(
    row: BatchRow, probabilities: Sequence[float], labels: Sequence[str], *, model_version: int | None
) -> BatchRow:
    """A row with the model's answer.

    Args:
        probabilities: One for each label.
        labels: The names of the classes.
    """
    best = max(range(len(labels)), key=lambda number: probabilities[number])
    return replace(
        row,
        classification=sys.intern(labels[best]),  # of a million rows, there are as many texts as classes
        confidence=probabilities[best],
        probabilities=tuple(probabilities),
        model_version=model_version,
    )


def judged(row: BatchRow, *, threshold: float) -> BatchRow:
    """The row as filterLowConfidence judges it: the threshold is inclusive, and the class ``other`` never passes.

    Failed rows stay as they are.
    """
    if row.confidence is None:
        return replace(row, passed=False)
    sure = f"the model is {row.confidence:.4g} sure of {row.classification}"
    if row.classification == OTHER:
        cause = f"{sure}: the image is none of the other classes; no threshold lets it pass"
        return replace(row, passed=False, error=NOT_ONE_OF_THE_CLASSES, cause=cause)
    if row.confidence >= threshold:
        return replace(row, passed=True, error=None, cause=None)
    return replace(row, passed=False, error=LOW_CONFIDENCE, cause=f"{sure}; the threshold is {threshold:g}")
