"""The training process: SageMaker's Image Classification algorithm, run on this machine with PyTorch.

Example (not run: training takes minutes)::

    $ python -m imageclassification.train --root DIR

``DIR`` is laid out as ``/opt/ml`` in a container. ``input/`` has the hyperparameters and the channels. The process
writes the artifact's three files to ``model/``, and the reason of a failure to ``output/failure``. The log lines are
those of the built-in algorithm, so its metric definitions find the metrics. If there is a folder ``checkpoints/``, the
process writes a checkpoint there after each epoch, and goes on from a checkpoint that it finds.

At SIGTERM (StopTrainingJob) the process ends after the current operator of the network with exit code 0, and the best
model so far is in ``model/``. Exit code 2 is a ClientError: the job's owner can correct it. Exit code 1 is an
AlgorithmError. The environment variable ``SCONES_SEED`` (default 0) is the seed of the weights, the order and the
augmentation. The algorithm has no hyperparameter for it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imageclassification.errors import UserError
from imageclassification.hyperparameters import Hyperparameters, allowed, parse
from imageclassification.parent import leave_with_standard_input

if TYPE_CHECKING:
    import numpy as np

#: These must be set before PyTorch loads OpenMP. By default, OpenMP's threads wait for one another by spinning. That is
#: slow when other processes use the cores: 3 epochs beside another job took 96 s, and 14 s with PASSIVE. A few
#: microseconds of spinning (GNU's OpenMP counts turns) save sleeps between small layers: an epoch of 900 images took
#: 1.3 s on idle cores instead of 1.6 to 1.8 s. Beside other jobs it took 4 to 5 s with and without.
OPENMP = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "2000"}
SAMPLED = 64  # training images whose digest identifies a checkpoint's data
log = logging.getLogger("image-classification")


def run(root: Path, *, seed: int, stopped: Callable[[], bool] = lambda: False) -> None:
    """Runs a training job.

    Args:
        root: A folder laid out as ``/opt/ml``.
        seed: The seed of the random numbers.
        stopped: Called after every operator of the network. If it returns True, training ends.

    Raises:
        UserError: If the hyperparameters or the data cannot be used, or there is a checkpoint that is damaged or
            another job's.
    """
    values = json.loads((root / "input/config/hyperparameters.json").read_text())
    log.info("Reading provided configuration: %s", values)
    chosen = parse(values)
    from imageclassification import backbones

    own = chosen.use_pretrained_model and not (root / "input/data/model").is_dir()
    backbone = backbones.fitting(chosen) if own else None
    from imageclassification import data
    from imageclassification.data import Channel

    data.check_channels(root)
    train_channel = Channel.read(root, "train", chosen)
    validation_channel = Channel.read(root, "validation", chosen)
    log_parameters(chosen)
    log.info("Training on %d images, validating on %d", len(train_channel), len(validation_channel))

    for name, value in OPENMP.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # makes CUDA's matrix products equal in every run
    # Imported here because it takes seconds, and a job that is refused does not need it.
    import torch

    from imageclassification import artifact as artifacts
    from imageclassification import checkpoint, forecast, loop, memory, pretrained, program, symbol
    from imageclassification.network import Network

    torch.set_num_threads(threads(os.environ))
    log.info("Setting number of threads: %d", torch.get_num_threads())
    if torch.cuda.is_available():
        log.info("Using GPU: %s", torch.cuda.get_device_name())
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False

    def check_memory(symbol: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> int:
        """Returns the multiplications of one image."""
        read, given_shapes = program.read(symbol), {name: array.shape for name, array in (arrays or {}).items()}
        shapes = program.shapes(read, chosen.image_shape, given_shapes)
        memory.check_training(memory.need(read, shapes), chosen.mini_batch_size, machine=memory.of_machine())
        return forecast.multiplications(read, shapes)

    given = backbone.artifact() if backbone else pretrained.read(root)
    graph: Mapping[str, Any]
    if given is None:
        graph = symbol.resnet(chosen.num_layers, chosen.num_classes, chosen.image_shape, multi_label=chosen.multi_label)
        one = check_memory(graph)
        network = Network.fresh(graph, chosen.image_shape, seed=seed)
    else:
        start = pretrained.TrainingStart.of(given, chosen, seed=seed)
        graph = start.symbol
        one = check_memory(graph, start.parameters)
        network = Network(graph, start.parameters)
        anew = ", with a new last layer" if chosen.use_pretrained_model else ""
        whose = f"this container's own weights, of {backbone.source}" if backbone else "the model in channel 'model'"
        log.info("Starting from %s (epoch %d)%s", whose, given.epoch, anew)
    shapes = [{"shape": [chosen.mini_batch_size, *chosen.image_shape], "name": "data"}]

    def keep(parameters: Mapping[str, np.ndarray], epoch: int) -> None:
        made = artifacts.Artifact(graph, parameters, shapes, epoch)
        artifacts.write(root / "model", made, beside=chosen.checkpoint_frequency is not None)
        log.info('Saved checkpoint to "%s"', f"/opt/ml/model/{artifacts.PREFIX}-{epoch:04d}.params")

    def checkpoints(held_out: np.ndarray) -> checkpoint.CheckpointFolder:
        some = range(0, len(train_channel), max(1, len(train_channel) // SAMPLED))
        identity = checkpoint.identity(
            chosen,
            seed=seed,
            start=network.parameter_arrays(),
            train={"labels": train_channel.labels, **{index: train_channel.image(index) for index in some}},
            validation={"labels": validation_channel.labels, "images": held_out},
        )
        return checkpoint.CheckpointFolder(root / "checkpoints", identity)

    expected = None
    if not torch.cuda.is_available():
        images = {"train": len(train_channel), "validation": len(validation_channel)}
        expected = forecast.Forecast(chosen, one, **images, own=given is None)
        for line in expected.at_first(threads=torch.get_num_threads()):
            log.info("%s", line)
    memory.keep_freed()
    loop.train(
        chosen,
        network,
        train_channel,
        validation_channel,
        keep,
        seed=seed,
        watch=loop.TrainingWatch(stopped, expected),
        # SageMaker creates the folder for a job with a CheckpointConfig.
        checkpoints=checkpoints if (root / "checkpoints").is_dir() else None,
    )


def threads(variables: Mapping[str, str]) -> int:
    """The number of threads to compute with: that of OMP_NUM_THREADS, or one for each processor of this process.

    OpenMP reads the variable when PyTorch is imported. A process that was forked afterwards has its own value here.

    Example::

        >>> threads({"OMP_NUM_THREADS": "3"}), threads({"OMP_NUM_THREADS": "4,2"})
        (3, 4)
    """
    asked = variables.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if asked.isdecimal() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def log_parameters(chosen: Hyperparameters) -> None:
    """Logs the hyperparameters, as the algorithm does."""
    log.info("---- Parameters ----")
    for name in allowed():
        if getattr(chosen, name) is not None:
            log.info("%s: %s", name, getattr(chosen, name))
    if chosen.kv_store:
        log.info("kv_store has no effect: the job runs on one machine")
    if chosen.checkpoint_frequency is None:
        log.info("checkpoint_frequency not set, will store the best model")
    else:
        log.info(
            "checkpoint_frequency is %d: the model serves the last epoch that was stored", chosen.checkpoint_frequency
        )
    log.info("--------------------")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m imageclassification.train", description="Run one training job.")
    parser.add_argument("--root", type=Path, required=True, help="a folder laid out as /opt/ml in a container")
    root = parser.parse_args(arguments).root
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="[%(asctime)s %(levelname)s %(thread)d] %(message)s",
        datefmt="%m/%d/%Y %H:%M:%S",
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    leave_with_standard_input()
    try:
        run(root, seed=int(os.environ.get("SCONES_SEED", "0")), stopped=stop.is_set)
    except UserError as error:
        return _fail(root, f"ClientError: {' '.join(str(error).split())}", code=2)
    except Exception as error:  # noqa: BLE001 - the job's owner is told of every failure
        traceback.print_exc()
        return _fail(root, f"AlgorithmError: {type(error).__name__}: {error}", code=1)
    return 0


def _fail(root: Path, reason: str, *, code: int) -> int:
    log.error(reason)
    (root / "output").mkdir(parents=True, exist_ok=True)
    (root / "output/failure").write_text(reason)
    return code


if __name__ == "__main__":
    sys.exit(main())
