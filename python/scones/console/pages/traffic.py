"""Traffic: what the endpoint was asked and how sure it was, as pictures, live; and what another threshold would do."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from scones import dataset
from scones.console import live
from scones.console.page import SPARING, Page, asked
from scones.drawing import pages as drawn
from scones.errors import DatasetError, InputError
from scones.service import capture
from scones.service.capture import labels, period

if TYPE_CHECKING:
    from starlette.requests import Request

    from scones.service.capture import Event
    from scones.service.capture.labels import KnownImages

SINCE = "24h"
MOST = 20_000  # events that a browser gets; the newest
SHOWN = 96  # pixels of a picture's longer side


@dataclass
class LiveTraffic:
    """The captured traffic of one environment, as far as it was downloaded. Threads may share it."""

    page: Page
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _events: dict[str, Event] = field(default_factory=dict)
    _labels: KnownImages | None = None

    def read(self, since: str) -> tuple[Event, ...]:
        """Download what is new, and read the period's events, oldest first.

        Args:
            since: An age or a time, as ``invoke capture --since`` takes it.
        """
        desk = self.page.desk
        outputs, folder = desk.service(), desk.environment.captures
        asked_for, endpoint = period.parse(since, None), outputs["endpoint_name"]
        with self._lock:
            found = capture.download(desk.client("s3"), outputs["capture_uri"], endpoint, folder, period=asked_for)
            models = capture.look_up(desk.client("sagemaker"), found.paths, endpoint, folder)
            events = capture.read(found.paths, asked_for, models).events[-MOST:]
            self._events |= {identity(event): event for event in events}
        return events

    def labels(self) -> KnownImages:
        """The labels of the data set's test images. They are read once."""
        with self._lock:
            if self._labels is None:
                environment = self.page.desk.environment
                try:
                    found = dataset.load(environment.build / "dataset")
                except DatasetError:
                    found = None
                self._labels = labels.remember(environment.captures, found)
            return self._labels

    def picture(self, name: str) -> bytes | None:
        """A small picture of an event's image, drawn anew from its pixels. None if it has none that can be drawn."""
        event = self._events.get(name)
        content = capture.image(event) if event else None
        return drawn.thumbnail(content, SHOWN) if content else None


def routes(page: Page) -> list[Route]:
    """The addresses of the page."""
    traffic = LiveTraffic(page)

    def show(request: Request) -> Response:
        page.desk.service()
        threshold = float(page.desk.environment.service["confidence_threshold"])
        return page.show(request, "traffic.html.j2", title="Traffic", threshold=threshold, since=SINCE)

    def news(request: Request) -> Response:
        since, told = request.query_params.get("since") or SINCE, set[str]()

        def look() -> list[Any]:
            known = traffic.labels()
            new = [event for event in traffic.read(since) if identity(event) not in told]
            told.update(map(identity, new))
            if not new and told:
                return []
            return [{"events": rows(new, known)}]

        return live.stream(request, look, max(page.pause, SPARING))

    def picture(request: Request) -> Response:
        found = traffic.picture(asked(request, "of"))
        if found is None:
            raise InputError("there is no picture of this request")
        return Response(found, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})

    return [Route("/traffic", show), Route("/traffic/news", news), Route("/traffic/picture", picture)]


def identity(event: Event) -> str:
    """What tells an event from all others."""
    return event.event_id or f"{event.path}:{event.line}"


def rows(events: Sequence[Event], known: KnownImages) -> list[dict[str, Any]]:
    """Events as the page draws them. Those without a captured answer are left out."""
    found = []
    for event in events:
        if event.probabilities is None:
            continue
        image = known.of(event)
        found.append(
            {
                "id": identity(event),
                "at": event.time,
                "label": event.label,
                "wanted": not event.foreign,
                "confidence": event.confidence,
                "title": image.name if image else event.title,
                "model": event.answerer.name,
                "right": None if image is None else image.label == event.label,
                "picture": event.has_image,
            }
        )
    return found
