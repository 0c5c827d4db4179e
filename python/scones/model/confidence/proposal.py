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

from scones.dataset.labels import OTHER
from scones.drawing import narrower
from scones.drawing.pages import rounded, threshold_text
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
        return coverage(self.answers.passing, self.answers.correct, thresholds, self.answers.foreign)


def propose(answers: Answers, target: float) -> Proposal:
    """Find the threshold for a target accuracy, 0 to 1. An answer ``other`` passes with no threshold."""
    given = answers.passing, answers.correct
    curve = risk_coverage(*given, answers.foreign)
    highest = 1 - float(np.min(curve.risk, initial=1.0))
    best = smallest_threshold(*given, highest, answers.foreign) or coverage(*given, [1.0], answers.foreign)[0]
    return Proposal(target, answers, smallest_threshold(*given, target, answers.foreign), best)


def sentence(proposal: Proposal, *, current: float | None = None) -> str:
    """What the proposed threshold does, or without one the threshold in use, as a title.

    Example::

        >>> logits = np.array([[4, 0, 0], [0, 3, 0], [0, 2, 0.5], [0, 0, 5]], np.float32)
        >>> sentence(propose(Answers(logits, labels=np.array([0, 1, 2, 2]), other=2), 0.9))
        'At 0.90, 100 % of the wanted images and 0 % of anything else pass; all of these are right'
    """
    at = proposal.found or (proposal.at(current)[0] if current is not None else proposal.best)
    passed = f"{rounded(at.share)} of {'images' if at.foreign is None else 'the wanted images'}"
    others = "" if at.foreign is None else f" and {rounded(at.foreign)} of anything else"
    text = f"At {threshold_text(at.threshold)}, {passed}{others} pass"
    if at.accuracy is None:
        return text
    right = "all of these are" if at.accuracy == 1 else f"{rounded(at.accuracy)} of what passes is"
    return f"{text}; {right} right"


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
    if answers.foreign is not None and answers.wanted_accuracy is not None:
        foreign = int(answers.foreign.sum())
        lines.append(
            Text(
                f"{foreign} of them are of none of the wanted classes; on the others, accuracy "
                f"{answers.wanted_accuracy:.1%}. The answer '{OTHER}' never passes"
            )
        )
    if found:
        assert found.interval is not None, "a threshold that reaches an accuracy answers some image"
        low, high = found.interval
        lines.append(
            Text.assemble(
                ("threshold ", "bold"),
                (_number(found.threshold), "bold green"),
                f": accuracy {found.accuracy:.1%} of what is answered (target {proposal.target:.1%}; "
                f"95% interval {low:.1%} to {high:.1%}), {found.share:.1%} of "
                + ("images answered" if found.foreign is None else "the wanted images answered")
                + ("" if found.foreign is None else f", and {found.foreign:.1%} of anything else"),
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
    foreign = proposal.answers.foreign is not None
    for column in ("threshold", "answered", "share answered", *(["of anything else"] if foreign else []), "accuracy",
                   "95% interval", ""):  # fmt: skip
        table.add_column(
            column, justify="right" if column else "left", no_wrap=column not in ("share answered", "of anything else")
        )
    own = {proposal.found.threshold} if proposal.found else set()
    shown = sorted({*THRESHOLDS, *own, *([current] if current is not None else [])})
    for one in proposal.at(*shown):
        notes = ["proposed"] if one.threshold in own else []
        notes += ["in use"] if one.threshold == current else []
        table.add_row(
            _number(one.threshold),
            str(one.answered),
            f"{one.share:.1%}",
            *([] if one.foreign is None else [f"{one.foreign:.1%}"]),
            "-" if one.accuracy is None else f"{one.accuracy:.1%}",
            "-" if one.interval is None else "{:.1f} to {:.1f}%".format(*(100 * end for end in one.interval)),
            ", ".join(notes),
            style="bold" if notes else "",
        )
    return narrower(table, "answered", "95% interval")


def _number(threshold: float) -> str:
    """A threshold with all its decimals, at least two."""
    return max(f"{threshold:.2f}", repr(threshold), key=len)
