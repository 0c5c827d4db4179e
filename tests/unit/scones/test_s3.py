"""What a person is told when S3 refuses a request, or cannot be reached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from PIL import Image

from scones import dataset, settings
from scones.dataset import transfer
from scones.errors import CloudError
from scones.model import artifacts
from scones.model.confidence import stored_images
from scones.model.registry import objects
from scones.service import capture, workflow

DENIED = ClientError(
    {"Error": {"Code": "AccessDenied", "Message": "Access Denied"}, "ResponseMetadata": {"HTTPStatusCode": 403}},
    "PutObject",
)
LOST = EndpointConnectionError(endpoint_url="https://s3.example")
ERRORS = {
    DENIED: ("Access Denied", "aws sts get-caller-identity"),
    LOST: ("Could not connect to the endpoint URL", "check the network"),
    NoCredentialsError(): ("Unable to locate credentials", "credentials"),
}


class S3:
    """An S3 client whose every request ends with an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def refuse(*_: Any, **__: Any) -> Any:
            raise self.error

        return refuse


def artifact(folder: Path) -> Path:
    (folder / "model.tar.gz").write_bytes(b"a model")
    return folder / "model.tar.gz"


def picture(folder: Path) -> Path:
    Image.new("RGB", (2, 2)).save(folder / "one.png")
    return folder / "one.png"


def built(folder: Path) -> dataset.Dataset:
    return dataset.build(dataset.Sample(train=4, test=1), ("bicycle", "motorcycle"), folder / "dataset")


CALLS: dict[str, Callable[[Any, Path], object]] = {
    "s3://b/models/one.tar.gz": lambda s3, folder: artifacts.put(s3, artifact(folder), "s3://b/models/one.tar.gz"),
    "s3://b/models/imported/": lambda s3, folder: artifacts.upload(s3, "b", artifact(folder)),
    "s3://b/models/two.tar.gz": lambda s3, _: artifacts.fetch(
        settings.load("dev", variables={}), "s3://b/models/two.tar.gz", client=lambda *_: s3
    ),
    "s3://b/datasets/": lambda s3, folder: transfer.upload(built(folder), s3, "b"),
    "s3://b/read": lambda s3, _: objects.read(s3, "s3://b/read"),
    "s3://b/hashed": lambda s3, _: objects.sha256(s3, "s3://b/hashed"),
    "s3://b/datasets/5f/validation.lst": lambda s3, _: stored_images(s3, "s3://b/datasets/5f"),
    "s3://b/captures/scones-dev/": lambda s3, folder: capture.download(s3, "s3://b/captures", "scones-dev", folder),
    "s3://b/images/": lambda s3, folder: workflow.upload(s3, "b", picture(folder)),
}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("value", CALLS)
def test_a_refusal_says_what_was_refused_why_and_what_to_do(tmp_path: Path, value: str, error: Exception) -> None:
    with pytest.raises(CloudError) as refused:
        CALLS[value](S3(error), tmp_path)
    said, hint = ERRORS[error]
    assert value in refused.value.message
    assert said in refused.value.message
    assert refused.value.hint
    assert hint in refused.value.hint or "s3:ListBucket" in refused.value.hint
