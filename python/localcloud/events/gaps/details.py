"""An event's Detail is a JSON object.

moto: ``events/models.py``, ``EventsBackend.put_events`` accepts any JSON value with a warning.

AWS (its recorded answers): an entry with another value fails with MalformedDetail, "Detail is malformed."
"""

from __future__ import annotations

import json
from typing import Any

from moto.events.models import EventsBackend


def apply() -> None:
    """Wrap moto's function."""
    put = EventsBackend.put_events

    def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return list(
            put(self, [{**event, "Detail": "{"} if _malformed(event.get("Detail")) else event for event in events])
        )

    EventsBackend.put_events = put_events


def _malformed(detail: str | None) -> bool:
    """Whether a Detail is JSON but no object. moto itself refuses what is no JSON, such as ``{``."""
    try:
        return bool(detail) and not isinstance(json.loads(detail or ""), dict)
    except ValueError:
        return False
