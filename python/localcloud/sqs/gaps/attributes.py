"""A queue keeps its policy when other attributes are set, and its redrive policy has AWS's format.

moto: ``sqs/models.py``, ``Queue._set_attributes`` drops the policy if SetQueueAttributes does not name it.
``Queue.attributes`` writes RedrivePolicy with spaces, so Terraform plans to change it again and again.

AWS: SetQueueAttributes sets only the given attributes (Amazon SQS API Reference). RedrivePolicy is compact JSON.
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
        if self.redrive_policy:
            found["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        return found

    Queue._set_attributes = _set_attributes
    Queue.attributes = property(attributes)
