"""What the demo found, and what it claims.

Example::

    outcome.claims.append(DemoClaim("a second plan of every stack is empty", held=True))
    outcome.held        # whether every step was done and every claim held
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
    """Something the demo shows, and whether it was so."""

    text: str
    held: bool


@dataclass
class DemoOutcome:
    """What the demo found.

    Attributes:
        steps: Every step with its status and time.
        claims: What was checked.
        ensured: The data set and where it came from.
        evaluation: The endpoint's answers to the test split.
        runs: Executions of the least and the most sure test images.
        events: How many captured events there are.
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
        """Whether every step was done and every claim held."""
        return bool(self.claims) and all(c.held for c in self.claims) and all(s.status == "done" for s in self.steps)
