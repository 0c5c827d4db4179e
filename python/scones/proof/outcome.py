"""What the proof found."""

from __future__ import annotations

from dataclasses import dataclass, field

from scones.proof.matrix import MatrixRow
from scones.steps import Step


@dataclass(frozen=True)
class Removal:
    """A statement that was really taken away.

    Attributes:
        source: Where it stands.
        refused: What was refused then: action and resource; empty where nothing was.
    """

    source: str
    refused: str


@dataclass
class ProofOutcome:
    """What the proof found.

    Attributes:
        steps: Every step with its time.
        rows: Every statement and the steps that need it.
        removals: The statements that were really taken away.
        requests: How many requests were judged.
        order: The names of the steps, as the rows have them, in their order.
        refused: Requests that were refused although nothing was taken away: action and resource.
    """

    steps: list[Step]
    rows: list[MatrixRow] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    requests: int = 0
    order: tuple[str, ...] = ()
    refused: list[str] = field(default_factory=list)

    @property
    def superfluous(self) -> list[MatrixRow]:
        """The statements that nothing needs."""
        return [row for row in self.rows if row.superfluous]

    @property
    def not_shown(self) -> list[str]:
        """What no step could show to be needed, and why: ``topic/NAME/SID for SERVICE: why``."""
        return [f"{row.statement.source} for {one}" for row in self.rows for one in row.not_shown]

    @property
    def held(self) -> bool:
        """Whether every statement is needed, and every one that was taken away was missed."""
        return bool(self.rows) and not self.superfluous and all(one.refused for one in self.removals)
