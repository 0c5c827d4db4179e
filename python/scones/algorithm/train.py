"""The training process: SageMaker's Image Classification algorithm, run on this machine with PyTorch.

::

    python -m scones.algorithm.train --root DIR

``DIR`` is laid out as ``/opt/ml`` in a container: hyperparameters and channels under ``input/``, the artifact's three
files under ``model/``, the reason of a failure in ``output/failure``. Log lines are those of the built-in algorithm, so
that its metric definitions read them. The epoch that is kept is the first with the highest validation accuracy.
Validation images are prepared as the endpoint prepares them: whole, resized to the network's input.

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
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from scones.algorithm import artifact, data, symbol
from scones.algorithm.data import Channel
from scones.algorithm.network import Network
from scones.algorithm.optimizers import Optimizer
from scones.algorithm.parent import leave_with_standard_input
from scones.errors import HyperparameterError, InputError
from scones.training.hyperparameters import Hyperparameters, parse

SPEED_EVERY = 20  # batches between two lines with the speed, as MXNet's Speedometer has it
log = logging.getLogger("image-classification")


@dataclass
class Stop:
    """Whether training was asked to end early."""

    asked: bool = False


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


def learning_rate(chosen: Hyperparameters, epoch: int) -> float:
    """The rate of an epoch (counted from 0): multiplied by the factor at each step that is reached."""
    reached = sum(epoch >= step for step in chosen.lr_scheduler_step or ())
    return chosen.learning_rate * chosen.lr_scheduler_factor**reached


@dataclass
class EarlyStopping:
    """Whether validation accuracy has stopped getting better, by the ``early_stopping_*`` hyperparameters.

    The tolerance is relative to the best accuracy so far; patience is counted once the least number of epochs is over.
    """

    chosen: Hyperparameters
    best: float = 0.0
    waited: int = 0

    def ends(self, epoch: int, accuracy: float) -> bool:
        """Take in an epoch's accuracy (epochs counted from 0); true when training should end with it."""
        if accuracy > self.best * (1 + self.chosen.early_stopping_tolerance):
            self.best, self.waited = accuracy, 0
        elif epoch + 1 > self.chosen.early_stopping_min_epochs:
            self.waited += 1
        return self.chosen.early_stopping and self.waited >= self.chosen.early_stopping_patience


