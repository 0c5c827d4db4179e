"""The bucket of Terraform's state, and what the state says.

Example::

    ensure_bucket(environment)                  # there from now on: versioned, encrypted, closed to the public
    read(environment, "service").outputs        # {'endpoint_name': 'scones-local', …}

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
from scones.settings import Environment
from scones.terraform.variables import state_bucket


@dataclass(frozen=True)
class State:
    """What a stack's state says.

    Attributes:
        outputs: The values of its outputs.
        resources: The addresses of what it manages; empty where nothing is there.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ()


def read(environment: Environment, stack: str) -> State:
    """A stack's state, straight from its bucket, in one request; an empty one where there is none.

    Format: version 4 of Terraform's state, which the data source terraform_remote_state reads too.

    Raises:
        TerraformError: the state is of another form.
    """
    s3 = aws.client(environment, "s3")
    try:
        found = json.loads(s3.get_object(Bucket=state_bucket(environment), Key=f"{stack}.tfstate")["Body"].read())
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket"):
            return State()
        raise
    if found.get("version") != 4:
        raise TerraformError(
            f"the state of stack '{stack}' is not of version 4, but {found.get('version', 'encrypted')}",
            hint=f"look at it with: invoke env --env {environment.name} --stack {stack}; terraform output",
        )
    return State(
        outputs={name: output["value"] for name, output in found["outputs"].items()},
        resources=tuple(
            ".".join(filter(None, [one.get("module"), one["type"], one["name"]]))
            for one in found["resources"]
            if one["mode"] == "managed" and one["instances"]
        ),
    )


def bucket_exists(environment: Environment) -> bool:
    """Whether the bucket of the state is there, and ours.

    Raises:
        TerraformError: another account has a bucket of that name.
    """
    s3, bucket = aws.client(environment, "s3"), state_bucket(environment)
    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=aws.account_id(environment))
    except s3.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return False
        if status == 403:
            raise TerraformError(
                f"the bucket of the state, {bucket}, belongs to another account or may not be read by you",
                hint="check the credentials with: aws sts get-caller-identity",
            ) from None
        raise
    return True


def ensure_bucket(environment: Environment) -> str:
    """Make the bucket of the state where it is missing; its name.

    Raises:
        TerraformError: another account has a bucket of that name.
    """
    s3, bucket = aws.client(environment, "s3"), state_bucket(environment)
    if bucket_exists(environment):
        return bucket
    # us-east-1 is where a bucket lies that names no region, and refuses to be named.
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": environment.region}}
    s3.create_bucket(Bucket=bucket, **({} if environment.region == "us-east-1" else elsewhere))
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def delete_bucket(environment: Environment) -> None:
    """Delete the bucket of the state with every version of everything in it."""
    s3, bucket = aws.client(environment, "s3"), state_bucket(environment)
    if not bucket_exists(environment):
        return
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    s3.delete_bucket(Bucket=bucket)
