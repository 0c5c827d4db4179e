"""Connects work to an optional progress bar.

Example::

    >>> from rich.progress import Progress
    >>> progress = Progress(disable=True)     # or None, which shows nothing
    >>> done = begin(progress, "Uploading", 1200)
    >>> done(3)
    >>> progress.tasks[0].completed
    3
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


def begin(
    progress: Progress | None, description: str, total: float | None, completed: int = 0
) -> Callable[[int], None]:
    """Show a bar and return a function that advances it. The function may be called from any thread.

    Args:
        total: The number of steps. None if it is not known.
        completed: The number of steps already done.
    """
    if progress is None:
        return lambda steps: None
    bar = progress.add_task(description, total=total, completed=completed)
    return lambda steps: progress.advance(bar, steps)
