"""Files that appear whole or not at all, whatever ends the process meanwhile.

Example::

    write(Path("build/report/index.html"), page)     # a str (as UTF-8) or bytes; the path comes back
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write(path: Path, content: str | bytes) -> Path:
    """Write a file beside its place and move it there; folders that are missing are made.

    Raises:
        OSError: it cannot be written; what was there before still is, and nothing is left beside it.
    """
    with whole(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to, which is moved to its place at the end; folders that are missing are made.

    What was there before still is until then, and nothing is left beside it where the writing fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
