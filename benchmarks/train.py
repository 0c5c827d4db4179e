"""Training as it is shipped, over several seeds: how soon it is how good, and what the kept model is worth served.

::

    bench = Bench.of(dataset.load(Path("build/dataset")), hyperparameters)
    for seed in bench.missing(5):
        bench = bench.with_run(measure(bench, seed))
        bench.save(Path("build/bench/train.json"))

Each seed is a real training process (``python -m imageclassification.train``), alone, on the data set's train and
validation images. The artifact it leaves then answers the test images as the endpoint does. The test images take no
part in anything before that.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from imageclassification import files
from scones.dataset import Dataset
from scones.errors import TrainingError
from scones.training.progress import Progress

TARGETS = (0.85, 0.88, 0.90)


@dataclass(frozen=True)
class PublicRuns:
    """What public runs of this workflow reached with the algorithm's own defaults; what ours are set beside.

    61 training logs and notebooks published on GitHub: 152 layers from scratch, 3,32,32, 30 epochs, batches of 32, no
    augmentation, on the same 1,000 training and 200 test images. Accuracy is the last epoch's on the test images, which
    were those runs' validation channel.
    """

    source: str = "61 public runs (152 layers, 30 epochs)"
    classes: tuple[str, ...] = ("bicycle", "motorcycle")
    mean: float = 0.832
    sd: float = 0.022
    median: float = 0.833
    least: float = 0.776
    greatest: float = 0.875
    instance: str = "ml.p3.2xlarge (V100)"
    images_per_second: float = 191
    billable_seconds: float = 443


PUBLIC = PublicRuns()


@dataclass(frozen=True)
class Run:
    """One seed's training.

    Attributes:
        seed: ``SCONES_SEED``.
        test: The kept model's accuracy on the test images, as the endpoint serves them.
        validation: Its accuracy on the validation images.
        last: The last epoch's accuracy on the validation images.
        epoch: The epoch that was kept, from 1.
        seconds: From the process's start to its end.
        reached: Seconds from the process's start until a validation accuracy was first reached, by its name in percent
            (``"85"``); None where it never was.
        images_per_second: TrainingLoop images over the time of the epochs, validation left out.
        load: The machine's load average (one minute) when it ended, this process's own threads counted in.
    """

    seed: int
    test: float
    validation: float
    last: float
    epoch: int
    seconds: float
    reached: Mapping[str, float | None]
    images_per_second: float
    load: float


@dataclass(frozen=True)
class Bench:
    """A recipe's runs on a data set.

    Attributes:
        fingerprint: The data set's.
        source: Where its images come from.
        classes: Its classes, in label order.
        hyperparameters: What is trained with, as CreateTrainingJob is sent it.
        machine: Where it ran.
        folder: The data set's folder.
        runs: One a seed that is done.
    """

    fingerprint: str
    source: str
    classes: tuple[str, ...]
    hyperparameters: Mapping[str, str]
    machine: Mapping[str, Any]
    folder: Path
    runs: tuple[Run, ...] = ()

    @classmethod
    def of(cls, data: Dataset, hyperparameters: Mapping[str, str]) -> Bench:
        """A bench without runs yet."""
        return cls(data.fingerprint, data.source, data.classes, dict(hyperparameters), machine(), data.root)

    def resumed(self, path: Path) -> Bench:
        """This bench with the runs that a file keeps of the same data, hyperparameters and machine; none else."""
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            same = all(kept[name] == value for name, value in self._what().items())
            return replace(self, runs=tuple(Run(**run) for run in kept["runs"])) if same else self
        except (OSError, ValueError, KeyError, TypeError):
            return self

    def missing(self, seeds: int) -> list[int]:
        """The seeds, of 0 to ``seeds`` - 1, that have no run yet."""
        done = {run.seed for run in self.runs}
        return [seed for seed in range(seeds) if seed not in done]

    def with_run(self, run: Run) -> Bench:
        """This bench with one more run, in the order of the seeds."""
        return replace(self, runs=tuple(sorted((*self.runs, run), key=lambda one: one.seed)))

    def save(self, path: Path) -> Path:
        """Write everything as JSON, the public runs' figures too; the path."""
        content = {**self._what(), "public_runs": asdict(PUBLIC), "runs": [asdict(run) for run in self.runs]}
        return files.write(path, json.dumps(content, indent=1) + "\n")

    def _what(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            "source": self.source,
            "classes": list(self.classes),
            "hyperparameters": dict(self.hyperparameters),
            "machine": dict(self.machine),
        }


