"""Shows a tuning job's trials, as a live table on a terminal and as lines on other outputs.

Example (not run: it needs an AWS account)::

    with view(Console()) as show:
        job = watch.follow(environment, name, show)
    console.print(table(job))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scones.drawing import narrower
from scones.steps import Beats
from scones.training.trials import TuningSnapshot, TuningTrial

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_STYLES = {"completed": "green", "failed": "bold red", "running": "bold", "stopped early": "yellow"}


@contextmanager
def view(console: Console) -> Iterator[Callable[[TuningSnapshot], None]]:
    """Yield the ``show`` function for :func:`scones.training.watch.follow`."""
    if console.is_terminal:
        from rich.live import Live

        with Live(console=console, refresh_per_second=4, transient=True) as live:
            yield lambda job: live.update(table(job))
        return
    told = TrialLines()
    seen: list[TuningSnapshot] = []
    with Beats(console, lambda: _going(seen)) as beats:

        def write(job: TuningSnapshot) -> None:
            seen[:] = [job]
            for line in told.new(job):
                console.print(line, highlight=False, markup=False, soft_wrap=True)
                beats.said()

        yield write


def _going(seen: list[TuningSnapshot]) -> str:
    """What the trials of the last look do now, in one line."""
    running = [trial for job in seen for trial in job.trials if not trial.ended]
    if not running:
        return "the tuning job begins its next trial" if seen and not seen[0].ended else "the tuning job's last lines"
    return "; ".join(f"trial {trial.number}: epoch {trial.epochs_done + 1}/{trial.epochs} runs" for trial in running)


class TrialLines:
    """Makes a line for each trial that has started, and one for each that has ended.

    Example::

        >>> from scones.training.trials import TuningSnapshot, TuningTrial
        >>> trial = TuningTrial(1, "tune-dev-1-001", "InProgress", {"learning_rate": "0.05342"}, epochs=60)
        >>> job = TuningSnapshot("tune-dev-1", "InProgress", "Random", {}, {}, jobs=8, trials=(trial,))
        >>> lines = TrialLines()
        >>> lines.new(job)
        ['trial 1 of 8: learning_rate 0.0534']
        >>> lines.new(job)
        []
    """

    def __init__(self) -> None:
        self._started: set[str] = set()
        self._ended: set[str] = set()

    def new(self, job: TuningSnapshot) -> list[str]:
        """The lines since the last call."""
        lines = []
        for trial in job.trials:
            if trial.name not in self._started:
                self._started.add(trial.name)
                values = ", ".join(f"{name} {shown(value)}" for name, value in trial.values.items())
                lines.append(f"trial {trial.number}{f' of {job.jobs}' if job.jobs else ''}: {values}")
            # SageMaker may report the end of a trial before its log is complete.
            if trial.name not in self._ended and trial.ended and (trial.kept is not None or job.ended):
                self._ended.add(trial.name)
                lines.append(f"trial {trial.number} {ending(job, trial)}")
        return lines


def ending(job: TuningSnapshot, trial: TuningTrial) -> str:
    """The end of a trial: ``completed: validation accuracy 0.910, best epoch 0.930, 60 of 60 epochs, 121 s``."""
    parts = []
    if trial.objective is not None:
        parts.append(f"validation accuracy {trial.objective:.3f}")
    if trial.kept is not None:
        parts.append(f"best epoch {trial.kept:.3f}")
    parts += [f"{trial.epochs_done} of {trial.epochs} epochs", f"{trial.seconds} s"]
    if trial.failure_reason:
        parts.append(trial.failure_reason)
    return f"{job.outcome(trial)}: {', '.join(parts)}"


def table(job: TuningSnapshot) -> RenderableType:
    """A table of all trials with hyperparameters, epochs, accuracy and outcome. The best trial is marked."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(
        title=Text.assemble("tuning job ", (job.name, "bold"), f": {job.status}, {job.strategy} search"),
        title_justify="left",
        caption=_caption(job),
        caption_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    grid.add_column("", justify="right", no_wrap=True)
    for name in job.searched:
        grid.add_column(name.replace("_", "\n"), justify="right", no_wrap=True)
    for title in ("epochs", "last\nepoch", "best\nepoch", "s"):
        grid.add_column(title, justify="right", no_wrap=True)
    grid.add_column("outcome", min_width=9)  # may wrap, so that the table fits into 80 columns
    for trial in job.trials:
        outcome = job.outcome(trial)
        best = trial.name == job.best_name
        grid.add_row(
            f"{'★' if best else ''}{trial.number}",
            *(shown(trial.values.get(name, "")) for name in job.searched),
            f"{trial.epochs_done}/{trial.epochs}",
            _accuracy(trial.objective),
            _accuracy(trial.kept),
            str(trial.seconds),
            Text(outcome, style=_STYLES.get(outcome, "")),
            style="bold" if best else "",
        )
    return narrower(grid, "s", "last\nepoch", "epochs")


def shown(value: str) -> str:
    """A hyperparameter's value with three digits: ``0.0534``."""
    try:
        return value if value.isdecimal() else f"{float(value):.3g}"
    except ValueError:
        return value


def _caption(job: TuningSnapshot) -> str:
    ended = sum(trial.ended for trial in job.trials)
    of = f" of {job.jobs}" if job.jobs else ""
    lines = [f"{ended}{of} trials have ended; accuracies are on the validation images"]
    if job.best is not None:
        lines.append(f"★ best: {job.best.name}")
    return "\n".join(lines)


def _accuracy(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
