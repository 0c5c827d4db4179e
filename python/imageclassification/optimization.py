"""The algorithm's optimizers by MXNet's definitions, its learning rates and its early stopping.

Example::

    >>> from imageclassification.hyperparameters import parse
    >>> from imageclassification.symbol import resnet
    >>> values = {"num_classes": 2, "num_training_samples": 900, "image_shape": (3, 28, 28), "num_layers": 20}
    >>> chosen = parse({**values, "optimizer": "nag", "lr_scheduler_step": "2,3"})
    >>> network = Network.fresh(resnet(20, 2, (3, 28, 28)), (3, 28, 28), seed=0)
    >>> optimizer, early = Optimizer(network, chosen), EarlyStopping(chosen)
    >>> for epoch in range(4):
    ...     loss = network.logits(torch.zeros(1, 3, 28, 28)).square().sum()
    ...     loss.backward()
    ...     optimizer.step(learning_rate(chosen, epoch))
    ...     early.take(epoch, accuracy=0.5)
    >>> [round(learning_rate(chosen, epoch), 4) for epoch in range(4)], optimizer.steps, early.due
    ([0.1, 0.1, 0.01, 0.001], 4, False)

With the gradient g (of the batch's mean loss, plus weight decay times w) and the learning rate r, as in MXNet 1.3's
``src/operator/optimizer_op-inl.h`` and ``python/mxnet/optimizer.py``:

========  =====================================================================================
sgd       m = momentum m - r g;  w += m
nag       m = momentum m + g;  w -= r (g + momentum m)
adam      m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g²;  w -= r √(1 - b2ᵗ)/(1 - b1ᵗ) m / (√v + eps)
rmsprop   n = gamma n + (1 - gamma) g²;  w -= r g / √(n + eps)
========  =====================================================================================

Weight decay applies to weights and to the scales of batch norms, not to offsets. ``weight_decay`` is for sgd and nag,
and "ignored for other optimizers" (the algorithm's documentation).

The optimizers of ``torch.optim`` differ: sgd multiplies the momentum by the rate too. Their import takes seconds, over
ten from a cold disk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from imageclassification.hyperparameters import Hyperparameters
from imageclassification.network import Network


class Optimizer:
    """One of the four optimizers, for the parameters of a network.

    Attributes:
        steps: The number of steps so far.
    """

    def __init__(self, network: Network, chosen: Hyperparameters) -> None:
        self._chosen = chosen
        self._update = {"sgd": self._sgd, "nag": self._nag, "adam": self._adam, "rmsprop": self._rmsprop}[
            chosen.optimizer
        ]
        named = list(network.named_parameters())
        self._weights: list[Tensor] = [value for _, value in named]
        self._decay = chosen.weight_decay if chosen.optimizer in ("sgd", "nag") else 0.0
        self._decayed = [place for place, (name, _) in enumerate(named) if name.endswith(("_weight", "_gamma"))]
        self.steps = 0
        self._first = [torch.zeros_like(value) for value in self._weights]
        self._second = [torch.zeros_like(value) for value in self._weights] if chosen.optimizer == "adam" else []

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Updates the weights by their gradients, with this learning rate. Then drops the gradients."""
        self.steps += 1
        # Weights before a BlockGrad have no gradient. As in MXNet, they still decay.
        gradients = [torch.zeros_like(value) if value.grad is None else value.grad for value in self._weights]
        if self._decay:
            torch._foreach_add_(
                [gradients[place] for place in self._decayed],
                [self._weights[place] for place in self._decayed],
                alpha=self._decay,
            )
        self._update(gradients, rate)
        for value in self._weights:
            value.grad = None

    def state(self) -> list[Tensor]:
        """The state between steps, besides ``steps``. Writing to these tensors changes it."""
        return [*self._first, *self._second]

    def _sgd(self, gradients: list[Tensor], rate: float) -> None:
        torch._foreach_mul_(self._first, self._chosen.momentum)
        torch._foreach_add_(self._first, gradients, alpha=-rate)
        torch._foreach_add_(self._weights, self._first)

    def _nag(self, gradients: list[Tensor], rate: float) -> None:
        torch._foreach_mul_(self._first, self._chosen.momentum)
        torch._foreach_add_(self._first, gradients)
        torch._foreach_add_(gradients, self._first, alpha=self._chosen.momentum)
        torch._foreach_add_(self._weights, gradients, alpha=-rate)

    def _adam(self, gradients: list[Tensor], rate: float) -> None:
        one, two = self._chosen.beta_1, self._chosen.beta_2
        torch._foreach_mul_(self._first, one)
        torch._foreach_add_(self._first, gradients, alpha=1 - one)
        torch._foreach_mul_(self._second, two)
        torch._foreach_addcmul_(self._second, gradients, gradients, value=1 - two)
        # If a beta is 1, its state stays 0, and the correction would divide by 0.
        corrected = rate * math.sqrt(1 - two**self.steps) / ((1 - one**self.steps) or 1.0)
        scale = torch._foreach_sqrt(self._second)
        torch._foreach_add_(scale, self._chosen.eps)
        torch._foreach_addcdiv_(self._weights, self._first, scale, value=-corrected)

    def _rmsprop(self, gradients: list[Tensor], rate: float) -> None:
        torch._foreach_mul_(self._first, self._chosen.gamma)
        torch._foreach_addcmul_(self._first, gradients, gradients, value=1 - self._chosen.gamma)
        scale = torch._foreach_add(self._first, self._chosen.eps)
        torch._foreach_sqrt_(scale)
        torch._foreach_addcdiv_(self._weights, gradients, scale, value=-rate)


def learning_rate(chosen: Hyperparameters, epoch: int) -> float:
    """The learning rate of an epoch, counted from 0. Each ``lr_scheduler_step`` multiplies it by the factor."""
    reached = sum(epoch >= step for step in chosen.lr_scheduler_step or ())
    return chosen.learning_rate * chosen.lr_scheduler_factor**reached


@dataclass
class EarlyStopping:
    """Decides when training ends, by the ``early_stopping_*`` hyperparameters.

    An accuracy counts as better if it exceeds the best one by more than ``early_stopping_tolerance`` times the best.
    Epochs without a better accuracy count after the first ``early_stopping_min_epochs``.

    Attributes:
        best: The best accuracy, 0 to 1.
        waited: The number of epochs that count since then.
    """

    chosen: Hyperparameters
    best: float = 0.0
    waited: int = 0

    def take(self, epoch: int, accuracy: float) -> None:
        """Takes the validation accuracy of an epoch, counted from 0."""
        if accuracy > self.best * (1 + self.chosen.early_stopping_tolerance):
            self.best, self.waited = accuracy, 0
        elif epoch + 1 > self.chosen.early_stopping_min_epochs:
            self.waited += 1

    @property
    def due(self) -> bool:
        """Whether training should end now."""
        return self.chosen.early_stopping and self.waited >= self.chosen.early_stopping_patience
