"""The form of each channel, as ``input/config/inputdataconfig.json`` gives it.

Example::

    >>> form({"ContentType": "application/x-recordio"}, "train")
    <Form.RECORDS: 'RecordIO'>
    >>> label_format({"ContentType": "application/x-recordio; label-format=class-id"}, "train")
    'class-id'
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from imageclassification.errors import InputDataError

IMAGE_TYPES = ("application/x-image", "image/png", "image/jpeg")
RECORD_TYPE = "application/x-recordio"
MODEL_TYPE = "application/x-sagemaker-model"
LABEL_FORMATS = ("multi-hot", "class-id")


class Form(Enum):
    """What a channel holds."""

    IMAGES = "images with .lst files"
    RECORDS = "RecordIO"
    MANIFEST = "an augmented manifest"


def settings(root: Path) -> dict[str, dict[str, str]]:
    """The settings of each channel: ContentType, TrainingInputMode, RecordWrapperType.

    Raises:
        InputDataError: If the file is missing.
    """
    try:
        found: dict[str, dict[str, str]] = json.loads((root / "input/config/inputdataconfig.json").read_text())
        return found
    except FileNotFoundError:
        raise InputDataError(
            "the job has no input/config/inputdataconfig.json, so its channels are unknown; write this file"
        ) from None


def check_channels(root: Path) -> None:
    """Checks that the job has the channels that training needs.

    Args:
        root: A folder laid out as ``/opt/ml``.

    Raises:
        InputDataError: If a channel is missing, or has a form that the algorithm does not know.
    """
    channels = settings(root)
    needed = ["train", "validation"]
    for name in ("train", "validation"):
        if name in channels and form(channels[name], name) is Form.IMAGES:
            needed.append(f"{name}_lst")
    missing = [name for name in needed if name not in channels]
    if missing:
        raise InputDataError(
            f"the job lacks the channel{'s' if len(missing) > 1 else ''} {', '.join(missing)}; training needs train "
            f"and validation, and with images also train_lst and validation_lst; RecordIO ({RECORD_TYPE}) and "
            "augmented manifests need no lists"
        )
    if "model" in channels:
        _check_model(channels["model"])


def form(channel: Mapping[str, str], name: str) -> Form:
    """The form of a channel.

    Raises:
        InputDataError: If the algorithm does not know the form.
    """
    kind, _ = content_type(channel)
    piped, wrapped = channel.get("TrainingInputMode") == "Pipe", channel.get("RecordWrapperType") == "RecordIO"
    if kind and kind not in (*IMAGE_TYPES, RECORD_TYPE):
        raise InputDataError(
            f"channel '{name}' has content type '{kind}'; it may be {RECORD_TYPE} or, for images, "
            f"{', '.join(IMAGE_TYPES)}"
        )
    if wrapped and not piped:
        raise InputDataError(
            f"channel '{name}' has RecordWrapperType RecordIO, which is for augmented manifests in Pipe mode; "
            "set its input mode to Pipe, or its RecordWrapperType to None"
        )
    if wrapped:
        return Form.MANIFEST
    if kind == RECORD_TYPE:
        return Form.RECORDS
    if piped:
        raise InputDataError(
            f"channel '{name}' holds images in Pipe mode, where they cannot be separated; give them in File mode, "
            f"as RecordIO ({RECORD_TYPE}), or as an augmented manifest with RecordWrapperType RecordIO"
        )
    return Form.IMAGES


def content_type(channel: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """A channel's content type in lower case, and its parameters by name, as in ``{"label-format": "class-id"}``."""
    kind, *parameters = (part.strip().lower() for part in (channel.get("ContentType") or "").split(";"))
    return kind, dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)


def label_format(channel: Mapping[str, str], name: str) -> str:
    """How an augmented manifest writes several labels: ``multi-hot`` (the default) or ``class-id``.

    Raises:
        InputDataError: If the content type names another format.
    """
    found = content_type(channel)[1].get("label-format", LABEL_FORMATS[0])
    if found not in LABEL_FORMATS:
        raise InputDataError(
            f"channel '{name}' has label-format '{found}'; it may be {' or '.join(LABEL_FORMATS)}, as in "
            f"{RECORD_TYPE}; label-format=class-id"
        )
    return found


def _check_model(channel: Mapping[str, str]) -> None:
    kind, _ = content_type(channel)
    if kind not in ("", MODEL_TYPE):
        raise InputDataError(f"channel 'model' has content type '{kind}'; a model to start from has {MODEL_TYPE}")
    if channel.get("TrainingInputMode") == "Pipe":
        raise InputDataError("channel 'model' is in Pipe mode; a model to start from is read in File mode")
