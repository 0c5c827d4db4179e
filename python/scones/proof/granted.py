"""Reads the policy statements of an environment's roles and resources, and removes a role's statement temporarily.

Example (not run: it needs a running cloud)::

    statements = granted(iam, "scones-local")       # role/scones-local-training/training/ReadTheDataset, …
    statements += of_resources(s3, sns, kms, sqs, "scones-local")   # topic/scones-local-alarms/RefuseWithoutTLS, …
    with taken_away(iam, statements[0]):
        ...                                         # the role lacks the statement
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from localcloud.iam.policies import Statement, listed, statements


def granted(iam: Any, prefix: str) -> list[Statement]:
    """The statements of the environment's and its pipeline's roles: inline, attached and trust policies.

    Args:
        iam: A boto3 client.
        prefix: The prefix of the roles' names. The names of the pipeline's roles begin with ``ci-`` and the prefix.
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


def of_resources(s3: Any, sns: Any, kms: Any, sqs: Any, prefix: str) -> list[Statement]:
    """The statements of the policies of an environment's buckets, topics, keys and queues.

    Args:
        s3, sns, kms, sqs: boto3 clients.
        prefix: The prefix of the buckets', topics' and queues' names, and of the keys' aliases.
    """
    found: list[Statement] = []
    for bucket in s3.list_buckets()["Buckets"]:
        if (name := bucket["Name"]).startswith(prefix):
            found += _read(s3.get_bucket_policy(Bucket=name)["Policy"], f"bucket/{name}")
    for topic in (one for page in sns.get_paginator("list_topics").paginate() for one in page["Topics"]):
        arn = topic["TopicArn"]
        if (name := arn.rpartition(":")[2]).startswith(prefix):
            found += _read(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"], f"topic/{name}")
    for alias in (one for page in kms.get_paginator("list_aliases").paginate() for one in page["Aliases"]):
        if alias["AliasName"].startswith(f"alias/{prefix}"):
            key = alias["TargetKeyId"]
            found += _read(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"], f"key/{key}")
    for url in (one for page in sqs.get_paginator("list_queues").paginate() for one in page.get("QueueUrls", [])):
        if (name := url.rpartition("/")[2]).startswith(prefix):
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
            found += _read(attributes["Policy"], f"queue/{name}") if "Policy" in attributes else ()
    return found


def _read(document: str, source: str) -> tuple[Statement, ...]:
    return statements(json.loads(document), source=source)


@contextlib.contextmanager
def taken_away(iam: Any, statement: Statement) -> Iterator[None]:
    """Remove a statement from its role's inline policy, and put it back at the end."""
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
