"""The policies that have a say in a request, as moto's backends hold them."""

from __future__ import annotations

from scones.localcloud.authorization.evaluation import Policies, Request


def policies_of(request: Request) -> Policies:
    """The policies of who asks (identity, boundary, session) and of what is asked for (its own policy).

    Raises:
        UnsupportedPolicy: one of them uses something that the local cloud cannot judge.
    """
    raise NotImplementedError
