"""Reads and writes the pinned model, ``model.tfvars.json``. Terraform deploys it.

Example::

    >>> model = PinnedModel("arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/1", 1,
    ...     image_uri="811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
    ...     artifact_uri="s3://BUCKET/models/job/output/model.tar.gz", artifact_sha256="5f1c",
    ...     class_labels=("bicycle", "motorcycle"), metrics={"validation:accuracy": 0.93},
    ...     dataset_fingerprint="3f9a", git_commit="1f0c")
    >>> write_pin(Path("model.tfvars.json"), model)
    >>> read_pin(Path("model.tfvars.json")).class_labels
    ('bicycle', 'motorcycle')

Terraform reads the file as its variable ``model``. For shared environments, commit it. A promotion or a rollback is
then a change to review.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from imageclassification import files
from scones.dataset.labels import OTHER
from scones.errors import RegistryError

_HINT = "train a model with: invoke train; or pin one that is registered: invoke pin VERSION"


#: SageMaker's name of the metric that decides about approval.
VALIDATION_ACCURACY = "validation:accuracy"

#: The number of images that it was measured on.
VALIDATION_IMAGES = "validation:images"

#: The accuracy on the validation images of the wanted classes, of a model that has the class ``other`` too.
WANTED_ACCURACY = "validation:wanted_accuracy"


@dataclass(frozen=True)
class PinnedModel:
    """A model for deployment.

    Attributes:
        package_arn: The ARN of the model package.
        version: The version in the model package group.
        image_uri: The algorithm's image in ECR.
        artifact_uri: ``s3://BUCKET/…/model.tar.gz``.
        artifact_sha256: The artifact's SHA-256, in hexadecimal.
        class_labels: Class names, in the order of the model's outputs.
        metrics: ``validation:accuracy`` and ``train:accuracy``, 0 to 1. A calibrated model also has ``temperature``
            and the expected calibration error before (``validation:ece``) and after calibration
            (``validation:ece_calibrated``).
        dataset_fingerprint: The fingerprint of the data set (see :mod:`scones.dataset.stored`). A model of a training
            job was trained on it, an imported model was measured on it. Empty if there is none.
        git_commit: The commit of the training job, with ``-dirty`` if files differed. Empty if it is not known.
    """

    package_arn: str
    version: int
    image_uri: str
    artifact_uri: str
    artifact_sha256: str
    class_labels: tuple[str, ...]
    metrics: Mapping[str, float]
    dataset_fingerprint: str
    git_commit: str


def read_pin(path: Path) -> PinnedModel:
    """Read ``model.tfvars.json``.

    Raises:
        RegistryError: no model is pinned, or the file has another format.
    """
    try:
        return parse_pin(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RegistryError(f"no model is pinned: there is no {path}", hint=_HINT) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RegistryError(f"{path} does not hold a pinned model: {error!r}", hint=_HINT) from None


def parse_pin(text: str) -> PinnedModel:
    """Parse the text of ``model.tfvars.json``. Raises ValueError, KeyError or TypeError if it has another format."""
    found = json.loads(text)["model"]
    values = {field.name: found[field.name] for field in fields(PinnedModel)}
    return PinnedModel(**{**values, "class_labels": tuple(values["class_labels"])})


def write_pin(path: Path, model: PinnedModel) -> None:
    """Write ``model.tfvars.json``. An error leaves the old file as it is."""
    files.write(path, json.dumps({"model": for_terraform(model)}, indent=2, ensure_ascii=False) + "\n")


def for_terraform(model: PinnedModel) -> dict[str, Any]:
    """A model as Terraform takes it. ``other_class`` names the class of what is none of the others, if there is one.

    This is how the functions know it: nothing else tells them the name.
    """
    return asdict(model) | ({"other_class": OTHER} if OTHER in model.class_labels else {})
