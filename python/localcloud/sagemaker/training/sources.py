"""Finds the objects of a channel's data source: an S3 prefix, a manifest or an augmented manifest.

Sources: S3DataSource, ShuffleConfig and "Augmented Manifest Files for Training Jobs" in SageMaker's documentation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from localcloud.iam.roles import AccessDenied
from localcloud.s3 import objects

if TYPE_CHECKING:
    from moto.s3.models import FakeKey

    from localcloud.sagemaker.role import ExecutionRole
    from localcloud.sagemaker.training.job import Job


class StagingError(Exception):
    """A channel cannot be read. The message is the job's FailureReason."""


class StagedJob(Protocol):
    """A job that reads objects: of training, or of batch transform."""

    @property
    def role(self) -> ExecutionRole:
        """Makes its calls to S3."""


@dataclass(frozen=True)
class Found:
    """Bytes for the algorithm, which are read later.

    Attributes:
        uri: The object's address, or a description of the attribute. Messages show it.
        path: The object's path in its channel's folder. None for an attribute's text.
        content: Reads the bytes.
    """

    uri: str
    path: PurePosixPath | None
    content: Callable[[], bytes]


def find(job: StagedJob, channel: Mapping[str, Any]) -> list[Found]:
    """The objects of a channel with S3DataType S3Prefix or ManifestFile.

    The order is by key for a prefix, and the manifest's for a manifest.

    Raises:
        StagingError: The channel has no objects, an object is missing, or a key cannot be a file's path.

    Example::

        >>> from types import SimpleNamespace
        >>> held = [("data/train/0/001.png", b"red"), ("data/train/1/001.png", b"blue")]  # in place of S3
        >>> role = SimpleNamespace(listing=lambda bucket, prefix: held, content=lambda bucket, key, value: value)
        >>> source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/train"}
        >>> for found in find(SimpleNamespace(role=role), {"DataSource": {"S3DataSource": source}}):
        ...     print(found.path, found.content())
        0/001.png b'red'
        1/001.png b'blue'
    """
    source = channel["DataSource"]["S3DataSource"]
    if source["S3DataType"] == "ManifestFile":
        return _of_manifest(job.role, source["S3Uri"])
    bucket, prefix = objects.split(source["S3Uri"])
    try:
        listed = job.role.listing(bucket, prefix)
    except AccessDenied as error:
        raise StagingError(f"ClientError: {_nothing_found(job.role, source['S3Uri'], str(error))}") from None
    found = [
        Found(f"s3://{bucket}/{key}", relative(key, prefix), _reader(job.role, bucket, key, held))
        for key, held in listed
        if not key.endswith("/")  # the console's "Create folder" makes such an object
    ]
    if not found:
        raise StagingError(f"ClientError: {_nothing_found(job.role, source['S3Uri'])}")
    return found


def missing(role: ExecutionRole, uri: str) -> str | None:
    """Says in AWS's words that there is no object under an address, or that the role may not look. None if there is.

    A manifest is an object under its own address.
    """
    bucket, prefix = objects.split(uri)
    try:
        there = next(iter(role.listing(bucket, prefix)), None)
    except AccessDenied as error:
        return _nothing_found(role, uri, str(error))
    return None if there else _nothing_found(role, uri)


def lines(job: Job, channel: Mapping[str, Any]) -> list[list[Found]]:
    """The lines of a channel with S3DataType AugmentedManifestFile: each line's attributes, in AttributeNames' order.

    An attribute whose name ends in ``-ref`` gives the content of the object at its address. Any other attribute gives
    its value: a string as it is, other values as JSON.

    Raises:
        StagingError: The manifest or an object is missing, or a line lacks an attribute.

    Example::

        >>> from types import SimpleNamespace
        >>> role = SimpleNamespace(read=lambda uri: b'{"class": 1}')  # in place of S3
        >>> source = {"S3Uri": "s3://bucket/train.manifest", "AttributeNames": ["class"]}
        >>> [[value.content() for value in line]
        ...  for line in lines(SimpleNamespace(role=role), {"DataSource": {"S3DataSource": source}})]
        [[b'1']]
    """
    source = channel["DataSource"]["S3DataSource"]
    uri = source["S3Uri"]
    read = []
    for number, line in enumerate(_text(job.role, uri).splitlines(), start=1):
        if not line.strip():
            continue
        where = f"line {number} of the augmented manifest {uri}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise StagingError(f"ClientError: {where} is not JSON: {error}") from None
        if not isinstance(record, dict):
            raise StagingError(f"ClientError: {where} is not a JSON object: {line[:80]}")
        read.append([_attribute(job.role, record, name, where) for name in source["AttributeNames"]])
    if not read:
        raise StagingError(f"ClientError: the augmented manifest {uri} has no line")
    return read


