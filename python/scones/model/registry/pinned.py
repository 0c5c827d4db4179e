"""The pinned model: the version that Terraform deploys, as ``model.tfvars.json`` has it.

Example::

    model = read_pin(environment.pin_path)
    model.class_labels       # ('bicycle', 'motorcycle')

Python writes the file and Terraform reads it as its variable ``model``. For shared environments it is committed, so
that promoting a model or rolling back is a change that can be reviewed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from imageclassification import files
from scones.errors import RegistryError

_HINT = "train a model with: invoke train; or pin one that is registered: invoke pin VERSION"


#: The metric that a model is judged by, as SageMaker calls it.
VALIDATION_ACCURACY = "validation:accuracy"


@dataclass(frozen=True)
class PinnedModel:
    """All that serving needs to know of a model.

    Attributes:
        image_uri: The algorithm's image in ECR.
        artifact_uri: ``s3://…/model.tar.gz``.
        class_labels: The classes in the order of the model's outputs.
        metrics: ``validation:accuracy`` and ``train:accuracy``, 0 to 1; where it was calibrated, the ``temperature``
            that is folded into it, and the expected calibration error on the validation images before it was
            (``validation:ece``) and after (``validation:ece_calibrated``).
        dataset_fingerprint: The SHA-256 (see scones.dataset.stored), in hexadecimal, of the data set that it was
            trained on, or, where it came from elsewhere, measured on; empty where it was not.
        git_commit: The commit that trained it, ``-dirty`` following where files were changed; empty where not known.
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
        RegistryError: no model is pinned, or the file cannot be used.
    """
    try:
        return parse_pin(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RegistryError(f"no model is pinned: there is no {path}", hint=_HINT) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RegistryError(f"{path} does not hold a pinned model: {error!r}", hint=_HINT) from None


def parse_pin(text: str) -> PinnedModel:
    """A pinned model out of the file's text; raises ValueError, KeyError or TypeError where it holds none."""
    found = json.loads(text)["model"]
    values = {field.name: found[field.name] for field in fields(PinnedModel)}
    return PinnedModel(**{**values, "class_labels": tuple(values["class_labels"])})


def write_pin(path: Path, model: PinnedModel) -> None:
    """Write ``model.tfvars.json``, whole or not at all."""
    files.write(path, json.dumps({"model": asdict(model)}, indent=2, ensure_ascii=False) + "\n")
