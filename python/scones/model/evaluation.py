"""Measures a model on the test split, through an endpoint or directly with its artifact.

Example (not run: it needs a running endpoint)::

    found = evaluate(runtime, "scones-dev", dataset.images("test"), classes=dataset.classes)
    found.accuracy                     # 0.915
    found.interval                     # (0.868, 0.946), the 95 % interval
    evaluate_artifact(Predictor.load("model.tar.gz"), dataset.images("test"), classes=dataset.classes)

Every request to an endpoint has an ``InferenceId`` (``evaluate-<time>-<number>``), and the image's name as
``CustomAttributes``. They connect captured requests with the test images.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from imageclassification import files
from imageclassification.errors import ArtifactError, ImageError
from scones.dataset import labels
from scones.dataset.progress import begin
from scones.errors import CloudError, InputError
from scones.model.measures import THRESHOLDS, ClassScore, Coverage, confusion, coverage, passing, scores, wilson

if TYPE_CHECKING:
    from rich.progress import Progress

    from imageclassification.predictor import Predictor
    from scones.dataset import LabelledImage

CONTENT_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A model's answers to labelled images.

    Attributes:
        endpoint: The endpoint's name. None if an artifact was measured directly.
        classes: Class names, in label order.
        labels: int64, shape (images,).
        probabilities: float64, shape (images, classes).
        seconds: The client's time for each request; float64, shape (images,).
        about: More facts for the record, for instance model package and data set fingerprint.
    """

    endpoint: str | None
    classes: tuple[str, ...]
    names: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray
    seconds: np.ndarray
    about: Mapping[str, Any]

    @property
    def predictions(self) -> np.ndarray:
        """The most probable class of each image; int64, shape (images,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def correct(self) -> np.ndarray:
        """Whether each prediction is right; bool, shape (images,)."""
        return self.predictions == self.labels

    @property
    def accuracy(self) -> float:
        """The share of right predictions, 0 to 1."""
        return float(self.correct.mean())

    @property
    def other(self) -> int | None:
        """The label of the class ``other``. None if there is none."""
        return labels.place_of_other(self.classes)

    @property
    def foreign(self) -> np.ndarray | None:
        """Whether each image is of none of the wanted classes; bool, shape (images,). None without ``other``."""
        return None if self.other is None else self.labels == self.other

    @property
    def passing(self) -> np.ndarray:
        """The confidence of each answer, as a threshold judges it (see :func:`scones.model.measures.passing`)."""
        return passing(self.probabilities, self.other)

    @property
    def wanted(self) -> tuple[int, int] | None:
        """Of the images of the wanted classes: the number of right answers, and of all. None without ``other``."""
        if self.foreign is None or self.foreign.all():
            return None
        return int(self.correct[~self.foreign].sum()), int((~self.foreign).sum())

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the accuracy (see :func:`wilson`)."""
        return wilson(int(self.correct.sum()), len(self.labels))

    @property
    def confusion(self) -> np.ndarray:
        """int64, shape (classes, classes). Rows are true classes, columns are predictions."""
        return confusion(self.labels, self.predictions, len(self.classes))

    @property
    def scores(self) -> list[ClassScore]:
        """Precision and recall of every class."""
        return scores(self.confusion, self.classes)

    def coverage(self, thresholds: Sequence[float] = THRESHOLDS) -> list[Coverage]:
        """The share of images that each threshold answers, and the accuracy on them."""
        return coverage(self.passing, self.correct, thresholds, self.foreign)

    def to_json(self) -> dict[str, Any]:
        """The content of ``build/evaluation.json``."""
        low, high = self.interval
        return {
            **({"endpoint": self.endpoint} if self.endpoint else {}),
            **self.about,
            "classes": list(self.classes),
            "images": len(self.labels),
            "accuracy": self.accuracy,
            "accuracy_interval_95": [low, high],
            **({"wanted_accuracy": self.wanted[0] / self.wanted[1]} if self.wanted else {}),
            "confusion": self.confusion.tolist(),
            "per_class": [vars(score) for score in self.scores],
            "thresholds": [
                {name: value for name, value in vars(one).items() if name != "foreign" or value is not None}
                for one in self.coverage()
            ],
            "latency_ms": {
                "median": float(np.median(self.seconds)) * 1000,
                "p95": float(np.percentile(self.seconds, 95)) * 1000,
            },
            "predictions": [
                {"name": name, "label": self.classes[label], "probabilities": row}
                for name, label, row in zip(self.names, self.labels.tolist(), self.probabilities.tolist(), strict=True)
            ],
        }

    def write(self, path: Path) -> Path:
        """Write :meth:`to_json` to a file. An error leaves no incomplete file."""
        return files.write(path, json.dumps(self.to_json(), indent=2) + "\n")


def pick(images: Sequence[LabelledImage], limit: int | None) -> list[LabelledImage]:
    """The first images of each class, ``limit`` in all. None returns all images.

    Raises:
        InputError: ``limit`` is less than 1.
    """
    if limit is None or limit >= len(images):
        return list(images)
    if limit < 1:
        raise InputError(f"--limit must be 1 or more, not {limit}")
    by_class: dict[int, list[LabelledImage]] = {}
    for one in images:
        by_class.setdefault(one.label, []).append(one)
    rounds = ((place, label, one) for label, group in by_class.items() for place, one in enumerate(group))
    return [one for _, _, one in sorted(rounds, key=lambda found: found[:2])[:limit]]


