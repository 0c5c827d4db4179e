"""Draws the risk-coverage curve as PNG.

Example::

    >>> from scones.model.confidence import Answers, propose
    >>> logits = np.array([[4, 0], [0.5, 0], [0, 3], [0, 2]], np.float32)
    >>> proposal = propose(Answers(logits, labels=np.array([0, 1, 1, 1])), 0.95)
    >>> draw(proposal, current=0.8, title="version 3")[1:4]
    b'PNG'
"""

from __future__ import annotations

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from scones.drawing import DOTS_PER_INCH, LIGHT, Theme
from scones.errors import InputError
from scones.model.confidence.proposal import Proposal, sentence
from scones.model.measures import THRESHOLDS, Coverage, risk_coverage, wilson

ELSE = "anything else that passes"


def draw(proposal: Proposal, *, current: float | None = None, title: str, theme: Theme = LIGHT) -> bytes:
    """Draw the share of wrong answers over the share of answered images, with Wilson's 95 % interval.

    Of a model with the class ``other``, a second curve shows which share of anything else passes. The title is a
    sentence.

    Args:
        current: The threshold in use. It is marked.
        title: Whose answers these are.

    Raises:
        InputError: no answer can pass, so there is nothing to draw.
    """
    answers = proposal.answers
    curve = risk_coverage(answers.passing, answers.correct, answers.foreign)
    if not len(curve.thresholds):
        raise InputError("the model takes every image for none of its classes", hint="train a better one: invoke train")
    answered = curve.answered
    wrong = np.rint(curve.risk * answered).astype(int)
    low, high = np.array([wilson(int(one), int(of)) for one, of in zip(wrong, answered, strict=True)]).T

    figure = Figure(figsize=(9, 6), dpi=DOTS_PER_INCH, facecolor=theme.background, layout="constrained")
    axes = figure.add_subplot()
    blue, orange = theme.classes[:2]
    axes.fill_between(curve.coverage, low, high, color=blue, alpha=0.15, linewidth=0, label="95% interval")
    axes.plot(
        curve.coverage, curve.risk, color=blue, linewidth=2, marker="." if len(low) == 1 else "", label="measured"
    )
    if curve.foreign is not None:
        axes.plot(curve.coverage, curve.foreign, color=theme.ink, linewidth=1.6, linestyle=":", label=ELSE)
    axes.axhline(
        1 - proposal.target,
        color=theme.threshold,
        linewidth=1.4,
        linestyle="--",
        label=f"target: {1 - proposal.target:.1%} wrong",
    )
    most = 0.0 if curve.foreign is None else float(curve.foreign.max())
    top = max(float(curve.risk.max()), 1 - proposal.target, float(high[-1]), most) * 1.25 + 0.01
    axes.set_xlim(0, 1.02)
    axes.set_ylim(-0.02 * top, min(1.0, top))
    if proposal.found:
        _mark(axes, proposal.found, "proposed", orange, theme)
    if current is not None and (now := proposal.at(current)[0]).answered:
        _mark(axes, now, "in use", theme.ink, theme)
    _name_thresholds(axes, proposal, theme)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    what = "images" if curve.foreign is None else "wanted images"
    axes.set_xlabel(f"{what} answered (coverage)", color=theme.faint)
    axes.set_ylabel("wrong among all that is answered (risk)", color=theme.faint)
    axes.set_title(f"{sentence(proposal, current=current)}\n", color=theme.ink, loc="left", fontsize=12)
    axes.text(0, 1.11, title, color=theme.faint, fontsize=9.5, transform=axes.transAxes, parse_math=False)
    axes.grid(color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=theme.faint, length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, labelcolor=theme.ink)
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream)
    return stream.getvalue()


def _mark(axes: Axes, at: Coverage, what: str, colour: str, theme: Theme) -> None:
    """Mark a threshold. The legend has its values, because text would cover the curve."""
    assert at.accuracy is not None, "only a threshold that answers some image is marked"
    text = f"{what}: threshold {at.threshold:g}, {at.share:.0%} answered, {1 - at.accuracy:.1%} of them wrong"
    text += "" if at.foreign is None else f", {at.foreign:.1%} of anything else"
    size = 11 if what == "in use" else 7  # both are visible if they are equal
    axes.plot(
        [at.share],
        [1 - at.accuracy],
        linestyle="",
        marker="o",
        color=colour,
        markersize=size,
        markerfacecolor="none" if what == "in use" else colour,
        markeredgewidth=1.6,
        zorder=5,
        label=text,
    )


def _name_thresholds(axes: Axes, proposal: Proposal, theme: Theme) -> None:
    """Label thresholds along the top. Labels that would overlap are left out."""
    shown: list[Coverage] = []
    for one in reversed(proposal.at(*THRESHOLDS)):  # from the highest threshold
        if one.answered and (not shown or one.share - shown[-1].share > 0.04):
            shown.append(one)
    top = axes.secondary_xaxis("top")
    top.set_xticks([one.share for one in shown], [f"{one.threshold:g}" for one in shown])
    top.set_xlabel("confidence threshold", color=theme.faint)
    top.tick_params(colors=theme.faint, length=3)
    top.spines["top"].set_visible(False)
