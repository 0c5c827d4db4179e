"""A job's log becomes progress, and progress becomes the text on the screen."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from scones.training.progress import TAIL, Progress
from scones.training.view import TrainingLines, panel, sparkline, view

STAMP = "[01/28/2024 11:58:01 INFO 139876]"


def read(*lines: str, epochs: int = 30) -> Progress:
    progress = Progress("scones-dev-1", epochs)
    for line in lines:
        progress = progress.after(f"{STAMP} {line}")
    return progress


def test_reads_the_lines_of_the_built_in_algorithm() -> None:
    progress = read(
        "Epoch[3] Batch [20]#011Speed: 187.953 samples/sec#011accuracy=0.497024",
        "Epoch[3] Train-accuracy=0.623992",
        "Epoch[3] Time cost=5.291",
        "Epoch[3] Validation-accuracy=0.651042",
        "Storing the best model with validation accuracy: 0.651042",
        'Saved checkpoint to "/opt/ml/model/image-classification-0004.params"',
    )
    assert (progress.train, progress.validation, progress.seconds) == ({3: 0.623992}, {3: 0.651042}, {3: 5.291})
    assert (progress.stored, progress.saved, progress.speed, progress.current) == (0.651042, 3, 187.953, 3)


def test_the_kept_model_is_the_best_epochs_not_the_last() -> None:
    progress = read(
        "Epoch[0] Validation-accuracy=0.900000",
        "Storing the best model with validation accuracy: 0.900000",
        "Epoch[1] Validation-accuracy=0.850000",
    )
    assert progress.kept == 0.9
    assert progress.validation[1] == 0.85


def test_with_checkpoint_frequency_the_kept_model_is_the_last_that_was_saved() -> None:
    """No log line says so, and the epochs after the last saved one are not kept."""
    progress = read("Epoch[0] Validation-accuracy=0.900000")
    assert progress.kept is None
    progress = read(
        "Epoch[0] Validation-accuracy=0.900000",
        "Epoch[1] Validation-accuracy=0.700000",
        'Saved checkpoint to "/opt/ml/model/image-classification-0002.params"',
        "Epoch[2] Validation-accuracy=0.800000",
    )
    assert progress.kept == 0.7


@pytest.mark.parametrize(
    "line",
    ["Epoch[0] Train-accuracy=nan", "Epoch[] Train-accuracy=0.5", "Epoch[0] Train-top_k_accuracy_2=0.9", "", "Epoch"],
)
def test_a_line_that_says_nothing_known_only_joins_the_tail(line: str) -> None:
    assert read(line) == Progress("scones-dev-1", 30, tail=(f"{STAMP} {line}",))


def test_keeps_the_last_lines_only() -> None:
    progress = read(*(f"line {number}" for number in range(TAIL + 5)))
    assert len(progress.tail) == TAIL
    assert progress.tail[-1].endswith(f"line {TAIL + 4}")


def test_estimates_the_time_left_from_the_last_epochs() -> None:
    assert read(epochs=4).seconds_left is None
    progress = read("Epoch[0] Time cost=2.0", "Epoch[0] Validation-accuracy=0.5", epochs=4)
    assert progress.seconds_left == 6.0


def test_lines_tell_each_epoch_and_status_once_and_the_end_last() -> None:
    told = TrainingLines()
    training = Progress("j", 2, secondary_status="Training")
    assert told.new(training) == ["Training"]
    first = training.after("Epoch[0] Train-accuracy=0.5").after("Epoch[0] Validation-accuracy=0.6")
    assert told.new(first) == ["epoch 1/2: train accuracy 0.500, validation accuracy 0.600 (best)"]
    assert told.new(first) == []
    last = Progress("j", 2, "Completed", "Completed", validation={0: 0.6, 1: 0.55})
    assert told.new(last) == ["epoch 2/2: validation accuracy 0.550", "Completed"]


def test_where_there_is_no_terminal_plain_lines_are_written() -> None:
    output = io.StringIO()
    with view(Console(file=output, width=40)) as show:
        show(Progress("j", 2, secondary_status="Downloading"))
        show(Progress("j", 2, secondary_status="Training", validation={0: 0.6}, train={0: 0.5}, seconds={0: 3.0}))
    assert output.getvalue().splitlines() == [
        "Downloading",
        "Training",
        "epoch 1/2: train accuracy 0.500, validation accuracy 0.600 (best), 3.0 s",
    ]


def test_the_live_view_shows_status_epoch_and_accuracies() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=100, color_system=None)
    progress = read(
        "Epoch[0] Train-accuracy=0.75", "Epoch[0] Time cost=2", "Epoch[0] Validation-accuracy=0.625", epochs=3
    )
    console.print(panel(progress, 65))
    shown = output.getvalue()
    for part in ("training job scones-dev-1", "Starting", "1 of 3", "0.750", "0.625", "1:05", "about 0:04"):
        assert part in shown


def test_a_sparkline_goes_from_empty_at_nought_to_full_at_one() -> None:
    assert sparkline([0.0, 0.5, 1.0]) == "▁▅█"
