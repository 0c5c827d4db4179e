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

Whatever takes longer than some seconds says what it waits for: :class:`Waiting` and :func:`bars` on a terminal as an
animation, and elsewhere as a line every :data:`BEAT_SECONDS`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress
    from rich.text import Text

#: Between two lines of something that goes on, where there is no terminal. Nobody waits longer without a word.
BEAT_SECONDS = 4.0


class Beats:
    """Says every few seconds what is waited for, as long as nothing else is said. A context manager.

    Example::

        >>> from rich.console import Console
        >>> with Beats(Console(force_terminal=False), lambda: "reading", every=0.01) as beats:
        ...     while not beats.count:
        ...         time.sleep(0.01)
        reading … 0 s...

    Args:
        says: Gives what is waited for, or nothing if that is not worth a line.
        every: Seconds between two lines.
    """

    def __init__(self, console: Console, says: Callable[[], str], *, every: float = BEAT_SECONDS) -> None:
        self.count = 0
        self._console, self._says, self._every = console, says, every
        self._began = self._last = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beats", daemon=True)

    def __enter__(self) -> Beats:
        self._began = self._last = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._ended.set()
        self._thread.join()

    def said(self) -> None:
        """Something else was printed just now."""
        self._last = time.monotonic()

    def _run(self) -> None:
        while not self._ended.wait(max(0.0, self._last + self._every - time.monotonic())):
            now = time.monotonic()
            if now - self._last < self._every:
                continue
            self._last = now
            if text := self._says():
                text = f"{text} … {now - self._began:.0f} s"
                with contextlib.suppress(OSError):  # the reader has closed it; the task itself finds out
                    self._console.print(text, markup=False, highlight=False, soft_wrap=True)
                self.count += 1


class Waiting:
    """Says what is waited for: an animation on a terminal, a line every few seconds elsewhere. A context manager.

    Args:
        what: What goes on, such as ``reading``. :meth:`update` changes it.
    """

    def __init__(self, console: Console, what: str) -> None:
        self.console = console
        from rich.text import Text

        self._what = Text(what)
        self._status = console.status(self._what) if console.is_terminal else None
        self._beats: Beats | None = None

    def update(self, what: str | Text) -> None:
        """Something else goes on now. In a str, nothing is markup."""
        from rich.text import Text

        self._what = Text(what) if isinstance(what, str) else what
        if self._status:
            self._status.update(self._what)

    def start(self) -> None:
        """Begin to say it."""
        if self._status:
            self._status.start()
        else:
            self._beats = Beats(self.console, lambda: self._what.plain).__enter__()

    def stop(self) -> None:
        """Say it no longer, for instance to ask a question."""
        if self._status:
            self._status.stop()
        elif self._beats:
            self._beats.__exit__()
            self._beats = None

    def __enter__(self) -> Waiting:
        self.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()


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
        beats: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        if not self.console.is_terminal:
            self.console.print(f"[{place}] {title} …", markup=False, highlight=False)
            beats = Beats(self.console, lambda: f"[{place}] {title}")
        try:
            with beats:
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
    """Progress bars that disappear at the end. Without a terminal, a line every few seconds says how far it is."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    class Bars(Progress):
        """Progress bars that are lines where there is no terminal."""

        beats: Beats | None = None

        def start(self) -> None:
            super().start()
            if self.disable and self.beats is None:
                self.beats = Beats(console, self._far).__enter__()

        def stop(self) -> None:
            if self.beats is not None:
                self.beats.__exit__()
                self.beats = None
            super().stop()

        def _far(self) -> str:
            going = [task for task in self.tasks if not task.finished]
            if not going:
                return ""
            task = going[-1]
            share = "" if task.total is None else f", {task.percentage:.0f} %"
            return f"{task.description}{share}"

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    return Bars(*columns, console=console, transient=True, disable=not console.is_terminal)
