"""SageMaker's calls in the name of an execution role: it reads and writes objects in S3 and uses KMS keys.

Example (not run: it needs a running cloud)::

    role = ExecutionRole(context.roles, role_arn, account="123456789012", region="us-east-1")
    role.read("s3://bucket/models/job/output/model.tar.gz")  # the content; AccessDenied if the role may not read it
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from localcloud.iam.acting import Acting
from localcloud.s3 import objects

if TYPE_CHECKING:
    from moto.s3.models import FakeKey


class ExecutionRole(Acting):
    """SageMaker, acting in a role.

    Every method that calls S3 raises AccessDenied if the role's policies do not allow the call.
    """

    def lend(self, key: str) -> None:
        """Check that the role may create a grant on a KMS key, which EC2 needs to encrypt a volume.

        AWS: AWS KMS Developer Guide, "Grants in AWS KMS": such a grant is for an AWS resource
        (``kms:GrantIsForAWSResource``).

        Args:
            key: The key's ARN or id.

        Raises:
            AccessDenied: The role's policies do not allow it.
        """
        arn = key if key.startswith("arn:") else f"arn:aws:kms:{self.region}:{self.account}:key/{key}"
        via = {"kms:ViaService": f"sagemaker.{self.region}.amazonaws.com", "kms:CallerAccount": self.account}
        self.require("kms:DescribeKey", arn, via)
        self.require("kms:CreateGrant", arn, {**via, "kms:GrantIsForAWSResource": "true"})

    def encrypt(self, key: str) -> None:
        """Check that the role may encrypt what a job has made with the job's own KMS key.

        AWS: SageMaker API Reference, OutputDataConfig, KmsKeyId: the role needs ``kms:Encrypt``. S3 asks for
        ``kms:GenerateDataKey`` besides.

        Args:
            key: The key's ARN, id or alias.

        Raises:
            AccessDenied: The role's policies do not allow it.
        """
        self.call("kms", "Encrypt", KeyId=key)

    def listing(self, bucket: str, prefix: str) -> Iterator[tuple[str, FakeKey]]:
        """As :func:`localcloud.s3.objects.listing`. Read the objects with :meth:`content`."""
        self.call("s3", "ListObjectsV2", Bucket=bucket, Prefix=prefix)
        return objects.listing(self.account, bucket, prefix)

    def content(self, bucket: str, key: str, held: FakeKey) -> bytes:
        """Read an object of :meth:`listing`."""
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
