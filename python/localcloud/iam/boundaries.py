"""A permissions boundary is a policy that there is.

moto takes any ARN of a policy (``iam/models.py``, ``IAMBackend.create_role`` and ``put_role_permissions_boundary``). So
a role could get the boundary of a stack that was not applied yet, which AWS refuses.

AWS: NoSuchEntity (IAM API Reference, PutRolePermissionsBoundary; CreateRole answers the same).
"""

from __future__ import annotations

from typing import Any

from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import IAMBackend, Role


def apply() -> None:
    """Wrap moto's functions."""
    create, put = IAMBackend.create_role, IAMBackend.put_role_permissions_boundary

    def create_role(
        self: IAMBackend,
        role_name: str,
        assume_role_policy_document: str,
        path: str,
        permissions_boundary: str | None,
        *others: Any,
        **named: Any,
    ) -> Role:
        _require(self, permissions_boundary)
        return create(self, role_name, assume_role_policy_document, path, permissions_boundary, *others, **named)

    def put_role_permissions_boundary(self: IAMBackend, role_name: str, permissions_boundary: str) -> None:
        _require(self, permissions_boundary)
        put(self, role_name, permissions_boundary)

    IAMBackend.create_role = create_role
    IAMBackend.put_role_permissions_boundary = put_role_permissions_boundary


def _require(backend: IAMBackend, arn: str | None) -> None:
    if arn and backend.policy_arn_regex.match(arn) and arn not in backend.managed_policies:
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")
