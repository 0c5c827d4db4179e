"""Measures training with several seeds: the time to each accuracy, and the accuracy of the served model.

Example (not run: it trains for minutes)::

    bench = Bench.of(dataset.load(Path("build/dataset")), chosen)
    for seed in bench.missing(5):
        bench = bench.with_run(measure(bench, seed))
        bench.save(Path("build/bench/train.json"))

Each seed runs one training process (``python -m imageclassification.train``) on the data set's train and validation
images. Then the artifact classifies the test images, as an endpoint does. The test images are used for nothing else.
"""

from __future__ import annotations

import hashlib
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

from imageclassification import backbones, files
from imageclassification.hyperparameters import Hyperparameters
from scones.dataset import Dataset, labels
from scones.errors import TrainingError
from scones.training.progress import Progress

SCRATCH = "scratch"
TARGETS = (0.85, 0.88, 0.90)  # validation accuracies whose time is measured


@dataclass(frozen=True)
class PublicRuns:
    """The results of public runs of this workflow with the algorithm's defaults, for comparison.

    The source is 61 training logs and notebooks on GitHub: 152 layers from scratch, 3,32,32, 30 epochs, batches of 32,
    no augmentation, the same 1,000 training and 200 test images. Their validation channel was the test images, so the
    accuracy is the last epoch's validation accuracy.
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
    """The training with one seed.

    Attributes:
        seed: ``SCONES_SEED``.
        test: The accuracy of the kept model on the test images of the wanted classes, 0 to 1.
        validation: The accuracy of the kept model on the validation images.
        last: The accuracy of the last epoch on the validation images.
        epoch: The kept epoch, counted from 1.
        seconds: The run time of the process.
        reached: Seconds from the start of the process until each of ``TARGETS`` was first reached, by its percentage
            (``"85"``); None if it was not.
        images_per_second: Training images by the time of the epochs, without validation.
        load: The load average of the last minute at the end. It includes the training's own threads.
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
    """The runs of a recipe on a data set.

    Attributes:
        fingerprint: The data set's fingerprint.
        source: The origin of the data set's images.
        classes: The data set's classes, in label order.
        hyperparameters: The HyperParameters of CreateTrainingJob.
        machine: The result of :func:`machine`.
        folder: The data set's folder.
        runs: One for each finished seed.
        start: What training starts from: ``scratch``, or the SHA-256 of the container's own weights.
    """

    fingerprint: str
    source: str
    classes: tuple[str, ...]
    hyperparameters: Mapping[str, str]
    machine: Mapping[str, Any]
    folder: Path
    runs: tuple[Run, ...] = ()
    start: str = SCRATCH

    @classmethod
    def of(cls, data: Dataset, chosen: Hyperparameters) -> Bench:
        """A bench without runs yet."""
        start = SCRATCH
        if chosen.use_pretrained_model:
            start = hashlib.sha256(backbones.fitting(chosen).path.read_bytes()).hexdigest()
        values = chosen.to_strings()
        return cls(data.fingerprint, data.source, data.classes, values, machine(), data.root, start=start)

    def resumed(self, path: Path) -> Bench:
        """This bench with a file's runs, if these have the same data, hyperparameters and machine. Else itself."""
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
        """Writes the runs and the public runs' figures as JSON. Returns the path."""
        content = {**self._what(), "public_runs": asdict(PUBLIC), "runs": [asdict(run) for run in self.runs]}
        return files.write(path, json.dumps(content, indent=1) + "\n")

    def _what(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            "source": self.source,
            "classes": list(self.classes),
            "hyperparameters": dict(self.hyperparameters),
            "start": self.start,
            "machine": dict(self.machine),
        }


def machine() -> dict[str, Any]:
    """The machine that the figures depend on: processor, cores, threads, PyTorch, GPU."""
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
    """Makes a folder laid out as a container's ``/opt/ml``. Its channels are links to the data set."""
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
    """Trains once, then classifies the test images with the artifact.

    Args:
        bench: The data set and the hyperparameters.
        seed: ``SCONES_SEED``.
        on_progress: Called after every log line.

    Raises:
        TrainingError: If the process failed. The message has its reason.
    """
    with tempfile.TemporaryDirectory(prefix="bench-train-") as folder:
        root = Path(folder)
        lay_out(bench, root)
        started = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "imageclassification.train", "--root", str(root)],
            env={**os.environ, "SCONES_SEED": str(seed), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,  # the child ends when this closes, also if this process is killed
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
    """The figures of a run, from its log lines with their times in seconds."""
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
    """The time at which the validation accuracy first reached each of ``TARGETS``, by its percentage."""
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
    """The accuracy of an artifact on the test images of the wanted classes, so ``other`` as an answer is wrong.

    It gets the bytes of the files, as an endpoint does.
    """
    from imageclassification.predictor import Predictor
    from scones.dataset import load

    images = load(bench.folder).wanted("test")
    answers = Predictor.load(artifact).probabilities([image.path.read_bytes() for image in images]).argmax(1)
    return sum(int(answer) == image.label for answer, image in zip(answers, images, strict=True)) / len(images)


def mean_sd(values: Sequence[float]) -> tuple[float, float | None]:
    """The mean and the standard deviation of a sample. The latter is None for fewer than two values."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None


def table(bench: Bench) -> Any:
    """The table of the runs: a row for each seed, mean and standard deviation, and the public runs' if comparable."""
    from rich.table import Table

    wanted = labels.wanted(bench.classes)
    which = "" if wanted == bench.classes else ", of the wanted classes"
    comparable = set(wanted) == set(PUBLIC.classes)
    public = (
        f"public: {PUBLIC.source}, test {PUBLIC.least} to {PUBLIC.greatest}",
        f"{PUBLIC.instance}, median billable seconds",
    )
    notes = (
        f"test: as served{which}; valid., epoch: of the epoch that was kept",
        "to .85: seconds from the process's start to that validation accuracy; all: to its end",
        *(public if comparable else ()),
        f"{bench.machine['processor']}, {bench.machine['threads']} threads, torch {bench.machine['torch']}",
    )
    shown = Table(
        title=f"{', '.join(bench.classes)}, from {'scratch' if bench.start == SCRATCH else 'a backbone'}: "
        f"{bench.hyperparameters['num_layers']} layers, "
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
