"""A job's input as its container finds it: channels' objects as files, and the configuration beside them.

Example::

    stage(job, Path("build/local/training/scones-1"))
    # input/config/hyperparameters.json, input/data/train/000001.png, …

The layout is that of ``/opt/ml`` in SageMaker's documentation on how training information is given to a container.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from scones.localcloud import objects


class InputError(Exception):
    """Input that cannot be given to the algorithm; the message is the job's FailureReason."""


def write_configuration(request: Mapping[str, Any], root: Path) -> None:
    """Write ``input/config`` for a request of CreateTrainingJob."""
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", "File"),
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


def download(account: str, region: str, role: str, channel: Mapping[str, Any], folder: Path) -> int:
    """Write a channel's objects under ``folder``; how many there were.

    Raises:
        InputError: there is no object under the prefix, or one whose key is no path.
    """
    uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
    bucket, prefix = objects.split(uri)
    folder.mkdir(parents=True)
    count = 0
    for key, found in objects.listing(account, bucket, prefix):
        if key.endswith("/"):  # what the console makes where a person asks for a folder
            continue
        target = folder / relative(key, prefix)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(found.value)
        except OSError as error:
            raise InputError(f"ClientError: Data download failed:{error.strerror}: s3://{bucket}/{key}") from error
        count += 1
    if not count:
        missing = "key" if objects.has_bucket(account, bucket) else "bucket"
        raise InputError(
            f'ClientError: No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the '
            f"bucket exists in the selected region ({region}), that objects exist under that S3 prefix, and that the "
            f'role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}". '
            f"Error message from S3: The specified {missing} does not exist."
        )
    return count


def relative(key: str, prefix: str) -> PurePosixPath:
    """Where an object lies in its channel's folder: below the prefix where that is a folder, else beside its like.

    Raises:
        InputError: the key leaves the folder.
    """
    if key.startswith(prefix.rstrip("/") + "/"):
        name = key[len(prefix.rstrip("/")) + 1 :]
    else:  # 'data/part' stands for data/part-0, data/part-1 …
        name = key[prefix.rfind("/") + 1 :]
    path = PurePosixPath(name.lstrip("/"))
    if not path.parts or ".." in path.parts:
        raise InputError(f"ClientError: Data download failed:The key '{key}' cannot be a file's path")
    return path
