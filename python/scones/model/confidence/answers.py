"""What a model artifact answers to validation images, and the temperature that makes its confidence honest.

Example::

    calibrated, metrics = calibrate(artifact, images)
    metrics     # {'temperature': 1.62, 'validation:ece': 0.083, 'validation:ece_calibrated': 0.031}

Images are decoded and resized as the endpoint does it, so the figures are those of what will be deployed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imageclassification.artifact import Artifact
from imageclassification.calibration import fit_temperature, fold
from imageclassification.errors import ArtifactError
from imageclassification.predictor import LARGEST_BATCH, Predictor
from scones.dataset.progress import begin
from scones.errors import InputError
from scones.model.confidence.images import LabelledImages
from scones.model.measures import expected_calibration_error

if TYPE_CHECKING:
    from rich.progress import Progress

TEMPERATURE = "temperature"
ERROR = "validation:ece"
ERROR_CALIBRATED = "validation:ece_calibrated"

FEWEST = 20  # images: fewer tell a temperature from chance no more


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's answers to labelled images.

    Attributes:
        logits: Scores before the softmax; float32, shape (images, classes).
        labels: int64, shape (images,).
    """

    logits: np.ndarray
    labels: np.ndarray

    def probabilities(self, temperature: float = 1.0) -> np.ndarray:
        """float64, shape (images, classes)."""
        scaled = self.logits.astype(np.float64) / temperature
        weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    @property
    def confidences(self) -> np.ndarray:
        """The probability of each image's answer; float64, shape (images,)."""
        return self.probabilities().max(axis=1)

    @property
    def correct(self) -> np.ndarray:
        """bool, shape (images,)."""
        return self.logits.argmax(axis=1) == self.labels

    @property
    def accuracy(self) -> float:
        """The share of images answered rightly."""
        return float(self.correct.mean())

    def calibration_error(self, temperature: float = 1.0) -> float:
        """The expected calibration error, 15 bins."""
        return expected_calibration_error(self.probabilities(temperature), self.labels)


def ask(artifact: Artifact, images: LabelledImages, *, progress: Progress | None = None) -> Answers:
    """Send images through an artifact's network.

    Args:
        progress: Gets a bar of its own.

    Raises:
        ArtifactError: its network cannot be run here, or gives several labels an image.
        InputError: the images have a label that it has no output for.
        ImageError: one of them cannot be decoded.
    """
    predictor = Predictor(artifact)
    if predictor.multi_label:
        raise ArtifactError(
            "the model gives several labels an image (multi_label): it has no one answer whose confidence could be told"
        )
    if images.labels.max() >= predictor.num_classes:
        raise InputError(
            f"the images have labels up to {images.labels.max()}; the model has {predictor.num_classes} classes"
        )
    done = begin(progress, "Asking the model", len(images.files))
    found = []
    for start in range(0, len(images.files), LARGEST_BATCH):
        batch = images.files[start : start + LARGEST_BATCH]
        found.append(predictor.logits(batch))
        done(len(batch))
    return Answers(np.concatenate(found), images.labels)


def calibrate(artifact: Artifact, answers: Answers) -> tuple[Artifact, dict[str, float]]:
    """Fold the temperature that fits an artifact's answers into it.

    The errors before and after are measured on the very images the temperature is fitted on. It is one number, so
    they flatter it little; that its answers stay as they were is certain.

    Returns:
        The calibrated artifact, and ``temperature``, ``validation:ece`` and ``validation:ece_calibrated``.

    Raises:
        ArtifactError: the network's last layer cannot take up a temperature.
        InputError: there are too few images.
        UserError: a score is no finite number.
    """
    if len(answers.labels) < FEWEST:
        raise InputError(f"{len(answers.labels)} validation images are too few to calibrate on; {FEWEST} are needed")
    # Of so many digits as mean something: the artifact's bytes do not hang on the last bits of a library's sums.
    temperature = round(fit_temperature(answers.logits, answers.labels), 4)
    return fold(artifact, temperature), {
        TEMPERATURE: temperature,
        ERROR: answers.calibration_error(),
        ERROR_CALIBRATED: answers.calibration_error(temperature),
    }
