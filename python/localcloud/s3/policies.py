"""The policies of buckets, as moto holds them and no longer judges them.

moto: ``s3/models.py``, ``FakeBucket.get_permission`` does not see who asks, and ``iam/access_control.py``,
``IAMPolicyStatement.is_action_permitted`` answers DENIED when a condition is *not* met, so that a bucket whose policy
denies plain HTTP locks everyone out.

AWS: "If the condition is not met, the statement does not apply" (IAM User Guide, IAM JSON policy elements, Condition).
:mod:`localcloud.iam` judges bucket policies, and lets nobody past whom they do not allow.
"""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, s3_backends

from localcloud.iam.policies import Statement, read


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """The policy of the bucket that an ARN is of, or is in; None where it has none."""
    name = arn.split(":", 5)[5].partition("/")[0]
    for backends in list(s3_backends.values()):
        bucket = backends["aws"].buckets.get(name)
        if bucket is not None and bucket.policy:
            return read(bucket.policy, f"bucket/{name}")
    return None


def install() -> None:
    """Let moto judge no bucket's policy: a request that comes this far has been judged."""
    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.PERMITTED
