"""Making a version of a model artifact from anywhere.

Example::

    register_artifact(environment, "model.tar.gz", ("bicycle", "motorcycle"), dataset=load(Path("build/dataset")))
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification.errors import ArtifactError, UserError
from scones import aws
from scones.errors import InputError
from scones.model import artifacts
from scones.model.registry.creation import create, pin_if_approved
from scones.model.registry.versions import ACCURACY, Version, group_of, listed

if TYPE_CHECKING:
    from rich.progress import Progress

    from scones.dataset import Dataset
    from scones.settings import Environment

#: What stands before the artifact's name in place of a job's, which has no slash.
IMPORTED = "imported/"


def register_artifact(
    environment: Environment,
    place: str | os.PathLike[str],
    classes: tuple[str, ...],
    *,
    dataset: Dataset | None = None,
    calibrate: bool = True,
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
        place: A ``model.tar.gz``, a folder of its files, or ``s3://…``.
        classes: The classes in the order of the model's outputs.
        dataset: What to measure on; without it the accuracy is unknown, and the version waits for approval.
        calibrate: Whether to; else the artifact is registered as it is.
        bucket: Where the artifact goes, under ``models/imported/``; the foundation stack's, if not given.
        group, progress, warn, client: As for :func:`register`.

    Raises:
        ArtifactError: there is no artifact, or it cannot be run here.
        InputError: the model has another number of classes, or the data set has other classes.
        SettingsError: the algorithm is not offered in the environment's region.
    """
    from imageclassification import artifact as files
    from imageclassification.predictor import Predictor
    from scones.model.image import image_uri

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
                metrics |= {ACCURACY: answers.accuracy, confidence.ERROR: answers.calibration_error()}
                if calibrate:
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
