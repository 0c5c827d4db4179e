"""The result of the proof."""

from __future__ import annotations

from dataclasses import dataclass, field

from scones.proof.matrix import MatrixRow
from scones.steps import Step


@dataclass(frozen=True)
class Removal:
    """A statement that was really removed for a while.

    Attributes:
        source: The statement, as ``role/NAME/POLICY/SID``.
        refused: The action and resource of a request that was denied then; empty if none was.
    """

    source: str
    refused: str


@dataclass
class ProofOutcome:
    """The result of the proof.

    Attributes:
        steps: All steps, with their time.
        rows: All statements, with the steps that need them.
        removals: The statements that were really removed for a while.
        requests: The number of recorded requests.
        order: The names of the steps, in order, as in ``rows``.
        refused: The requests that were denied with all statements in place: step, principal, action, resource.
    """

    steps: list[Step]
    rows: list[MatrixRow] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    requests: int = 0
    order: tuple[str, ...] = ()
    refused: list[str] = field(default_factory=list)

    @property
    def superfluous(self) -> list[MatrixRow]:
        """The statements that no step needs."""
        return [row for row in self.rows if row.superfluous]

    @property
    def not_shown(self) -> list[str]:
        """What the local cloud cannot show of a statement, as ``topic/NAME/SID for SERVICE: why``."""
        return [f"{row.statement.source} for {one}" for row in self.rows for one in row.not_shown]

    @property
    def held(self) -> bool:
        """True if every statement is needed, and every removal led to a denied request."""
        return bool(self.rows) and not self.superfluous and all(one.refused for one in self.removals)
