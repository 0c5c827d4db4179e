"""Reads captured requests from the JSONL files that a SageMaker endpoint's data capture writes.

Example::

    >>> answer = {"captureData": {"endpointOutput": {"data": "[0.9, 0.1]", "encoding": "JSON"}},
    ...           "eventMetadata": {"eventId": "1", "inferenceTime": "2024-01-28T12:10:31Z"}}
    >>> _ = Path("captured.jsonl").write_text(json.dumps(answer) + "\\nhello\\n")
    >>> captured = read(Path())
    >>> captured.events[0].confidence, str(captured.broken[0])
    (0.9, "captured.jsonl:2: not JSON: Expecting value: line 1 column 1 (char 0): 'hello'")

Each line of a file is one JSON object (AWS: "Capture data from real-time endpoint")::

    {"captureData": {
       "endpointInput":  {"observedContentType": "image/png", "mode": "INPUT", "data": …, "encoding": "BASE64"},
       "endpointOutput": {"observedContentType": "application/json", "mode": "OUTPUT", "data": …, "encoding": "JSON"}},
     "eventMetadata": {"eventId": …, "inferenceTime": "2024-01-28T12:10:31Z",
                       "inferenceId": …, "customAttributes": […]},
     "eventVersion": "0"}

The endpoint's callers choose this content, so none of it is trusted. Lines that cannot be read are counted and shown,
text is reduced to printable characters, and images stay in their files until :func:`image` reads one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from scones.dataset.labels import OTHER
from scones.drawing import printable
from scones.errors import InputError
from scones.service.capture.models import UNKNOWN, Answerer, AnsweringModel, CapturePlace, Models
from scones.service.capture.period import Period

ENCODINGS = ("BASE64", "CSV", "JSON")
LONGEST_TEXT = 1024  # AWS's limit of CustomAttributes; longer text is cut
MOST_CLASSES = 10_000  # a spreadsheet has 16,384 columns
FIRST_TIME = datetime(2017, 11, 29, tzinfo=UTC)  # SageMaker's first day
LATEST = timedelta(days=366)  # from now on; clocks differ, but not by years
_UPLOADED = re.compile(r"^images/[0-9a-f]{16}/(?=[^/]+$)")
_IMAGE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


@dataclass(frozen=True)
class Event:
    """One captured request.

    Attributes:
        event_id: SageMaker's id of the event; empty if the line has none.
        time: When the endpoint answered, in UTC.
        probabilities: One for each class, in label order; None if the endpoint's output was not captured.
        inference_id: The caller's ``InferenceId``.
        custom_attributes: The caller's ``CustomAttributes``. This project's requests send the image's S3 key.
        has_image: True if the input holds a PNG or JPEG; :func:`image` reads it.
        line: The line in ``path``, from 1.
        offset: Where that line begins, in bytes.
        digest: The SHA-256 of the image, in hexadecimal; empty if there is none.
        variant: The endpoint's variant that answered; empty if it is not known.
        model: The model that answered.
    """

    event_id: str
    time: datetime
    probabilities: tuple[float, ...] | None
    inference_id: str | None
    custom_attributes: tuple[str, ...]
    has_image: bool
    path: Path
    line: int
    offset: int
    digest: str = ""
    variant: str = ""
    model: AnsweringModel = UNKNOWN

    @property
    def answerer(self) -> Answerer:
        """The model that answered, and its variant."""
        return Answerer(self.model, self.variant)

    @property
    def label(self) -> str | None:
        """The name of the most probable class, as the model that answered calls it."""
        return None if self.predicted is None else self.model.label(self.predicted)

    @property
    def predicted(self) -> int | None:
        """The index of the most probable class."""
        return None if self.probabilities is None else self.probabilities.index(max(self.probabilities))

    @property
    def confidence(self) -> float | None:
        """The probability of the most probable class."""
        return None if self.probabilities is None else max(self.probabilities)

    @property
    def foreign(self) -> bool:
        """Whether the answer is the class of images that are none of the others."""
        return self.label == OTHER

    def passes(self, threshold: float) -> bool:
        """Whether the workflow passes the answer: it is one of the wanted classes, and sure enough."""
        return self.confidence is not None and self.confidence >= threshold and not self.foreign

    @property
    def name(self) -> str:
        """The event's custom attributes (an S3 key), or its inference id, or its event id.

        This project's requests percent-encode the key, because AWS accepts only visible ASCII. Here it is decoded.
        """
        return _text(unquote(", ".join(self.custom_attributes))) or self.inference_id or self.event_id

    @property
    def title(self) -> str:
        """The name for people: of an image that was uploaded, ``images/<digest>/<name>``, the file's name alone."""
        return _UPLOADED.sub("", self.name) or self.name

    @property
    def place(self) -> str:
        """The name for comparisons: of an image that was uploaded, ``images/<digest>``, whatever the file's name is."""
        return self.name if self.title == self.name else self.name.removesuffix(f"/{self.title}")


