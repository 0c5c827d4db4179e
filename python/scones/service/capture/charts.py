"""Draws the report's charts as PNG: confidence over time, and confidence by predicted class.

Example::

    >>> from pathlib import Path
    >>> from scones.drawing import LIGHT
    >>> now = datetime(2026, 11, 22, tzinfo=UTC)
    >>> event = Event("1", now, (0.9, 0.1), "a", ("bike.png",), False, Path("captured.jsonl"), 1, 0)
    >>> over_time([event], threshold=0.8, classes=("bicycle", "motorcycle"), theme=LIGHT)[:4]
    b'\\x89PNG'

The charts suit any number of points. Up to some hundreds, each point has its own mark. Beyond that, marks are small and
faint, lines show the median and the tenth percentile, and a histogram in the margin shows the distribution. The figures
use matplotlib's objects, because pyplot keeps state for the whole process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from scones.drawing import DOTS_PER_INCH, Theme, png
from scones.service.capture.analysis import class_name, confidence_of, label_of, predicted, trend
from scones.service.capture.records import Event

MANY = 300  # from this number of points on, marks are small and faint
MOST_CLASSES = 24


def over_time(events: Sequence[Event], *, threshold: float, classes: Sequence[str], theme: Theme) -> bytes:
    """Draw each answer's confidence at its time (UTC), coloured by predicted class, and the threshold's line.

    Args:
        events: In order of time; at least one with an answer.
    """
    answered = predicted(events)
    labels = sorted({label_of(event) for event in answered})
    figure = Figure(figsize=(10, 4.4), dpi=DOTS_PER_INCH, facecolor=theme.background, layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=(12, 1), wspace=0.02)
    # Any: matplotlib draws times and arrays that its own annotations leave out.
    axes: Any = figure.add_subplot(grid[0])
    margin: Any = figure.add_subplot(grid[1], sharey=axes)

    size, alpha = _mark(len(answered))
    # One call draws all classes in order of time, so that no class covers another. The legend needs its own marks.
    axes.scatter(
        spread([event.time for event in answered]),
        [confidence_of(event) for event in answered],
        s=size,
        alpha=alpha,
        color=[_colour(label_of(event), theme) for event in answered],
        linewidths=0,
        zorder=3,
    )
    for label in labels:
        axes.scatter([], [], s=34, color=_colour(label, theme), linewidths=0, label=class_name(label, classes))
    if len(answered) >= MANY:
        found = trend(answered, steps=min(60, len(answered) // 40))
        axes.plot(found.times, found.median, color=theme.ink, linewidth=1.8, label="median", zorder=5)
        axes.plot(
            found.times, found.low, color=theme.ink, linewidth=1.2, linestyle=":", label="10th percentile", zorder=5
        )

    first, last = answered[0].time, answered[-1].time
    room = max((last - first) * 0.02, timedelta(seconds=5))
    axes.set_xlim(first - room, last + room)
    bottom = _bottom(answered, threshold)
    axes.set_ylim(bottom, 1 + (1 - bottom) * 0.04)
    _threshold(axes.axhline, axes.axhspan, threshold, bottom, theme)
    locator = AutoDateLocator(tz=UTC, minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_ylabel("confidence of the predicted class", color=theme.faint)
    axes.set_xlabel("time of the request (UTC)", color=theme.faint)
    _dress(axes, theme, "y")
    _legend(axes, theme)

    confidences = [[confidence_of(event) for event in answered if event.predicted == label] for label in labels]
    margin.hist(
        confidences,
        bins=np.linspace(bottom, 1, 33),
        stacked=True,
        orientation="horizontal",
        color=[_colour(label, theme) for label in labels],
    )
    margin.set_axis_off()
    return png(figure)


def by_class(events: Sequence[Event], *, threshold: float, classes: Sequence[str], theme: Theme) -> bytes:
    """Draw a box plot of confidence for each of the :data:`MOST_CLASSES` most frequent predicted classes.

    The box holds the middle half. Its line is the median. The whiskers reach the last point within 1.5 box lengths.

    Args:
        events: At least one with an answer.
    """
    answered = predicted(events)
    groups: dict[int, list[float]] = {}
    for event in answered:
        groups.setdefault(label_of(event), []).append(confidence_of(event))
    labels = sorted(sorted(groups, key=lambda label: -len(groups[label]))[:MOST_CLASSES])
    places = range(len(labels), 0, -1)
    figure = Figure(
        figsize=(10, 1.3 + 0.62 * len(labels)), dpi=DOTS_PER_INCH, facecolor=theme.background, layout="constrained"
    )
    axes = figure.add_subplot()
    few = {label: len(groups[label]) < MANY / 2 for label in labels}
    scatter = np.random.default_rng(0)
    for place, label in zip(places, labels, strict=True):
        colour = _colour(label, theme)
        line = {"color": colour, "linewidth": 1.6}
        axes.boxplot(
            [groups[label]],
            positions=[place],
            orientation="horizontal",
            widths=0.5,
            patch_artist=True,
            showfliers=not few[label],
            boxprops={"facecolor": f"{colour}33", "edgecolor": colour, "linewidth": 1.6},
            medianprops={"color": theme.ink, "linewidth": 2.2},
            whiskerprops=line,
            capprops=line,
            flierprops={"marker": ".", "markersize": 3, "markerfacecolor": colour, "markeredgewidth": 0, "alpha": 0.35},
            zorder=4,
        )
        if few[label]:
            jitter = place + scatter.uniform(-0.17, 0.17, len(groups[label]))
            axes.scatter(groups[label], jitter, s=16, alpha=0.55, color=colour, linewidths=0, zorder=5)
    bottom = _bottom(answered, threshold)
    axes.set_xlim(bottom, 1 + (1 - bottom) * 0.02)
    axes.set_ylim(0.4, len(labels) + 0.6)
    _threshold(axes.axvline, axes.axvspan, threshold, bottom, theme)
    names = [f"{class_name(label, classes)}\n{len(groups[label]):,} answers" for label in labels]
    axes.set_yticks(list(places), names, parse_math=False)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("confidence of the predicted class", color=theme.faint)
    _dress(axes, theme, "x")
    _legend(axes, theme)
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


def _colour(label: int, theme: Theme) -> str:
    return theme.classes[label % len(theme.classes)]


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


def _legend(axes: Any, theme: Theme) -> None:
    legend = axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=7, frameon=False, labelcolor=theme.ink, fontsize=9.5
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
