"""What a service does in a role's name: each call judged as if the role had sent it.

Example::

    role = Acting(context.roles, role_arn, account="123456789012", region="us-east-1")
    role.read("s3://bucket/models/job/output/model.tar.gz")     # AccessDenied, or the object's content
    role.call("logs", "CreateLogStream", logGroupName="/aws/sagemaker/TrainingJobs", logStreamName="job/algo-1")

The calls are carried out in the local cloud's process; only what they need permission for is asked for here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud import objects
from localcloud.authorization.roles import AccessDenied, Roles

if TYPE_CHECKING:
    from moto.s3.models import FakeKey


@dataclass(frozen=True)
class Acting:
    """A service that acts in a role's name.

    Attributes:
        roles: The cloud's judge.
        role_arn: The role.
        account: The account whose resources are meant.
        region: Their AWS region.
        session: The session's name, as the service calls it.
    """

    roles: Roles
    role_arn: str
    account: str
    region: str
    session: str = "SageMaker"

    def call(self, service: str, operation: str, **parameters: Any) -> None:
        """Refuse a call that the role may not make.

        Raises:
            AccessDenied: its policies do not allow it.
        """
        self.roles.require_call(self.role_arn, service, operation, parameters, region=self.region, session=self.session)

    def require(
        self, action: str, resources: str | Iterable[str] = "*", context: Mapping[str, str] | None = None
    ) -> None:
        """Refuse an action that the role may not take, where a service does it in a way of its own.

        Raises:
            AccessDenied: its policies do not allow it.
        """
        self.roles.require(self.role_arn, action, resources, context, session=self.session)

    def may(self, service: str, operation: str, **parameters: Any) -> bool:
        """Whether the role may make a call."""
        try:
            self.call(service, operation, **parameters)
        except AccessDenied:
            return False
        return True

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
        """As :func:`localcloud.objects.listing`; what is found is read with :meth:`content`.

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
        """As :func:`localcloud.objects.find`."""
        bucket, key = objects.split(uri)
        self.call("s3", "GetObject", Bucket=bucket, Key=key)
        return objects.find(self.account, uri)

    def read(self, uri: str) -> bytes | None:
        """As :func:`localcloud.objects.read`."""
        found = self.find(uri)
        return found.value if found else None

    def write(self, uri: str, content: bytes, *, kms_key_id: str | None = None) -> str:
        """As :func:`localcloud.objects.write`."""
        bucket, key = objects.split(uri)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}
        self.call("s3", "PutObject", Bucket=bucket, Key=key, **encryption)
        return objects.write(self.account, uri, content, kms_key_id=kms_key_id)

    def delete(self, uri: str, *, version: str | None = None) -> None:
        """As :func:`localcloud.objects.delete`."""
        bucket, key = objects.split(uri)
        which = {"VersionId": version} if version else {}
        self.call("s3", "DeleteObject", Bucket=bucket, Key=key, **which)
        objects.delete(self.account, uri, version=version)
