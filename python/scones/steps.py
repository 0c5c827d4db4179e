"""Shows the steps of a long command, with their state and duration.

Example::

    >>> from rich.console import Console
    >>> console = Console(force_terminal=False)
    >>> with Steps(console, ["Build the data set", "Train"]) as steps:
    ...     with steps.step("Build the data set") as step:
    ...         step.found = "1,200 images"
    [1/2] Build the data set …
    [1/2] done in ... s: 1,200 images

On a terminal, the list of steps is redrawn in place, and a step's progress bars appear below it. On other outputs, each
step prints a line at its start and another at its end.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress


@dataclass
class Step:
    """One step.

    Attributes:
        status: ``waiting``, ``running``, ``done`` or ``failed``.
        begun: The start, in seconds of ``time.monotonic()``.
        seconds: The duration. 0 until the step has ended.
        found: The result, in one line.
    """

    title: str
    status: str = "waiting"
    begun: float = 0.0
    seconds: float = 0.0
    found: str = ""


class Steps:
    """The list of steps, as a context manager."""

    def __init__(self, console: Console, titles: Sequence[str]) -> None:
        from rich.live import Live
        from rich.spinner import Spinner

        self.console = console
        self.steps = [Step(title) for title in titles]
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(get_renderable=self.table, console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Steps:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *failure: object) -> None:
        if self.console.is_terminal:
            self._live.stop()
            self.console.print(self.table())

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Run the body as the step ``title``. If the body raises, the step has failed."""
        step = next(step for step in self.steps if step.title == title)
        place = f"{self.steps.index(step) + 1}/{len(self.steps)}"
        step.status, step.begun = "running", time.monotonic()
        if not self.console.is_terminal:
            self.console.print(f"[{place}] {title} …", markup=False, highlight=False)
        try:
            yield step
        except BaseException:
            step.status = "failed"
            raise
        else:
            step.status = "done"
        finally:
            step.seconds = time.monotonic() - step.begun
            if not self.console.is_terminal:
                mark = "done" if step.status == "done" else "FAILED"
                line = f"[{place}] {mark} in {step.seconds:.1f} s" + (f": {step.found}" if step.found else "")
                self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def table(self) -> RenderableType:
        """The list with the current states."""
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 1))
        for justify in ("left", "left", "right", "left"):
            grid.add_column(justify=justify)
        for step in self.steps:
            mark: RenderableType = Text("·")
            style, seconds = "dim", ""
            if step.status == "running":
                mark, style, seconds = self._spinner, "cyan", f"{time.monotonic() - step.begun:.0f} s"
            elif step.status != "waiting":
                done = step.status == "done"
                mark, style = Text("✔", "green") if done else Text("✘", "red"), "" if done else "red"
                seconds = f"{step.seconds:.1f} s"
            grid.add_row(mark, Text(step.title, style), Text(seconds, "dim"), Text(step.found, "dim"))
        return grid


def bars(console: Console) -> Progress:
    """Progress bars that disappear at the end. Without a terminal, nothing is shown."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
