"""Downloads model artifacts from S3 and uploads them.

Example (not run: it needs a bucket)::

    environment = settings.load("dev")
    path = fetch(environment, "s3://my-bucket/models/job/output/model.tar.gz")   # build/artifacts/<sha256>/model.tar.gz
    upload(aws.client(environment, "s3"), "my-bucket", path)    # 's3://my-bucket/models/imported/<sha256>/model.tar.gz'

Downloads are cached under the SHA-256 of bucket, key and ETag. An unchanged object costs one HeadObject. A changed
object is downloaded again. An interrupted download leaves no file.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification import files
from imageclassification.errors import ArtifactError, NoArtifactError
from scones import aws
from scones import s3 as s3_addresses
from scones.dataset.progress import begin
from scones.errors import CloudError, InputError

if TYPE_CHECKING:
    from rich.progress import Progress

    from scones.settings import Environment

NAME = "model.tar.gz"
CHUNK = 1 << 20


def fetch(
    environment: Environment,
    place: str | os.PathLike[str],
    *,
    client: Callable[..., Any] = aws.client,
    progress: Progress | None = None,
) -> Path:
    """Return the local path of an artifact. An artifact in S3 is downloaded first.

    Args:
        environment: Its ``build`` folder caches downloads.
        place: A ``model.tar.gz``, a folder of its files, a checkpoint of MXNet, or ``s3://BUCKET/KEY``.
        client: Makes boto3 clients. It is called for ``s3://`` only.
        progress: Shows a bar for the download. None shows nothing.

    Raises:
        InputError: ``place`` is a URI, but not ``s3://BUCKET/KEY``.
        ArtifactError: ``place`` does not exist.
        CloudError: S3 refused the download, or it was interrupted.
    """
    text = os.fspath(place)
    if "://" not in text:
        path = Path(text).expanduser()
        if not path.exists():
            raise NoArtifactError(
                f"there is no model artifact at {path}",
                hint="give a model.tar.gz, the folder of its files, or s3://BUCKET/KEY",
            )
        return path
    bucket, key = split(text)
    from botocore.exceptions import ClientError

    s3 = client(environment, "s3")
    with s3_addresses.explained(f"{text} cannot be read"):
        try:
            head = s3.head_object(Bucket=bucket, Key=key)
            identity = f"{bucket}/{key}/{head['ETag']}"
            path = environment.build / "artifacts" / hashlib.sha256(identity.encode()).hexdigest() / NAME
            if not path.exists():
                _download(s3, bucket, key, head, path, progress)
            return path
        except ClientError as error:
            if known := _known(text, error):
                raise known from None
            raise


def upload(s3: Any, bucket: str, path: str | os.PathLike[str]) -> str:
    """Upload an artifact to ``models/imported/<sha256>/`` of a bucket, unless it is already there.

    Args:
        s3: A boto3 S3 client.
        path: A ``model.tar.gz``, a folder of its files, or a checkpoint of MXNet. What is no archive is packed first.

    Returns:
        ``s3://BUCKET/models/imported/<sha256>/model.tar.gz``.

    Raises:
        ArtifactError: ``path`` does not exist, or the folder holds no artifact.
        CloudError: S3 refused the upload.
    """
    path = Path(path)
    if path.is_dir() or path.name.endswith(".params"):
        from imageclassification import artifact

        with tempfile.TemporaryDirectory() as folder:
            return upload(s3, bucket, artifact.write(Path(folder) / NAME, artifact.read(path)))
    try:
        key = f"models/imported/{_sha256(path).hex()}/{NAME}"
    except FileNotFoundError:
        raise NoArtifactError(
            f"there is no model artifact at {path}", hint="give a model.tar.gz, or the folder of its files"
        ) from None
    uri = f"s3://{bucket}/{key}"
    with s3_addresses.explained(f"{path} cannot be uploaded to {uri}"):
        there = _there(s3, bucket, key)
    if not there:
        put(s3, path, uri)
    return uri


def put(s3: Any, path: Path, uri: str) -> str:
    """Upload an artifact's file to ``uri``. S3 checks its SHA-256.

    Returns:
        The SHA-256, in hexadecimal.

    Raises:
        CloudError: S3 refused the upload, or cannot be reached.
    """
    bucket, key = split(uri)
    digest = _sha256(path)
    with path.open("rb") as file, s3_addresses.explained(f"{path} cannot be uploaded to {uri}"):
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=file,
            ContentType="application/gzip",
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=base64.b64encode(digest).decode(),
        )
    return digest.hex()


def split(uri: str) -> tuple[str, str]:
    """Split ``s3://BUCKET/KEY`` into bucket and key.

    Raises:
        InputError: ``uri`` has another form, or no key.
    """
    try:
        bucket, key = s3_addresses.split(uri)
    except ValueError:
        bucket = key = ""
    if not key or key.endswith("/"):
        raise InputError(
            f"'{uri}' is not the URI of a model artifact", hint="give a model.tar.gz, its folder, or s3://BUCKET/KEY"
        )
    return bucket, key


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _download(s3: Any, bucket: str, key: str, head: dict[str, Any], path: Path, progress: Progress | None) -> None:
    from botocore.exceptions import BotoCoreError

    done = begin(progress, f"downloading {key}", head["ContentLength"])
    # If the object has been replaced since HeadObject, S3 refuses the download.
    body = s3.get_object(Bucket=bucket, Key=key, IfMatch=head["ETag"])["Body"]
    try:
        with files.whole(path) as partial, partial.open("wb") as file:
            for chunk in body.iter_chunks(CHUNK):
                file.write(chunk)
                done(len(chunk))
    except BotoCoreError as error:
        raise CloudError(f"s3://{bucket}/{key} was cut short: {error}", hint="try again") from None


def _there(s3: Any, bucket: str, key: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if _code(error) in ("404", "NoSuchKey", "NotFound"):
            return False
        raise
    return True


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _known(uri: str, error: Any) -> ArtifactError | CloudError | None:
    """The error for a refusal that means something particular of an artifact. None for any other."""
    if _code(error) in ("404", "NoSuchKey", "NotFound", "NoSuchBucket"):
        return NoArtifactError(f"there is no model artifact at {uri}", hint=f"list the objects there: aws s3 ls {uri}")
    if _code(error) in ("403", "AccessDenied"):
        return CloudError(
            f"{uri} may not be read: {error}",
            hint="if the role lacks s3:ListBucket, the object may also be missing",
        )
    if _code(error) in ("412", "PreconditionFailed"):
        return CloudError(f"{uri} was replaced while it was downloaded", hint="try again")
    return None