def check_classes(classes: Sequence[str], class_labels: Sequence[str]) -> None:
    """Refuse a data set whose classes, or their order, differ from the model's.

    Args:
        classes: The data set's classes.
        class_labels: The model's classes.

    Raises:
        InputError: they differ.
    """
    if tuple(classes) != tuple(class_labels):
        raise InputError(
            f"the data set's classes are {', '.join(classes)}; the pinned model's are {', '.join(class_labels)}",
            hint=f"train a model on this one: invoke train\n"
            f"or make the model's data set: invoke etl {labels.option(class_labels)}",
        )


def evaluate(
    runtime: Any,
    endpoint: str,
    images: Sequence[LabelledImage],
    *,
    classes: Sequence[str],
    about: Mapping[str, Any] | None = None,
    workers: int = 8,
    progress: Progress | None = None,
    on_answer: Callable[[str], None] | None = None,
) -> Evaluation:
    """Send labelled images to an endpoint.

    Args:
        runtime: A boto3 ``sagemaker-runtime`` client. Its connection pool should have ``workers`` connections.
        classes: Class names, in label order.
        about: More facts for the result.
        workers: The number of parallel requests.
        on_answer: Called with the InferenceId of each request that the endpoint has answered.

    Raises:
        InputError: there are no images.
        CloudError: the endpoint refused an image, or its answer is not one probability a class.
    """
    _refuse_nothing(images)
    run = f"evaluate-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    ids = [f"{run}-{number:06d}" for number in range(len(images))]
    answers: dict[int, tuple[list[float], float]] = {}
    step = begin(progress, f"evaluating {endpoint}", len(images))
    pool = ThreadPoolExecutor(workers, thread_name_prefix="evaluate")
    try:
        running = {
            pool.submit(_ask, runtime, endpoint, one, ids[number], len(classes)): number
            for number, one in enumerate(images)
        }
        for done in as_completed(running):
            answers[running[done]] = done.result()
            if on_answer:
                on_answer(ids[running[done]])
            step(1)
    finally:
        pool.shutdown(cancel_futures=True)
    return _evaluation(endpoint, classes, images, [answers[number] for number in range(len(images))], about)


def evaluate_artifact(
    predictor: Predictor,
    images: Sequence[LabelledImage],
    *,
    classes: Sequence[str],
    about: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure an artifact in this process, one image at a time, with the endpoint's preprocessing.

    Args:
        predictor: The loaded artifact.
        classes: Class names, in label order. An artifact has no class names, so only their number is checked.
        about: More facts for the result.

    Raises:
        InputError: there are no images, or the artifact has another number of classes.
        ArtifactError: the model gives several labels an image.
        ImageError: an image cannot be decoded.
    """
    _refuse_nothing(images)
    if predictor.num_classes != len(classes):
        raise InputError(
            f"the artifact has {predictor.num_classes} classes; the data set has {len(classes)}: " + ", ".join(classes),
            hint="use the data set that the model was trained on: --dataset FOLDER",
        )
    if predictor.multi_label:
        raise ArtifactError(
            "the artifact gives several labels an image (multi_label), so it has no single answer to count"
        )
    predictor.warm_up()
    answers = []
    step = begin(progress, "evaluating the artifact", len(images))
    for one in images:
        body = one.path.read_bytes()
        begun = time.perf_counter()
        try:
            (row,) = predictor.probabilities([body])
        except ImageError as error:
            raise ImageError(f"{one.path}: {error.message}", hint="make the data set again: invoke etl") from None
        answers.append((row.tolist(), time.perf_counter() - begun))
        step(1)
    return _evaluation(None, classes, images, answers, about)


def _refuse_nothing(images: Sequence[LabelledImage]) -> None:
    if not images:
        raise InputError("the test split has no images", hint="make it with: invoke etl")


def _evaluation(
    endpoint: str | None,
    classes: Sequence[str],
    images: Sequence[LabelledImage],
    answers: Sequence[tuple[list[float], float]],
    about: Mapping[str, Any] | None,
) -> Evaluation:
    return Evaluation(
        endpoint=endpoint,
        classes=tuple(classes),
        names=tuple(one.name for one in images),
        labels=np.array([one.label for one in images], dtype=np.int64),
        probabilities=np.array([numbers for numbers, _ in answers], dtype=np.float64),
        seconds=np.array([seconds for _, seconds in answers]),
        about=dict(about or {}),
    )


def _ask(runtime: Any, endpoint: str, one: LabelledImage, inference_id: str, classes: int) -> tuple[list[float], float]:
    from botocore.exceptions import ClientError

    body = one.path.read_bytes()
    begun = time.perf_counter()
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType=CONTENT_TYPES.get(one.path.suffix.lower(), "application/x-image"),
            Accept="application/json",
            InferenceId=inference_id,
            # SageMaker accepts visible ASCII only, up to 1,024 characters. The Lambda functions quote it the same way.
            CustomAttributes=quote(one.name, safe="/")[:1024],
            Body=body,
        )["Body"].read()
    except ClientError as error:
        raise CloudError(
            f"endpoint {endpoint} refused {one.name}: {error}",
            hint="is it InService? aws sagemaker describe-endpoint --endpoint-name " + endpoint,
        ) from None
    seconds = time.perf_counter() - begun
    try:
        found = [float(number) for number in json.loads(answer)]
    except (ValueError, TypeError):
        found = []
    if len(found) != classes:
        raise CloudError(
            f"endpoint {endpoint} answered {one.name} with {answer[:80]!r}, not with {classes} probabilities",
            hint="does the endpoint serve the pinned model? apply the service stack: invoke tf.apply --stack service",
        )
    return found, seconds
