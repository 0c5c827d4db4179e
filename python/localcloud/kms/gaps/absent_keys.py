"""The operations on grants, and GenerateRandom, refuse what is missing in KMS's words.

moto: ``kms/responses.py``, ``create_grant``, ``list_grants``, ``revoke_grant`` and ``retire_grant`` do not look whether
there is such a key, and fail. ``generate_random`` fails without NumberOfBytes.

AWS: NotFoundException (AWS KMS API Reference, the errors of these operations). RetireGrant takes a grant token, or the
key's ARN and the grant's id.
"""

from __future__ import annotations

from moto.kms.exceptions import ValidationException
from moto.kms.responses import KmsResponse


def apply() -> None:
    """Wrap moto's functions."""
    for action in ("create_grant", "list_grants", "revoke_grant"):
        _with_key(action)
    retire, generate = KmsResponse.retire_grant, KmsResponse.generate_random

    def retire_grant(self: KmsResponse) -> str:
        if not self._get_param("GrantToken"):
            if not (self._get_param("KeyId") and self._get_param("GrantId")):
                raise ValidationException("Must specify a grant token, or a key ARN and a grant id")
            self._validate_cmk_id(self._get_param("KeyId"))
        return str(retire(self))

    def generate_random(self: KmsResponse) -> str:
        if self._get_param("NumberOfBytes") is None:
            raise ValidationException("NumberOfBytes is required.")
        return str(generate(self))

    KmsResponse.retire_grant, KmsResponse.generate_random = retire_grant, generate_random


def _with_key(action: str) -> None:
    carry_out = getattr(KmsResponse, action)

    def checked(self: KmsResponse) -> str:
        self._validate_cmk_id(self._get_param("KeyId"))
        return str(carry_out(self))

    setattr(KmsResponse, action, checked)
