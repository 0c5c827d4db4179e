"""How long a training job takes on this machine, and what would be quicker.

The built-in algorithm trains on GPUs. On a CPU, its defaults take hours: at once, a job that seems to take more than
some minutes says so, and after its first batches it says how long.

Example::

    >>> from imageclassification.hyperparameters import parse
    >>> values = {"num_classes": 2, "num_training_samples": 1000, "image_shape": (3, 32, 32), "epochs": 30}
    >>> chosen = parse({**values, "num_layers": 152})
    >>> forecast = Forecast(chosen, work(152, 2, (3, 32, 32)), train=1000, validation=100)
    >>> for line in forecast.at_first(threads=2): print(line)
    This machine has no GPU, and this network is large: the job will take more than some minutes. An estimate ...
    Quicker would be: num_layers=18 (6.7 times), image_shape=3,28,28 with num_layers=20 (118 times)
    >>> for line in forecast.after(2, 40.0): print(line)
    Estimate: 20 s a batch, 11 min an epoch, 5.3 h for 30 epochs
    Quicker would be: num_layers=18 (6.7 times), image_shape=3,28,28 with num_layers=20 (118 times)
    The first epoch takes longer than 5 min; StopTrainingJob ends the job at any time

Nothing is said of a job that takes less.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from imageclassification import program, symbol
from imageclassification.errors import ImageClassificationError
from imageclassification.hyperparameters import (
    LARGE_IMAGE_LAYERS,
    SMALL_IMAGE_HEIGHT,
    SMALL_IMAGE_LAYERS,
    Hyperparameters,
)
from imageclassification.program import Shapes, TrainingProgram

LONG = 300.0  # seconds: a job of more says so
SPEED = 1e10  # multiplications a second of a CPU's thread, roughly: training took 0.5e10 to 2e10
PASSES = 3  # an image in training: forward, and backward to the inputs and to the weights
ENOUGH = 3.0  # seconds of batches that an estimate needs
PATIENCE = 30.0  # seconds: a batch that takes as long is enough
FEW, SOME = 2, 10  # batches: the least for an estimate, as the first one prepares things; and enough, however short
WORTH = 1.5  # times: what is not quicker than that is not worth a word


def multiplications(read: TrainingProgram, shapes: Shapes) -> int:
    """The multiplications of one image's way through a network: those of its weights."""
    total = 0
    for index in read.steps:
        for source in read.nodes[index].inputs:
            weight = shapes.values[source]
            if source in read.parameters and len(weight) > 1:
                total += math.prod(weight) * math.prod(shapes.values[index][2:])
    return total


def work(num_layers: int, num_classes: int, image_shape: tuple[int, int, int]) -> int:
    """The multiplications of one image's way through the algorithm's own network.

    Raises:
        HyperparameterError: there is no network of this depth for images of this height.
    """
    read = program.read(symbol.resnet(num_layers, num_classes, image_shape))
    return multiplications(read, program.shapes(read, image_shape))


@dataclass
class Forecast:
    """Says once how long a job takes.

    Attributes:
        chosen: The job's hyperparameters.
        one: The multiplications of one image.
        train: The number of training images.
        validation: The number of validation images.
        own: Whether the network is the algorithm's own. The depth of a given one is not to be chosen.
    """

    chosen: Hyperparameters
    one: int
    train: int
    validation: int
    own: bool = True
    said: bool = field(default=False, init=False)

    @property
    def batches(self) -> int:
        """The batches of an epoch."""
        return self.train // self.chosen.mini_batch_size

    def at_first(self, *, threads: int) -> list[str]:
        """What to say before the first batch, as far as this can be told by the size of the network."""
        passes = self.chosen.epochs * (PASSES * self.train + self.validation)
        if self.one * passes / (SPEED * threads) <= LONG:
            return []
        return [
            "This machine has no GPU, and this network is large: the job will take more than some minutes. An estimate "
            "follows after the first batches",
            *_listed(self.quicker()),
        ]

    def after(self, batches: int, seconds: float, *, epochs_done: int = 0) -> list[str]:
        """What to say after some batches of the first epoch in this process.

        Args:
            batches: The number of batches since then.
            seconds: The time that they took.
            epochs_done: The epochs that an interrupted job had finished.
        """
        few = batches >= min(FEW, self.batches) and seconds >= ENOUGH
        if self.said or not (few or batches >= SOME or seconds >= PATIENCE):
            return []
        self.said = True
        batch = seconds / batches
        epoch = batch * (self.batches + self.validation / self.chosen.mini_batch_size / PASSES)
        epochs = self.chosen.epochs - epochs_done
        if epoch * epochs <= LONG:
            return []
        lines = [f"Estimate: {span(batch)} a batch, {span(epoch)} an epoch, {span(epoch * epochs)} for {epochs} epochs"]
        lines += _listed(self.quicker(epoch))
        if epoch > LONG:
            lines.append(f"The first epoch takes longer than {span(LONG)}; StopTrainingJob ends the job at any time")
        return lines

    def quicker(self, epoch: float = math.inf) -> Sequence[str]:
        """Hyperparameters with which the job would be quicker, and how many times.

        Args:
            epoch: The seconds of an epoch, if they are known.
        """
        found = []
        channels, height, _ = self.chosen.image_shape
        small = (channels, SMALL_IMAGE_HEIGHT, SMALL_IMAGE_HEIGHT)
        shallow, shallowest = LARGE_IMAGE_LAYERS[0], SMALL_IMAGE_LAYERS[0]
        options = [(shallow if height > SMALL_IMAGE_HEIGHT else shallowest, self.chosen.image_shape)]
        if height > SMALL_IMAGE_HEIGHT:
            options.append((shallowest, small))
        for layers, shape in options if self.own else []:
            try:
                times = self.one / work(layers, self.chosen.num_classes, shape)
            except ImageClassificationError:  # no such network for these images
                continue
            if times >= WORTH:
                other = "" if shape == self.chosen.image_shape else f"image_shape={','.join(map(str, shape))} with "
                found.append(f"{other}num_layers={layers} ({_times(times)})")
        within = int(LONG / epoch)
        if 1 <= within < self.chosen.epochs:
            found.append(f"epochs={within} ({_times(self.chosen.epochs / within)})")
        return found


def _listed(quicker: Sequence[str]) -> list[str]:
    return [f"Quicker would be: {', '.join(quicker)}"] if quicker else []


def _times(ratio: float) -> str:
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.1f} times"


def span(seconds: float) -> str:
    """A time in words.

    >>> span(0.25), span(40), span(600), span(19_500)
    ('0.2 s', '40 s', '10 min', '5.4 h')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"