@dataclass(frozen=True)
class Broken:
    """A line that holds no event. Line 0 stands for a file that cannot be read."""

    path: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


@dataclass(frozen=True)
class Capture:
    """The captured requests of some files.

    Attributes:
        events: In order of time, each event id once.
        broken: The lines that could not be read, in the order of the files.
        files: The number of files read.
        duplicates: The number of lines that repeat an event id.
        outside: The number of events outside the period.
        root: The folder that holds all the files.
    """

    events: tuple[Event, ...]
    broken: tuple[Broken, ...]
    files: int = 0
    duplicates: int = 0
    outside: int = 0
    root: Path = Path()

    def name(self, path: Path) -> str:
        """A file's path below :attr:`root`, for reports."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()


def read(
    source: Path | Iterable[Path],
    period: Period = Period(),  # noqa: B008 (immutable)
    models: Models = Models(),  # noqa: B008 (immutable)
    *,
    now: datetime | None = None,
) -> Capture:
    """Read captured events, each with the model that answered it.

    A line whose time is before SageMaker or far in the future is broken.

    Args:
        source: A folder, read with its subfolders, or the files themselves.
        period: Only events answered in this period are returned.
        models: The models that may have answered. By default, only their versions are known, and no labels.
        now: The current time by default.

    Raises:
        InputError: the folder does not exist or holds no ``.jsonl`` file.
    """
    files = _files(source) if isinstance(source, Path) else sorted(source)
    root = (
        source if isinstance(source, Path) else Path(os.path.commonpath([str(path.parent) for path in files] or [""]))
    )
    events: list[Event] = []
    broken: list[Broken] = []
    seen: set[str] = set()
    duplicates = outside = 0
    latest = (now or datetime.now(UTC)) + LATEST
    for path in files:
        place = CapturePlace.of(path)
        for found in _lines(path, latest):
            if isinstance(found, Broken):
                broken.append(found)
            elif found.event_id and found.event_id in seen:
                duplicates += 1
            elif found.time not in period:
                outside += 1
            else:
                seen.add(found.event_id)
                events.append(replace(found, variant=place.variant, model=models.of(place, found.time)))
    events.sort(key=lambda event: event.time)
    return Capture(tuple(events), tuple(broken), len(files), duplicates, outside, root)


def image(event: Event) -> bytes | None:
    """The PNG or JPEG of a request, checked by its first bytes only. None if the event has no image."""
    if not event.has_image:
        return None
    with event.path.open("rb") as file:
        file.seek(event.offset)
        line = json.loads(file.readline())
    return base64.b64decode(line["captureData"]["endpointInput"]["data"])


def probabilities(data: bytes) -> tuple[float, ...]:
    """Read the probabilities of an endpoint's answer.

    Args:
        data: Image Classification's JSON array, its JSON Lines form ``{"prediction": […]}``, or one row of CSV.

    Raises:
        ValueError: these are not two or more numbers from 0 to 1, or more than :data:`MOST_CLASSES`.
    """
    text = data.decode()
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = [float(cell) for cell in text.split(",")]
        except ValueError:
            found = None
    if isinstance(found, dict):
        found = found.get("prediction")
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    if (
        not isinstance(found, list)
        or len(found) < 2
        or not all(isinstance(number, int | float) and not isinstance(number, bool) for number in found)
        or not all(math.isfinite(number) and 0 <= number <= 1.00001 for number in found)
    ):
        raise ValueError(f"the output is not two or more probabilities: {_shown(text)}")
    if len(found) > MOST_CLASSES:
        raise ValueError(f"the output has {len(found):,} probabilities; at most {MOST_CLASSES:,} are read")
    return tuple(float(number) for number in found)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {folder}", hint="give the folder that holds the captured .jsonl files, at any depth"
        )
    files = sorted(path for path in folder.rglob("*.jsonl") if path.is_file())
    if not files:
        raise InputError(f"{folder} holds no .jsonl file", hint="captured files end in .jsonl, as SageMaker names them")
    return files


def _lines(path: Path, latest: datetime) -> Iterator[Event | Broken]:
    offset = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    found = _parse(line, path, number, offset)
                    if isinstance(found, Event) and not FIRST_TIME <= found.time <= latest:
                        found = Broken(path, number, f"inferenceTime {found.time.isoformat()} cannot be")
                    yield found
                offset += len(line)
    except OSError as error:
        yield Broken(path, 0, f"cannot be read: {error.strerror}")


def _parse(line: bytes, path: Path, number: int, offset: int) -> Event | Broken:
    try:
        return _event(line, path, number, offset)
    except RecursionError:
        return Broken(path, number, "JSON nested too deeply")
    except (ValueError, OverflowError) as error:
        return Broken(path, number, str(error))


def _event(line: bytes, path: Path, number: int, offset: int) -> Event:
    try:
        whole = json.loads(line)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}: {_shown(line.decode(errors='replace'))}") from None
    data = _object(whole, "captureData")
    metadata = _object(whole, "eventMetadata")
    sent = data.get("endpointInput")
    answered = data.get("endpointOutput")
    if sent is None and answered is None:
        raise ValueError("captureData has neither endpointInput nor endpointOutput")
    attributes = metadata.get("customAttributes")
    inference_id = metadata.get("inferenceId")
    digest = _digest(sent)
    return Event(
        event_id=_text(metadata.get("eventId") or ""),
        time=_time(metadata.get("inferenceTime")),
        probabilities=None if answered is None else probabilities(_decoded(_object(data, "endpointOutput"))),
        inference_id=_text(inference_id) if inference_id else None,
        custom_attributes=tuple(
            _text(one) for one in (attributes if isinstance(attributes, list) else [attributes]) if one
        ),
        has_image=bool(digest),
        path=path,
        line=number,
        offset=offset,
        digest=digest,
    )


def _object(whole: Any, name: str) -> dict[str, Any]:
    found = whole.get(name) if isinstance(whole, dict) else None
    if not isinstance(found, dict):
        raise ValueError(f"{name} is missing or not an object")
    return found


def _decoded(side: dict[str, Any]) -> bytes:
    data, encoding = side.get("data"), side.get("encoding")
    if not isinstance(data, str):
        raise ValueError("data is missing or not a string")
    if encoding not in ENCODINGS:
        raise ValueError(f"encoding {_shown(str(encoding))} is not one of {', '.join(ENCODINGS)}")
    if encoding != "BASE64":
        return data.encode(errors="replace")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"data is not BASE64: {error}") from None


def _digest(sent: Any) -> str:
    """The SHA-256 of the captured PNG or JPEG, in hexadecimal; empty if there is none."""
    if not isinstance(sent, dict) or sent.get("encoding") != "BASE64" or not isinstance(sent.get("data"), str):
        return ""
    try:
        data = base64.b64decode(sent["data"], validate=True)
    except (binascii.Error, ValueError):
        return ""
    return hashlib.sha256(data).hexdigest() if data.startswith(_IMAGE_STARTS) else ""


def _time(found: Any) -> datetime:
    try:
        time = datetime.fromisoformat(found)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"inferenceTime {_shown(str(found))} is not an ISO 8601 time") from None


def _text(found: Any) -> str:
    """Text that is safe to print and to encode: cut, without control characters and lone surrogates."""
    return printable(str(found)[:LONGEST_TEXT])


def _shown(found: str) -> str:
    text = _text(found.strip())
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
