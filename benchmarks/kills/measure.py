"""The soak: each part has its share of the kills."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.kills.demo import Demonstrated
from benchmarks.kills.executions import Executions
from benchmarks.kills.ledger import Ledger
from benchmarks.kills.parts import Part
from benchmarks.kills.report import Found, Kill
from benchmarks.kills.victim import Victim

#: The parts by their names, each with its share of the kills.
PARTS: dict[str, tuple[Callable[[Victim, random.Random], Part], int]] = {
    "executions": (Executions, 40),
    "requests": (Ledger, 40),
    "demo": (Demonstrated, 20),
}
LEAST_SECONDS = 0.3


def measure(
    folder: Path,
    *,
    kills: int,
    seed: int,
    parts: Sequence[str] = tuple(PARTS),
    on_moment: Callable[[str], None] = lambda what: None,
    on_kill: Callable[[Kill], None] = lambda kill: None,
) -> Found:
    """Kill a local cloud so often in each part, and check what is there.

    Args:
        folder: The folder for the clouds. It keeps them: a cloud that has lost something can be looked at.
        kills: The number of kills of all parts together.
        seed: The seed of the random moments. The moments repeat, what the cloud does at them does not.
        on_moment: Called with what is going on, before every kill.
        on_kill: Called after every kill.
    """
    found = Found(seed)
    for name, count in shares(kills, {part: PARTS[part][1] for part in parts}).items():
        if not count:
            continue
        with _victim(folder / name / "local") as victim:
            chance = random.Random(f"{seed} {name}")
            part = PARTS[name][0](victim, chance)
            part.prepare()
            part.begin(count)
            for number in range(count):
                time.sleep(chance.uniform(LEAST_SECONDS, part.patience))
                doing = part.doing()
                on_moment(f"{name}: {doing}, kill {number + 1} of {count}")
                took, twice = victim.kill(chance)
                problems = tuple(f"{name}, kill {number + 1}: {words}" for words in part.problems())
                doing = f"{doing}, and the start" if twice else doing
                found.kills.append(Kill(name, doing, round(took, 2), problems))
                on_kill(found.kills[-1])
            on_moment(f"{name}: the work ends")
            found.at_the_end += [f"{name}: {words}" for words in part.finish()]
            found.work[name] = part.done()
    return found


def shares(kills: int, weights: dict[str, int]) -> dict[str, int]:
    """Share the kills out by weights. The first parts have what is left.

    Example::

        >>> shares(10, {"a": 40, "b": 40, "c": 20})
        {'a': 4, 'b': 4, 'c': 2}
        >>> shares(1, {"a": 1, "b": 1})
        {'a': 1, 'b': 0}
    """
    whole = sum(weights.values())
    given = {name: kills * weight // whole for name, weight in weights.items()}
    for name in list(given)[: kills - sum(given.values())]:
        given[name] += 1
    return given


@contextlib.contextmanager
def _victim(folder: Path) -> Iterator[Victim]:
    victim = Victim(folder)
    try:
        yield victim
    finally:
        victim.close()
