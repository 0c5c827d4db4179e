"""A bucket may log its requests to one whose policy lets S3's logging service write there, however it says so.

moto: ``s3/models.py``, ``FakeBucket._log_permissions_enabled_policy`` fails at a statement whose Principal is ``"*"``,
as a TLS-only one is, and takes a resource for allowed only where it is the very prefix and ``*``.

AWS: the logging service ``logging.s3.amazonaws.com`` needs s3:PutObject on the objects under the prefix (Amazon S3 User
Guide, "Enabling Amazon S3 server access logging").
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from moto.s3.models import LOGGING_SERVICE_PRINCIPAL, FakeBucket


def apply() -> None:
    FakeBucket._log_permissions_enabled_policy = staticmethod(may_log)


def may_log(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Whether the bucket's policy lets the logging service put an object under the prefix."""
    if not target_bucket.policy:
        return False
    name = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}2026-01-01-00-00-00-A"
    return any(
        statement["Effect"] == "Allow"
        and LOGGING_SERVICE_PRINCIPAL in _services(statement.get("Principal"))
        and any(fnmatchcase("s3:PutObject", action) for action in _listed(statement.get("Action")))
        and any(fnmatchcase(name, resource) for resource in _listed(statement.get("Resource")))
        for statement in json.loads(target_bucket.policy)["Statement"]
    )


def _services(principal: Any) -> list[str]:
    return _listed(principal.get("Service")) if isinstance(principal, dict) else []


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []
