"""Objects in S3 that are put, overwritten, uploaded in parts and deleted."""

from __future__ import annotations

import hashlib
import random

from botocore.exceptions import ClientError

from benchmarks.kills.models import Setting
from benchmarks.kills.subjects import Next
from benchmarks.kills.victim import Victim

BUCKET = "kills"
PART_BYTES = 5 * 1024 * 1024


class Objects:
    """Objects that are put, overwritten and deleted. Each content shows whether it is whole."""

    name = "objects"

    def __init__(self, victim: Victim, chance: random.Random) -> None:
        self._victim, self._chance = victim, chance
        self._settings = {f"folder/{number}": Setting() for number in range(12)}

    def prepare(self) -> None:
        """Make the bucket."""
        self._victim.ask("s3", "create_bucket", Bucket=BUCKET)

    def next(self) -> Next:
        """Put or delete an object."""
        key = self._chance.choice(list(self._settings))
        named = {"Bucket": BUCKET, "Key": key}
        if self._chance.random() < 0.25:
            return (
                "s3 DeleteObject",
                self._settings[key],
                None,
                lambda: self._victim.ask("s3", "delete_object", **named),
            )
        content = self._chance.randbytes(self._chance.choice([0, 10, 70_000, 900_000]))
        if self._chance.random() < 0.05:
            content = self._chance.randbytes(10) * (PART_BYTES // 10) + b"the last part"
            value = digest(content)
            return "s3 multipart upload", self._settings[key], value, lambda: self._in_parts(key, content)
        put = lambda: self._victim.ask("s3", "put_object", **named, Body=content)  # noqa: E731
        return "s3 PutObject", self._settings[key], digest(content), put

    def _in_parts(self, key: str, content: bytes) -> None:
        named = {"Bucket": BUCKET, "Key": key}
        upload = {**named, "UploadId": self._victim.ask("s3", "create_multipart_upload", **named)["UploadId"]}
        parts = []
        for number, part in enumerate((content[:PART_BYTES], content[PART_BYTES:]), start=1):
            tag = self._victim.ask("s3", "upload_part", **upload, PartNumber=number, Body=part)["ETag"]
            parts.append({"PartNumber": number, "ETag": tag})
        self._victim.ask("s3", "complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})

    def unanswered(self) -> None:
        """The object may be there or not."""

    def problems(self) -> list[str]:
        """Every object has a content that was put."""
        said = []
        listed = {
            one["Key"]: one["Size"]
            for one in self._victim.sure("s3", "list_objects_v2", Bucket=BUCKET).get("Contents", [])
        }
        for key, setting in self._settings.items():
            try:
                content = self._victim.sure("s3", "get_object", Bucket=BUCKET, Key=key)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey":
                    raise
                content = None
            if listed.get(key) != (None if content is None else len(content)):
                said.append(f"{key} is listed with {listed.get(key)} bytes")
            if problem := setting.problem(None if content is None else digest(content)):
                said.append(f"{key} {problem}")
        return said


def digest(content: bytes) -> str:
    """A short text for a content."""
    return f"{len(content)} bytes {hashlib.sha256(content).hexdigest()[:12]}"