def train(
    chosen: Hyperparameters,
    train_channel: Channel,
    validation_channel: Channel,
    keep: Callable[[Network, int], None],
    *,
    seed: int,
    stop: Stop,
) -> float:
    """Train a network from scratch.

    Args:
        chosen: The hyperparameters.
        train_channel: The images to learn from.
        validation_channel: The images that choose the epoch.
        keep: Called with the network and the epoch (from 1) whenever validation accuracy is higher than ever before.
        seed: Where random numbers start.
        stop: Looked at after every batch.

    Returns:
        The best validation accuracy; nan where no epoch was finished.
    """
    random = np.random.default_rng(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    graph = symbol.resnet(chosen.num_layers, chosen.num_classes, chosen.image_shape)
    network = Network.fresh(graph, chosen.image_shape, seed=seed)
    # Weights with their channels last take the convolutions, and all that follows them, along: 20 % faster on a CPU.
    network = network.to(device, memory_format=torch.channels_last)
    optimizer = Optimizer(network, chosen)
    held_out = np.stack(list(validation_channel.whole(chosen.image_shape)))
    best, early = float("nan"), EarlyStopping(chosen)
    for epoch in range(chosen.epochs):
        if not _train_epoch(epoch, network, optimizer, data.batches(train_channel, chosen, random), chosen, stop):
            log.info("Stopped in epoch %d; the best model so far is kept", epoch)
            break
        right = predictions(network, held_out, chosen.mini_batch_size) == validation_channel.labels
        accuracy = float(right.mean())
        log.info("Epoch[%d] Validation-accuracy=%.6f", epoch, accuracy)
        if not accuracy <= best:  # nan at first
            best = accuracy
            log.info("Storing the best model with validation accuracy: %.6f", best)
            keep(network, epoch + 1)
        if early.ends(epoch, accuracy):
            log.info("Early stopping at epoch %d: best validation accuracy %.6f", epoch, best)
            break
    return best


def _train_epoch(epoch, network, optimizer, batches, chosen, stop) -> bool:
    """One pass over the training images; false where it was stopped before its end."""
    device = next(network.parameters()).device
    rate = learning_rate(chosen, epoch)
    network.train()
    started = last = time.perf_counter()
    seen = right = within = 0
    for number, (images, labels) in enumerate(batches, start=1):
        images, labels = torch.from_numpy(images).to(device), torch.from_numpy(labels).to(device)
        scores = network.logits(images.float())
        loss = functional.cross_entropy(scores, labels)
        loss.backward()
        optimizer.step(rate)
        seen += len(labels)
        right += int((scores.detach().argmax(1) == labels).sum())
        if chosen.top_k:
            within += int((scores.detach().topk(chosen.top_k).indices == labels[:, None]).sum())
        if not torch.isfinite(loss):
            raise HyperparameterError(
                f"the loss became {loss.item()} in epoch {epoch} with optimizer {chosen.optimizer} and learning_rate "
                f"{chosen.learning_rate}; lower learning_rate"
            )
        if number % SPEED_EVERY == 0:
            now = time.perf_counter()
            speed = SPEED_EVERY * len(labels) / (now - last)
            log.info("Epoch[%d] Batch [%d]\tSpeed: %.2f samples/sec\taccuracy=%.6f", epoch, number, speed, right / seen)
            last = now
        if stop.asked:
            return False
    log.info("Epoch[%d] Train-accuracy=%.6f", epoch, right / seen)
    if chosen.top_k:
        log.info("Epoch[%d] Train-top_k_accuracy_%d=%.6f", epoch, chosen.top_k, within / seen)
    log.info("Epoch[%d] Time cost=%.3f", epoch, time.perf_counter() - started)
    return True


def predictions(network: Network, images: np.ndarray, batch: int) -> np.ndarray:
    """The class a network gives each image: int64 (N,), for uint8 images (N, C, H, W)."""
    device = next(network.parameters()).device
    network.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            chunk = torch.from_numpy(images[start : start + batch]).to(device)
            found.append(network.logits(chunk.float()).argmax(1).cpu().numpy())
    return np.concatenate(found)


def run(root: Path, *, seed: int, stop: Stop) -> None:
    """A whole job over a folder laid out as ``/opt/ml``.

    Raises:
        InputError: the hyperparameters, the data, or both together cannot be used.
    """
    values = json.loads((root / "input/config/hyperparameters.json").read_text())
    log.info("Reading provided configuration: %s", values)
    chosen = parse(values)
    refuse_unsupported(chosen)
    data.check_channels(root)
    train_channel = Channel.read(root, "train", chosen)
    validation_channel = Channel.read(root, "validation", chosen)
    log.info("---- Parameters ----")
    for name in chosen.__dataclass_fields__:
        if name != "given" and getattr(chosen, name) is not None:
            log.info("%s: %s", name, getattr(chosen, name))
    if chosen.kv_store:
        log.info("kv_store has no effect: there is one machine")
    log.info("checkpoint_frequency not set, will store the best model")
    log.info("--------------------")
    log.info("Training on %d images, validating on %d", len(train_channel), len(validation_channel))
    log.info("Setting number of threads: %d", torch.get_num_threads())
    graph = symbol.resnet(chosen.num_layers, chosen.num_classes, chosen.image_shape)
    shapes = [{"shape": [chosen.mini_batch_size, *chosen.image_shape], "name": "data"}]

    def keep(network: Network, epoch: int) -> None:
        artifact.write(root / "model", artifact.Artifact(graph, network.parameter_arrays(), shapes, epoch))
        log.info('Saved checkpoint to "%s"', f"/opt/ml/model/{artifact.PREFIX}-{epoch:04d}.params")

    train(chosen, train_channel, validation_channel, keep, seed=seed, stop=stop)


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
    stop = Stop()
    signal.signal(signal.SIGTERM, lambda *_: setattr(stop, "asked", True))
    leave_with_standard_input()
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    try:
        run(root, seed=int(os.environ.get("SCONES_SEED", "0")), stop=stop)
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
