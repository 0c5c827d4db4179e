"""The identity of a notebook: a session of a SageMaker execution role, as on a notebook instance.

Example (not run: it calls a cloud)::

    environment = settings.load("local")
    arn = role(environment, None)          # made, if the local cloud has none
    keys = session(environment, arn)       # get_execution_role() in the notebook answers arn

SageMaker's SDK finds the role in the caller's ARN, ``assumed-role/ROLE/SageMaker``. On the local cloud, the role is
made here: SageMaker's console makes the same for a notebook instance. An AWS account's role is its owner's. Its trust
policy must name whoever runs the notebook, besides ``sagemaker.amazonaws.com``.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING

from scones import aws
from scones.errors import CloudError, InputError
from scones.settings import Credentials

if TYPE_CHECKING:
    from scones.settings import Environment

# SageMaker's console gives its roles such names and this path, and SageMaker's SDK knows both.
PATH, NAME = "/service-role/", "AmazonSageMaker-ExecutionRole-notebook"
# What such notebooks use: SageMaker and S3, and functions and state machines that have the same role.
POLICIES = tuple(
    f"arn:aws:iam::aws:policy/{one}"
    for one in ("AmazonSageMakerFullAccess", "AmazonS3FullAccess", "AWSLambda_FullAccess", "AWSStepFunctionsFullAccess")
)
SERVICES = tuple(f"{name}.amazonaws.com" for name in ("sagemaker", "lambda", "states"))
ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+")
ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}")
SESSION_NAME = "SageMaker"  # as on a notebook instance
LONGEST, SHORTEST = 43_200, 3_600  # seconds: what a role can allow at most, and what each allows


def role(environment: Environment, given: str | None) -> str:
    """The ARN of the role for notebooks.

    Args:
        given: A role's name or ARN. None for the environment's ``access.notebook_role``, or else the local cloud's own.

    Raises:
        InputError: there is no such role, or the environment is on AWS and none is named.
    """
    given = given or environment.notebook_role
    if given and ROLE.fullmatch(given):
        return given
    if given and not ROLE_NAME.fullmatch(given):
        raise InputError(
            f"'{given}' is neither a role's name nor its ARN",
            hint="for instance: --role my-role, or --role arn:aws:iam::123456789012:role/my-role",
        )
    iam = aws.client(environment, "iam")
    if given:
        try:
            return iam.get_role(RoleName=given)["Role"]["Arn"]
        except iam.exceptions.NoSuchEntityException:
            raise InputError(
                f"there is no role '{given}' in environment '{environment.name}'",
                hint="list them with: aws iam list-roles. Without --role, the local cloud makes one",
            ) from None
    if environment.cloud_path is None:
        raise InputError(
            f"environment '{environment.name}' names no role for notebooks",
            hint="give --role ROLE, or access.notebook_role in environment.json: docs/operations.md says what it needs",
        )
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(
            Path=PATH,
            RoleName=NAME,
            AssumeRolePolicyDocument=json.dumps(trust(aws.account_id(environment))),
            Description="The execution role of the notebooks that invoke notebook runs",
            MaxSessionDuration=LONGEST,
            Tags=[{"Key": "Workload", "Value": environment.workload}],
        )
    for policy in POLICIES:
        iam.attach_role_policy(RoleName=NAME, PolicyArn=policy)
    return iam.get_role(RoleName=NAME)["Role"]["Arn"]


def forget(environment: Environment) -> str:
    """Delete the role that :func:`role` has made for this environment. Returns what was done, for people."""
    iam = aws.client(environment, "iam")
    try:
        tags = {tag["Key"]: tag["Value"] for tag in iam.list_role_tags(RoleName=NAME)["Tags"]}
    except iam.exceptions.NoSuchEntityException:
        tags = {}
    if tags.get("Workload") != environment.workload:
        return "nothing was there"
    for policy in iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=NAME, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=NAME)
    return "deleted"


def trust(account: str) -> dict[str, object]:
    """The trust policy: services take the role for what the notebook makes, and this account for notebooks."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            for principal in ({"Service": list(SERVICES)}, {"AWS": f"arn:aws:iam::{account}:root"})
        ],
    }


def session(environment: Environment, arn: str) -> Credentials:
    """Keys of a new session of a role: for twelve hours if the role allows it, else for one.

    Raises:
        CloudError: the caller may not assume the role.
    """
    from botocore.exceptions import ClientError

    sts = aws.client(environment, "sts")
    for seconds in (LONGEST, SHORTEST):
        try:
            keys = sts.assume_role(RoleArn=arn, RoleSessionName=SESSION_NAME, DurationSeconds=seconds)["Credentials"]
            return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        except ClientError as error:
            refused = error
            if error.response["Error"]["Code"] != "ValidationError":
                break
    raise CloudError(
        f"the notebook cannot have the role {arn}: {refused}",
        hint="its trust policy must allow sts:AssumeRole to whoever runs the notebook: docs/operations.md",
    ) from None
