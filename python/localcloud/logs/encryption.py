"""CloudWatch Logs uses a group's KMS key in its own name, so the key's policy must allow it.

moto does not encrypt, and never checks the key's policy. Only that policy decides, because a service has no policies of
its own.

AWS: Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS Key Management Service" (the
service puts the group's ARN into the encryption context ``aws:logs:arn``). There is one difference from AWS: only
GenerateDataKey is checked. Decrypt is not checked when log events are read.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from localcloud import log
from localcloud.iam.roles import AccessDenied, Roles
from localcloud.logs.gaps.kms_key import named_group


def install(roles: Roles) -> None:
    """Let CloudWatch Logs use a key only if the key's policy allows it."""
    create, put, associate = LogsBackend.create_log_group, LogGroup.put_log_events, LogsResponse.associate_kms_key

    def create_log_group(self: LogsBackend, log_group_name: str, tags: dict[str, str], **kwargs: Any) -> LogGroup:
        if (key := kwargs.get("kmsKeyId")) and log_group_name not in self.groups:
            _accept(roles, key, LogGroup(self.account_id, self.region_name, log_group_name))
        return create(self, log_group_name, tags, **kwargs)

    def associate_kms_key(self: LogsResponse) -> str:
        if group := self.logs_backend.groups.get(named_group(self)):
            _accept(roles, self._get_param("kmsKeyId"), group)
        return associate(self)

    def put_log_events(self: LogGroup, log_stream_name: str, log_events: list[dict[str, Any]]) -> str:
        if self.kms_key_id:
            try:
                _require_group(roles, self.kms_key_id, self)
            except AccessDenied as denied:
                # PutLogEvents documents no error for this, and a writer of logs must not fail.
                log.line(f"{len(log_events)} events of {self.name} are lost: {denied}")
                return ""
        return put(self, log_stream_name, log_events)

    LogsBackend.create_log_group = create_log_group
    LogsResponse.associate_kms_key = associate_kms_key
    LogGroup.put_log_events = put_log_events


def _require_group(roles: Roles, key: str, group: LogGroup) -> None:
    service, context = f"logs.{group.region}.amazonaws.com", {"kms:EncryptionContext:aws:logs:arn": group.arn}
    roles.require_service(service, "kms:GenerateDataKey", key, source_arn=group.arn, context=context)


def _accept(roles: Roles, key: str, group: LogGroup) -> None:
    """Check a group's new key. The error message is CloudWatch Logs'."""
    try:
        _require_group(roles, key, group)
    except AccessDenied as denied:
        log.line(f"log group {group.name} cannot have its key: {denied}")
        words = f"The specified KMS key does not exist or is not allowed to be used with Arn '{group.arn}'"
        raise JsonRESTError("AccessDeniedException", words) from None
