"""Whatever takes long says what it waits for, where there is no terminal too."""

from __future__ import annotations

import ast
import io
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from scones import steps
from scones.steps import Beats, Steps, Waiting, bars
from scones.training.progress import Progress
from scones.training.view import view

TASKS = Path(steps.__file__).parent / "tasks"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is printed to a pipe. A line follows another in a moment."""
    monkeypatch.setattr(Beats.__init__, "__kwdefaults__", {"every": 0.02})
    return io.StringIO()


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, 10 seconds at most."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_waited_for_is_said_again_and_again_and_no_longer_when_it_has_ended(said: io.StringIO) -> None:
    with Waiting(Console(file=said), "reading [1] file") as waiting:
        until(lambda: said.getvalue().count("reading [1] file … 0 s") > 1)
        waiting.update("drawing")
        until(lambda: "drawing … " in said.getvalue())
    assert "beats" not in {thread.name for thread in threading.enumerate()}


def test_what_is_over_at_once_says_nothing() -> None:
    said = io.StringIO()
    with Waiting(Console(file=said), "reading"), bars(Console(file=said)) as progress:
        progress.add_task("writing", total=3)
    assert said.getvalue() == ""


def test_bars_become_lines_that_say_how_far_it_is(said: io.StringIO) -> None:
    with bars(Console(file=said)) as progress:
        bar = progress.add_task("executing", total=4)
        progress.advance(bar)
        until(lambda: "executing, 25 % … 0 s" in said.getvalue())
        progress.update(bar, completed=4)
        progress.add_task("registering", total=None)
        until(lambda: "registering … " in said.getvalue())


def test_a_step_says_that_it_goes_on(said: io.StringIO) -> None:
    with Steps(Console(file=said), ["Train"]) as many, many.step("Train"):
        until(lambda: "[1/1] Train … 0 s" in said.getvalue())


def test_a_training_job_says_which_epoch_runs(said: io.StringIO) -> None:
    with view(Console(file=said)) as show:
        show(Progress("scones-dev-1", epochs=30, secondary_status="Training", validation={0: 0.5}))
        until(lambda: "Training: epoch 2/30 runs … " in said.getvalue())
    assert "Training\nepoch 1/30: validation accuracy 0.500 (best)\n" in said.getvalue()


def test_nobody_waits_longer_than_five_seconds_without_a_word() -> None:
    assert steps.BEAT_SECONDS < 5


def test_no_task_shows_an_animation_that_is_silence_without_a_terminal() -> None:
    """rich's own status prints nothing to a file or a pipe."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in sorted(TASKS.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "status"
        if "console" in ast.unparse(node.func.value).lower()
    ]
    assert found == []
