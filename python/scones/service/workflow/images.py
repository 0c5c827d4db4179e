"""Finds the images that were named on a command line, and uploads them.

Example::

    >>> Path("photos").mkdir()
    >>> Path("photos/bicycle.png").touch()
    >>> images_of(["photos", "s3://BUCKET/KEY"])
    ['photos/bicycle.png', 's3://BUCKET/KEY']
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from scones.dataset import pictures
from scones.drawing import printable
from scones.errors import InputError
from scones.s3 import explained, is_uri

# Names with these endings say what they are. Another name gets an ending, because its picture is converted.
_SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif")
SIGNATURES = {b"\x89PNG\r\n\x1a\n": ("png", "image/png"), b"\xff\xd8\xff": ("jpg", "image/jpeg")}


def upload(s3: Any, bucket: str, path: Path) -> str:
    """Upload a local image to ``images/<digest>/<the file's name>`` unless the bucket has it already.

    The digest is the beginning of the content's SHA-256, so that files with the same name do not meet. Other forms than
    PNG and JPEG are converted, because the endpoint takes only these: ``photo.webp`` becomes ``photo.webp.png``.

    Returns:
        The image's ``s3://`` URL.

    Raises:
        InputError: the file cannot be read, or is no picture.
        CloudError: S3 refused the upload, or cannot be reached.
    """
    from botocore.exceptions import ClientError

    try:
        content = pictures.sendable(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} {pictures.reason(error)}", hint=f"give a {pictures.NAMES}, or s3://BUCKET/KEY"
        ) from None
    found = kind_of(content)
    if found is None:
        start = f"it begins with {content[:8]!r}" if content else "it is empty"
        raise InputError(f"{path} is not a PNG or JPEG: {start}", hint=f"give a {pictures.NAMES}")
    suffix, content_type = found
    key = f"{place(content)}/{_named(Path(path).name, suffix)}"
    with explained(f"{path} cannot be uploaded to s3://{bucket}/{key}"):
        try:
            s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404):
                raise
            s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)
    return f"s3://{bucket}/{key}"


def kind_of(content: bytes) -> tuple[str, str] | None:
    """The file suffix and the MIME type of a PNG or JPEG, by its first bytes. None for anything else."""
    return next((kind for signature, kind in SIGNATURES.items() if content.startswith(signature)), None)


def place(content: bytes) -> str:
    """The folder of an uploaded image in the bucket, ``images/<digest>``."""
    return f"images/{hashlib.sha256(content).hexdigest()[:16]}"


def _named(name: str, suffix: str) -> str:
    """A file's name as the end of a key, without what the function that reads it refuses, and with an ending."""
    plain = printable(name)
    return plain if plain.lower().endswith(_SUFFIXES) else f"{plain}.{suffix}"


def images_of(arguments: Iterable[str], tell: Callable[[str], None] = lambda text: None) -> list[str]:
    """List images. Files and ``s3://`` URLs stay as they are. A folder gives the pictures below it.

    Args:
        tell: Called with what was passed over in a folder, by number and name.

    Raises:
        InputError: a path does not exist, or a folder holds no image.
    """
    found: list[str] = []
    for argument in arguments:
        path = Path(argument).expanduser()
        if is_uri(argument):
            found.append(argument)
        elif path.is_file():
            found.append(str(path))
        elif path.is_dir():
            inside, passed = pictures.inside(path)
            if not inside:
                there = f":\n{pictures.listing(passed)}" if passed else ""
                raise InputError(f"the folder {argument} holds no {pictures.NAMES}{there}")
            pictures.told(passed, argument, tell)
            found += map(str, inside)
        else:
            raise InputError(f"there is no image {argument}", hint="give a file, a folder or s3://BUCKET/KEY")
    return found
