"""A session with the permissions of the pipeline's apply role, for a person.

Example (not run: it needs a running cloud)::

    with session(environment, "arn:aws:iam::123456789012:role/ci-scones-checkdev-apply") as applying:
        Stack(applying, "foundation").apply()

The pipeline's role trusts GitHub's tokens only. So a second role with the same policies is made, which trusts the
account, and is deleted afterwards. What GitHub's trust needs is not tried by this.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from scones import aws
from scones.errors import CloudError
from scones.settings import Credentials, Environment

SECONDS = 3600  # the longest session of a role that another role takes
# IAM is eventually consistent: a new role can be taken after some seconds.
PATIENCE, PAUSE = 90.0, 3.0


def name(environment: Environment) -> str:
    """The name of the role. The pipeline's role may write to roles whose names begin with ``scones-``."""
    return f"as-pipeline-scones-{environment.name}"


@contextmanager
def session(
    environment: Environment,
    role_arn: str,
    *,
    client: Callable[..., Any] = aws.client,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Environment]:
    """Give the environment with the permissions of a role, for an hour at most.

    Args:
        role_arn: The role with the permissions.
        client: Makes boto3 clients.
        sleep: Waits for IAM.

    Raises:
        CloudError: the new role cannot be taken.
        ClientError: IAM refuses to make it.
    """
    iam, sts = client(environment, "iam"), client(environment, "sts")
    model, own = role_arn.rpartition("/")[2], name(environment)
    remove(environment, client=client)  # an interrupted run may have left it
    account = role_arn.split(":")[4]
    partition = role_arn.split(":")[1]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = iam.create_role(RoleName=own, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    try:
        for one in iam.list_attached_role_policies(RoleName=model)["AttachedPolicies"]:
            iam.attach_role_policy(RoleName=own, PolicyArn=one["PolicyArn"])
        for inline in iam.list_role_policies(RoleName=model)["PolicyNames"]:
            text = iam.get_role_policy(RoleName=model, PolicyName=inline)["PolicyDocument"]
            iam.put_role_policy(RoleName=own, PolicyName=inline, PolicyDocument=json.dumps(text))
        keys = _taken(sts, made, sleep)
        credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        yield replace(environment, credentials=credentials, profile=None)
    finally:
        remove(environment, client=client)


def remove(environment: Environment, *, client: Callable[..., Any] = aws.client) -> bool:
    """Delete the role, if it is there. Returns whether it was.

    Args:
        client: Makes boto3 clients.
    """
    iam, own = client(environment, "iam"), name(environment)
    try:
        attached = iam.list_attached_role_policies(RoleName=own)["AttachedPolicies"]
    except iam.exceptions.NoSuchEntityException:
        return False
    for one in attached:
        iam.detach_role_policy(RoleName=own, PolicyArn=one["PolicyArn"])
    for inline in iam.list_role_policies(RoleName=own)["PolicyNames"]:
        iam.delete_role_policy(RoleName=own, PolicyName=inline)
    iam.delete_role(RoleName=own)
    return True


def _taken(sts: Any, role_arn: str, sleep: Callable[[float], None]) -> dict[str, str]:
    waited = 0.0
    while True:
        try:
            return sts.assume_role(RoleArn=role_arn, RoleSessionName="aws-check", DurationSeconds=SECONDS)[
                "Credentials"
            ]
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied" or waited >= PATIENCE:
                raise CloudError(
                    f"the role {role_arn} cannot be taken: {error}",
                    hint="the caller needs sts:AssumeRole; the account's root user cannot take roles",
                ) from None
        sleep(PAUSE)
        waited += PAUSE
