"""The training process: SageMaker's Image Classification algorithm, run on this machine with PyTorch.

::

    python -m scones.algorithm.train --root DIR

``DIR`` is laid out as ``/opt/ml`` in a container: hyperparameters and channels under ``input/``, the artifact's three
files under ``model/``, the reason of a failure in ``output/failure``. Log lines are those of the built-in algorithm, so
that its metric definitions read them.

SIGTERM (StopTrainingJob) ends it after the batch at hand, the best model so far in place, exit code 0. Exit code 2 is a
ClientError, something the job's owner can mend; 1 an AlgorithmError. ``SCONES_SEED`` (default 0) seeds the weights, the
order and the augmentation: the algorithm itself has no hyperparameter for it.
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
from collections.abc import Callable, Sequence
from pathlib import Path

from scones.algorithm.parent import leave_with_standard_input
from scones.errors import HyperparameterError, InputError
from scones.training.hyperparameters import Hyperparameters, allowed, parse

log = logging.getLogger("image-classification")


def refuse_unsupported(chosen: Hyperparameters) -> None:
    """Refuse by name what the algorithm can do and this package cannot.

    Raises:
        HyperparameterError: one of them was asked for.
    """
    reasons = {
        "use_pretrained_model": (chosen.use_pretrained_model, "there are no pretrained weights on this machine"),
        "multi_label": (chosen.multi_label, "set it to 0"),
        "precision_dtype": (chosen.precision_dtype != "float32", "set it to float32"),
        "checkpoint_frequency": (chosen.checkpoint_frequency is not None, "leave it out: the best epoch is kept"),
    }
    for name, (asked, remedy) in reasons.items():
        if asked:
            value = chosen.to_strings()[name]
            raise HyperparameterError(f"{name} is {value}, which is not supported here yet; {remedy}")
    if chosen.image_shape[0] != 3:
        raise HyperparameterError(
            f"image_shape has {chosen.image_shape[0]} channels, which is not supported here yet; use 3 (RGB)"
        )


def run(root: Path, *, seed: int, stopped: Callable[[], bool] = lambda: False) -> None:
    """A whole job over a folder laid out as ``/opt/ml``.

    Args:
        root: The folder.
        seed: Where random numbers start.
        stopped: Asked after every batch whether to end early.

    Raises:
        InputError: the hyperparameters, the data, or both together cannot be used.
    """
    values = json.loads((root / "input/config/hyperparameters.json").read_text())
    log.info("Reading provided configuration: %s", values)
    chosen = parse(values)
    refuse_unsupported(chosen)
    from scones.algorithm import data
    from scones.algorithm.data import Channel

    data.check_channels(root)
    train_channel = Channel.read(root, "train", chosen)
    validation_channel = Channel.read(root, "validation", chosen)
    log_parameters(chosen)
    log.info("Training on %d images, validating on %d", len(train_channel), len(validation_channel))

    # OpenMP's threads wait for one another by spinning, unless told otherwise before PyTorch loads it. Where anything
    # else wants the cores that costs more than all the work: 3 epochs beside another job took 96 s, and 14 s like this.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Imported only now: it takes seconds, which a job that is refused need not wait.
    import torch

    from scones.algorithm import artifact, loop, symbol
    from scones.algorithm.network import Network

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    log.info("Setting number of threads: %d", torch.get_num_threads())
    graph = symbol.resnet(chosen.num_layers, chosen.num_classes, chosen.image_shape)
    shapes = [{"shape": [chosen.mini_batch_size, *chosen.image_shape], "name": "data"}]

    def keep(network: Network, epoch: int) -> None:
        artifact.write(root / "model", artifact.Artifact(graph, network.parameter_arrays(), shapes, epoch))
        log.info('Saved checkpoint to "%s"', f"/opt/ml/model/{artifact.PREFIX}-{epoch:04d}.params")

    loop.train(chosen, train_channel, validation_channel, keep, seed=seed, stopped=stopped)


def log_parameters(chosen: Hyperparameters) -> None:
    """Log what the job trains with, as the algorithm does."""
    log.info("---- Parameters ----")
    for name in allowed():
        if getattr(chosen, name) is not None:
            log.info("%s: %s", name, getattr(chosen, name))
    if chosen.kv_store:
        log.info("kv_store has no effect: there is one machine")
    log.info("checkpoint_frequency not set, will store the best model")
    log.info("--------------------")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scones.algorithm.train", description="Run one training job.")
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
    except InputError as error:
        return _fail(root, f"ClientError: {' '.join(str(error).split())}", code=2)
    except Exception as error:  # noqa: BLE001 - whatever it was, the job's owner is told
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
