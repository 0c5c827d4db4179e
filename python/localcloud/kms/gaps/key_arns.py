"""A key's ARN works in every operation, and a key's policy needs no name.

moto: ``kms/models.py``, ``disable_key``, ``enable_key``, ``cancel_key_deletion`` and ``schedule_key_deletion`` look for
the ARN among the keys' identifiers, and fail. ``kms/responses.py`` answers the last two with the KeyId of the request,
and ``get_key_policy`` and ``put_key_policy`` find no policy without PolicyName.

AWS: AWS KMS API Reference: KeyId is an identifier or an ARN. CancelKeyDeletion and ScheduleKeyDeletion answer the key's
ARN; ScheduleKeyDeletion also KeyState and PendingWindowInDays. PolicyName of GetKeyPolicy and PutKeyPolicy is
``default`` if there is none, and GetKeyPolicy answers it.
"""

from __future__ import annotations

import json
from typing import Any

from moto.kms.models import KmsBackend
from moto.kms.responses import KmsResponse

BY_IDENTIFIER = ("disable_key", "enable_key", "cancel_key_deletion", "schedule_key_deletion")
DEFAULT = "default"
PENDING_WINDOW = 30  # days


def apply() -> None:
    """Wrap moto's functions."""
    for name in BY_IDENTIFIER:
        _by_arn(name)
    cancel, schedule = KmsResponse.cancel_key_deletion, KmsResponse.schedule_key_deletion
    get, described = KmsResponse._get_param, KmsResponse.get_key_policy

    def cancel_key_deletion(self: KmsResponse) -> str:
        return json.dumps({**json.loads(cancel(self)), "KeyId": _arn(self)})

    def schedule_key_deletion(self: KmsResponse) -> str:
        window = self._get_param("PendingWindowInDays") or PENDING_WINDOW
        more = {"KeyId": _arn(self), "KeyState": "PendingDeletion", "PendingWindowInDays": window}
        return json.dumps({**json.loads(schedule(self)), **more})

    def _get_param(self: KmsResponse, param_name: str, if_none: Any = None) -> Any:
        return get(self, param_name, DEFAULT if param_name == "PolicyName" else if_none)

    def get_key_policy(self: KmsResponse) -> str:
        return json.dumps({**json.loads(described(self)), "PolicyName": self._get_param("PolicyName")})

    KmsResponse.cancel_key_deletion, KmsResponse.schedule_key_deletion = cancel_key_deletion, schedule_key_deletion
    KmsResponse._get_param, KmsResponse.get_key_policy = _get_param, get_key_policy


def _by_arn(name: str) -> None:
    carry_out = getattr(KmsBackend, name)

    def called(self: KmsBackend, key_id: str, *given: Any) -> Any:
        return carry_out(self, self.get_key_id(key_id), *given)

    setattr(KmsBackend, name, called)


def _arn(request: KmsResponse) -> str:
    request._validate_cmk_id(request._get_param("KeyId"))
    arn: str = request.kms_backend.keys[request.kms_backend.get_key_id(request._get_param("KeyId"))].arn
    return arn
