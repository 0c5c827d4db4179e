"""Draws the report's charts as PNG: confidence over time, and confidence by predicted class.

Example::

    >>> from pathlib import Path
    >>> from scones.drawing import LIGHT
    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> event = Event("1", now, (0.9, 0.1), "a", ("bike.png",), False, Path("captured.jsonl"), 1, 0)
    >>> over_time([event], threshold=0.8, theme=LIGHT)[:4]
    b'\\x89PNG'

The charts suit any number of points. Up to some hundreds, each point has its own mark. Beyond that, marks are small and
faint, lines show the median and the tenth percentile, and a histogram in the margin shows the distribution. The figures
use matplotlib's objects, because pyplot keeps state for the whole process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from scones.drawing import DOTS_PER_INCH, Theme, png
from scones.service.capture.analysis import confidence_of, label_of, names_of, predicted, steps_of, trend
from scones.service.capture.models import Answerer
from scones.service.capture.records import Event

MANY = 300  # from this number of points on, marks are small and faint
MOST_CLASSES = 24
MOST_ROWS = 72  # of all models
WIDE, NARROW = 10.0, 4.2  # inches; a phone shows the narrow picture with letters of its own size
MARKERS = {"": "o", "Candidate": "^", "Shadow": "s"}  # by variant; "" is every other


def over_time(events: Sequence[Event], *, threshold: float, theme: Theme, narrow: bool = False) -> bytes:
    """Draw each answer's confidence at its time (UTC), coloured by predicted class, and the threshold's line.

    A vertical line stands where another model begins to answer. Lines of the trend end there, and at gaps without
    traffic. A compared model's answers have marks of another shape.

    Args:
        events: In order of time; at least one with an answer.
        narrow: Draw it for a phone: less wide, with letters of the same size.
    """
    answered = predicted(events)
    colours = _colours(answered, theme)
    figure = Figure(
        figsize=(NARROW, 4.6) if narrow else (WIDE, 4.4),
        dpi=DOTS_PER_INCH,
        facecolor=theme.background,
        layout="constrained",
    )
    grid = figure.add_gridspec(1, 2, width_ratios=(12, 1), wspace=0.02)
    # Any: matplotlib draws times and arrays that its own annotations leave out.
    axes: Any = figure.add_subplot(grid[0])
    margin: Any = figure.add_subplot(grid[1], sharey=axes)

    size, alpha = _mark(len(answered))
    times = dict(zip(map(id, answered), spread([event.time for event in answered]), strict=True))
    # One call draws all classes in order of time, so that no class covers another. The legend needs its own marks.
    for variant, marker in MARKERS.items():
        group = [event for event in answered if (event.variant if event.variant in MARKERS else "") == variant]
        axes.scatter(
            [times[id(event)] for event in group],
            [confidence_of(event) for event in group],
            s=size,
            alpha=alpha,
            marker=marker,
            color=[colours[label_of(event)] for event in group],
            linewidths=0,
            zorder=3,
        )
        if group and variant:
            axes.scatter([], [], s=34, color=theme.faint, marker=marker, linewidths=0, label=variant)
    for name, colour in colours.items():
        axes.scatter([], [], s=34, color=colour, linewidths=0, label=_short(name, narrow))

    first, last = answered[0].time, answered[-1].time
    room = max((last - first) * 0.02, timedelta(seconds=5))
    axes.set_xlim(first - room, last + room)
    bottom = _bottom(answered, threshold)
    axes.set_ylim(bottom, 1 + (1 - bottom) * 0.04)
    models = _models(answered)
    if len(answered) >= MANY:
        edges = steps_of(answered, min(30 if narrow else 60, len(answered) // 40))
        for number, group in enumerate(models.values()):
            found = trend(group, edges)
            line = {"color": theme.ink, "zorder": 5, "marker": ".", "markersize": 2}
            names = (None, None) if number else ("median", "10th percentile")
            axes.plot(found.times, found.median, linewidth=1.8, label=names[0], **line)
            axes.plot(found.times, found.low, linewidth=1.2, linestyle=":", label=names[1], **line)
    if len(models) > 1:
        _changes(axes, models, theme)
    _threshold(axes.axhline, axes.axhspan, threshold, bottom, theme)
    locator = AutoDateLocator(tz=UTC, minticks=2 if narrow else 4, maxticks=5 if narrow else 9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel("confidence of the predicted class", color=theme.faint)
    # On a phone, the date at the right needs the room.
    axes.set_xlabel("UTC" if narrow else "time of the request (UTC)", color=theme.faint)
    _dress(axes, theme, "y")
    _legend(axes, theme, narrow)

    margin.hist(
        [[confidence_of(event) for event in answered if event.label == name] for name in colours],
        bins=np.linspace(bottom, 1, 33),
        stacked=True,
        orientation="horizontal",
        color=list(colours.values()),
    )
    margin.set_axis_off()
    return png(figure)


def by_class(events: Sequence[Event], *, threshold: float, theme: Theme, narrow: bool = False) -> bytes:
    """Draw a box plot of confidence for each predicted class of each model, the newest model first.

    The box holds the middle half. Its line is the median. The whiskers reach the last point within 1.5 box lengths. The
    :data:`MOST_CLASSES` most frequent classes of a model have a box.

    Args:
        events: At least one with an answer.
        narrow: Draw it for a phone: less wide, with letters of the same size.
    """
    answered = predicted(events)
    colours = _colours(answered, theme)
    models = _models(answered)
    rows: list[tuple[str, list[float] | None]] = []
    for answerer, group in reversed(models.items()):
        if len(models) > 1:
            rows.append((answerer.name, None))
        confidences: dict[str, list[float]] = {}
        for event in group:
            confidences.setdefault(label_of(event), []).append(confidence_of(event))
        often = sorted(confidences, key=lambda name: -len(confidences[name]))[:MOST_CLASSES]
        rows += [(name, confidences[name]) for name in colours if name in often]
    rows = rows[:MOST_ROWS]
    figure = Figure(
        figsize=(NARROW if narrow else WIDE, 1.3 + 0.62 * len(rows)),
        dpi=DOTS_PER_INCH,
        facecolor=theme.background,
        layout="constrained",
    )
    axes = figure.add_subplot()
    scatter = np.random.default_rng(0)
    ticks, names = [], []
    bottom = _bottom(answered, threshold)
    for place, (name, values) in zip(range(len(rows), 0, -1), rows, strict=True):
        if values is None:
            axes.text(
                bottom,
                place - 0.2,
                _short(name, narrow),
                color=theme.ink,
                fontweight="bold",
                fontsize=10.5,
                parse_math=False,
            )
            continue
        ticks.append(place)
        names.append(f"{_short(name, narrow)}\n{len(values):,} answers")
        few = len(values) < MANY / 2
        line = {"color": colours[name], "linewidth": 1.6}
        axes.boxplot(
            [values],
            positions=[place],
            orientation="horizontal",
            widths=0.5,
            patch_artist=True,
            showfliers=not few,
            boxprops={"facecolor": f"{colours[name]}33", "edgecolor": colours[name], "linewidth": 1.6},
            medianprops={"color": theme.ink, "linewidth": 2.2},
            whiskerprops=line,
            capprops=line,
            flierprops={
                "marker": ".",
                "markersize": 3,
                "markerfacecolor": colours[name],
                "markeredgewidth": 0,
                "alpha": 0.35,
            },
            zorder=4,
        )
        if few:
            jitter = place + scatter.uniform(-0.17, 0.17, len(values))
            axes.scatter(values, jitter, s=16, alpha=0.55, color=colours[name], linewidths=0, zorder=5)
    axes.set_xlim(bottom, 1 + (1 - bottom) * 0.02)
    axes.set_ylim(0.4, len(rows) + 0.6)
    _threshold(axes.axvline, axes.axvspan, threshold, bottom, theme)
    axes.set_yticks(ticks, names, parse_math=False)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("confidence of the predicted class", color=theme.faint)
    _dress(axes, theme, "x")
    _legend(axes, theme, narrow)
    return png(figure)


def spread(times: Sequence[datetime]) -> list[datetime]:
    """Spread the times of each whole second evenly over that second.

    Captured times are whole seconds, so a burst of requests would be one vertical line.

    Args:
        times: In order.
    """
    count = Counter(times)
    seen: Counter[datetime] = Counter()
    found = []
    for time in times:
        found.append(time if time.microsecond else time + timedelta(seconds=seen[time] / count[time]))
        seen[time] += 1
    return found


def _mark(points: int) -> tuple[float, float]:
    """A mark's area in square points, and its opacity. Both shrink as the number of points grows."""
    if points < MANY:
        return 34, 0.85
    return max(3.0, 34 * (MANY / points) ** 0.6), max(0.12, 0.7 * (MANY / points) ** 0.35)


