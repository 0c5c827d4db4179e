"""Finds the model that a training job starts from, and uploads it for the job.

Example (not run: it needs an AWS account)::

    start = find(environment, "3")                       # a version, a path or s3://BUCKET/KEY
    start.settings                                       # {'image_shape': '3,28,28', 'num_layers': '20'}
    start.put(s3, "scones-dev-1")                        # 's3://scones-dev-1/models/…/model.tar.gz'
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import aws
from scones.dataset.stored import DESCRIPTION
from scones.errors import RegistryError
from scones.model import artifacts
from scones.s3 import split

if TYPE_CHECKING:
    from rich.progress import Progress

    from imageclassification.artifact import Artifact
    from scones.settings import Environment


@dataclass(frozen=True)
class StartingModel:
    """A model to start from.

    Attributes:
        path: The ``model.tar.gz``, or the folder of its files, on this machine.
        uri: The model's URI in S3. None for a model from this machine.
        classes: The classes that it was trained on. None if they are not known.
    """

    artifact: Artifact
    path: Path
    uri: str | None
    classes: tuple[str, ...] | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The hyperparameters of the model's network: ``image_shape`` and ``num_layers``."""
        from imageclassification import pretrained

        layers = pretrained.num_layers(self.artifact.symbol)
        return {
            "image_shape": ",".join(map(str, self.artifact.image_shape)),
            **({"num_layers": str(layers)} if layers else {}),
        }

    def put(self, s3: Any, bucket: str) -> str:
        """Upload the model, unless it is already under ``models/`` of the bucket. The job's role may read that prefix.

        Returns:
            The model's URI in S3.

        Raises:
            CloudError: S3 refused the upload.
        """
        if self.uri and self.uri.startswith(f"s3://{bucket}/models/"):
            return self.uri
        return artifacts.upload(s3, bucket, self.path)


def find(
    environment: Environment,
    place: str,
    *,
    client: Callable[..., Any] = aws.client,
    progress: Progress | None = None,
) -> StartingModel:
    """Find a model and read it.

    Args:
        place: The number of a version, a ``model.tar.gz``, a folder of its files, a checkpoint of MXNet
            (``resnet-18-0000.params``, with ``resnet-18-symbol.json`` beside it), or ``s3://BUCKET/KEY``.
        client: Makes boto3 clients.
        progress: Shows a download.

    Raises:
        RegistryError: the version does not exist.
        ArtifactError: the model does not exist or cannot be read.
    """
    from imageclassification import artifact

    if place.isdecimal() and not Path(place).exists():
        place = _version(environment, int(place), client)
    path = artifacts.fetch(environment, place, client=client, progress=progress)
    uri = place if "://" in place else None
    return StartingModel(artifact.read(path), path, uri, _classes(environment, uri, client) if uri else None)


def _classes(environment: Environment, uri: str, client: Callable[..., Any]) -> tuple[str, ...] | None:
    """The classes of a job's model, as the job's data set says. None for another model, or if nobody knows any more."""
    from botocore.exceptions import ClientError

    of_job = re.fullmatch(r"s3://[^/]+/models/([^/]+)/output/model\.tar\.gz", uri)
    if not of_job:
        return None
    try:
        job = client(environment, "sagemaker").describe_training_job(TrainingJobName=of_job[1])
        (train,) = (one for one in job["InputDataConfig"] if one["ChannelName"] == "train")
        bucket, key = split(train["DataSource"]["S3DataSource"]["S3Uri"])
        described = f"{key.rstrip('/').rpartition('/')[0]}/{DESCRIPTION}"
        body = client(environment, "s3").get_object(Bucket=bucket, Key=described)["Body"].read()
        return tuple(json.loads(body)["classes"])
    except (ClientError, KeyError, ValueError):
        return None


def _version(environment: Environment, number: int, client: Callable[..., Any]) -> str:
    from scones.model import registry

    found = registry.versions(environment, client=client)
    version = next((version for version in found if version.version == number), None)
    if version is None or version.model is None:
        there = ", ".join(str(version.version) for version in found if version.model) or "none"
        raise RegistryError(
            f"environment '{environment.name}' has no version {number} to start from",
            hint=f"there are: {there}; invoke models lists them",
        )
    return version.model.artifact_uri
