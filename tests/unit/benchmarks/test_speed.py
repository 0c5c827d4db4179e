"""bench.train --mxnet: the steps of training are measured in turns, and a ratio is of rounds side by side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import speed, steps
from benchmarks.speed import MXNET, Speeds


def test_a_ratio_is_of_rounds_side_by_side_so_that_a_busy_minute_counts_for_both() -> None:
    found = Speeds({MXNET: [100.0, 50.0, 100.0], "float32": [200.0, 100.0, 210.0]})
    assert found.ratio("float32") == pytest.approx(2)
    assert found.median("float32") == 200
    shown = speed.table(found)
    assert [list(column.cells) for column in shown.columns] == [
        [MXNET, "this project, float32"],
        ["100", "200"],
        ["1.00", "2.00"],
    ]


def test_steps_are_counted_in_images(tmp_path: Path) -> None:
    values = {"num_classes": "2", "num_training_samples": "8", "image_shape": "3,8,8", "num_layers": "20"}
    (tmp_path / "hyperparameters.json").write_text(json.dumps({**values, "mini_batch_size": "4", "optimizer": "nag"}))
    np.save(tmp_path / "images.npy", np.random.default_rng(0).uniform(0, 255, (2, 4, 3, 8, 8)).astype(np.float32))
    np.save(tmp_path / "labels.npy", np.array([[0, 1, 0, 1], [1, 0, 1, 0]]))
    assert 1 < steps.main(tmp_path, "float32", seconds=0.05) < 1e6