def machine() -> dict[str, Any]:
    """What the figures depend on beside the recipe."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "threads": int(os.environ.get("OMP_NUM_THREADS") or cores or 1),
        "torch": torch.__version__,
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def lay_out(bench: Bench, root: Path) -> None:
    """Make a folder such as a container's ``/opt/ml``, its channels links to the data set."""
    (root / "input/config").mkdir(parents=True)
    for channel in ("train", "validation"):
        (root / f"input/data/{channel}_lst").mkdir(parents=True)
        (root / f"input/data/{channel}").symlink_to((bench.folder / channel).resolve(), target_is_directory=True)
        shutil.copy(bench.folder / f"{channel}.lst", root / f"input/data/{channel}_lst")
    channel = {"TrainingInputMode": "File", "ContentType": "application/x-image", "RecordWrapperType": "None"}
    names = ("train", "validation", "train_lst", "validation_lst")
    (root / "input/config/inputdataconfig.json").write_text(json.dumps(dict.fromkeys(names, channel)))
    (root / "input/config/hyperparameters.json").write_text(json.dumps(dict(bench.hyperparameters)))


def measure(bench: Bench, seed: int, on_progress: Callable[[Progress], None] = lambda progress: None) -> Run:
    """Train once, then let the artifact answer the test images.

    Args:
        bench: What to train on and with.
        seed: ``SCONES_SEED``.
        on_progress: Called after every log line.

    Raises:
        TrainingError: the process failed; the message is what it said of it.
    """
    with tempfile.TemporaryDirectory(prefix="bench-train-") as folder:
        root = Path(folder)
        lay_out(bench, root)
        started = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "imageclassification.train", "--root", str(root)],
            env={**os.environ, "SCONES_SEED": str(seed), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,  # it leaves when this is closed, as when this process is killed
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        progress = Progress(name=f"seed {seed}", epochs=int(bench.hyperparameters["epochs"]))
        timed = []
        try:
            for line in child.stdout:
                timed.append((time.perf_counter() - started, line))
                progress = progress.after(line.rstrip())
                on_progress(progress)
            code = child.wait()
        finally:
            child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()
        seconds = time.perf_counter() - started
        load = os.getloadavg()[0]
        if code:
            reason = root / "output/failure"
            said = reason.read_text().strip() if reason.exists() else "".join(progress.tail).strip()
            raise TrainingError(f"training with seed {seed} ended with exit code {code}: {said}")
        return run_of(seed, timed, progress, seconds, served_accuracy(root / "model", bench), bench, load)


def run_of(
    seed: int,
    timed: Iterable[tuple[float, str]],
    progress: Progress,
    seconds: float,
    test: float,
    bench: Bench,
    load: float,
) -> Run:
    """A run's figures, from its log lines and the seconds at which they came."""
    batch, samples = (int(bench.hyperparameters[name]) for name in ("mini_batch_size", "num_training_samples"))
    epochs = list(progress.seconds.values())
    return Run(
        seed=seed,
        test=test,
        validation=progress.validation[progress.saved],
        last=progress.validation[max(progress.validation)],
        epoch=progress.saved + 1,
        seconds=round(seconds, 2),
        reached=reached(timed),
        images_per_second=round(samples // batch * batch * len(epochs) / sum(epochs), 1),
        load=round(load, 2),
    )


def reached(timed: Iterable[tuple[float, str]]) -> dict[str, float | None]:
    """When validation accuracy first was at least each of ``TARGETS``, by its name in percent."""
    found: dict[str, float | None] = {f"{target:.0%}"[:-1]: None for target in TARGETS}
    progress = Progress(name="", epochs=0)
    for seconds, line in timed:
        progress = progress.after(line)
        best = max(progress.validation.values(), default=0.0)
        for target, name in zip(TARGETS, found, strict=True):
            if found[name] is None and best >= target:
                found[name] = round(seconds, 2)
    return found


def served_accuracy(artifact: Path, bench: Bench) -> float:
    """The share of test images that an artifact answers rightly, given the bytes the endpoint is sent."""
    from imageclassification.predictor import Predictor
    from scones.dataset import load

    images = load(bench.folder).images("test")
    answers = Predictor.load(artifact).probabilities([image.path.read_bytes() for image in images]).argmax(1)
    return sum(int(answer) == image.label for answer, image in zip(answers, images, strict=True)) / len(images)


def mean_sd(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean, and standard deviation of a sample; None for that of fewer than two."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None


def table(bench: Bench) -> Any:
    """One row a seed, their mean and standard deviation, and below, for the same classes, the public runs' figures."""
    from rich.table import Table

    comparable = set(bench.classes) == set(PUBLIC.classes)
    public = (
        f"public: {PUBLIC.source}, test {PUBLIC.least} to {PUBLIC.greatest}",
        f"{PUBLIC.instance}, median billable seconds",
    )
    notes = (
        "test: as served; valid., epoch: of the epoch that was kept",
        "to .85: seconds from the process's start to that validation accuracy; all: to its end",
        *(public if comparable else ()),
        f"{bench.machine['processor']}, {bench.machine['threads']} threads, torch {bench.machine['torch']}",
    )
    shown = Table(
        title=f"{', '.join(bench.classes)}: {bench.hyperparameters['num_layers']} layers, "
        f"{bench.hyperparameters['image_shape']}, {bench.hyperparameters['epochs']} epochs",
        title_justify="left",
        caption="\n".join(notes),
        caption_justify="left",
    )
    shown.add_column("seed", no_wrap=True)
    titles = ("test", "valid.", "epoch", *(f"to .{target * 100:.0f}" for target in TARGETS), "all", "img/s")
    for title in titles:
        shown.add_column(title, justify="right", no_wrap=True)
    for run in bench.runs:
        times = ("never" if seconds is None else f"{seconds:.0f}" for seconds in run.reached.values())
        shown.add_row(
            str(run.seed),
            f"{run.test:.3f}",
            f"{run.validation:.3f}",
            str(run.epoch),
            *times,
            f"{run.seconds:.0f}",
            f"{run.images_per_second:.0f}",
        )
    columns = {
        "test": ".3f",
        "validation": ".3f",
        "epoch": ".0f",
        **dict.fromkeys(bench.runs[0].reached if bench.runs else (), ".0f"),
        "seconds": ".0f",
        "images_per_second": ".0f",
    }
    values = {name: [_value(run, name) for run in bench.runs] for name in columns}
    spread = {name: mean_sd(found) if None not in found else None for name, found in values.items()}
    if bench.runs:
        shown.add_section()
        shown.add_row("mean", *(f"{spread[name][0]:{form}}" if spread[name] else "" for name, form in columns.items()))
    if len(bench.runs) > 1:
        shown.add_row("sd", *(f"{spread[name][1]:{form}}" if spread[name] else "" for name, form in columns.items()))
    if comparable:
        shown.add_section()
        blank = [""] * (2 + len(TARGETS))
        times = f"{PUBLIC.billable_seconds:.0f}", f"{PUBLIC.images_per_second:.0f}"
        shown.add_row("public", f"{PUBLIC.mean:.3f}", *blank, *times)
        shown.add_row("public sd", f"{PUBLIC.sd:.3f}", *blank, "", "")
    return shown


def _value(run: Run, name: str) -> float | None:
    return run.reached[name] if name in run.reached else getattr(run, name)
