"""Draws a tuning job's trials as parallel coordinates, with one line a trial.

Example::

    >>> from imageclassification.ranges import SMALL_IMAGES
    >>> job = TuningSnapshot("tune-dev-1", "InProgress", "Random", SMALL_IMAGES, {}, jobs=8)
    >>> [axis.title for axis in axes(job)][:2]
    ['learning_rate', 'weight_decay']
    >>> picture(job)[1:4]
    b'PNG'

Each searched hyperparameter has an axis, with the scale of the search. The last axis is the objective. Better trials
have darker lines, and the best trial is on top. Trials without an objective are dotted.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from imageclassification.ranges import Choice, Range
from scones.drawing import DOTS_PER_INCH, LIGHT
from scones.training.trials import TuningSnapshot, TuningTrial
from scones.training.trials_view import shown

OBJECTIVE = "validation\naccuracy"


@dataclass(frozen=True)
class Axis:
    """One vertical axis.

    Attributes:
        place: Returns a trial's height on the axis, 0 to 1, or None if the trial has no value.
        ticks: Heights and their labels.
    """

    title: str
    place: Callable[[TuningTrial], float | None]
    ticks: tuple[tuple[float, str], ...]


def axes(job: TuningSnapshot) -> list[Axis]:
    """The axes, from left to right."""
    found = [_of_choice(entry) if isinstance(entry, Choice) else _of_range(entry) for entry in job.searched.values()]
    return [*found, _of_objective(job)]


def picture(job: TuningSnapshot) -> bytes:
    """The picture as a PNG."""
    columns = axes(job)
    figure = Figure(figsize=(max(6.0, 1.9 * len(columns)), 4.6), facecolor=LIGHT.background, layout="constrained")
    FigureCanvasAgg(figure)
    plot = figure.add_subplot()
    plot.set_xlim(-0.25, len(columns) - 0.55)
    plot.set_ylim(-0.04, 1.04)
    plot.set_yticks([])
    plot.set_xticks(range(len(columns)), [axis.title for axis in columns], color=LIGHT.ink)
    plot.xaxis.tick_top()
    plot.tick_params(length=0)
    for side in plot.spines.values():
        side.set_visible(False)
    for place, axis in enumerate(columns):
        plot.axvline(place, color=LIGHT.faint, linewidth=1, zorder=1)
        for height, text in axis.ticks:
            plot.annotate(
                text,
                (place, height),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=LIGHT.faint,
                bbox={"facecolor": LIGHT.background, "edgecolor": "none", "alpha": 0.9, "pad": 0.5},
                zorder=4,
            )
    values = [trial.objective for trial in job.trials if trial.objective is not None]
    colour_of = Normalize(min(values, default=0.0), max(values, default=1.0) + 1e-9)
    for trial in job.trials:
        best = trial.name == job.best_name
        points = [(place, found) for place, axis in enumerate(columns) if (found := axis.place(trial)) is not None]
        plot.plot(
            *zip(*points, strict=True),
            color=LIGHT.faint if trial.objective is None else colormaps["viridis_r"](colour_of(trial.objective)),
            linestyle=":" if trial.objective is None else "-",
            linewidth=3.0 if best else 1.3,
            alpha=1.0 if best else 0.75,
            marker="o",
            markersize=5 if best else 3,
            zorder=3 if best else 2,
        )
    title = f"{job.name}: {len(job.trials)} trials"
    if job.best is not None and job.best.objective is not None:
        title += f", the best {job.best.objective:.3f}"
    plot.set_title(title, loc="left", color=LIGHT.ink)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DOTS_PER_INCH, facecolor=LIGHT.background)
    return file.getvalue()


def _of_choice(entry: Choice) -> Axis:
    steps = max(1, len(entry.values) - 1)
    places = {value: index / steps for index, value in enumerate(entry.values)}
    return Axis(
        entry.name,
        lambda trial: places.get(trial.values.get(entry.name, "")),
        tuple((height, value) for value, height in places.items()),
    )


def _of_range(entry: Range) -> Axis:
    scale = _SCALES[entry.drawn_on]
    low, high = scale(entry.least), scale(entry.most)

    def place(value: float) -> float:
        return (scale(value) - low) / (high - low)

    def of_trial(trial: TuningTrial) -> float | None:
        return place(float(trial.values[entry.name])) if entry.name in trial.values else None

    return Axis(
        entry.name, of_trial, tuple((place(value), shown(entry.written(value))) for value in (entry.least, entry.most))
    )


def _of_objective(job: TuningSnapshot) -> Axis:
    values = [trial.objective for trial in job.trials if trial.objective is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    span = high - low

    def place(trial: TuningTrial) -> float | None:
        if trial.objective is None:
            return None
        return (trial.objective - low) / span if span else 0.5

    ticks = ((0.0, f"{low:.3f}"), (1.0, f"{high:.3f}")) if span else ((0.5, f"{low:.3f}"),)
    return Axis(OBJECTIVE, place, ticks)


_SCALES: dict[str, Callable[[float], float]] = {
    "Linear": float,
    "Logarithmic": math.log,
    "ReverseLogarithmic": lambda value: -math.log(1 - value),
}
