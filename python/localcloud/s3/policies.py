"""The policies of buckets. moto stores them, but :mod:`localcloud.iam` evaluates them.

moto: ``s3/models.py``, ``FakeBucket.get_permission`` does not know the principal. ``iam/access_control.py``,
``IAMPolicyStatement.is_action_permitted`` returns DENIED if a condition is *not* met. So a bucket whose policy denies
plain HTTP denies everything.

AWS: "If the condition is not met, the statement does not apply" (IAM User Guide, IAM JSON policy elements, Condition).
"""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, s3_backends

from localcloud.iam.policies import Statement, read


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """The policy of the bucket in an ARN of a bucket or object; None if it has none."""
    name = arn.split(":", 5)[5].partition("/")[0]
    for backends in list(s3_backends.values()):
        bucket = backends["aws"].buckets.get(name)
        if bucket is not None and bucket.policy:
            return read(bucket.policy, f"bucket/{name}")
    return None


def install() -> None:
    """Switch moto's own evaluation off. The request was checked before moto sees it."""
    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.PERMITTED
