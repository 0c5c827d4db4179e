"""Registers a model artifact that was not trained by this project.

Example (not run: it needs an AWS account)::

    found = ForeignModel("model.tar.gz", ("bicycle", "motorcycle"), dataset=load(Path("build/dataset")))
    register_artifact(environment, found)
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification.errors import ArtifactError, UserError
from scones import aws
from scones.dataset import labels
from scones.errors import InputError
from scones.model import artifacts
from scones.model.registry.creation import create, pin_if_approved
from scones.model.registry.pinned import VALIDATION_ACCURACY, VALIDATION_IMAGES, WANTED_ACCURACY
from scones.model.registry.versions import Version, group_of, listed

if TYPE_CHECKING:
    from rich.progress import Progress

    from scones.dataset import Dataset
    from scones.settings import Environment

#: The prefix of ``job`` for a model without a training job. A job's name has no slash.
IMPORTED = "imported/"


@dataclass(frozen=True)
class ForeignModel:
    """A model that was not trained by this project.

    Attributes:
        place: A ``model.tar.gz``, a folder of its files, or ``s3://BUCKET/KEY``.
        classes: Class names, in the order of the model's outputs.
        dataset: Measures the accuracy. Without it the accuracy is unknown, and the version waits for approval.
        calibrate: Whether to calibrate the model before it is registered.
    """

    place: str | os.PathLike[str]
    classes: tuple[str, ...]
    dataset: Dataset | None = None
    calibrate: bool = True


def register_artifact(
    environment: Environment,
    found: ForeignModel,
    *,
    group: str | None = None,
    bucket: str | None = None,
    progress: Progress | None = None,
    warn: Callable[[str], None] = lambda text: None,
    client: Callable[..., Any] = aws.client,
) -> Version:
    """Register a model. It needs the same minimum accuracy as a model of a training job.

    The data set's validation images give its accuracy and the temperature for its calibration. A model with the same
    artifact, classes and metrics is not registered again.

    Args:
        group: The model package group. By default, the foundation stack's.
        bucket: The bucket for the artifact, under ``models/imported/``. By default, the foundation stack's.
        progress: Shows bars for downloads and the measurement. None shows nothing.
        warn: Called with a warning for the user.
        client: Makes boto3 clients.

    Raises:
        ArtifactError: there is no artifact, or it cannot be run here.
        InputError: the model has another number of classes, or the data set has other classes.
        SettingsError: the environment's region does not have the algorithm.
    """
    from imageclassification import artifact as files
    from imageclassification.predictor import Predictor
    from scones.model.image import image_uri

    place, classes, dataset = found.place, found.classes, found.dataset
    image = image_uri(environment.region)
    path = artifacts.fetch(environment, place, client=client, progress=progress)
    artifact = files.read(path)
    if artifact.num_classes != len(classes):
        raise InputError(
            f"{place} has {artifact.num_classes} classes; {len(classes)} are named: {', '.join(classes)}",
            hint="name the classes in the order of the model's outputs, for instance: "
            f"{labels.option(f'class{number}' for number in range(artifact.num_classes))}",
        )
    if dataset and dataset.classes != tuple(classes):
        raise InputError(
            f"the data set in {dataset.root} has the classes {', '.join(dataset.classes)}, not {', '.join(classes)}",
            hint="use a data set with the model's classes in the same order: --dataset DIR",
        )
    Predictor(artifact).warm_up()
    metrics: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        if dataset:
            from scones.model import confidence

            try:
                answers = confidence.ask(artifact, confidence.images_of(dataset), progress=progress)
                answers = replace(answers, other=labels.place_of_other(classes))
                metrics |= {VALIDATION_ACCURACY: answers.accuracy, VALIDATION_IMAGES: float(len(answers.labels))}
                metrics |= {confidence.ERROR: answers.calibration_error()}
                if answers.wanted_accuracy is not None:
                    metrics |= {WANTED_ACCURACY: answers.wanted_accuracy}
                if found.calibrate:
                    artifact, more = confidence.calibrate(artifact, answers)
                    metrics |= more
                    path = files.write(Path(folder) / artifacts.NAME, artifact)
            except (ArtifactError, UserError, InputError) as error:
                warn(f"the model is registered as it is, without calibration: {error.message}")
        else:
            warn("there is no data set of these classes, so the model's accuracy is unknown and it is not calibrated")
        uri = artifacts.upload(client(environment, "s3"), bucket or _bucket(environment), path)
    digest = uri.split("/")[-2]
    sagemaker, group = client(environment, "sagemaker"), group or group_of(environment)
    metrics = {name: round(value, 6) for name, value in metrics.items()}  # as the registry keeps them
    version = next(
        (
            known
            for known in listed(sagemaker, group)
            if known.model
            and known.job == f"{IMPORTED}{digest[:12]}"
            and (known.model.artifact_sha256, known.model.class_labels) == (digest, tuple(classes))
            and known.model.metrics == metrics
        ),
        None,
    )
    if version is None:
        version = create(
            environment,
            sagemaker,
            group,
            origin="brought from elsewhere",
            image_uri=image,
            artifact_uri=uri,
            job=f"{IMPORTED}{digest[:12]}",
            artifact_sha256=digest,
            class_labels=tuple(classes),
            metrics=metrics,
            dataset_fingerprint=dataset.fingerprint if dataset else "",
            git_commit="",
        )
    return pin_if_approved(environment, version)


def _bucket(environment: Environment) -> str:
    from scones.terraform import Stack

    return Stack(environment, "foundation").outputs()["bucket"]
