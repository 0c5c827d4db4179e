"""Draws a tuning job's trials as parallel coordinates, with one line a trial.

Example::

    >>> from imageclassification.ranges import SMALL_IMAGES
    >>> job = TuningSnapshot("tune-dev-1", "InProgress", "Random", SMALL_IMAGES, {}, jobs=8)
    >>> [axis.title for axis in axes(job)][:2]
    ['learning_rate', 'weight_decay']
    >>> picture(job)[1:4]
    b'PNG'

Each searched hyperparameter has an axis, with the scale of the search. The last axis is the objective. The best trial
is the one line in the accent's colour: thick, on top, with its values. The others are thin and blue, better ones
darker. Trials without an objective are dotted. The title says what came out.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from imageclassification.ranges import Choice, Range
from scones.drawing import DOTS_PER_INCH, LIGHT
from scones.training.trials import TuningSnapshot, TuningTrial
from scones.training.trials_view import shown

OBJECTIVE = "validation\naccuracy"
BEST = LIGHT.classes[1]
WORSE, BETTER = 0.3, 0.8  # of the colour map, so that no other trial is as faint as the paper or as strong as the best


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
        own = None if job.best is None else axis.place(job.best)
        for height, text in axis.ticks:
            if own is not None and abs(own - height) < 0.03:
                continue  # the best trial's own value stands there
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
    rank = Normalize(min(values, default=0.0), max(values, default=1.0) + 1e-9)
    for trial in job.trials:
        if trial.name != job.best_name:
            objective = trial.objective
            shade = None if objective is None else WORSE + (BETTER - WORSE) * float(rank(objective))
            plot.plot(
                *_line(trial, columns),
                color=LIGHT.faint if shade is None else colormaps["Blues"](shade),
                linestyle=":" if shade is None else "-",
                linewidth=1.2,
                marker="o",
                markersize=3,
                zorder=2,
            )
    if job.best is not None:
        edge = [Stroke(linewidth=7, foreground=LIGHT.background), Normal()]
        plot.plot(
            *_line(job.best, columns),
            color=BEST,
            linewidth=4,
            marker="o",
            markersize=9,
            path_effects=edge,
            zorder=5,
        )
        for place, (axis, value) in enumerate(zip(columns, _values(job.best, job), strict=True)):
            at = axis.place(job.best)
            if at is not None:
                plot.annotate(
                    value,
                    (place, at),
                    xytext=(9, 7 if at < 0.94 else -12),
                    textcoords="offset points",
                    fontsize=10,
                    fontweight="bold",
                    color=LIGHT.ink,
                    bbox={"facecolor": LIGHT.background, "edgecolor": "none", "alpha": 0.85, "pad": 0.6},
                    parse_math=False,
                    zorder=6,
                )
    _legend(figure, job)
    figure.suptitle(
        "\n".join(wrap(message(job), int(11 * figure.get_figwidth()))),
        x=0.01,
        ha="left",
        color=LIGHT.ink,
        fontsize=12.5,
        fontweight="bold",
    )
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DOTS_PER_INCH, facecolor=LIGHT.background)
    return file.getvalue()


def message(job: TuningSnapshot) -> str:
    """What came out of the tuning job, as the picture's title.

    Example::

        >>> trials = (TuningTrial(1, "a", "Completed", {"momentum": "0.9"}, 9, objective=0.912),)
        >>> trials += (TuningTrial(2, "b", "Completed", {"momentum": "0.5"}, 9, objective=0.81),)
        >>> message(TuningSnapshot("tune-dev-1", "Completed", "Random", {}, {}, 2, trials, best_name="a"))
        'Trial 1 of 2 is the best: 91.2 % of the validation images right, with momentum 0.9; the worst reached 81.0 %'
    """
    count, best = len(job.trials), job.best
    if best is None or best.objective is None:
        return f"{job.name}: no trial of {count} has ended yet" if count else f"{job.name}: no trial has begun yet"
    values = ", ".join(f"{name} {shown(value)}" for name, value in best.values.items() if value)
    so_far = "" if job.ended else " so far"
    text = f"Trial {best.number} of {count} is the best{so_far}: {best.objective:.1%} of the validation images right"
    text += f", with {values}" if values else ""
    others = [trial.objective for trial in job.trials if trial.objective is not None and trial is not best]
    return (text + (f"; the worst reached {min(others):.1%}" if others else "")).replace("%", " %")


def _line(trial: TuningTrial, columns: Sequence[Axis]) -> tuple[list[int], list[float]]:
    points = [(place, found) for place, axis in enumerate(columns) if (found := axis.place(trial)) is not None]
    return [place for place, _ in points], [height for _, height in points]


def _values(trial: TuningTrial, job: TuningSnapshot) -> list[str]:
    """A trial's value on each axis."""
    objective = "" if trial.objective is None else f"{trial.objective:.3f}"
    return [*(shown(trial.values.get(name, "")) for name in job.searched), objective]


def _legend(figure: Figure, job: TuningSnapshot) -> None:
    objectives = [trial.objective for trial in job.trials if trial.name != job.best_name]
    handles = []
    if job.best is not None:
        handles.append(Line2D([], [], color=BEST, linewidth=4, marker="o", label="the best trial"))
    if any(objective is not None for objective in objectives):
        shade = colormaps["Blues"](BETTER)
        handles.append(Line2D([], [], color=shade, linewidth=1.2, label="other trials: the darker, the better"))
    if None in objectives:
        handles.append(Line2D([], [], color=LIGHT.faint, linewidth=1.2, linestyle=":", label="without an accuracy"))
    if handles:
        figure.legend(
            handles=handles, loc="outside lower left", ncols=3, frameon=False, fontsize=9, labelcolor=LIGHT.ink
        )


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
