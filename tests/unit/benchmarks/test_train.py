"""bench.train reads figures from a training log, shows them beside the public runs, and keeps finished runs."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks import train as benchmark
from benchmarks.train import Bench, Run
from imageclassification import artifact as artifacts
from scones.dataset import Archive, WithOther, build
from scones.errors import TrainingError
from scones.training.progress import Progress

HYPERPARAMETERS = {
    "num_classes": "2",
    "num_training_samples": "10",
    "image_shape": "3,28,28",
    "num_layers": "20",
    "epochs": "3",
    "mini_batch_size": "4",
}
LOG = [
    (4.0, "Epoch[0] Train-accuracy=0.6\n"),
    (4.0, "Epoch[0] Time cost=2.000\n"),
    (4.1, "Epoch[0] Validation-accuracy=0.860000\n"),
    (4.1, "Storing the best model with validation accuracy: 0.860000\n"),
    (5.0, "Epoch[1] Time cost=1.000\n"),
    (5.1, "Epoch[1] Validation-accuracy=0.900000\n"),
    (5.1, "Storing the best model with validation accuracy: 0.900000\n"),
    (6.0, "Epoch[2] Time cost=1.000\n"),
    (6.1, "Epoch[2] Validation-accuracy=0.900000\n"),
    (6.2, 'Saved checkpoint to "/opt/ml/model/image-classification-0003.params"\n'),
]


@pytest.fixture
def bench(tmp_path):
    return Bench("abc", "drawn", ("bicycle", "motorcycle"), HYPERPARAMETERS, {"processor": "any", "threads": 2,
                 "torch": "2"}, tmp_path)  # fmt: skip


def run(seed, test=0.9, **changes):
    reached = {"85": 4.0, "88": 5.0, "90": None}
    return replace(Run(seed, test, 0.93, 0.92, 12, 60.0, reached, 500.0, 2.0), **changes)


def shown(bench):
    console = Console(file=io.StringIO(), width=80)
    console.print(benchmark.table(bench))
    return console.file.getvalue()


def row(text, first):
    return next(line.split() for line in text.splitlines() if line.strip(" │┃").startswith(first))


def test_times_and_accuracies_are_those_of_the_log(bench):
    progress = Progress(name="", epochs=3)
    for _, line in LOG:
        progress = progress.after(line)
    found = benchmark.run_of(7, LOG, progress, 6.5, 0.91, bench, 1.5)
    assert found.seed == 7
    assert found.test == 0.91
    assert found.validation == found.last == 0.9
    assert found.epoch == 3  # the epoch that was saved last; epochs count from 1
    assert found.reached == {"85": 4.1, "88": 5.1, "90": 5.1}
    assert found.images_per_second == 6.0  # 8 of 10 images fill whole batches; 3 epochs are 24 images in 4 seconds


def test_a_target_that_was_never_reached_has_no_time():
    assert benchmark.reached(LOG[:3]) == {"85": 4.1, "88": None, "90": None}


def test_the_table_has_mean_and_deviation_and_the_public_runs(bench):
    text = shown(bench.with_run(run(0, 0.90)).with_run(run(1, 0.94)))
    assert "0.920" in row(text, "mean")
    assert "0.028" in row(text, "sd")
    assert "never" in row(text, "0")
    assert {"0.832", "443", "191"} <= set(row(text, "public"))


def test_the_public_runs_stand_only_beside_their_own_classes(bench):
    others = replace(bench, classes=("bus", "train"))
    assert "public" not in shown(others.with_run(run(0, 0.90)))


def test_one_run_has_no_deviation(bench):
    text = shown(bench.with_run(run(0)))
    assert "0.900" in row(text, "mean")
    assert not any(line.strip(" │┃").startswith("sd") for line in text.splitlines())


def test_the_test_accuracy_is_that_of_the_wanted_classes(bench, archive, untrained, tmp_path):
    """A model that calls everything a motorcycle is right for half of the bicycles and motorcycles."""
    classes = ("bicycle", "motorcycle", "other")
    data = build(WithOther(Archive(archive)), classes[:2], tmp_path / "data")
    weights = {**untrained.parameters, "arg:fc1_bias": np.float32([0, 1e6, 0])}
    artifacts.write(tmp_path / "model", replace(untrained, parameters=weights))
    with_other = replace(bench, folder=data.root, classes=data.classes)
    assert data.classes == classes
    assert benchmark.served_accuracy(tmp_path / "model", with_other) == 0.5
    text = shown(with_other.with_run(run(0)))
    assert "of the wanted classes" in text
    assert "0.832" in row(text, "public")


def test_goes_on_with_the_seeds_that_are_missing(bench, tmp_path):
    path = bench.with_run(run(2)).with_run(run(0)).save(tmp_path / "bench/train.json")
    resumed = bench.resumed(path)
    assert [one.seed for one in resumed.runs] == [0, 2]
    assert resumed.runs[0] == run(0)
    assert resumed.missing(4) == [1, 3]
    assert json.loads(path.read_text())["public_runs"]["mean"] == 0.832


@pytest.mark.parametrize(
    "other",
    [
        {"fingerprint": "other"},
        {"hyperparameters": {**HYPERPARAMETERS, "epochs": "4"}},
        {"machine": {"processor": "another", "threads": 2, "torch": "2"}},
    ],
)
def test_runs_of_anything_else_do_not_count(bench, tmp_path, other):
    path = bench.with_run(run(0)).save(tmp_path / "train.json")
    assert replace(bench, **other).resumed(path).runs == ()


def test_a_damaged_or_missing_file_means_to_begin_anew(bench, tmp_path):
    (tmp_path / "train.json").write_text('{"runs": [')
    assert bench.resumed(tmp_path / "train.json").runs == ()
    assert bench.resumed(tmp_path / "none.json").runs == ()


def test_says_why_a_training_failed(bench):
    (bench.folder / "train").mkdir()
    (bench.folder / "validation").mkdir()
    for name in ("train", "validation"):
        Path(bench.folder / f"{name}.lst").write_text("0\t0\ta.png\n")
    with pytest.raises(TrainingError, match=r"seed 3 ended with exit code 2: ClientError: train\.lst line 1 names"):
        benchmark.measure(bench, 3)
