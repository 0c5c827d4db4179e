"""GetCallerIdentity answers who signed the request.

moto: ``sts/models.py``, ``get_caller_identity`` knows users and sessions, and calls every other key ``user/moto``.

AWS: AWS STS API Reference, GetCallerIdentity. The root user is ``arn:aws:iam::ACCOUNT:root``, with the account's number
as its id (IAM User Guide, "IAM JSON policy elements: Variables", the values of ``aws:userid``).
"""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.sts.responses import TokenResponse

from localcloud.iam.lookups import user_id
from localcloud.iam.principals import PRINCIPAL


def apply() -> None:
    """Replace moto's function."""

    def get_caller_identity(self: TokenResponse) -> ActionResult:
        who = self.headers.environ[PRINCIPAL]
        return ActionResult({"UserId": user_id(who), "Account": who.account, "Arn": who.arn})

    TokenResponse.get_caller_identity = get_caller_identity
