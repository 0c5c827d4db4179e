"""STS forgets the sessions of roles an hour after they have expired.

moto keeps each session, and its access key, for ever (``sts/models.py``, ``STSBackend.assumed_roles``;
``iam/models.py``, ``IAMBackend.access_keys``), and looks through all sessions to find one.

AWS: credentials that have expired are refused with ExpiredToken (AWS STS API Reference). For an hour, the local cloud
refuses them with this word, and after that as a key that does not exist.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends

KEPT = timedelta(hours=1)


def apply() -> None:
    """Wrap moto's function."""
    assume = STSBackend.assume_role

    def assume_role(self: STSBackend, *given: Any, **named: Any) -> AssumedRole:
        session: AssumedRole = assume(self, *given, **named)
        _forget(sts_backends[session.account_id][session.partition])
        return session

    STSBackend.assume_role = assume_role


def _forget(sts: STSBackend) -> None:
    oldest = utcnow() - KEPT
    gone = [one for one in sts.assumed_roles if one.expiration < oldest]
    for one in gone:
        sts.assumed_roles.remove(one)
        iam_backends[one.account_id][one.partition].access_keys.pop(one.access_key_id, None)
