"""A queue keeps its policy when other attributes are set, and answers its redrive policy as AWS writes it.

moto: ``sqs/models.py``, ``Queue._set_attributes`` drops the policy on every SetQueueAttributes that does not name it;
``Queue.attributes`` writes RedrivePolicy with spaces, which Terraform plans to remove for ever.

AWS: SetQueueAttributes sets the attributes that it is given (Amazon SQS API Reference); RedrivePolicy comes back as
compact JSON.
"""

from __future__ import annotations

import json
from typing import Any

from moto.sqs.models import Queue


def apply() -> None:
    set_all, described = Queue._set_attributes, Queue.attributes.fget

    def _set_attributes(self: Queue, attributes: dict[str, Any], now: float | None = None) -> None:
        kept = getattr(self, "policy", None)
        set_all(self, attributes, now)
        if "Policy" not in attributes:
            self.policy = kept

    def attributes(self: Queue) -> dict[str, Any]:
        found = described(self)
        if "RedrivePolicy" in found:
            found["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        return found

    Queue._set_attributes = _set_attributes
    Queue.attributes = property(attributes)
