"""One line between work and its progress bar.

Example::

    done = begin(progress, "Uploading", 1200)    # progress may be None: then nothing is shown
    done(1)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


def begin(
    progress: Progress | None, description: str, total: float | None, completed: int = 0
) -> Callable[[int], None]:
    """Show a bar, and give the function that moves it on. The function may be called from any thread."""
    if progress is None:
        return lambda steps: None
    bar = progress.add_task(description, total=total, completed=completed)
    return lambda steps: progress.advance(bar, steps)
