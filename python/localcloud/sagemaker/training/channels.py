"""Writes a training job's input folder: its configuration files and the objects of its channels.

The folder has the layout of ``/opt/ml/input`` (SageMaker Developer Guide, "How Amazon SageMaker AI Provides Training
Information").
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
    """Write ``input/config``: hyperparameters, channels and resources.

    Args:
        request: CreateTrainingJob's parameters.
        root: The job's folder, which stands for ``/opt/ml``.

    Example::

        >>> request = {"HyperParameters": {"epochs": "2"}, "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge"}}
        >>> write_configuration(request, Path("job"))
        >>> sorted(path.name for path in Path("job/input/config").iterdir())
        ['hyperparameters.json', 'inputdataconfig.json', 'resourceconfig.json']
        >>> Path("job/input/config/hyperparameters.json").read_text()
        '{"epochs": "2"}'
    """
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
    """A channel's input mode, or the job's if the channel has none: ``Pipe`` or ``File``.

    FastFile counts as File: an algorithm sees files in both.

    Example::

        >>> request = {"AlgorithmSpecification": {"TrainingInputMode": "Pipe"}}
        >>> input_mode(request, {"ChannelName": "train"}), input_mode(request, {"InputMode": "FastFile"})
        ('Pipe', 'File')
    """
    mode = channel.get("InputMode") or request["AlgorithmSpecification"].get("TrainingInputMode") or "File"
    return "Pipe" if mode == "Pipe" else "File"


def download(job: Job, channel: Mapping[str, Any], folder: Path) -> None:
    """Write a channel's objects as files below ``folder``.

    Raises:
        StagingError: The channel has no object, or a key cannot be a file's path.
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
