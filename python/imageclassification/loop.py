"""The training loop: epochs of batches, the algorithm's log lines, and the epochs that are kept.

::

    best = train(hyperparameters, network, train_channel, validation_channel, keep, seed=0)

``keep(parameters, epoch)`` is called whenever validation accuracy is higher than ever before, or, with
``checkpoint_frequency``, after every so many epochs. Validation images are prepared as the endpoint prepares them:
whole, resized to the network's input.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from imageclassification import checkpoint, data
from imageclassification.checkpoint import CheckpointFolder
from imageclassification.data import Channel
from imageclassification.errors import HyperparameterError
from imageclassification.hyperparameters import Hyperparameters
from imageclassification.network import Network
from imageclassification.objective import Objective, within
from imageclassification.optimization import EarlyStopping, Optimizer, learning_rate
from imageclassification.precision import Precision

SPEED_EVERY = 20  # batches between two lines with the speed, as MXNet's Speedometer has it
Keep = Callable[[Mapping[str, np.ndarray], int], None]
log = logging.getLogger("image-classification")


@dataclass
class Best:
    """The epoch with the highest validation accuracy so far, the first of equals.

    Attributes:
        accuracy: 0 to 1; nan before the first epoch.
        epoch: Counted from 1; 0 before the first.
        parameters: Its weights and running statistics, as an artifact names them.
    """

    accuracy: float = float("nan")
    epoch: int = 0
    parameters: Mapping[str, np.ndarray] = field(default_factory=dict)


class TrainingLoop:
    """A network in training, between two epochs: all that changes from one to the next.

    Args:
        chosen: The hyperparameters.
        network: What is trained, on the device where it is.
        objective: Its loss and accuracy.
        seed: Where random numbers start.
    """

    def __init__(self, chosen: Hyperparameters, network: Network, objective: Objective, seed: int) -> None:
        self.chosen = chosen
        self.network = network
        self.device = next(network.parameters()).device
        self.objective = objective
        self.optimizer = Optimizer(network, chosen)
        self.precision = Precision(chosen.precision_dtype, self.device)
        self.random = np.random.default_rng(seed)
        self.early = EarlyStopping(chosen)
        self.best = Best()
        self.epoch = 0  # how many are done
        self.said: list[str] = []  # the log lines of all epochs done
        torch.manual_seed(seed)  # for a graph with Dropout

    def epoch_of(self, batches: Any, stopped: Callable[[], bool]) -> list[str] | None:
        """One pass over the training images: its log lines, or None where it was stopped before its end."""
        chosen, epoch, top = self.chosen, self.epoch, self.chosen.top_k
        rate = learning_rate(chosen, epoch)
        self.network.train()
        started = last = time.perf_counter()
        answers = seen = 0
        right, near, total = (torch.zeros((), dtype=torch.float64, device=self.device) for _ in range(3))
        for number, (pixels, wanted) in enumerate(batches, start=1):
            images, labels = torch.from_numpy(pixels).to(self.device), torch.from_numpy(wanted).to(self.device)
            with self.precision.arithmetic():
                scores = self.network.logits(images.float())
            scores = scores.float()
            loss = self.objective.loss(scores, labels)
            self.precision.backward(loss)
            if self.precision.unscale(self.network.parameters()):
                self.optimizer.step(rate)
            scores = scores.detach()
            answers, seen = answers + self.objective.answers(labels), seen + len(labels)
            # Kept where they are: to look at them after every batch would make a GPU wait for the processor.
            right += self.objective.right(scores, labels)
            total += loss.detach()
            if top:
                near += within(scores, labels, top)
            if number % SPEED_EVERY == 0:
                self._check_finite(total)
                now = time.perf_counter()
                accuracies = [f"accuracy={right.item() / answers:.6f}"]
                accuracies += [f"top_k_accuracy_{top}={near.item() / seen:.6f}"] if top else []
                speed = SPEED_EVERY * len(labels) / (now - last)
                tail = "\t".join(accuracies)
                log.info("Epoch[%d] Batch [%d]\tSpeed: %.2f samples/sec\t%s", epoch, number, speed, tail)
                last = now
            if stopped():
                return None
        self._check_finite(total)
        lines = [f"Epoch[{epoch}] Train-accuracy={right.item() / answers:.6f}"]
        lines += [f"Epoch[{epoch}] Train-top_k_accuracy_{top}={near.item() / seen:.6f}"] if top else []
        return [*lines, f"Epoch[{epoch}] Time cost={time.perf_counter() - started:.3f}"]

    def _check_finite(self, total: Tensor) -> None:
        if not torch.isfinite(total):
            raise HyperparameterError(
                f"the loss became {total.item()} in epoch {self.epoch} with optimizer {self.chosen.optimizer} and "
                f"learning_rate {self.chosen.learning_rate}; lower learning_rate"
            )

    def judge(self, images: np.ndarray, wanted: np.ndarray) -> tuple[float, list[str]]:
        """Validation accuracy, and its log lines."""
        scores, labels = scores_of(self.network, images, self.chosen.mini_batch_size), torch.from_numpy(wanted)
        accuracy = self.objective.right(scores, labels).item() / self.objective.answers(labels)
        lines = [f"Epoch[{self.epoch}] Validation-accuracy={accuracy:.6f}"]
        if top := self.chosen.top_k:
            share = within(scores, labels, top).item() / len(labels)
            lines.append(f"Epoch[{self.epoch}] Validation-top_k_accuracy_{top}={share:.6f}")
        return accuracy, lines

    def save(self, checkpoints: CheckpointFolder) -> None:
        """Write a checkpoint of the training as it stands."""
        values = {
            "epoch": self.epoch,
            "said": self.said,
            "early": [self.early.best, self.early.waited],
            "best": [self.best.accuracy, self.best.epoch],
            "steps": self.optimizer.steps,
            "scale": [self.precision.scale, self.precision.good],
            "random": self.random.bit_generator.state,
        }
        arrays = {f"network/{name}": value.detach().cpu().numpy() for name, value in self.network.state_dict().items()}
        arrays |= {f"optimizer/{place}": value.cpu().numpy() for place, value in enumerate(self.optimizer.state())}
        arrays |= {f"best/{name}": array for name, array in self.best.parameters.items()}
        arrays["random/cpu"] = torch.get_rng_state().numpy()
        if self.device.type == "cuda":
            arrays["random/cuda"] = torch.cuda.get_rng_state(self.device).numpy()
        checkpoints.save(values, arrays)

    def resume(self, checkpoints: CheckpointFolder) -> bool:
        """Go back to the last checkpoint; false where there is none.

        Raises:
            UserError: the checkpoint is damaged, or another job's.
        """
        found = checkpoints.load()
        if found is None:
            return False
        values, arrays = found
        try:
            self.epoch, self.said, self.optimizer.steps = values["epoch"], list(values["said"]), values["steps"]
            self.early.best, self.early.waited = values["early"]
            self.precision.scale, self.precision.good = values["scale"]
            self.random.bit_generator.state = values["random"]
            accuracy, epoch = values["best"]
            kept = {name.removeprefix("best/"): array for name, array in arrays.items() if name.startswith("best/")}
            self.best = Best(accuracy, epoch, kept)
            with torch.no_grad():
                # Into the tensors that are there: their layout in memory is part of what makes results the same.
                for name, value in self.network.state_dict().items():
                    value.copy_(torch.from_numpy(arrays[f"network/{name}"]))
                for place, value in enumerate(self.optimizer.state()):
                    value.copy_(torch.from_numpy(arrays[f"optimizer/{place}"]))
            torch.set_rng_state(torch.from_numpy(arrays["random/cpu"]))
            if self.device.type == "cuda" and "random/cuda" in arrays:
                torch.cuda.set_rng_state(torch.from_numpy(arrays["random/cuda"]), self.device)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise checkpoint.damaged(error) from None
        return True


def train(
    chosen: Hyperparameters,
    network: Network,
    train_channel: Channel,
    validation_channel: Channel,
    keep: Keep,
    *,
    seed: int,
    stopped: Callable[[], bool] = lambda: False,
    checkpoints: Callable[[np.ndarray], CheckpointFolder] | None = None,
) -> float:
    """Train a network.

    Args:
        chosen: The hyperparameters.
        network: Where training starts.
        train_channel: The images to learn from.
        validation_channel: The images that choose the epoch.
        keep: Called with parameters (float32, by the artifact's names) and their epoch (from 1) when they are to be
            kept: in place of the earlier, or beside them with ``checkpoint_frequency``.
        seed: Where random numbers start.
        stopped: Asked after every batch whether to end early.
        checkpoints: Given the validation images (uint8 (N, C, H, W)), where to go on from and to write to after each
            epoch; None for no checkpoints.

    Returns:
        The best validation accuracy; nan where no epoch was finished.

    Raises:
        HyperparameterError: the loss overflowed.
        UserError: the checkpoint is damaged, or another job's.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # Weights with their channels last take the convolutions, and all that follows them, along: 20 % faster on a CPU.
    network = network.to(device, memory_format=torch.channels_last)
    held_out = np.stack(list(validation_channel.whole(chosen.image_shape)))
    training = TrainingLoop(chosen, network, Objective.of(chosen, train_channel.labels), seed)
    saved = checkpoints(held_out) if checkpoints else None
    if saved and training.resume(saved):
        _tell(training, saved, keep)
    while training.epoch < chosen.epochs and not training.early.due:
        lines = training.epoch_of(data.batches(train_channel, chosen, training.random), stopped)
        if lines is None:
            log.info("Stopped in epoch %d; the best model so far is kept", training.epoch)
            break
        accuracy, more = training.judge(held_out, validation_channel.labels)
        lines += more
        training.early.take(training.epoch, accuracy)
        training.epoch += 1
        if not accuracy <= training.best.accuracy:  # nan at first; of equally good epochs the algorithm keeps the first
            training.best = Best(accuracy, training.epoch, network.parameter_arrays())
            if not chosen.checkpoint_frequency:
                lines.append(_stored(training.best))
        for line in lines:
            log.info("%s", line)
        training.said += lines
        if not chosen.checkpoint_frequency:
            if training.best.epoch == training.epoch:
                keep(training.best.parameters, training.epoch)
        elif training.epoch % chosen.checkpoint_frequency == 0:
            parameters = network.parameter_arrays()
            if saved:
                saved.keep(parameters, training.epoch)
            keep(parameters, training.epoch)
        if saved:
            training.save(saved)
        if training.early.due:
            best = training.best.accuracy
            log.info("Early stopping at epoch %d: best validation accuracy %.6f", training.epoch - 1, best)
    if chosen.checkpoint_frequency and 0 < training.epoch < chosen.checkpoint_frequency:
        # It ended before the first that was to be kept: better the best so far than nothing.
        log.info("%s", _stored(training.best))
        keep(training.best.parameters, training.best.epoch)
    return training.best.accuracy


def _stored(best: Best) -> str:
    return f"Storing the best model with validation accuracy: {best.accuracy:.6f}"


def _tell(training: TrainingLoop, saved: CheckpointFolder, keep: Keep) -> None:
    """Say again what an interrupted job had said and kept: who follows this one knows nothing of that one."""
    log.info("Going on after epoch %d, from a checkpoint; what was logged until there:", training.epoch - 1)
    for line in training.said:
        log.info("%s", line)
    if every := training.chosen.checkpoint_frequency:
        for epoch in range(every, training.epoch + 1, every):
            keep(saved.kept(epoch), epoch)
    else:
        keep(training.best.parameters, training.best.epoch)


def scores_of(network: Network, images: np.ndarray, batch: int) -> Tensor:
    """What a network says to images, in evaluation mode: float32 (N, classes), for uint8 images (N, C, H, W)."""
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        chunks = (torch.from_numpy(images[start : start + batch]) for start in range(0, len(images), batch))
        return torch.cat([network.logits(chunk.to(device).float()).cpu() for chunk in chunks])
