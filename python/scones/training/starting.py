"""The model that a training job starts from: found, checked against the job, put where the job may read it.

Example::

    start = find(environment, "3")                       # a version; or a path, or s3://BUCKET/KEY
    start.settings                                       # {'image_shape': '3,28,28', 'num_layers': '20'}
    start.put(s3, "scones-dev-1")                        # 's3://scones-dev-1/models/…/model.tar.gz'
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import aws
from scones.errors import RegistryError
from scones.model import artifacts

if TYPE_CHECKING:
    from rich.progress import Progress

    from imageclassification.artifact import Artifact
    from scones.settings import Environment


@dataclass(frozen=True)
class StartingModel:
    """A model to start from.

    Attributes:
        path: Its file, or the folder of its files.
        uri: Where it is in S3; None where it came from this machine.
    """

    artifact: Artifact
    path: Path
    uri: str | None

    @property
    def settings(self) -> dict[str, str]:
        """The hyperparameters that its network settles, unless someone sets others."""
        from imageclassification import pretrained

        layers = pretrained.num_layers(self.artifact.symbol)
        return {
            "image_shape": ",".join(map(str, self.artifact.image_shape)),
            **({"num_layers": str(layers)} if layers else {}),
        }

    def put(self, s3: Any, bucket: str) -> str:
        """Where a job finds it: where it is, if that is among the bucket's models, which the job's role may read.

        Raises:
            CloudError: S3 refused it.
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
    """Find a model, and read it.

    Args:
        environment: Whose registry and buckets are asked.
        place: A version's number, as ``invoke models`` lists it; a ``model.tar.gz`` or the folder of its files; or
            ``s3://BUCKET/KEY``.
        client: Makes the environment's clients.
        progress: Where a download is shown.

    Raises:
        RegistryError: there is no such version.
        ArtifactError: there is no model there, or it cannot be read.
    """
    from imageclassification import artifact

    if place.isdecimal() and not Path(place).exists():
        place = _version(environment, int(place), client)
    path = artifacts.fetch(environment, place, client=client, progress=progress)
    return StartingModel(artifact.read(path), path, place if "://" in place else None)


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
