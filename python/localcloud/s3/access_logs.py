"""S3's access logs need a bucket policy that lets the service deliver them.

moto: ``s3/models.py``, ``FakeBucket._log_permissions_enabled_policy`` fails if a statement's Principal is ``"*"``, as
in a policy that demands TLS. It accepts a resource only if that is exactly the prefix and ``*``. It ignores conditions.

AWS: Amazon S3 User Guide, "Enabling Amazon S3 server access logging". The bucket's policy is checked when logging is
turned on.
"""

from __future__ import annotations

from moto.s3.models import FakeBucket

from localcloud.iam.roles import Roles

SERVICE = "logging.s3.amazonaws.com"


def install(roles: Roles) -> None:
    """Refuse access logs if the target bucket's policy does not let the service deliver them."""

    def may_log(self: FakeBucket, target_bucket: FakeBucket, target_prefix: str | None) -> bool:
        target = f"arn:aws:s3:::{target_bucket.name}/{target_prefix or ''}2026-01-01-00-00-00-A"
        source = f"arn:aws:s3:::{self.name}"
        return roles.service_may(SERVICE, "s3:PutObject", target, source_arn=source, account=self.account_id)

    FakeBucket._log_permissions_enabled_policy = may_log
