"""What this checkout has sent to an endpoint, and how much of that is not captured yet.

Example (not run: it needs a running cloud)::

    with noting(folder, "scones-dev", "invoke evaluate", clock) as answered:
        answered.append("evaluate-20261122T120000-000001")            # an InferenceId, when its request is answered
    to_come(kept(folder, "scones-dev"), captured.events, Capturing(), now=clock())

SageMaker captures every answered request, but writes the file some minutes later. An event has its request's
InferenceId, so what was sent can be told from what is captured, to the last request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from imageclassification import files
from scones.service.capture.period import Period
from scones.service.capture.records import Event

FOLDER = "sent"  # beside the downloaded captures
LATE = timedelta(hours=1)  # what is not captured by then never will be
FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True)
class Sent:
    """The requests of one command that were answered.

    Attributes:
        what: The command, such as ``invoke evaluate``.
        ids: Their InferenceIds.
    """

    what: str
    endpoint: str
    began: datetime
    ended: datetime
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Capturing:
    """How an endpoint captures.

    Attributes:
        percentage: The share of requests that it captures, in percent; 0 if it captures nothing.
        since: When the endpoint was created; None if it is not known. Earlier requests were another endpoint's.
    """

    percentage: int = 100
    since: datetime | None = None


@dataclass(frozen=True)
class ToCome:
    """Requests of one command that are not captured.

    Attributes:
        sent: The number of its requests.
        captured: The number of those that are captured.
        late: True if they should have been captured by now.
    """

    what: str
    at: datetime
    sent: int
    captured: int
    late: bool

    @property
    def missing(self) -> int:
        return self.sent - self.captured

    def __str__(self) -> str:
        which = f"{self.missing:,} of {self.sent:,} requests that {self.what} sent at {self.at:%H:%M} UTC"
        return f"{which} were never captured" if self.late else f"{which} are still to come"


@contextmanager
def noting(folder: Path, endpoint: str, what: str, clock: Callable[[], datetime]) -> Iterator[list[str]]:
    """Note which requests a command sends. The block appends the InferenceId of each answered one.

    They are kept when the block ends, also by an error or Ctrl-C. Notes of the day before are removed.

    Args:
        folder: The environment's folder of captures.
        clock: Gives the time, in UTC.
    """
    began, ids = clock(), list[str]()
    try:
        yield ids
    finally:
        if ids:
            ended = clock()
            for path, old in _notes(folder):
                if ended - old.ended > FORGOTTEN:
                    path.unlink(missing_ok=True)
            note = asdict(Sent(what, endpoint, began, ended, tuple(ids)))
            files.write(folder / FOLDER / f"{ids[0]}.json", json.dumps(note, default=str) + "\n")


def kept(folder: Path, endpoint: str, period: Period = Period()) -> list[Sent]:  # noqa: B008 (immutable)
    """What was sent to an endpoint in a period, in order of time. A damaged note is passed over.

    A period that ends before now has no requests that are still to come, so nothing of it is returned.
    """
    if period.until:
        return []
    found = [sent for _, sent in _notes(folder) if sent.endpoint == endpoint and sent.began in period]
    return sorted(found, key=lambda sent: sent.began)


def to_come(notes: Sequence[Sent], events: Sequence[Event], capturing: Capturing, *, now: datetime) -> list[ToCome]:
    """What is not captured of what was sent. Empty if the endpoint captures only a part of the requests."""
    if capturing.percentage < 100:
        return []
    there = {event.inference_id for event in events if event.answerer.returned}
    found = []
    for sent in notes:
        captured = sum(one in there for one in sent.ids)
        own = capturing.since is None or sent.began >= capturing.since
        if captured < len(sent.ids) and own and now - sent.ended <= FORGOTTEN:
            found.append(ToCome(sent.what, sent.began, len(sent.ids), captured, late=now - sent.ended > LATE))
    return found


def capturing(sagemaker: Any, endpoint: str) -> Capturing:
    """How an endpoint captures. ``sagemaker`` is a boto3 SageMaker client."""
    from botocore.exceptions import ClientError

    try:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError:  # it is gone, so what it had to write is written; or these credentials may not describe it
        return Capturing()
    config = found.get("DataCaptureConfig") or {}
    started = config.get("EnableCapture") and config.get("CaptureStatus", "Started") == "Started"
    return Capturing(int(config.get("CurrentSamplingPercentage", 100)) if started else 0, found["CreationTime"])


def _notes(folder: Path) -> Iterator[tuple[Path, Sent]]:
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            began, ended = (datetime.fromisoformat(row[name]) for name in ("began", "ended"))
            yield path, Sent(row["what"], row["endpoint"], began, ended, tuple(row["ids"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
