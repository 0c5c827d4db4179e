"""Creates and deletes the bucket of Terraform's state, and reads the state.

Example (not run: it needs a running cloud)::

    backend = Backend.of(settings.load("local"))
    backend.ensure()                        # creates the bucket: versioned, without public access
    backend.read("service").outputs         # {'endpoint_name': 'scones-local', …}

Terraform cannot create the bucket that holds its own state. So this module creates it, and the bootstrap stack imports
it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scones import aws
from scones.errors import TerraformError
from scones.s3 import delete_versions
from scones.settings import PROJECT, Environment


@dataclass(frozen=True)
class TerraformState:
    """A stack's state.

    Attributes:
        outputs: The outputs' values, by name.
        resources: The addresses of the managed resources.
        lineage: The state's unique id, the same in all its versions; empty without a state.
        serial: The state's version. Each change increments it.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    lineage: str = ""
    serial: int = 0


@dataclass(frozen=True)
class Backend:
    """The bucket of an environment's state, ``scones-<env>-tfstate-<account>``.

    Attributes:
        s3: A boto3 S3 client.
        account: The account that must own the bucket.
    """

    s3: Any
    account: str
    region: str
    bucket: str

    @classmethod
    def of(cls, environment: Environment) -> Backend:
        """The backend of an environment.

        Raises:
            LocalCloudError: the environment's local cloud is not running.
        """
        account = aws.account_id(environment)
        bucket = f"{PROJECT}-{environment.name}-tfstate-{account}"
        return cls(aws.client(environment, "s3"), account, environment.region, bucket)

    def read(self, stack: str) -> TerraformState:
        """Read a stack's state in one request. Without a state, return an empty one.

        Format: version 4 of Terraform's state, which the data source terraform_remote_state reads too.

        Raises:
            TerraformError: the state has another version.
        """
        try:
            found = json.loads(self.s3.get_object(Bucket=self.bucket, Key=f"{stack}.tfstate")["Body"].read())
        except self.s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket"):
                return TerraformState()
            raise
        if found.get("version") != 4:
            raise TerraformError(
                f"the state of stack '{stack}' cannot be read: its version is {found.get('version')}, not 4",
                hint="look at it with terraform output; OpenTofu's encrypted state is not supported",
            )
        return TerraformState(
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
        """True if the bucket exists and this account owns it.

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
        """Create the bucket if it is missing.

        Raises:
            TerraformError: another account has a bucket of that name.
        """
        if self.exists():
            return
        # S3 creates a bucket in us-east-1 by default, and refuses us-east-1 as a LocationConstraint.
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        self.s3.create_bucket(Bucket=self.bucket, **({} if self.region == "us-east-1" else elsewhere))
        closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def delete(self) -> None:
        """Delete the bucket with all versions of all its objects."""
        if not self.exists():
            return
        delete_versions(self.s3, self.bucket)
        self.s3.delete_bucket(Bucket=self.bucket)


def require_fresh(plan: Path, stack: str, now: TerraformState) -> None:
    """Check that a stack's state is still the one that a saved plan was made on. Terraform checks it too, but later.

    Format: a saved plan is a zip, and its file ``tfstate`` is that state. Terraform does not promise this: a plan
    without it is left to Terraform.

    Raises:
        TerraformError: the state has changed since.
    """
    try:
        with zipfile.ZipFile(plan) as archive:
            found = json.loads(archive.read("tfstate"))
        made_on = (found["lineage"], found["serial"])
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError):
        return
    if made_on != (now.lineage, now.serial):
        raise TerraformError(
            f"the plan {plan} is stale: it was made on serial {made_on[1]} of the state of stack '{stack}', now at "
            f"serial {now.serial}; nothing was applied",
            hint=f"plan again: invoke tf.plan --stack {stack} --out {plan}",
        )
