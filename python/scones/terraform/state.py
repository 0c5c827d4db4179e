"""The bucket of Terraform's state, and what the state says.

Example::

    backend = Backend.of(settings.load("local"))
    backend.ensure()                        # there from now on: versioned, closed to the public
    backend.read("service").outputs         # {'endpoint_name': 'scones-local', …}

Terraform cannot keep state in a bucket that it has yet to make, so the bucket is made here when it is missing; the
bootstrap stack adopts it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scones import aws
from scones.errors import TerraformError
from scones.s3 import delete_versions
from scones.settings import PROJECT, Environment


@dataclass(frozen=True)
class State:
    """What a stack's state says.

    Attributes:
        outputs: The values of its outputs.
        resources: The addresses of what it manages; empty where nothing is there.
        lineage: What names this state, from its first version on; empty where there is none.
        serial: Its version, which every change counts up.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    lineage: str = ""
    serial: int = 0


@dataclass(frozen=True)
class Backend:
    """The bucket of an environment's state, ``scones-<env>-tfstate-<account>``.

    Attributes:
        account: The account that the bucket must belong to.
        region: Where the bucket is made.
    """

    s3: Any
    account: str
    region: str
    bucket: str

    @classmethod
    def of(cls, environment: Environment) -> Backend:
        """The backend of an environment.

        Raises:
            LocalCloudError: the environment's cloud is a local one that is not running.
        """
        account = aws.account_id(environment)
        bucket = f"{PROJECT}-{environment.name}-tfstate-{account}"
        return cls(aws.client(environment, "s3"), account, environment.region, bucket)

    def read(self, stack: str) -> State:
        """A stack's state, in one request; an empty one where there is none.

        Format: version 4 of Terraform's state, which the data source terraform_remote_state reads too.

        Raises:
            TerraformError: the state is of another form.
        """
        try:
            found = json.loads(self.s3.get_object(Bucket=self.bucket, Key=f"{stack}.tfstate")["Body"].read())
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket"):
                return State()
            raise
        if found.get("version") != 4:
            raise TerraformError(
                f"the state of stack '{stack}' cannot be read: its version is {found.get('version')}, not 4",
                hint="look at it with terraform output; OpenTofu's encrypted state is not supported",
            )
        return State(
            outputs={name: output["value"] for name, output in found["outputs"].items()},
            resources=tuple(
                ".".join(filter(None, [one.get("module"), one["type"], one["name"]]))
                for one in found["resources"]
                if one["mode"] == "managed" and one["instances"]
            ),
            lineage=found.get("lineage", ""),
            serial=found.get("serial", 0),
        )

    def exists(self) -> bool:
        """Whether the bucket is there, and ours.

        Raises:
            TerraformError: another account has a bucket of that name.
        """
        try:
            self.s3.head_bucket(Bucket=self.bucket, ExpectedBucketOwner=self.account)
        except self.s3.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 404:
                return False
            if status == 403:
                raise TerraformError(
                    f"the bucket of the state, {self.bucket}, belongs to another account or may not be read by you",
                    hint="see whose credentials these are with: aws sts get-caller-identity",
                ) from None
            raise
        return True

    def ensure(self) -> None:
        """Make the bucket where it is missing.

        Raises:
            TerraformError: another account has a bucket of that name.
        """
        if self.exists():
            return
        # us-east-1 is where a bucket lies that names no region, and refuses to be named.
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        self.s3.create_bucket(Bucket=self.bucket, **({} if self.region == "us-east-1" else elsewhere))
        closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def delete(self) -> None:
        """Delete the bucket with every version of everything in it."""
        if not self.exists():
            return
        delete_versions(self.s3, self.bucket)
        self.s3.delete_bucket(Bucket=self.bucket)
