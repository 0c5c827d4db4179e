"""Finds the threshold that reaches a target accuracy on validation images.

Example::

    >>> logits = np.array([[4, 0], [0.5, 0], [0, 3], [0, 2]], np.float32)
    >>> proposal = propose(Answers(logits, labels=np.array([0, 1, 1, 1])), 0.95)
    >>> proposal.found.threshold, proposal.found.share
    (0.8, 0.75)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scones.drawing import narrower
from scones.model.confidence.answers import Answers
from scones.model.measures import THRESHOLDS, Coverage, coverage, risk_coverage, smallest_threshold, wilson

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, eq=False)
class Proposal:
    """A threshold for a target accuracy.

    Attributes:
        target: The target accuracy, 0 to 1.
        found: The smallest threshold that reaches the target. None if there is none.
        best: The threshold with the highest accuracy. If there are several, the one that answers the most images.
    """

    target: float
    answers: Answers
    found: Coverage | None
    best: Coverage

    def at(self, *thresholds: float) -> list[Coverage]:
        """The effect of some thresholds."""
        return coverage(self.answers.confidences, self.answers.correct, thresholds)


def propose(answers: Answers, target: float) -> Proposal:
    """Find the threshold for a target accuracy, 0 to 1."""
    confidences, correct = answers.confidences, answers.correct
    highest = 1 - float(np.min(risk_coverage(confidences, correct).risk))
    best = smallest_threshold(confidences, correct, highest)
    assert best is not None, "some threshold reaches the highest accuracy there is"
    return Proposal(target, answers, smallest_threshold(confidences, correct, target), best)


def render(proposal: Proposal, *, current: float | None = None) -> RenderableType:
    """Show the proposal and its alternatives on a terminal.

    Args:
        current: The threshold in use. It is marked.
    """
    from rich.console import Group
    from rich.text import Text

    answers, found = proposal.answers, proposal.found
    images = len(answers.labels)
    low, high = wilson(int(answers.correct.sum()), images)
    lines = [
        Text.assemble(
            f"{images} validation images, all answered: accuracy {answers.accuracy:.1%} "
            f"(95% interval {low:.1%} to {high:.1%}), calibration error {answers.calibration_error():.3f}"
        )
    ]
    if found:
        assert found.interval is not None, "a threshold that reaches an accuracy answers some image"
        low, high = found.interval
        lines.append(
            Text.assemble(
                ("threshold ", "bold"),
                (_number(found.threshold), "bold green"),
                f": accuracy {found.accuracy:.1%} of what is answered (target {proposal.target:.1%}; "
                f"95% interval {low:.1%} to {high:.1%}), {found.share:.1%} of images answered",
            )
        )
        if low < proposal.target:
            lines.append(
                Text(
                    f"so few images prove no more than {low:.1%}; on other images, the accuracy may miss the target",
                    style="yellow",
                )
            )
    return Group(*lines, "", _table(proposal, current))


def _table(proposal: Proposal, current: float | None) -> RenderableType:
    from rich.table import Table

    table = Table(title="Alternatives", title_justify="left")
    for column in ("threshold", "answered", "share answered", "accuracy", "95% interval", ""):
        table.add_column(column, justify="right" if column else "left", no_wrap=column != "share answered")
    own = {proposal.found.threshold} if proposal.found else set()
    shown = sorted({*THRESHOLDS, *own, *([current] if current is not None else [])})
    for one in proposal.at(*shown):
        notes = ["proposed"] if one.threshold in own else []
        notes += ["in use"] if one.threshold == current else []
        table.add_row(
            _number(one.threshold),
            str(one.answered),
            f"{one.share:.1%}",
            "-" if one.accuracy is None else f"{one.accuracy:.1%}",
            "-" if one.interval is None else "{:.1f} to {:.1f}%".format(*(100 * end for end in one.interval)),
            ", ".join(notes),
            style="bold" if notes else "",
        )
    return narrower(table, "answered", "95% interval")


def _number(threshold: float) -> str:
    """A threshold with all its decimals, at least two."""
    return max(f"{threshold:.2f}", repr(threshold), key=len)
