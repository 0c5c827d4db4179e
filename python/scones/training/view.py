"""Shows a training job's progress, as a live panel on a terminal and as lines on other outputs.

Example (not run: it needs an AWS account)::

    with view(Console()) as show:
        job.follow(environment, name, show)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scones.steps import Beats
from scones.training.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_BARS = "▁▂▃▄▅▆▇█"


@contextmanager
def view(console: Console) -> Iterator[Callable[[Progress], None]]:
    """Yield the ``view`` function for :func:`scones.training.job.follow`."""
    if console.is_terminal:
        from rich.live import Live

        started = time.monotonic()
        with Live(console=console, refresh_per_second=4) as live:
            yield lambda progress: live.update(panel(progress, time.monotonic() - started))
        return
    told = TrainingLines()
    with Beats(console, lambda: told.going) as beats:

        def write(progress: Progress) -> None:
            for line in told.new(progress):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
                beats.said()

        yield write


class TrainingLines:
    """Makes a line for each new step and each finished epoch.

    Attributes:
        going: What the job does now.

    Example::

        >>> lines = TrainingLines()
        >>> progress = Progress("scones-dev-1", epochs=30, secondary_status="Training", validation={0: 0.54})
        >>> lines.new(progress)
        ['Training', 'epoch 1/30: validation accuracy 0.540 (best)']
        >>> lines.new(progress)
        []
    """

    def __init__(self) -> None:
        self.going = "the training job begins"
        self._doing = ""
        self._epochs = 0

    def new(self, progress: Progress) -> list[str]:
        """The lines since the last call."""
        epochs = [epoch_line(progress, epoch) for epoch in sorted(progress.validation)[self._epochs :]]
        self._epochs = progress.epochs_done
        doing, self._doing = self._doing, progress.secondary_status
        self.going = self._doing
        if self._doing == "Training" and progress.epochs_done < progress.epochs:
            self.going = f"Training: epoch {progress.epochs_done + 1}/{progress.epochs} runs"
        if doing == self._doing:
            return epochs
        # A step after Training comes after the epochs.
        return [self._doing, *epochs] if self._doing == "Training" else [*epochs, self._doing]


def epoch_line(progress: Progress, epoch: int) -> str:
    """A finished epoch: ``epoch 3/50: train accuracy 0.871, validation accuracy 0.840 (best), 3.1 s``."""
    parts = []
    if epoch in progress.train:
        parts.append(f"train accuracy {progress.train[epoch]:.3f}")
    accuracy = progress.validation[epoch]
    earlier = [value for other, value in progress.validation.items() if other < epoch]
    parts.append(f"validation accuracy {accuracy:.3f}" + (" (best)" if accuracy > max(earlier, default=-1) else ""))
    if epoch in progress.seconds:
        parts.append(f"{progress.seconds[epoch]:.1f} s")
    return f"epoch {epoch + 1}/{progress.epochs}: {', '.join(parts)}"


def panel(progress: Progress, elapsed: float) -> RenderableType:
    """The live view with status, epochs and both accuracies.

    Args:
        elapsed: Seconds since the start of the view.
    """
    from rich.panel import Panel
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    status = progress.secondary_status
    if progress.status not in (status, "InProgress"):
        status = f"{progress.status} ({status})"
    table.add_row("status", Text(status, style=_STYLES.get(progress.status, "bold")))
    table.add_row("time", _clock(elapsed) + _left(progress))
    table.add_row("epoch", f"{progress.epochs_done} of {progress.epochs}")
    table.add_row("", ProgressBar(progress.epochs, progress.epochs_done, width=40))
    for title, series in (("train accuracy", progress.train), ("validation accuracy", progress.validation)):
        if series:
            values = [series[epoch] for epoch in sorted(series)]
            table.add_row(title, f"[bold]{values[-1]:.3f}[/bold]  {sparkline(values)}")
    if progress.kept is not None:
        table.add_row("kept model", f"validation accuracy {progress.kept:.3f}")
    if progress.speed is not None and not progress.finished:
        table.add_row("speed", f"{progress.speed:.0f} images/s")
    return Panel(table, title=f"training job {progress.name}", title_align="left", expand=False)


_STYLES = {"Completed": "bold green", "Failed": "bold red", "Stopped": "bold yellow", "Stopping": "bold yellow"}


def sparkline(values: list[float], width: int = 40) -> str:
    """The accuracies of the last ``width`` epochs as bars. A full bar is 1.

    Example::

        >>> sparkline([0.5, 0.75, 1.0])
        '▅▇█'
    """
    return "".join(_BARS[min(len(_BARS) - 1, int(value * len(_BARS)))] for value in values[-width:])


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _left(progress: Progress) -> str:
    if progress.finished or progress.seconds_left is None:
        return ""
    return f"   [dim]about {_clock(progress.seconds_left)} of epochs left[/dim]"
