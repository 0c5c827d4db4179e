"""The kinds of what the writers write: settings that change, and collections that grow."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from benchmarks.kills.models import Collection, Setting

#: What is asked next: its words, its model, the model's value, and what sends it.
Next = tuple[str, Any, Any, Callable[[], Any]]


class Subject(Protocol):
    """What one writer writes.

    Attributes:
        name: Its name.
    """

    name: str

    def prepare(self) -> None:
        """Make what it needs."""

    def next(self) -> Next:
        """The next request."""

    def unanswered(self) -> None:
        """The request had no answer."""

    def problems(self) -> list[str]:
        """What is not as it must be."""


class Changing:
    """A setting that is written again and again: a number.

    Args:
        write: Writes a number.
        read: Reads the number; None: there is none.
        make: Makes what has the setting.
    """

    def __init__(
        self,
        name: str,
        write: Callable[[int], Any],
        read: Callable[[], Any],
        make: Callable[[], Any] = lambda: None,
        first: int | None = None,
    ) -> None:
        self.name, self._write, self._read, self._make = name, write, read, make
        self._numbers = itertools.count(1)
        self._setting = Setting()
        if first is not None:
            self._setting.acknowledged(first)

    def prepare(self) -> None:
        """Make what has the setting."""
        self._make()

    def next(self) -> Next:
        """Write the next number."""
        number = next(self._numbers)
        return self.name, self._setting, number, lambda: self._write(number)

    def unanswered(self) -> None:
        """The number may be there or not."""

    def problems(self) -> list[str]:
        """The number that is there."""
        problem = self._setting.problem(self._read())
        return [problem] if problem else []


class Growing:
    """A collection to which names are added.

    Args:
        add: Adds some names at once.
        read: All names that are there.
        at_once: How many are added at once: all of them, or none.
    """

    def __init__(
        self,
        name: str,
        add: Callable[[list[str]], Any],
        read: Callable[[], Iterable[str]],
        make: Callable[[], Any] = lambda: None,
        at_once: int = 1,
        most: int = 400,
    ) -> None:
        self.name, self._add, self._read, self._make, self._at_once = name, add, read, make, at_once
        self._most = most
        self._numbers = itertools.count(1)
        self._collection = Collection()

    def prepare(self) -> None:
        """Make the collection."""
        self._make()

    def next(self) -> Next:
        """Add the next names."""
        if len(self._collection) >= self._most:
            time.sleep(0.5)
            return self.name, self._collection, [], lambda: None
        number = next(self._numbers)
        names = [f"{number}.{part}" for part in range(self._at_once)]
        return self.name, self._collection, names, lambda: self._add(names)

    def unanswered(self) -> None:
        """The names may be there or not."""

    def problems(self) -> list[str]:
        """All names that are there: each batch is whole."""
        seen = list(self._read())
        problem = self._collection.problem(seen)
        batches: dict[str, int] = {}
        for name in seen:
            batches[name.partition(".")[0]] = batches.get(name.partition(".")[0], 0) + 1
        halves = [batch for batch, count in batches.items() if count % self._at_once]
        return ([problem] if problem else []) + [f"a half of batch {batch} is there" for batch in halves]


class Counted(Growing):
    """A collection of which only the number is known."""

    def __init__(self, name: str, add: Callable[[list[str]], Any], total: Callable[[], int]) -> None:
        super().__init__(name, add, lambda: [], at_once=3, most=10**6)
        self._total = total
        self._least = self._most_seen = 0

    def next(self) -> Next:
        """Add the next ones."""
        words, _, names, send = super().next()
        self._most_seen += len(names)
        counted = self

        class Model:
            def asked(self, value: list[str]) -> None:
                """They may be there from now on."""

            def acknowledged(self, value: list[str]) -> None:
                counted._least += len(value)

            def refused(self, value: list[str]) -> None:
                counted._most_seen -= len(value)

        return words, Model(), names, send

    def problems(self) -> list[str]:
        """The number is one that may be."""
        seen = self._total()
        if self._least <= seen <= self._most_seen and not seen % self._at_once:
            self._least = self._most_seen = seen
            return []
        return [f"there are {seen}, and must be {self._least} to {self._most_seen}"]
