"""What may be there after a kill: everything that was acknowledged, and whatever was asked for without an answer.

Example::

    >>> setting = Setting()
    >>> setting.asked(1); setting.acknowledged(1)
    >>> setting.asked(2)                # the answer never came
    >>> setting.problem(2), setting.problem(None)
    (None, 'is None, and must be 2')
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class Setting:
    """A value that is written again and again. None: it is not there."""

    def __init__(self) -> None:
        self._possible: set[object] = {None}

    def asked(self, value: object) -> None:
        """A request for a value is sent."""
        self._possible.add(value)

    def acknowledged(self, value: object) -> None:
        """The request was answered."""
        self._possible = {value}

    def refused(self, value: object) -> None:
        """The request was refused: it has changed nothing."""
        self._possible.discard(value)

    def problem(self, seen: object) -> str | None:
        """What is wrong with the value that is there; None if nothing is. From now on it is the value."""
        possible, self._possible = self._possible, {seen}
        if seen in possible:
            return None
        return f"is {seen}, and must be {' or '.join(sorted(map(str, possible)))}"


class Collection:
    """Things that are added, and stay."""

    def __init__(self) -> None:
        self._sure: Counter[str] = Counter()
        self._doubtful: Counter[str] = Counter()

    def asked(self, names: Iterable[str]) -> None:
        """A request to add things is sent."""
        self._doubtful.update(names)

    def acknowledged(self, names: Iterable[str]) -> None:
        """The request was answered."""
        names = list(names)
        self._doubtful.subtract(names)
        self._sure.update(names)

    def refused(self, names: Iterable[str]) -> None:
        """The request was refused: it has added nothing."""
        self._doubtful.subtract(names)

    def __len__(self) -> int:
        return self._sure.total()

    def problem(self, seen: Iterable[str]) -> str | None:
        """What is wrong with the things that are there; None if nothing is."""
        there = Counter(seen)
        lost = self._sure - there
        never = there - self._sure - self._doubtful
        said = [f"{_some(lost)} missing"] if lost else []
        said += [f"{_some(never)} too many"] if never else []
        return ", ".join(said) or None


def _some(names: Counter[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return f"{names.total()} ({shown}{', …' if len(names) > 3 else ''})"
