"""Computes images together that several threads ask for at the same time.

Example::

    >>> from types import SimpleNamespace
    >>> predictor = SimpleNamespace(prepared=lambda data: np.array([len(data)]), together=np.stack)
    >>> Gathering(predictor).probabilities([b"png"]).tolist()
    [[3]]

A network answers several images in little more time than one: ResNet-20 takes 4.0 ms of a CPU for an image alone, and
2.1 ms for each of eight. Batch transform asks for many at once, so its container gathers those that wait. It waits for
none: an image that comes alone is computed at once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from imageclassification.predictor import finite

if TYPE_CHECKING:
    from imageclassification.predictor import Predictor

MOST_TOGETHER = 32  # images; more of them take longer than a client likes, and hardly less for each


@dataclass(eq=False)
class _Asked:
    """One thread's images, and what became of them: rows, or an error."""

    inputs: list[np.ndarray]
    rows: np.ndarray | None = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Gathering:
    """Answers as a predictor does, for many threads.

    Args:
        predictor: Computes the answers, in one thread at a time.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._waiting: list[_Asked] = []
        self._computing = threading.Lock()

    def probabilities(self, images: Sequence[bytes]) -> np.ndarray:
        """The probability of each class. See :meth:`imageclassification.predictor.Predictor.probabilities`.

        Images that cannot be decoded, and answers that are no numbers, are errors of those alone who asked for them.
        """
        if not images:
            return self._predictor.probabilities(images)
        asked = _Asked([self._predictor.prepared(data) for data in images])
        self._waiting.append(asked)
        with self._computing:  # whoever has it answers for all that wait; most find their answer there already
            if not asked.done.is_set():
                self._answer(asked)
        if asked.error is not None:
            raise asked.error
        assert asked.rows is not None
        return finite(asked.rows)

    def _answer(self, first: _Asked) -> None:
        self._waiting.remove(first)
        taken, count = [first], len(first.inputs)
        while self._waiting and count + len(self._waiting[0].inputs) <= MOST_TOGETHER:
            taken.append(self._waiting.pop(0))
            count += len(taken[-1].inputs)
        rows, error = None, None
        try:
            rows = self._predictor.together([one for asked in taken for one in asked.inputs])
        except Exception as failure:  # noqa: BLE001 - it is raised in each thread that asked
            error = failure
        for asked in taken:
            if rows is not None:
                asked.rows, rows = rows[: len(asked.inputs)], rows[len(asked.inputs) :]
            asked.error = error
            asked.done.set()
