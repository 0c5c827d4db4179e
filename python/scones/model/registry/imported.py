"""Making a version of a model artifact from anywhere.

Example::

    found = ForeignModel("model.tar.gz", ("bicycle", "motorcycle"), dataset=load(Path("build/dataset")))
    register_artifact(environment, found)
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification.errors import ArtifactError, UserError
from scones import aws
from scones.errors import InputError
from scones.model import artifacts
from scones.model.registry.creation import create, pin_if_approved
from scones.model.registry.pinned import VALIDATION_ACCURACY
from scones.model.registry.versions import Version, group_of, listed

if TYPE_CHECKING:
    from rich.progress import Progress

    from scones.dataset import Dataset
    from scones.settings import Environment

#: What stands before the artifact's name in place of a job's, which has no slash.
IMPORTED = "imported/"


@dataclass(frozen=True)
class ForeignModel:
    """A model from anywhere.

    Attributes:
        place: A ``model.tar.gz``, a folder of its files, or ``s3://…``.
        classes: The classes in the order of the model's outputs.
        dataset: What to measure on; without it the accuracy is unknown, and the version waits for approval.
        calibrate: Whether to; else the artifact is registered as it is.
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
    """Register a model from anywhere, under the same gate as one that was trained here.

    Its accuracy is measured on a data set's validation images, and its temperature fitted on them. What is registered
    already, with the same classes and the same figures, is not registered twice.

    Args:
        found: The model, and what it is measured on.
        bucket: Where the artifact goes, under ``models/imported/``; the foundation stack's, if not given.
        group: The model package group; the foundation stack's, if not given.
        progress: Gets bars for what is fetched and asked.
        warn: Called with what a person should know.
        client: Makes the environment's clients.

    Raises:
        ArtifactError: there is no artifact, or it cannot be run here.
        InputError: the model has another number of classes, or the data set has other classes.
        SettingsError: the algorithm is not offered in the environment's region.
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
            hint="name them in the order of its outputs: --classes a,b,…",
        )
    if dataset and dataset.classes != tuple(classes):
        raise InputError(
            f"the data set in {dataset.root} has the classes {', '.join(dataset.classes)}, not {', '.join(classes)}",
            hint="give another one, in the model's order: --dataset DIR",
        )
    Predictor(artifact).warm_up()
    metrics: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        if dataset:
            from scones.model import confidence

            try:
                answers = confidence.ask(artifact, confidence.images_of(dataset), progress=progress)
                metrics |= {VALIDATION_ACCURACY: answers.accuracy, confidence.ERROR: answers.calibration_error()}
                if found.calibrate:
                    artifact, more = confidence.calibrate(artifact, answers)
                    metrics |= more
                    path = files.write(Path(folder) / artifacts.NAME, artifact)
            except (ArtifactError, UserError, InputError) as error:
                warn(f"the model is registered as it is, without calibration: {error.message}")
        else:
            warn("there is no data set of these classes: the model's accuracy is unknown, and it is not calibrated")
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
