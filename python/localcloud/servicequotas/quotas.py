"""The quotas of SageMaker's training jobs: one for each instance type. They are kept in a file of the cloud's folder.

The file is read at each look, so ``invoke local.quota`` may write it while the cloud runs.

Example::

    >>> path = Path("quotas.json")
    >>> write(path, "us-east-1", "ml.g4dn.xlarge for training job usage", 0)
    >>> value(path, "us-east-1", "ml.g4dn.xlarge for training job usage"), value(path, "us-west-2", names()[0])
    (0.0, 100.0)

AWS: Service Quotas names the quotas ``<instance type> for training job usage``, each region with its own. Their codes
have no rule; the one of ml.g4dn.xlarge is AWS's, and the others' are made up here. So look them up by name.
"""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path

from moto.core.utils import get_service_model

from imageclassification import files

SERVICE, SERVICE_NAME = "sagemaker", "Amazon SageMaker"
DEFAULT = 100.0
_KNOWN_CODES = {"ml.g4dn.xlarge for training job usage": "L-3F53BF0F"}


@functools.cache
def names() -> tuple[str, ...]:
    """The names of all quotas. SageMaker's model is megabytes: a cloud that starts does not read it."""
    types = get_service_model("sagemaker").shape_for("TrainingInstanceType").enum
    return tuple(sorted(name_of(one) for one in types))


def name_of(instance_type: str) -> str:
    """The name of the quota for training on an instance type."""
    return f"{instance_type} for training job usage"


def code_of(name: str) -> str:
    """A quota's code: ``L-`` and eight digits."""
    return _KNOWN_CODES.get(name) or f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"


def value(path: Path, region: str, name: str) -> float:
    """A quota's value in a region."""
    return float(_read(path).get(region, {}).get(name, DEFAULT))


def write(path: Path, region: str, name: str, wanted: float) -> None:
    """Set a quota's value in a region.

    Raises:
        KeyError: There is no such quota.
    """
    if name not in names():
        raise KeyError(name)
    known = _read(path)
    files.write(path, json.dumps({**known, region: {**known.get(region, {}), name: wanted}}, indent=2).encode())


def _read(path: Path) -> dict[str, dict[str, float]]:
    try:
        found: dict[str, dict[str, float]] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return found
