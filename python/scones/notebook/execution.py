"""Runs a notebook's cells in a kernel's environment, and says what became of them.

Example (not run: it needs a kernel's environment)::

    executed = run(Path("walkthrough.ipynb"), Path("build/notebooks"), python, variables, take=print)
    executed.notebook          # build/notebooks/walkthrough.ipynb
    executed.html              # build/notebooks/walkthrough.html
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones.errors import InputError, NotebookError

RUNNER = Path(__file__).with_name("runner.py")
GRACE = 60.0  # seconds from an interrupt until the runner has written what was executed
ERROR_LINES = 12
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
#: What a page in Markdown shows of an output, the best first. Markdown's readers do not show HTML's styles.
SHOWN = ["image/png", "image/jpeg", "image/svg+xml", "text/markdown", "text/plain"]


@dataclass(frozen=True)
class ExecutedNotebook:
    """A notebook that ran to its last cell.

    Attributes:
        notebook: The copy with outputs.
        html: The same as a page.
        cells: The number of cells that ran.
    """

    notebook: Path
    html: Path
    cells: int


def run(
    path: Path,
    folder: Path,
    python: Path,
    variables: Mapping[str, str],
    *,
    take: Callable[[Mapping[str, Any]], None],
) -> ExecutedNotebook:
    """Run a notebook in its own folder, as Jupyter does.

    Args:
        folder: Where the executed copy and the page are written. A run before is replaced.
        python: The Python of the kernel's environment.
        variables: The kernel's variables.
        take: Called with each report of :mod:`scones.notebook.runner`.

    Raises:
        NotebookError: a cell failed, the kernel ended, or the notebook cannot be run.
        KeyboardInterrupt: after the executed part is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    executed, html, log = (folder / f"{path.stem}{ending}" for ending in (".ipynb", ".html", ".log"))
    if executed.exists() and executed.samefile(path):
        raise NotebookError(f"{path} is an executed copy, which would be replaced", hint="run the notebook itself")
    for stale in (executed, html):
        stale.unlink(missing_ok=True)
    reports, telling = os.pipe()
    command: list[str | Path] = [python, RUNNER, path.absolute(), executed.absolute(), html.absolute(), str(telling)]
    with log.open("wb") as said, os.fdopen(reports, encoding="utf-8") as lines:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # it ends with this process, however that ends
            stdout=said,
            stderr=said,
            env=dict(variables),
            pass_fds=[telling],
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the other in order
        )
        os.close(telling)
        try:
            found = _follow(lines, take)
            code = child.wait()
        except BaseException:
            take({"said": "stopping: what was executed is written"})
            _end(child)
            raise
        finally:
            assert child.stdin is not None  # a pipe, as asked for above
            child.stdin.close()
    if code == 0:
        return ExecutedNotebook(executed, html, found.get("cells", 0))
    raise _failure(path, found, executed, html, log)


def _follow(lines: Any, take: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """Hand all reports on. Returns the last value of each of their fields."""
    found: dict[str, Any] = {}
    for line in lines:
        report = json.loads(line)
        found |= report
        take(report)
    return found


def _failure(path: Path, found: Mapping[str, Any], executed: Path, html: Path, log: Path) -> NotebookError:
    if "error" in found:
        lines = str(found["error"]).splitlines()
        shown = [*lines[:ERROR_LINES], *(["…"] if len(lines) > ERROR_LINES else [])]
        at = f"line {found['line']}: " if found.get("line") else ""
        what = f"{path}: cell {found['cell']} of {found['cells']} failed\n  {at}{found['source']}\n  " + "\n  ".join(
            shown
        )
    elif "problem" in found:
        at = f" in cell {found['cell']} of {found['cells']}" if "cell" in found else ""
        what = f"{path}: {found['problem']}{at}" if at else str(found["problem"])
    else:
        last = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        what = f"{path}: its runner ended: {last[-1]}"
    if not executed.exists():
        return NotebookError(what, hint=f"its runner's log: {log}")
    return NotebookError(
        what, hint=f"what was executed: {executed if not html.exists() else f'{executed} and {html.name}'}"
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    """Interrupt the runner, and kill it and its kernel if it does not end."""
    with contextlib.suppress(OSError):
        child.send_signal(signal.SIGINT)
    try:
        child.wait(GRACE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):  # Ctrl-C for a second time
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def make_place(page: Path) -> None:
    """Make the folder of a page, before the notebook is run for it.

    Raises:
        InputError: the page cannot be written there.
    """
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{page} cannot be written: {error.strerror}: {error.filename}") from None
    if page.is_dir() or not os.access(page if page.exists() else page.parent, os.W_OK):
        raise InputError(f"{page} cannot be written: {'it is a folder' if page.is_dir() else 'permission denied'}")


def write_markdown(executed: Path, python: Path, page: Path) -> None:
    """Write an executed notebook as Markdown, with its pictures in a folder beside the page.

    Args:
        python: The Python of the kernel's environment.
        page: The file, ``docs/notebook.md``. The pictures are in ``docs/notebook_files``, which is replaced.

    Raises:
        NotebookError: nbconvert cannot write it.
    """
    pictures = page.with_name(f"{page.stem}_files")
    shutil.rmtree(pictures, ignore_errors=True)
    command: list[str | Path] = [
        python,
        "-m",
        "nbconvert",
        "--to",
        "markdown",
        executed.absolute(),
        f"--NbConvertBase.display_data_priority={SHOWN}",
    ]
    done = subprocess.run(
        [*command, "--output-dir", page.parent.absolute(), "--output", page.stem],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines() or ["it said nothing"]
        raise NotebookError(f"{page} cannot be written: {last[-1]}")
    page.write_text(COLOURS.sub("", page.read_text()))
