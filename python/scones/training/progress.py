"""Reads the progress of a training job from its log lines.

Example::

    >>> progress = Progress(name="scones-dev-1", epochs=30)
    >>> progress = progress.after("[01/28/2024 11:58:01 INFO 139] Epoch[0] Validation-accuracy=0.526042")
    >>> progress.validation
    {0: 0.526042}

The log lines come from the built-in Image Classification algorithm. They are MXNet's epoch lines, and the algorithm's
lines about the stored model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

#: The number of log lines to keep. They are shown if the job fails.
TAIL = 20

_NUMBER = r"([0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)"
_BATCH = re.compile(rf"Epoch\[(\d+)\] Batch ?\[\d+\].*?Speed: {_NUMBER} samples/sec")
_TRAIN = re.compile(rf"Epoch\[(\d+)\] Train-accuracy={_NUMBER}")
_TIME = re.compile(rf"Epoch\[(\d+)\] Time cost={_NUMBER}")
_VALIDATION = re.compile(rf"Epoch\[(\d+)\] Validation-accuracy={_NUMBER}")
_STORED = re.compile(rf"Storing the best model with validation accuracy: {_NUMBER}")
_SAVED = re.compile(r'Saved checkpoint to ".*-(\d{4,})\.params"')


@dataclass(frozen=True)
class Progress:
    """The progress of a training job. Epochs are counted from 0.

    Attributes:
        epochs: The requested number of epochs.
        status: InProgress, Completed, Failed, Stopping or Stopped.
        secondary_status: The current step: Starting, Downloading, Training, Uploading, …
        train: Training accuracy by finished epoch, 0 to 1.
        validation: Validation accuracy by finished epoch, 0 to 1.
        seconds: Duration by finished epoch.
        stored: Validation accuracy of the best epoch, whose model the algorithm has stored. None with
            ``checkpoint_frequency``.
        saved: The last epoch whose parameters were saved.
        speed: The last reported speed, in images a second.
        current: The current epoch. None before the first.
        tail: The last log lines, oldest first.
    """

    name: str
    epochs: int
    status: str = "InProgress"
    secondary_status: str = "Starting"
    train: Mapping[int, float] = field(default_factory=dict)
    validation: Mapping[int, float] = field(default_factory=dict)
    seconds: Mapping[int, float] = field(default_factory=dict)
    stored: float | None = None
    saved: int | None = None
    speed: float | None = None
    current: int | None = None
    tail: tuple[str, ...] = ()

    def after(self, line: str) -> Progress:
        """The progress after one more log line."""
        progress = replace(self, tail=(*self.tail, line)[-TAIL:])
        if match := _BATCH.search(line):
            return replace(progress, current=int(match[1]), speed=float(match[2]))
        if match := _TRAIN.search(line):
            return replace(progress, current=int(match[1]), train={**self.train, int(match[1]): float(match[2])})
        if match := _TIME.search(line):
            return replace(progress, seconds={**self.seconds, int(match[1]): float(match[2])})
        if match := _VALIDATION.search(line):
            epoch = int(match[1])
            return replace(progress, current=epoch, validation={**self.validation, epoch: float(match[2])})
        if match := _STORED.search(line):
            return replace(progress, stored=float(match[1]))
        if match := _SAVED.search(line):
            return replace(progress, saved=int(match[1]) - 1)
        return progress

    @property
    def kept(self) -> float | None:
        """Validation accuracy of the model that becomes the artifact. None if it is not known yet."""
        if self.stored is not None:
            return self.stored
        return None if self.saved is None else self.validation.get(self.saved)

    @property
    def finished(self) -> bool:
        """Whether the job has ended."""
        return self.status in ("Completed", "Failed", "Stopped")

    @property
    def epochs_done(self) -> int:
        """The number of epochs with a validation accuracy."""
        return len(self.validation)

    @property
    def seconds_left(self) -> float | None:
        """The estimated time of the remaining epochs, from the last three. None before the first epoch."""
        last = list(self.seconds.values())[-3:]
        if not last:
            return None
        return max(0, self.epochs - self.epochs_done) * sum(last) / len(last)
