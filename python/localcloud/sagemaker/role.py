"""A role that SageMaker has taken on: it reads and writes objects, and lends a key, as far as the role may.

Example::

    role = ExecutionRole(context.roles, role_arn, account="123456789012", region="us-east-1")
    role.read("s3://bucket/models/job/output/model.tar.gz")     # AccessDenied, or the object's content
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from localcloud.iam.acting import Acting
from localcloud.s3 import objects

if TYPE_CHECKING:
    from moto.s3.models import FakeKey


class ExecutionRole(Acting):
    """SageMaker in a role's name."""

    def lend(self, key: str) -> None:
        """Prove that the role may let EC2 encrypt a volume with a key: it makes a grant for it.

        AWS: AWS KMS Developer Guide, "Grants in AWS KMS": only a service can be given such a grant
        (``kms:GrantIsForAWSResource``).

        Raises:
            AccessDenied: it may not.
        """
        arn = key if key.startswith("arn:") else f"arn:aws:kms:{self.region}:{self.account}:key/{key}"
        via = {"kms:ViaService": f"sagemaker.{self.region}.amazonaws.com", "kms:CallerAccount": self.account}
        self.require("kms:DescribeKey", arn, via)
        self.require("kms:CreateGrant", arn, {**via, "kms:GrantIsForAWSResource": "true"})

    def listing(self, bucket: str, prefix: str) -> Iterator[tuple[str, FakeKey]]:
        """As :func:`localcloud.s3.objects.listing`; what is found is read with :meth:`content`.

        Raises:
            AccessDenied: the role may not list the prefix.
        """
        self.call("s3", "ListObjectsV2", Bucket=bucket, Prefix=prefix)
        return objects.listing(self.account, bucket, prefix)

    def content(self, bucket: str, key: str, held: FakeKey) -> bytes:
        """An object that was found, read."""
        self.call("s3", "GetObject", Bucket=bucket, Key=key)
        return held.value

    def find(self, uri: str) -> FakeKey | None:
        """As :func:`localcloud.s3.objects.find`."""
        bucket, key = objects.split(uri)
        self.call("s3", "GetObject", Bucket=bucket, Key=key)
        return objects.find(self.account, uri)

    def read(self, uri: str) -> bytes | None:
        """As :func:`localcloud.s3.objects.read`."""
        found = self.find(uri)
        return found.value if found else None

    def write(self, uri: str, content: bytes, *, kms_key_id: str | None = None) -> str:
        """As :func:`localcloud.s3.objects.write`."""
        bucket, key = objects.split(uri)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}
        self.call("s3", "PutObject", Bucket=bucket, Key=key, **encryption)
        return objects.write(self.account, uri, content, kms_key_id=kms_key_id)

    def delete(self, uri: str, *, version: str | None = None) -> None:
        """As :func:`localcloud.s3.objects.delete`."""
        bucket, key = objects.split(uri)
        which = {"VersionId": version} if version else {}
        self.call("s3", "DeleteObject", Bucket=bucket, Key=key, **which)
        objects.delete(self.account, uri, version=version)
