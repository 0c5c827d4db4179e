"""The risk-coverage picture, as PNG bytes.

Example::

    files.write(Path("build/threshold/risk-coverage.png"), draw(proposal, current=0.8, title="version 3"))
"""

from __future__ import annotations

import io

from scones.capture.charts import DOTS_PER_INCH, LIGHT, Theme  # first: it says where matplotlib may write

# isort: split
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from scones.confidence.proposal import Proposal
from scones.measures import Coverage, risk_coverage, wilson


def draw(proposal: Proposal, *, current: float | None = None, title: str, theme: Theme = LIGHT) -> bytes:
    """The share of wrong answers among those given, over the share of images answered, with Wilson's 95 % interval.

    Args:
        current: The threshold in use, which is marked.
        title: What was measured.
    """
    answers = proposal.answers
    curve = risk_coverage(answers.confidences, answers.correct)
    answered = np.rint(curve.coverage * len(answers.labels)).astype(int)
    wrong = np.rint(curve.risk * answered).astype(int)
    low, high = np.array([wilson(int(one), int(of)) for one, of in zip(wrong, answered, strict=True)]).T

    figure = Figure(figsize=(9, 5.4), dpi=DOTS_PER_INCH, facecolor=theme.background, layout="constrained")
    axes = figure.add_subplot()
    blue, orange = theme.classes[:2]
    axes.fill_between(curve.coverage, low, high, color=blue, alpha=0.15, linewidth=0, step="pre", label="95 % interval")
    axes.step(curve.coverage, curve.risk, color=blue, linewidth=2, where="pre", label="measured")
    axes.axhline(
        1 - proposal.target,
        color=theme.threshold,
        linewidth=1.4,
        linestyle="--",
        label=f"target: {1 - proposal.target:.1%} wrong",
    )
    top = max(float(curve.risk.max()), 1 - proposal.target, float(high[-1])) * 1.25 + 0.01
    axes.set_xlim(0, 1.02)
    axes.set_ylim(-0.02 * top, min(1.0, top))
    if proposal.found:
        _mark(axes, proposal.found, f"{proposal.found.threshold:g}, proposed", orange, theme, up=True)
    if current is not None and (now := proposal.at(current)[0]).answered and now != proposal.found:
        _mark(axes, now, f"{current:g}, in use", theme.faint, theme, up=False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("images answered (coverage)", color=theme.faint)
    axes.set_ylabel("wrong among them (risk)", color=theme.faint)
    axes.set_title(title, color=theme.ink, loc="left", fontsize=12)
    axes.grid(color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=theme.faint, length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.legend(loc="upper left", frameon=False, labelcolor=theme.ink)
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream)
    return stream.getvalue()


def _mark(axes: Axes, at: Coverage, text: str, colour: str, theme: Theme, *, up: bool) -> None:
    """A threshold's point, with its value beside it."""
    place = at.share, 1 - at.accuracy
    axes.plot(*place, "o", color=colour, markersize=9, zorder=5, markeredgecolor=theme.background, markeredgewidth=1.5)
    axes.annotate(
        f"threshold {text}\n{at.share:.0%} answered, {1 - at.accuracy:.1%} wrong",
        place,
        xytext=(-14, 34 if up else -38),
        textcoords="offset points",
        ha="right",
        color=theme.ink,
        fontsize=9,
        arrowprops={"arrowstyle": "-", "color": colour},
        zorder=6,
    )
