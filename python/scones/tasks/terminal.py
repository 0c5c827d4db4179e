"""Where tasks print: to a terminal as wide as it is, and into a file or a pipe with nothing cut, wrapped or coloured.

Example::

    >>> import io
    >>> out = io.StringIO()
    >>> terminal(file=out).print("arn:aws:states:us-east-1:123456789012:execution:" + 10 * "a-long-name-")
    >>> out.getvalue().count("\\n")
    1

rich takes 80 columns where there is no terminal. A table is then as wide as what stands in it, unless COLUMNS says how
wide. On a terminal, lines are left to it: it wraps them without breaking what is copied.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 100_000  # columns; nothing is as wide as this


def terminal(*, stderr: bool = False, file: IO[str] | None = None) -> Console:
    """A console for a task.

    Args:
        stderr: Print to stderr, what is no result.
        file: Print to this file instead.
    """
    from rich.console import Console

    made = Console(stderr=stderr, file=file, soft_wrap=True)
    if made.is_terminal or "COLUMNS" in os.environ:
        return made
    return Console(stderr=stderr, file=file, soft_wrap=True, width=WIDE)


@contextmanager
def aside() -> Iterator[None]:
    """Send to stderr what is printed in the block, also by processes that it starts. stdout stays for a result."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
