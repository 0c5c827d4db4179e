"""PutResourcePolicy wants a name and a policy.

moto: ``logs/responses.py``, ``put_resource_policy`` keeps a policy without a name or a text. It would stop every
service that writes logs.

AWS: Amazon CloudWatch Logs API Reference, PutResourcePolicy: policyName and policyDocument are required; otherwise
InvalidParameterException. What is in the document is checked by :mod:`localcloud.iam.documents`. A group's own policy
(resourceArn) is refused by name: :data:`localcloud.fidelity.PARTS`.
"""

from __future__ import annotations

from moto.logs.exceptions import InvalidParameterException
from moto.logs.responses import LogsResponse


def apply() -> None:
    """Wrap moto's function."""
    put = LogsResponse.put_resource_policy

    def put_resource_policy(self: LogsResponse) -> str:
        for name in ("policyName", "policyDocument"):
            if not self._get_param(name):
                raise InvalidParameterException(f"{name} is required")
        return str(put(self))

    LogsResponse.put_resource_policy = put_resource_policy
