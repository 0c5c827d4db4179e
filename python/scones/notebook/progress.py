"""Shows which cell of a notebook runs, for how long, and what it says.

Example::

    >>> from rich.console import Console
    >>> with CellProgress(Console(force_terminal=False)) as progress:
    ...     progress.take({"cells": 2})
    ...     progress.take({"cell": 1, "title": "import boto3"})
    ...     progress.take({"cell": 1, "seconds": 0.5})
    [1/2] import boto3
    [1/2] done in 0.5 s

On a terminal, the running cell and the last line of its output are redrawn in place.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


class CellProgress:
    """Takes the reports of :mod:`scones.notebook.runner`, as a context manager."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live
        from rich.spinner import Spinner

        self._console = console
        self._spinner = Spinner("dots", style="cyan")
        self._cells, self._cell, self._begun = 0, 0, 0.0
        self._title = self._said = ""
        self._live = Live(get_renderable=self._running, console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> CellProgress:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *failure: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def take(self, report: Mapping[str, Any]) -> None:
        """Show a report."""
        from rich.text import Text

        self._cells = report.get("cells", self._cells)
        self._said = report.get("said", self._said)
        if "title" in report:
            self._cell, self._title, self._said, self._begun = report["cell"], report["title"], "", time.monotonic()
            if not self._console.is_terminal:
                self._print(Text(f"{self._place} {self._title}"))
        if "seconds" in report:
            failed = "error" in report
            mark, style = ("✘", "red") if failed else ("✔", "green")
            spent = f"{report['seconds']:.1f} s"
            if self._console.is_terminal:
                self._print(Text.assemble((f"{mark} {self._place} ", style), self._title, (f"  {spent}", "dim")))
            else:
                self._print(Text(f"{self._place} {'FAILED after' if failed else 'done in'} {spent}"))
            self._title = ""

    @property
    def _place(self) -> str:
        return f"[{self._cell}/{self._cells}]"

    def _print(self, line: RenderableType) -> None:
        self._console.print(line, highlight=False, soft_wrap=True)

    def _running(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 1))
        if self._title:
            spent = f"{time.monotonic() - self._begun:.0f} s"
            grid.add_row(self._spinner, Text(f"{self._place} {self._title}", "cyan"), Text(spent, "dim"))
            if self._said:
                grid.add_row("", Text(self._said, "dim", no_wrap=True, overflow="ellipsis"), "")
        return grid
