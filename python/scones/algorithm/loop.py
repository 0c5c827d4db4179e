"""The training loop: epochs of batches, the algorithm's log lines, and the epoch that is kept.

::

    best = train(hyperparameters, train_channel, validation_channel, keep, seed=0)

``keep(network, epoch)`` is called whenever validation accuracy is higher than ever before. Validation images are
prepared as the endpoint prepares them: whole, resized to the network's input.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from scones.algorithm import data, symbol
from scones.algorithm.data import Channel
from scones.algorithm.network import Network
from scones.algorithm.optimizers import Optimizer
from scones.errors import HyperparameterError
from scones.training.hyperparameters import Hyperparameters

SPEED_EVERY = 20  # batches between two lines with the speed, as MXNet's Speedometer has it
log = logging.getLogger("image-classification")


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
    stopped: Callable[[], bool] = lambda: False,
) -> float:
    """Train a network from scratch.

    Args:
        chosen: The hyperparameters.
        train_channel: The images to learn from.
        validation_channel: The images that choose the epoch.
        keep: Called with the network and the epoch (from 1) whenever validation accuracy is higher than ever before.
        seed: Where random numbers start.
        stopped: Asked after every batch whether to end early.

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
        if not _train_epoch(epoch, network, optimizer, data.batches(train_channel, chosen, random), chosen, stopped):
            log.info("Stopped in epoch %d; the best model so far is kept", epoch)
            break
        right = predictions(network, held_out, chosen.mini_batch_size) == validation_channel.labels
        accuracy = float(right.mean())
        log.info("Epoch[%d] Validation-accuracy=%.6f", epoch, accuracy)
        if not accuracy <= best:  # nan at first; of equally good epochs the algorithm keeps the first
            best = accuracy
            log.info("Storing the best model with validation accuracy: %.6f", best)
            keep(network, epoch + 1)
        if early.ends(epoch, accuracy):
            log.info("Early stopping at epoch %d: best validation accuracy %.6f", epoch, best)
            break
    return best


def _train_epoch(
    epoch: int,
    network: Network,
    optimizer: Optimizer,
    batches: Iterable[tuple[np.ndarray, np.ndarray]],
    chosen: Hyperparameters,
    stopped: Callable[[], bool],
) -> bool:
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
        if stopped():
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
