"""What is kept of IAM: all but AWS's managed policies, which each start reads from moto's file."""

from __future__ import annotations

import hashlib
from typing import Any

from moto.iam.models import AWSManagedPolicy, iam_backends

from localcloud.durability.backends import Backends
from localcloud.durability.pickling import Pickling


def install(backends: Backends, pickling: Pickling) -> None:
    """Write AWS's policies by their ARNs."""
    made = AWSManagedPolicy.__init__

    def made_with_its_id(self: AWSManagedPolicy, *args: Any, **given: Any) -> None:
        made(self, *args, **given)
        self.id = policy_id(self.arn)

    AWSManagedPolicy.__init__ = made_with_its_id
    pickling.write_as(AWSManagedPolicy, lambda policy: (managed, (policy.account_id, policy.partition, policy.arn)))
    backends.state_of("iam", _state, _restore)


def policy_id(arn: str) -> str:
    """The id of a policy of AWS's, which is the same at each start. moto draws it at random.

    Example::

        >>> policy_id("arn:aws:iam::aws:policy/AmazonS3FullAccess")
        'ANPA9471F314403604122'
    """
    return f"ANPA{hashlib.sha256(arn.encode()).hexdigest()[:17].upper()}"


def managed(account: str, partition: str, arn: str) -> AWSManagedPolicy:
    """AWS's managed policy with an ARN.

    Raises:
        KeyError: This version of moto has no such policy.
    """
    return iam_backends[account][partition].managed_policies[arn]


def _state(backend: Any) -> dict[str, Any]:
    own, attached = {}, {}
    for arn, policy in list(backend.managed_policies.items()):
        if not isinstance(policy, AWSManagedPolicy):
            own[arn] = policy
        elif policy.attachment_count:
            attached[arn] = policy.attachment_count
    return {**vars(backend), "aws_managed_policies": attached, "managed_policies": own}


def _restore(backend: Any, state: dict[str, Any]) -> None:
    for arn, count in state["aws_managed_policies"].items():
        backend.managed_policies[arn].attachment_count = count
    state["aws_managed_policies"] = backend.aws_managed_policies
    state["managed_policies"] = {**backend.managed_policies, **state["managed_policies"]}
    backend.__dict__.clear()
    backend.__dict__.update(state)
