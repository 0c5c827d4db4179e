"""Writes the report on captured traffic: one HTML page with its images inside, and the data as JSON and CSV.

Example::

    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> event = Event("1", now, (0.9, 0.1), "a", ("bike.png",), False, Path("captured.jsonl"), 1, 0)
    >>> page = write(Capture((event,), ()), Path("report"), threshold=0.8, classes=("bicycle", "motorcycle"))
    >>> sorted(path.name for path in page.parent.iterdir())
    ['confidence-by-class.png', 'confidence-over-time.png', 'events.csv', 'index.html', 'report.json']

``index.html`` needs no other file, so it can be mailed. ``events.csv`` lists all events.

Captured requests are hostile input. The template escapes all text. Images are decoded and written as new PNGs. The
page's Content-Security-Policy allows no script and no request. The CSV's cells cannot become formulas.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from imageclassification import files
from imageclassification.imagefile import MOST_PIXELS
from scones.errors import SconesError
from scones.service.capture import analysis, records
from scones.service.capture.period import span
from scones.service.capture.records import Capture, Event

THUMBNAIL = 112  # pixels, of the longer side
SHOWN_BROKEN = 50
FORMULAS = ("=", "+", "-", "@")  # what a formula begins with


@dataclass(frozen=True)
class ReportRow:
    """One row of the table of the least sure images.

    Attributes:
        thumbnail: A data URI; None if the image cannot be decoded.
    """

    event: Event
    label: str
    runner_up: str
    runner_up_probability: float
    passed: bool
    thumbnail: str | None


def write(
    capture: Capture,
    folder: Path,
    *,
    threshold: float,
    classes: Sequence[str] = (),
    subject: str = "captured traffic",
    period: str = "",
    rows: int = 24,
    now: datetime | None = None,
) -> Path:
    """Write the report. A file appears whole or not at all, the page last.

    Args:
        folder: The report's folder; it is created if it is missing.
        threshold: The workflow passes answers of at least this confidence.
        classes: The class names in label order. A class without a name is shown by its index.
        subject: The name of the endpoint or folder.
        period: The period, in words.
        rows: The number of least sure images to show.
        now: The report's date; the current time by default.

    Returns:
        The page's path.

    Raises:
        SconesError: no event holds an answer, so there is nothing to draw.
    """
    # matplotlib takes half a second to import, which downloading and reading do not need.
    from scones import drawing
    from scones.service.capture import charts

    summary = analysis.summarise(capture.events, threshold=threshold, classes=classes)
    if not summary.predictions:
        raise SconesError(
            f"none of {summary.events} captured events holds an answer ({len(capture.broken)} lines are broken)",
            hint="the endpoint's capture options must include Output, and the period some requests",
        )
    now = now or datetime.now(UTC)
    pictures = {
        name: {
            theme: draw(capture.events, threshold=threshold, classes=classes, theme=getattr(drawing, theme.upper()))
            for theme in ("light", "dark")
        }
        for name, draw in (("confidence-over-time", charts.over_time), ("confidence-by-class", charts.by_class))
    }
    for name, themes in pictures.items():
        files.write(folder / f"{name}.png", themes["light"])
    files.write(folder / "report.json", _json(capture, summary, subject, now))
    files.write(folder / "events.csv", _csv(capture, classes))
    page = _template().render(
        subject=subject,
        period=period,
        span=span,
        now=now,
        summary=summary,
        capture=capture,
        pictures={name: {theme: _data_uri(png) for theme, png in themes.items()} for name, themes in pictures.items()},
        rows=[_row(event, classes, threshold) for event in analysis.least_sure(capture.events, rows)],
        shown_broken=capture.broken[:SHOWN_BROKEN],
    )
    return files.write(folder / "index.html", page)


def thumbnail(image: bytes, size: int = THUMBNAIL) -> bytes | None:
    """Make a small PNG from an image's pixels alone. None if the image cannot be decoded.

    Args:
        image: PNG or JPEG. Pillow's other formats are not tried.
        size: The longer side, in pixels. A smaller image keeps its size.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(image), formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return None
            opened.draft("RGB", (2 * size, 2 * size))
            small = opened.convert("RGB")
    # A hostile image can make a decoder raise almost anything: OSError, SyntaxError, ValueError, struct.error, zlib's
    # errors, a decompression bomb's warning. Each of them means an image that cannot be shown.
    except Exception:  # noqa: BLE001
        return None
    small.thumbnail((size, size))
    picture = io.BytesIO()
    small.save(picture, "PNG")
    return picture.getvalue()


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = analysis.percent
    return environment.from_string(resources.files(__package__).joinpath("report.html.j2").read_text("utf-8"))


def _row(event: Event, classes: Sequence[str], threshold: float) -> ReportRow:
    probabilities = event.probabilities
    assert probabilities is not None, "least_sure() gives events whose answer was captured"
    second = sorted(range(len(probabilities)), key=lambda label: -probabilities[label])[1]
    image = records.image(event)
    small = thumbnail(image) if image else None
    return ReportRow(
        event=event,
        label=analysis.class_name(analysis.label_of(event), classes),
        runner_up=analysis.class_name(second, classes),
        runner_up_probability=probabilities[second],
        passed=analysis.confidence_of(event) >= threshold,
        thumbnail=_data_uri(small) if small else None,
    )


def _json(capture: Capture, summary: analysis.Summary, subject: str, now: datetime) -> bytes:
    report = {
        "subject": subject,
        "generated": now.isoformat(),
        **asdict(summary),
        "files": capture.files,
        "duplicates": capture.duplicates,
        "broken": [{"path": capture.name(one.path), "line": one.line, "reason": one.reason} for one in capture.broken],
    }
    return json.dumps(report, indent=2, default=str).encode() + b"\n"


def _csv(capture: Capture, classes: Sequence[str]) -> bytes:
    events = capture.events
    lengths = Counter(len(event.probabilities) for event in events if event.probabilities)
    # A line can claim any number of classes. It makes no columns that the other lines do not have.
    width = max(len(classes), lengths.most_common(1)[0][0])
    further = ["further probabilities"] if max(lengths) > width else []
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    names = [f"p({analysis.class_name(label, classes)})" for label in range(width)]
    head = ["time", "event_id", "inference_id", "custom_attributes", "predicted", "confidence", *names, *further]
    head += ["file", "line"]
    table.writerow(map(_cell, head))
    for event in events:
        numbers, more = (event.probabilities or ())[:width], (event.probabilities or ())[width:]
        label = "" if event.predicted is None else analysis.class_name(event.predicted, classes)
        cells = [
            event.time.isoformat(),
            event.event_id,
            event.inference_id or "",
            ", ".join(event.custom_attributes),
            label,
            "" if event.confidence is None else event.confidence,
            *numbers,
            *[""] * (width - len(numbers)),
            *(" ".join(map(str, more)) for _ in further),
            capture.name(event.path),
            event.line,
        ]
        table.writerow(map(_cell, cells))
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """A cell that a spreadsheet does not read as a formula (OWASP: "CSV Injection").

    Spreadsheets pass over spaces in front, and some read full-width signs as the plain ones.
    """
    if not isinstance(value, str):
        return value
    first = unicodedata.normalize("NFKC", value.lstrip()[:1])
    return f"'{value}" if first in FORMULAS or value[:1] in ("\t", "\r", "\n") else value


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