def relative(key: str, prefix: str) -> PurePosixPath:
    """An object's path in its channel's folder.

    The path begins after the prefix if the prefix is a folder, and after the prefix's last slash if it is not.

    Raises:
        StagingError: The key leads out of the folder.

    Example::

        >>> relative("data/train/0/001.png", "data/train")
        PurePosixPath('0/001.png')
        >>> relative("data/train-0.rec", "data/train")
        PurePosixPath('train-0.rec')
    """
    if key.startswith(prefix.rstrip("/") + "/"):
        name = key[len(prefix.rstrip("/")) + 1 :]
    else:  # the prefix 'data/part' finds data/part-0, data/part-1 and so on
        name = key[prefix.rfind("/") + 1 :]
    path = PurePosixPath(name.lstrip("/"))
    if not path.parts or ".." in path.parts:
        raise StagingError(f"ClientError: Data download failed:The key '{key}' cannot be a file's path")
    return path


def _of_manifest(role: ExecutionRole, uri: str) -> list[Found]:
    wrong = StagingError(
        f"ClientError: the manifest {uri} must be a JSON list of an object with a prefix and the keys that follow it, "
        'as in [{"prefix": "s3://BUCKET/images/"}, "1.png", "2.png"]'
    )
    try:
        first, *names = json.loads(_text(role, uri))
        prefix = first["prefix"]
        bucket, start = objects.split(prefix)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise wrong from None
    if not names or not all(isinstance(name, str) and name for name in names):
        raise wrong
    return [
        Found(prefix + name, relative(start + name, start), _object(role, f"s3://{bucket}/{start}{name}", uri))
        for name in names
    ]


def _attribute(role: ExecutionRole, record: Mapping[str, Any], name: str, where: str) -> Found:
    if name not in record:
        raise StagingError(f"ClientError: {where} has no attribute '{name}'; it has: {', '.join(record)[:200]}")
    value = record[name]
    if name.endswith("-ref"):
        return Found(str(value), PurePosixPath(name), _object(role, value, where))
    content = (value if isinstance(value, str) else json.dumps(value)).encode()
    return Found(f"{name} in {where}", None, lambda: content)


def _text(role: ExecutionRole, uri: str) -> str:
    try:
        content = role.read(uri)
    except AccessDenied as error:
        raise refused(error) from None
    if content is None:
        raise StagingError(f"ClientError: Data download failed:NoSuchKey: The specified key does not exist: {uri}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StagingError(f"ClientError: {uri} is not UTF-8 text: {error}") from None


def _object(role: ExecutionRole, uri: Any, where: str) -> Callable[[], bytes]:
    try:
        held = role.find(uri)
    except AccessDenied as error:
        raise refused(error) from None
    except (ValueError, AttributeError):
        raise StagingError(
            f"ClientError: {where} names {str(uri)[:200]!r}, which is not an S3 address: it must begin with s3://BUCKET/"
        ) from None
    if held is None:
        raise StagingError(f"ClientError: {where} names {uri}, an object that does not exist")
    return lambda: held.value


def _reader(role: ExecutionRole, bucket: str, key: str, held: FakeKey) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return role.content(bucket, key, held)
        except AccessDenied as error:
            raise refused(error) from None

    return read


def _nothing_found(role: ExecutionRole, uri: str, said: str | None = None) -> str:
    """AWS's answer to a job without data (aws/amazon-sagemaker-examples, issues 2267 and 2270).

    Args:
        said: What S3 says. None if it has no such bucket or key.
    """
    bucket, _ = objects.split(uri)
    if said is None:
        what = "key" if objects.has_bucket(role.account, bucket) else "bucket"
        said = f"The specified {what} does not exist."
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists '
        f"in the selected region ({role.region}), that objects exist under that S3 prefix, and that the role "
        f'"{role.role_arn}" has "s3:ListBucket" permissions on bucket "{bucket}". Error message from S3: {said}'
    )


def refused(error: AccessDenied) -> StagingError:
    """The failure of a job whose role may not read an object."""
    return StagingError(f"ClientError: Data download failed:AccessDenied: {error}")
