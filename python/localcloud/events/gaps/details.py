"""Each entry of PutEvents succeeds or fails on its own. An event's Detail is a JSON object, its source is not AWS's.

moto: ``events/models.py``, ``EventsBackend.put_events`` accepts any JSON value as Detail, with a warning. The whole
request fails if one entry names an event bus that does not exist. TraceHeader is ignored. It takes the sources of
AWS's services, and entries of any size.

AWS (its recorded answers): an entry with another value fails with MalformedDetail, "Detail is malformed." An entry for
an event bus that does not exist has an EventId like the others, and its event is dropped (aws/aws-cli, issue 9186).
EventBridge API Reference, PutEventsResultEntry: NotAuthorizedForSourceException. EventBridge User Guide, "Calculating
PutEvents event entry size": all entries of a request have less than 1 MB together.
"""

from __future__ import annotations

import json
from typing import Any

from moto.events.exceptions import ResourceNotFoundException, ValidationException
from moto.events.models import EventsBackend

from localcloud import chain, log
from localcloud.identifiers import new_uuid

MOST_ENTRIES = 10
MOST_BYTES = 1_048_576
BYTES_OF_TIME = 14


def apply() -> None:
    """Wrap moto's function."""
    put = EventsBackend.put_events

    def put_events(self: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(events) > MOST_ENTRIES:
            return list(put(self, events))  # it refuses
        if sum(map(size_of, events)) > MOST_BYTES:
            raise ValidationException("Total size of the entries in the request is over the limit.")
        return [_answer(self, event) for event in events]

    def _answer(backend: EventsBackend, event: dict[str, Any]) -> dict[str, Any]:
        if str(event.get("Source") or "").startswith("aws."):
            return {
                "ErrorCode": "NotAuthorizedForSourceException",
                "ErrorMessage": "Not authorized for the source.",
            }
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


def size_of(entry: dict[str, Any]) -> int:
    """The bytes that an entry of PutEvents counts.

    Example::

        >>> size_of({"Time": 0, "Source": "a", "DetailType": "b", "Detail": "{}", "Resources": ["ä"]})
        20
    """
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or [])]
    return sum(len(str(text or "").encode()) for text in texts) + (
        BYTES_OF_TIME if entry.get("Time") is not None else 0
    )


def _malformed(detail: str | None) -> bool:
    """Whether a Detail is JSON but no object. moto itself refuses what is no JSON, such as ``{``."""
    try:
        return bool(detail) and not isinstance(json.loads(detail or ""), dict)
    except ValueError:
        return False
