"""What a soak of kills has found."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from imageclassification import files


@dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        part: The part in whose cloud it was.
        doing: What was going on.
        up_seconds: How long the next start of the cloud took.
        lost: What was found wrong after it, in words.
    """

    part: str
    doing: str
    up_seconds: float
    lost: tuple[str, ...] = ()


@dataclass
class Found:
    """A whole soak.

    Attributes:
        seed: The seed of the random moments.
        kills: All kills, in their order.
        work: What each part has done, such as ``{"executions": {"succeeded": 150}}``.
        at_the_end: What a part found wrong when its work was over, in words.
    """

    seed: int
    kills: list[Kill] = field(default_factory=list)
    work: dict[str, dict[str, int]] = field(default_factory=dict)
    at_the_end: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[str]:
        """Everything that is lost or wrong, in words."""
        return [words for kill in self.kills for words in kill.lost] + self.at_the_end


def save(path: Path, found: Found) -> Path:
    """Write a soak as JSON. Returns the path."""
    return files.write(path, json.dumps({**asdict(found), "lost": found.lost}, indent=1) + "\n")


def table(found: Found) -> Any:
    """The table of a soak: how many kills were survived, by what was going on at the time."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(
        title=f"Kills survived, by what was going on at the time (seed {found.seed})",
        title_justify="left",
        caption="; ".join(f"{part}: {_words(done)}" for part, done in found.work.items()),
        caption_justify="left",
    )
    shown.add_column("part")
    shown.add_column("going on", overflow="fold")
    for name in ("kills", "survived", "longest start"):
        shown.add_column(name, justify="right", no_wrap=True)
    for (part, doing), count in sorted(Counter((kill.part, kill.doing) for kill in found.kills).items()):
        those = [kill for kill in found.kills if (kill.part, kill.doing) == (part, doing)]
        survived = sum(not kill.lost for kill in those)
        good = Text(str(survived), "green" if survived == count else "bold red")
        shown.add_row(part, doing, str(count), good, f"{max(kill.up_seconds for kill in those):.1f} s")
    survived = sum(not kill.lost for kill in found.kills)
    shown.add_section()
    shown.add_row("all", "", str(len(found.kills)), str(survived), "")
    return shown


def _words(done: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in done.items())
