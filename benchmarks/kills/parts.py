"""What every part of the soak is: some work in a local cloud that is killed, and a check."""

from __future__ import annotations

from typing import Protocol


class Part(Protocol):
    """A part of the soak.

    Attributes:
        name: Its name.
        patience: The most seconds between two kills.
    """

    name: str
    patience: float

    def prepare(self) -> None:
        """Make what the work needs. The cloud is not killed meanwhile."""

    def begin(self, rounds: int) -> None:
        """Begin the work, in threads of its own. So many kills will come."""

    def doing(self) -> str:
        """What is going on."""

    def problems(self) -> list[str]:
        """What is wrong after a kill, in words. The work goes on meanwhile."""

    def finish(self) -> list[str]:
        """Let the work come to its end without more kills. Returns what is wrong, in words."""

    def done(self) -> dict[str, int]:
        """How much was done."""