def _bottom(answered: Sequence[Event], threshold: float) -> float:
    """The axis's lower end: a round value below all points and below the threshold."""
    lowest = min(threshold, *(confidence_of(event) for event in answered), 0.5)
    return max(0.0, float(np.floor(lowest * 20 - 1e-9) / 20) if lowest < 0.5 else 0.45)


def _colours(answered: Sequence[Event], theme: Theme) -> dict[str, str]:
    """A colour for each class, by its name. The same name has the same colour for all models."""
    return {name: theme.classes[place % len(theme.classes)] for place, name in enumerate(names_of(answered))}


def _models(answered: Sequence[Event]) -> dict[Answerer, list[Event]]:
    found: dict[Answerer, list[Event]] = {}
    for event in answered:
        found.setdefault(event.answerer, []).append(event)
    return found


def _changes(axes: Any, models: Mapping[Answerer, Sequence[Event]], theme: Theme) -> None:
    """A line where each model begins to answer, with its name. Names of near lines stand below each other."""
    for number, (answerer, group) in enumerate(models.items()):
        if number:
            axes.axvline(group[0].time, color=theme.ink, linewidth=1.2, zorder=4)
        axes.annotate(
            f" {answerer.name}",
            (group[0].time, 0.02 + 0.055 * (number % 4)),
            xycoords=("data", "axes fraction"),
            color=theme.ink,
            fontsize=9,
            bbox={"facecolor": theme.background, "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
            zorder=6,
            parse_math=False,
        )


def _short(name: str, narrow: bool) -> str:
    """A name that leaves room for the picture."""
    most = 18 if narrow else 40
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _threshold(line: Any, span: Any, threshold: float, bottom: float, theme: Theme) -> None:
    span(bottom, threshold, color=theme.threshold, alpha=0.06, linewidth=0, zorder=1)
    line(
        threshold,
        color=theme.threshold,
        linewidth=1.6,
        linestyle=(0, (5, 3)),
        label=f"threshold {threshold:g}",
        zorder=4,
    )


def _dress(axes: Any, theme: Theme, grid: str) -> None:
    axes.set_facecolor(theme.background)
    axes.grid(axis=grid, color=theme.grid, linewidth=0.9, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(colors=theme.faint, labelcolor=theme.ink, length=0, labelsize=9.5)
    axes.xaxis.get_offset_text().set_color(theme.faint)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(theme.grid)


def _legend(axes: Any, theme: Theme, narrow: bool) -> None:
    legend = axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=2 if narrow else 7,
        frameon=False,
        labelcolor=theme.ink,
        fontsize=9.5,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
