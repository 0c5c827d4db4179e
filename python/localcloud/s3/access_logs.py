"""S3's access logs are delivered to a bucket whose policy lets the service deliver them.

moto: ``s3/models.py``, ``FakeBucket._log_permissions_enabled_policy`` fails at a statement whose Principal is ``"*"``,
as a TLS-only one is, takes a resource for allowed only where it is the very prefix and ``*``, and knows no conditions.

AWS: Amazon S3 User Guide, "Enabling Amazon S3 server access logging". The bucket's policy is asked when logging is
turned on.
"""

from __future__ import annotations

from moto.s3.models import FakeBucket

from localcloud.iam.roles import Roles

SERVICE = "logging.s3.amazonaws.com"


def install(roles: Roles) -> None:
    """Turn no logging on that the target's policy does not let the service deliver."""

    def may_log(self: FakeBucket, target_bucket: FakeBucket, target_prefix: str | None) -> bool:
        target = f"arn:aws:s3:::{target_bucket.name}/{target_prefix or ''}2026-01-01-00-00-00-A"
        source = f"arn:aws:s3:::{self.name}"
        return roles.service_may(SERVICE, "s3:PutObject", target, source_arn=source, account=self.account_id)

    FakeBucket._log_permissions_enabled_policy = may_log
