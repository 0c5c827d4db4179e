"""A rule has a pattern that EventBridge takes, and matches as EventBridge does. TestEventPattern answers.

moto: ``events/models.py``, ``EventPatternParser`` takes any operator with any value, and fails on what is no object.
``EventPattern.matches_event`` does not look into arrays of objects, and takes true for 1. ``events/responses.py``,
``test_event_pattern`` answers nothing.

AWS: EventBridge API Reference, PutRule and TestEventPattern, which names the fields that an event must have.
"""

from __future__ import annotations

import json
from typing import Any

from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventPattern, EventPatternParser

from localcloud.events.patterns import AllOf, BadPattern, compiled, matches

MANDATORY = ("id", "account", "source", "time", "region", "resources", "detail-type")


def apply() -> None:
    """Replace moto's functions."""

    def parse(self: EventPatternParser) -> dict[str, Any]:
        if not self.pattern:
            return {}
        _compiled(self.pattern)
        found: dict[str, Any] = json.loads(self.pattern)
        return found

    def matches_event(self: EventPattern, event: dict[str, Any]) -> bool:
        return not self._pattern or matches(compiled(json.dumps(self._pattern)), event)

    EventPatternParser.parse, EventPattern.matches_event = parse, matches_event


def apply_to_answers() -> None:
    """Replace moto's answer. Its module is imported with the first request."""
    from moto.events.responses import EventsHandler

    def test_event_pattern(self: EventsHandler) -> str:
        pattern = _compiled(self._get_param("EventPattern") or "")
        return json.dumps({"Result": matches(pattern, _event(self._get_param("Event") or ""))})

    EventsHandler.test_event_pattern = test_event_pattern


def _compiled(text: str) -> AllOf:
    try:
        return compiled(text)
    except BadPattern as error:
        raise InvalidEventPatternException(reason=str(error)) from None


def _event(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValidationException("Parameter Event is not valid. Reason: it must be a JSON object.")
    if missing := [name for name in MANDATORY if name not in found]:
        raise ValidationException(f"Parameter Event is not valid. Reason: it must have {', '.join(missing)}.")
    return found
