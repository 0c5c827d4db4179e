"""A job's input as its container finds it: channels' objects as files, and the configuration beside them.

Example::

    stage(job, Path("build/local/training/scones-1"))
    # input/config/hyperparameters.json, input/data/train/000001.png, …

The layout is that of ``/opt/ml`` in SageMaker's documentation on how training information is given to a container.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.paths import Outside, inside
from localcloud.sagemaker.training import sources
from localcloud.sagemaker.training.sources import StagingError

if TYPE_CHECKING:
    from localcloud.sagemaker.training.job import Job


def write_configuration(request: Mapping[str, Any], root: Path) -> None:
    """Write ``input/config`` for a request of CreateTrainingJob."""
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": input_mode(request, channel),
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}),
        }
        for channel in request.get("InputDataConfig") or []
    }
    resources = {
        "current_host": "algo-1",
        "hosts": ["algo-1"],
        "current_instance_type": request["ResourceConfig"].get("InstanceType"),
        "network_interface_name": "lo",
    }
    folder = root / "input" / "config"
    folder.mkdir(parents=True)
    for name, content in (
        ("hyperparameters", dict(request.get("HyperParameters") or {})),
        ("inputdataconfig", channels),
        ("resourceconfig", resources),
    ):
        (folder / f"{name}.json").write_text(json.dumps(content))


def input_mode(request: Mapping[str, Any], channel: Mapping[str, Any]) -> str:
    """``Pipe`` or ``File``: a channel's own input mode, else the job's. FastFile looks like File to an algorithm."""
    mode = channel.get("InputMode") or request["AlgorithmSpecification"].get("TrainingInputMode") or "File"
    return "Pipe" if mode == "Pipe" else "File"


def download(job: Job, channel: Mapping[str, Any], folder: Path) -> None:
    """Write a channel's objects under ``folder``.

    Raises:
        StagingError: there is no object, or one whose key is no path.
    """
    folder.mkdir(parents=True)
    for found in sources.find(job, channel):
        try:
            target = inside(folder, str(found.path))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(found.content())
        except Outside as error:
            raise StagingError(f"ClientError: Data download failed:{error}: {found.uri}") from error
        except OSError as error:
            raise StagingError(f"ClientError: Data download failed:{error.strerror}: {found.uri}") from error
