"""Gets a model's answers to validation images, and calibrates the model with a temperature.

Example (not run: it needs a trained model)::

    answers = ask(artifact, images_of(dataset))
    calibrated, metrics = calibrate(artifact, answers)
    metrics     # {'temperature': 1.62, 'validation:ece': 0.083, 'validation:ece_calibrated': 0.031}

Images are decoded and resized as on the endpoint. The deployed model therefore has the same accuracy.
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
from scones.model.measures import expected_calibration_error, passing

if TYPE_CHECKING:
    from rich.progress import Progress

TEMPERATURE = "temperature"
ERROR = "validation:ece"
ERROR_CALIBRATED = "validation:ece_calibrated"

FEWEST = 20  # images; with fewer, the temperature is mostly chance


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's answers to labelled images.

    Attributes:
        logits: Scores before the softmax; float32, shape (images, classes).
        labels: int64, shape (images,).
        other: The label of the class ``other``. None if the model does not have it.

    Example::

        >>> answers = Answers(np.array([[2, 0], [0, 1]], np.float32), labels=np.array([0, 0]))
        >>> answers.confidences.round(3).tolist(), answers.correct.tolist()
        ([0.881, 0.731], [True, False])
    """

    logits: np.ndarray
    labels: np.ndarray
    other: int | None = None

    def probabilities(self, temperature: float = 1.0) -> np.ndarray:
        """The softmax of the logits divided by ``temperature``; float64, shape (images, classes)."""
        scaled = self.logits.astype(np.float64) / temperature
        weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    @property
    def confidences(self) -> np.ndarray:
        """The probability of each prediction; float64, shape (images,)."""
        return self.probabilities().max(axis=1)

    @property
    def passing(self) -> np.ndarray:
        """The confidence of each answer, as a threshold judges it (see :func:`scones.model.measures.passing`)."""
        return passing(self.probabilities(), self.other)

    @property
    def foreign(self) -> np.ndarray | None:
        """Whether each image is of none of the wanted classes; bool, shape (images,). None without ``other``."""
        return None if self.other is None else self.labels == self.other

    @property
    def wanted_accuracy(self) -> float | None:
        """The share of right predictions among the images of the wanted classes. None without ``other``."""
        wanted = None if self.foreign is None else ~self.foreign
        return None if wanted is None or not wanted.any() else float(self.correct[wanted].mean())

    @property
    def correct(self) -> np.ndarray:
        """Whether each prediction is right; bool, shape (images,)."""
        return self.logits.argmax(axis=1) == self.labels

    @property
    def accuracy(self) -> float:
        """The share of right predictions, 0 to 1."""
        return float(self.correct.mean())

    def calibration_error(self, temperature: float = 1.0) -> float:
        """The expected calibration error with 15 bins, 0 to 1."""
        return expected_calibration_error(self.probabilities(temperature), self.labels)


def ask(artifact: Artifact, images: LabelledImages, *, progress: Progress | None = None) -> Answers:
    """Run an artifact's network on images.

    Raises:
        ArtifactError: the network cannot be run here, or gives several labels an image.
        InputError: the images have more classes than the network.
        ImageError: an image cannot be decoded.
    """
    predictor = Predictor(artifact)
    if predictor.multi_label:
        raise ArtifactError(
            "the model gives several labels an image (multi_label), so there is no single confidence to measure"
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
    """Fit a temperature to an artifact's answers, and fold it into the network's last layer.

    The predicted classes do not change. Both calibration errors are measured on the images of the fit. They are only
    slightly too good, because the temperature is a single number.

    Returns:
        The calibrated artifact, and ``temperature``, ``validation:ece`` and ``validation:ece_calibrated``.

    Raises:
        ArtifactError: the network's last layer cannot hold a temperature.
        InputError: there are too few images.
        UserError: a score is not finite.
    """
    if len(answers.labels) < FEWEST:
        raise InputError(f"{len(answers.labels)} validation images are too few to calibrate on; {FEWEST} are needed")
    # Rounded, so that the artifact's bytes do not depend on the last bits of a library's sums.
    temperature = round(fit_temperature(answers.logits, answers.labels), 4)
    return fold(artifact, temperature), {
        TEMPERATURE: temperature,
        ERROR: answers.calibration_error(),
        ERROR_CALIBRATED: answers.calibration_error(temperature),
    }
