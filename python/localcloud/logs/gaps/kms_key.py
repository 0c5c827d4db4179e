"""A log group's KMS key can be set and removed after the group was created.

moto: ``logs/responses.py`` has neither AssociateKmsKey nor DisassociateKmsKey. Terraform calls them when a log group's
``kms_key_id`` changes.

AWS: Amazon CloudWatch Logs API Reference, AssociateKmsKey. The request has ``logGroupName``, or ``resourceIdentifier``
with the ARN of a log group.
"""

from __future__ import annotations

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse


def apply() -> None:
    def associate_kms_key(self: LogsResponse) -> str:
        _group(self).kms_key_id = self._get_param("kmsKeyId")
        return ""

    def disassociate_kms_key(self: LogsResponse) -> str:
        _group(self).kms_key_id = None
        return ""

    LogsResponse.associate_kms_key = associate_kms_key
    LogsResponse.disassociate_kms_key = disassociate_kms_key


def named_group(response: LogsResponse) -> str:
    """The name of the log group in a request."""
    arn = response._get_param("resourceIdentifier") or ""
    return response._get_param("logGroupName") or (arn.split(":") + [""] * 7)[6]


def _group(response: LogsResponse) -> LogGroup:
    group = response.logs_backend.groups.get(named_group(response))
    if group is None:
        raise ResourceNotFoundException()
    return group
