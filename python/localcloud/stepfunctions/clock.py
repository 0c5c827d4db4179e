"""The clock that the operations read. A test has one of its own."""

from __future__ import annotations

from collections.abc import Callable

#: The seconds since 1970.
Clock = Callable[[], float]
