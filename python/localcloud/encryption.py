"""Services that use a key in their own name: CloudWatch Logs for a group's events, publishers for a topic's messages.

moto encrypts neither, and so never asks a key's policy, which alone decides: a service has no policies of its own.

AWS: Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS Key Management Service" (the
service names the group in the encryption context ``aws:logs:arn``); Amazon SNS Developer Guide, "Key management"
(GenerateDataKey and Decrypt are what who publishes needs; the context is ``aws:sns:topicArn``). Otherwise than on AWS:
Decrypt is not asked for where log events are read, and Encrypt and ReEncrypt never are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import kms_backends
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse
from moto.sns.models import sns_backends

from localcloud.authorization.roles import AccessDenied, Roles
from localcloud.gaps.logs_kms_key import named_group

if TYPE_CHECKING:
    from localcloud.context import Context


def install(context: Context) -> None:
    """Let CloudWatch Logs use a key only where the key's policy lets it."""
    roles = context.roles
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
                # No error of PutLogEvents is documented for it, nor may whoever writes a log fail by it.
                print(f"{len(log_events)} events of {self.name} are lost: {denied}", flush=True)
                return ""
        return put(self, log_stream_name, log_events)

    LogsBackend.create_log_group = create_log_group
    LogsResponse.associate_kms_key = associate_kms_key
    LogGroup.put_log_events = put_log_events


def require_topic(roles: Roles, service: str, topic_arn: str, *, source_arn: str) -> None:
    """Refuse a topic whose key a service may not use, where it has one.

    Raises:
        AccessDenied: the key's policy does not allow it.
    """
    region, account = topic_arn.split(":")[3:5]
    topic = sns_backends[account][region].topics.get(topic_arn)
    if topic is None or not topic.kms_master_key_id:
        return
    key = kms_backends[account][region].any_id_to_key_id(topic.kms_master_key_id)
    context = {"kms:ViaService": f"sns.{region}.amazonaws.com", "kms:EncryptionContext:aws:sns:topicArn": topic_arn}
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        arn = f"arn:aws:kms:{region}:{account}:key/{key}"
        roles.require_service(service, action, arn, source_arn=source_arn, context=context)


def _require_group(roles: Roles, key: str, group: LogGroup) -> None:
    service, context = f"logs.{group.region}.amazonaws.com", {"kms:EncryptionContext:aws:logs:arn": group.arn}
    roles.require_service(service, "kms:GenerateDataKey", key, source_arn=group.arn, context=context)


def _accept(roles: Roles, key: str, group: LogGroup) -> None:
    """Refuse a key for a group in CloudWatch Logs' words."""
    try:
        _require_group(roles, key, group)
    except AccessDenied as denied:
        print(f"log group {group.name} cannot have its key: {denied}", flush=True)
        words = f"The specified KMS key does not exist or is not allowed to be used with Arn '{group.arn}'"
        raise JsonRESTError("AccessDeniedException", words) from None
