"""Each entry of PutEvents succeeds or fails on its own. An event's Detail is a JSON object.

moto: ``events/models.py``, ``EventsBackend.put_events`` accepts any JSON value as Detail, with a warning. The whole
request fails if one entry names an event bus that does not exist. TraceHeader is ignored.

AWS (its recorded answers): an entry with another value fails with MalformedDetail, "Detail is malformed." An entry for
an event bus that does not exist has an EventId like the others, and its event is dropped (aws/aws-cli, issue 9186).
"""

from __future__ import annotations

import json
from typing import Any

from moto.events.exceptions import ResourceNotFoundException
from moto.events.models import EventsBackend

from localcloud import chain, log
from localcloud.identifiers import new_uuid

MOST_ENTRIES = 10


def apply() -> None:
    """Wrap moto's function."""
    put = EventsBackend.put_events

    def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(events) > MOST_ENTRIES:
            return list(put(self, events))  # it refuses
        return [_answer(self, event) for event in events]

    def _answer(backend: EventsBackend, event: dict[str, Any]) -> dict[str, Any]:
        given = {**event, "Detail": "{"} if _malformed(event.get("Detail")) else event
        try:
            with chain.carrying(event.get("TraceHeader") or chain.current()):
                (answered,) = put(backend, [given])
        except ResourceNotFoundException as absent:
            log.line(f"an event of PutEvents is dropped, as on AWS: {absent.message}")
            return {"EventId": new_uuid()}
        found: dict[str, Any] = answered
        return found

    EventsBackend.put_events = put_events


def _malformed(detail: str | None) -> bool:
    """Whether a Detail is JSON but no object. moto itself refuses what is no JSON, such as ``{``."""
    try:
        return bool(detail) and not isinstance(json.loads(detail or ""), dict)
    except ValueError:
        return False
