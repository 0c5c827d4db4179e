"""A training job's folder, laid out as in a container, with images that are easy to classify."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HYPERPARAMETERS = {
    "num_classes": "2",
    "num_training_samples": "16",
    "image_shape": "3,8,8",
    "num_layers": "20",
    "epochs": "2",
    "mini_batch_size": "8",
    "learning_rate": "0.05",
}


@dataclass
class Job:
    """A job that can be changed before it runs."""

    root: Path
    hyperparameters: dict[str, str] = field(default_factory=lambda: dict(HYPERPARAMETERS))
    channels: dict[str, dict] = field(
        default_factory=lambda: {
            name: {"ContentType": "application/x-image", "TrainingInputMode": "File"}
            for name in ("train", "validation", "train_lst", "validation_lst")
        }
    )

    def data(self, channel: str) -> Path:
        return self.root / "input/data" / channel

    @property
    def train_list(self) -> Path:
        return self.data("train_lst") / "train.lst"

    def write(self) -> Path:
        config = self.root / "input/config"
        config.mkdir(parents=True, exist_ok=True)
        (config / "hyperparameters.json").write_text(json.dumps(self.hyperparameters))
        (config / "inputdataconfig.json").write_text(json.dumps(self.channels))
        return self.root

    def start(self) -> subprocess.Popen:
        self.write()
        return subprocess.Popen(
            [sys.executable, "-m", "imageclassification.train", "--root", str(self.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )


def finish(process: subprocess.Popen) -> tuple[str, str]:
    """Return all output of a process until it ends. Closing its standard input would end it, so that stays open."""
    output, errors = process.stdout.read(), process.stderr.read()
    process.wait(timeout=60)
    return output, errors


@pytest.fixture(name="finish", scope="session")
def _finish():
    return finish


def make_images(job: Job, split: str, count: int, side: int, random: np.random.Generator) -> None:
    """Reddish images of class 0, bluish ones of class 1."""
    for folder in (split, f"{split}_lst"):
        job.data(folder).mkdir(parents=True)
    lines = []
    for number in range(count):
        label = number % 2
        picture = random.integers(0, 120, (side, side, 3), np.uint8)
        picture[..., 2 * label] += 120
        name = f"{'red' if label == 0 else 'blue'}_{number}.png"
        Image.fromarray(picture).save(job.data(split) / name)
        lines.append(f"{number}\t{label}\t{name}\n")
    (job.data(f"{split}_lst") / f"{split}.lst").write_text("".join(lines))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job with 16 training images and 8 validation images of 10 x 10 pixels."""
    made = Job(tmp_path / "ml")
    random = np.random.default_rng(1)
    make_images(made, "train", 16, 10, random)
    make_images(made, "validation", 8, 10, random)
    made.write()
    return made
