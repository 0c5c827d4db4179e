"""A bucket's policy is judged before a request is dispatched, with all else that has a say, and not again by moto.

moto: ``s3/models.py``, ``FakeBucket.get_permission`` does not see who asks, and ``iam/access_control.py``,
``IAMPolicyStatement.is_action_permitted`` answers DENIED when a condition is *not* met, so that a bucket whose policy
denies plain HTTP locks everyone out.

AWS: "If the condition is not met, the statement does not apply" (IAM User Guide, IAM JSON policy elements, Condition).
:mod:`localcloud.authorization` judges bucket policies, and lets nobody past whom they do not allow.
"""

from __future__ import annotations

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket


def apply() -> None:
    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.PERMITTED
