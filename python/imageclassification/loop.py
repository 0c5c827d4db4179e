"""The training loop: epochs of batches, the algorithm's log lines, and the parameters to keep.

Example::

    >>> from imageclassification.data.sources import Entry
    >>> from imageclassification.hyperparameters import parse
    >>> from imageclassification.symbol import resnet
    >>> values = {"num_classes": 2, "num_training_samples": 2, "image_shape": (3, 20, 20), "num_layers": 20}
    >>> chosen = parse({**values, "mini_batch_size": 2, "epochs": 1})
    >>> network = Network.fresh(resnet(20, 2, (3, 20, 20)), (3, 20, 20), seed=0)
    >>> entries = tuple(Entry("", "", (label,), bytes) for label in (0, 1))
    >>> black, white = np.zeros((20, 20, 3), np.uint8), np.full((20, 20, 3), 255, np.uint8)
    >>> channel = Channel("train", entries, np.array([0, 1]), channels=3, resize=None, kept=[black, white])
    >>> accuracy = train(chosen, network, channel, channel, lambda _, epoch: print("keep epoch", epoch), seed=0)
    keep epoch 1

The loop calls ``keep(parameters, epoch)`` after each epoch with a new highest validation accuracy. With
``checkpoint_frequency``, it calls it every so many epochs instead, so training that ends before keeps nothing: the
algorithm's documentation promises no more. Validation images are prepared as for the endpoint: resized to the network's
input, not cropped.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from imageclassification import checkpoint, data
from imageclassification.checkpoint import CheckpointFolder
from imageclassification.data import Channel
from imageclassification.errors import HyperparameterError
from imageclassification.forecast import Forecast
from imageclassification.hyperparameters import Hyperparameters
from imageclassification.network import Network
from imageclassification.objective import Objective, within
from imageclassification.optimization import EarlyStopping, Optimizer, learning_rate
from imageclassification.precision import Precision

SPEED_EVERY = 20  # batches between two log lines with the speed, as in MXNet's Speedometer
Keep = Callable[[Mapping[str, np.ndarray], int], None]
log = logging.getLogger("image-classification")


class EpochStopped(Exception):
    """Training was stopped in the middle of an epoch."""


@dataclass(frozen=True)
class TrainingWatch:
    """Who watches a training.

    Attributes:
        stopped: Whether training is to end. It is asked after each operator of the network.
        forecast: Says how long the job takes. None on a GPU.
    """

    stopped: Callable[[], bool] = lambda: False
    forecast: Forecast | None = None

    def check(self) -> None:
        """Raises EpochStopped if training is to end."""
        if self.stopped():
            raise EpochStopped


@dataclass
class Best:
    """The epoch with the highest validation accuracy so far. Of equal epochs, the first.

    Attributes:
        accuracy: 0 to 1; nan before the first epoch.
        epoch: Counted from 1; 0 before the first epoch.
        parameters: Its weights and running statistics, float32, by the artifact's names.
    """

    accuracy: float = float("nan")
    epoch: int = 0
    parameters: Mapping[str, np.ndarray] = field(default_factory=dict)


class TrainingLoop:
    """A network in training, with all state that changes from epoch to epoch.

    Args:
        chosen: The hyperparameters.
        network: The network. It is trained on its device.
        objective: The loss and the accuracy.
        seed: The seed of the random numbers.
        watch: Who watches the training.
    """

    def __init__(
        self, chosen: Hyperparameters, network: Network, objective: Objective, seed: int, watch: TrainingWatch
    ) -> None:
        self.chosen = chosen
        self.network = network
        self.device = next(network.parameters()).device
        self.objective = objective
        self.optimizer = Optimizer(network, chosen)
        self.precision = Precision(chosen.precision_dtype, self.device)
        self.random = np.random.default_rng(seed)
        self.early = EarlyStopping(chosen)
        self.best = Best()
        self.epoch = 0  # the number of finished epochs
        self.said: list[str] = []  # the log lines of finished epochs
        self.watch = watch
        torch.manual_seed(seed)  # for a graph with Dropout

    def epoch_of(self, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> list[str]:
        """Trains on the batches of one epoch. Returns the epoch's log lines.

        Raises:
            EpochStopped: training is to end.
        """
        chosen, epoch, top = self.chosen, self.epoch, self.chosen.top_k
        rate = learning_rate(chosen, epoch)
        self.network.train()
        started = last = time.perf_counter()
        answers = seen = 0
        right, near, total = (torch.zeros((), dtype=torch.float64, device=self.device) for _ in range(3))
        for number, (pixels, wanted) in enumerate(batches, start=1):
            images, labels = torch.from_numpy(pixels).to(self.device), torch.from_numpy(wanted).to(self.device)
            with self.precision.arithmetic():
                scores = self.network.logits(images.float(), self.watch.check)
            scores = scores.float()
            loss = self.objective.loss(scores, labels)
            self.precision.backward(loss)
            if self.precision.unscale(self.network.parameters()):
                self.optimizer.step(rate)
            scores = scores.detach()
            answers, seen = answers + self.objective.answers(labels), seen + len(labels)
            # The sums stay on the device. Reading them after every batch would make a GPU wait for the CPU.
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
            if self.watch.forecast:
                for line in self.watch.forecast.after(number, time.perf_counter() - started, epochs_done=epoch):
                    log.info("%s", line)
            self.watch.check()
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
        """The validation accuracy (0 to 1), and its log lines.

        Raises:
            EpochStopped: training is to end.
        """
        scores = scores_of(self.network, images, self.chosen.mini_batch_size, self.watch.check)
        labels = torch.from_numpy(wanted)
        accuracy = self.objective.right(scores, labels).item() / self.objective.answers(labels)
        lines = [f"Epoch[{self.epoch}] Validation-accuracy={accuracy:.6f}"]
        if top := self.chosen.top_k:
            share = within(scores, labels, top).item() / len(labels)
            lines.append(f"Epoch[{self.epoch}] Validation-top_k_accuracy_{top}={share:.6f}")
        return accuracy, lines

    def save(self, checkpoints: CheckpointFolder) -> None:
        """Writes a checkpoint."""
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
        """Reads the last checkpoint. Returns False if there is none.

        Raises:
            UserError: If the checkpoint is damaged, or another job's.
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
                # Copies into the existing tensors: results depend on the tensors' layout in memory.
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
    watch: TrainingWatch = TrainingWatch(),
    checkpoints: Callable[[np.ndarray], CheckpointFolder] | None = None,
) -> float:
    """Trains a network.

    Args:
        chosen: The hyperparameters.
        network: The network with its weights at the start.
        train_channel: The training images.
        validation_channel: The images whose accuracy chooses the best epoch.
        keep: Called with parameters to keep (float32, by the artifact's names) and their epoch (from 1). They replace
            the earlier ones. With ``checkpoint_frequency`` they are kept beside the earlier ones.
        seed: The seed of the random numbers.
        watch: Who watches the training. It can end it.
        checkpoints: Called with the validation images, uint8 (N, C, H, W). Returns the job's checkpoints. None for a
            job without checkpoints.

    Returns:
        The best validation accuracy. nan if no epoch was finished.

    Raises:
        HyperparameterError: If the loss became infinite or nan.
        UserError: If the checkpoint is damaged, or another job's.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # With the memory format channels_last of the weights, the layers' outputs have it too: 20 % faster on a CPU.
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in its stub
    held_out = np.stack(list(validation_channel.whole(chosen.image_shape)))
    objective = Objective.of(chosen, train_channel.labels)
    training = TrainingLoop(chosen, network, objective, seed, watch)
    saved = checkpoints(held_out) if checkpoints else None
    if saved and training.resume(saved):
        _tell(training, saved, keep)
    while training.epoch < chosen.epochs and not training.early.due:
        try:
            lines = training.epoch_of(data.ahead(data.batches(train_channel, chosen, training.random)))
            accuracy, more = training.judge(held_out, validation_channel.labels)
        except EpochStopped:
            log.info("Stopped in epoch %d; what was kept so far is the model", training.epoch)
            break
        lines += more
        training.early.take(training.epoch, accuracy)
        training.epoch += 1
        if not accuracy <= training.best.accuracy:  # the best is nan at first; of equal epochs, the first is kept
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
    if chosen.checkpoint_frequency and training.epoch < chosen.checkpoint_frequency:
        first = chosen.checkpoint_frequency
        log.info("No model is kept: training ended after epoch %d of checkpoint_frequency %d", training.epoch, first)
    return training.best.accuracy


def _stored(best: Best) -> str:
    return f"Storing the best model with validation accuracy: {best.accuracy:.6f}"


def _tell(training: TrainingLoop, saved: CheckpointFolder, keep: Keep) -> None:
    """Repeats the log lines and kept parameters of the interrupted job, because this job has a new log and folder."""
    log.info("Going on after epoch %d, from a checkpoint. The log lines until there:", training.epoch - 1)
    for line in training.said:
        log.info("%s", line)
    if every := training.chosen.checkpoint_frequency:
        for epoch in range(every, training.epoch + 1, every):
            keep(saved.kept(epoch), epoch)
    else:
        keep(training.best.parameters, training.best.epoch)


def scores_of(network: Network, images: np.ndarray, batch: int, check: Callable[[], None] | None = None) -> Tensor:
    """A network's scores before the softmax or sigmoid: float32 (N, classes), for images uint8 (N, C, H, W).

    Sets the network to evaluation mode. Runs ``batch`` images at once. ``check`` is as in :meth:`Network.logits`.
    """
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        chunks = (torch.from_numpy(images[start : start + batch]) for start in range(0, len(images), batch))
        return torch.cat([network.logits(chunk.to(device).float(), check).cpu() for chunk in chunks])
