"""The result of the demo: its steps, its claims, and what it measured.

Example::

    >>> outcome = DemoOutcome(steps=[])
    >>> outcome.claims.append(DemoClaim("a second plan of every stack is empty", held=True))
    >>> outcome.held
    True
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scones.dataset import Ensured
    from scones.model import evaluation
    from scones.model.registry import Version
    from scones.service import workflow
    from scones.steps import Step


@dataclass(frozen=True)
class DemoClaim:
    """A claim of the demo, and whether it held."""

    text: str
    held: bool


@dataclass
class DemoOutcome:
    """The result of the demo. A value is None until its step has run.

    Attributes:
        steps: All steps, with status and time.
        claims: The checked claims.
        ensured: The data set and its source.
        version: The registered model.
        evaluation: The endpoint's answers to the test split.
        runs: Executions of the test images with the lowest and the highest confidence.
        events: The number of captured events.
        report: The report's ``index.html``.
    """

    steps: list[Step]
    claims: list[DemoClaim] = field(default_factory=list)
    ensured: Ensured | None = None
    version: Version | None = None
    evaluation: evaluation.Evaluation | None = None
    runs: list[workflow.ImageRun] = field(default_factory=list)
    events: int = 0
    report: Path | None = None

    @property
    def held(self) -> bool:
        """True if every step was done and every claim held."""
        return bool(self.claims) and all(c.held for c in self.claims) and all(s.status == "done" for s in self.steps)
