"""Writes the report on captured traffic: one HTML page with its images inside, and the data as JSON and CSV.

Example::

    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> event = Event("1", now, (0.9, 0.1), "a", ("bike.png",), False, Path("captured.jsonl"), 1, 0)
    >>> page = write(Capture((event,), ()), Path("report"), threshold=0.8)
    >>> sorted(path.name for path in page.parent.iterdir())
    ['confidence-by-class.png', 'confidence-over-time.png', 'events.csv', 'index.html', 'report.json']

``index.html`` needs no other file, so it can be mailed. ``events.csv`` lists all events.

Captured requests are hostile input (:mod:`scones.drawing.pages`). The CSV's cells cannot become formulas.
"""

from __future__ import annotations

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
from scones.drawing import pages
from scones.drawing.pages import thumbnail
from scones.errors import SconesError
from scones.service.capture import analysis, records
from scones.service.capture.analysis import ModelTraffic
from scones.service.capture.labels import KnownImages
from scones.service.capture.period import span
from scones.service.capture.records import Capture, Event

SHOWN_BROKEN = 50
FORMULAS = ("=", "+", "-", "@")  # what a formula begins with


@dataclass(frozen=True)
class ReportRow:
    """One row of the table of the least sure images.

    Attributes:
        name: The image's name.
        truth: The name of its true class; None if it is not known.
        thumbnail: A data URI; None if the image cannot be decoded.
    """

    event: Event
    name: str
    label: str
    truth: str | None
    runner_up: str
    runner_up_probability: float
    passed: bool
    thumbnail: str | None


def write(
    capture: Capture,
    folder: Path,
    *,
    threshold: float,
    labels: KnownImages = KnownImages(),  # noqa: B008 (immutable)
    subject: str = "captured traffic",
    notes: Sequence[str] = (),
    rows: int = 24,
    now: datetime | None = None,
) -> Path:
    """Write the report. A file appears whole or not at all, the page last.

    Args:
        folder: The report's folder; it is created if it is missing.
        threshold: The workflow passes answers of at least this confidence.
        labels: The images whose true class is known.
        subject: The name of the endpoint or folder.
        notes: What else to say at the top: the period, or how many requests are still to come.
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

    summary = analysis.summarise(analysis.returned(capture.events) or capture.events, threshold=threshold)
    traffic = analysis.by_model(capture.events, threshold=threshold, labels=labels)
    if not any(one.summary.predictions for one in traffic):
        raise SconesError(
            f"none of {summary.events} captured events holds an answer ({len(capture.broken)} lines are broken)",
            hint="the endpoint's capture options must include Output, and the period some requests",
        )
    now = now or datetime.now(UTC)
    pictures = {
        name: {
            f"{theme}{'_narrow' if narrow else ''}": draw(
                capture.events, threshold=threshold, theme=getattr(drawing, theme.upper()), narrow=narrow
            )
            for theme in ("light", "dark")
            for narrow in (False, True)
        }
        for name, draw in (("confidence-over-time", charts.over_time), ("confidence-by-class", charts.by_class))
    }
    for name, themes in pictures.items():
        files.write(folder / f"{name}.png", themes["light"])
    files.write(folder / "report.json", _json(capture, summary, traffic, subject, now))
    files.write(folder / "events.csv", _csv(capture, labels))
    page = pages.render(
        resources.files(__package__).joinpath("report.html.j2").read_text("utf-8"),
        subject=subject,
        notes=notes,
        span=span,
        now=now,
        summary=summary,
        traffic=[one for one in reversed(traffic) if one.summary.predictions],
        current=analysis.current(traffic),
        say=analysis,
        capture=capture,
        labelled=bool(labels.by_digest or labels.by_name),
        pictures={
            name: {theme: pages.data_uri(png) for theme, png in themes.items()} for name, themes in pictures.items()
        },
        rows=[_row(event, labels, threshold) for event in analysis.least_sure(capture.events, rows)],
        shown_broken=capture.broken[:SHOWN_BROKEN],
    )
    return files.write(folder / "index.html", page)


def _row(event: Event, labels: KnownImages, threshold: float) -> ReportRow:
    probabilities = event.probabilities
    assert probabilities is not None, "least_sure() gives events whose answer was captured"
    second = sorted(range(len(probabilities)), key=lambda label: -probabilities[label])[1]
    image = records.image(event)
    small = thumbnail(image) if image else None
    known = labels.of(event)
    return ReportRow(
        event=event,
        name=known.name if known else event.title,
        label=analysis.label_of(event),
        truth=known.label if known and event.model.classes else None,
        runner_up=event.model.label(second),
        runner_up_probability=probabilities[second],
        passed=event.passes(threshold),
        thumbnail=pages.data_uri(small) if small else None,
    )


def _json(
    capture: Capture, summary: analysis.Summary, traffic: Sequence[ModelTraffic], subject: str, now: datetime
) -> bytes:
    report = {
        "subject": subject,
        "generated": now.isoformat(),
        **asdict(summary),
        "models": [_model(one) for one in traffic],
        "files": capture.files,
        "duplicates": capture.duplicates,
        "broken": [{"path": capture.name(one.path), "line": one.line, "reason": one.reason} for one in capture.broken],
    }
    return json.dumps(report, indent=2, default=str).encode() + b"\n"


def _model(one: ModelTraffic) -> dict[str, Any]:
    """A model's part of ``report.json``. What is not known is null."""
    measured, model = one.measured, one.answerer.model
    return {
        "model_package": model.package or None,
        "variant": one.answerer.variant or None,
        "class_labels": list(model.classes) or None,
        **asdict(one.summary),
        "labelled": {
            "images": measured.images,
            "right": measured.right,
            "accuracy": measured.accuracy,
            "accuracy_interval_95": measured.interval,
            "passed": measured.passed,
            "passed_wrong": measured.passed_wrong,
            "foreign": measured.foreign,
            "passed_foreign": measured.passed_foreign,
            "classes": measured.names,
            "confusion": measured.confusion,
        },
    }


def _csv(capture: Capture, labels: KnownImages) -> bytes:
    events = capture.events
    lengths = Counter(len(event.probabilities) for event in events if event.probabilities)
    classes = {event.model.classes for event in events if event.probabilities}
    names = next(iter(classes)) if len(classes) == 1 else ()  # of several models, a column has several names
    # A line can claim any number of classes. It makes no columns that the other lines do not have.
    width = max(*(len(one) for one in classes), lengths.most_common(1)[0][0])
    further = ["further probabilities"] if max(lengths) > width else []
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    head = ["time", "event_id", "inference_id", "custom_attributes", "model", "variant", "predicted", "confidence"]
    head += ["true_class", *(f"p({names[at] if at < len(names) else f'class {at}'})" for at in range(width))]
    table.writerow(map(_cell, [*head, *further, "file", "line"]))
    for event in events:
        numbers, more = (event.probabilities or ())[:width], (event.probabilities or ())[width:]
        known = labels.of(event)
        cells = [
            event.time.isoformat(),
            event.event_id,
            event.inference_id or "",
            ", ".join(event.custom_attributes),
            event.model.package or "unknown",
            event.variant,
            event.label or "",
            "" if event.confidence is None else event.confidence,
            known.label if known else "",
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
