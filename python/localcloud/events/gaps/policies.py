"""An event bus takes a policy as AWS does: one statement or several, with or without a Sid.

moto: ``events/models.py``, ``EventBus.add_policy`` fails on a statement that is no list, and on one without a Sid.

AWS: EventBridge API Reference, PutPermission; IAM User Guide, "IAM JSON policy elements: Sid" is optional.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.models import EventBus

from localcloud.iam.policies import listed

#: What a statement that moto keeps cannot have.
NEGATED = ("NotAction", "NotPrincipal", "NotResource")


def apply() -> None:
    """Wrap moto's function."""
    add = EventBus.add_policy

    def add_policy(self: EventBus, policy: dict[str, Any]) -> None:
        given = listed(policy["Statement"])
        for name in NEGATED:
            if any(name in one for one in given):
                raise JsonRESTError(
                    "NotImplemented", f"the local cloud does not support events:PutPermission with {name}"
                )
        named = [{"Sid": f"statement-{number}", **one} for number, one in enumerate(given, start=1)]
        add(self, {**policy, "Statement": named})

    EventBus.add_policy = add_policy
