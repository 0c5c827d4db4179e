"""Writes files that appear whole or not at all, even if the process is killed meanwhile.

Example::

    >>> write(Path("build/report/index.html"), "<h1>Report</h1>")
    PosixPath('build/report/index.html')
    >>> Path("build/report/index.html").read_text()
    '<h1>Report</h1>'
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PARTIAL = re.compile(r"\..+\.([0-9]{1,10})-[0-9]+\.part", re.DOTALL)


def write(path: Path, content: str | bytes) -> Path:
    """Writes text (as UTF-8) or bytes to a file. Creates missing folders. Returns the path.

    Raises:
        OSError: If the file cannot be written. An earlier file stays as it was.
    """
    with whole(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Gives a path to write to. When the block ends, the file there replaces ``path``. Creates missing folders.

    If the block raises, an earlier file stays as it was, and the new one is removed. What killed processes have left
    beside it is removed too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """Whether a process exists on this machine, whoever has started it."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _sweep(folder: Path) -> None:
    """Removes the files that killed processes were writing."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _PARTIAL.fullmatch(entry.name)
            if found and not is_alive(int(found[1])):
                with contextlib.suppress(OSError):  # another process sweeps too
                    Path(entry.path).unlink()
