"""What the roles of an environment are granted: every statement of every policy, and how one is taken away for a while.

Example::

    statements = granted(iam, "scones-local")       # role/scones-local-training/training/ReadTheDataset, …
    with taken_away(iam, statements[0]):
        …                                           # the role is without it
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from scones.localcloud.authorization.policies import Statement, listed, statements


def granted(iam: Any, prefix: str) -> list[Statement]:
    """The statements of the environment's roles and of its pipeline's: inline, attached, and of trust.

    Args:
        iam: A boto3 client.
        prefix: What the names of the environment's roles begin with; the pipeline's have ``ci-`` before it.
    """
    found: list[Statement] = []
    for role in (one for page in iam.get_paginator("list_roles").paginate() for one in page["Roles"]):
        name = role["RoleName"]
        if not name.startswith((f"{prefix}-", f"ci-{prefix}-")):
            continue
        found += statements(role["AssumeRolePolicyDocument"], source=f"role/{name}/trust")
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            found += statements(document, source=f"role/{name}/{policy}")
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
            document = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"]
            found += statements(document["Document"], source=f"role/{name}/{policy['PolicyName']}")
    return found


@contextlib.contextmanager
def taken_away(iam: Any, statement: Statement) -> Iterator[None]:
    """Take a statement out of its role's inline policy, and put it back."""
    _, role, policy, sid = statement.source.split("/")
    which = {"RoleName": role, "PolicyName": policy}
    document = iam.get_role_policy(**which)["PolicyDocument"]
    left = [one for one in listed(document["Statement"]) if one.get("Sid") != sid]
    if left:
        iam.put_role_policy(**which, PolicyDocument=json.dumps({**document, "Statement": left}))
    else:
        iam.delete_role_policy(**which)
    try:
        yield
    finally:
        iam.put_role_policy(**which, PolicyDocument=json.dumps(document))
