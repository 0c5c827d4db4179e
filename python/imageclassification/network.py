"""A PyTorch module that walks an MXNet symbol graph, so that training and serving run the very graph that is written.

::

    network = Network.fresh(symbol.resnet(20, 2, (3, 28, 28)), (3, 28, 28), seed=0)
    network(torch.zeros(1, 3, 28, 28))          # tensor([[0.5, 0.5]]), probabilities
    network.parameter_arrays()                  # {"arg:conv0_weight": ndarray, …}: what an artifact holds

Parameters are registered under the names an artifact gives them (``arg:…`` for weights, ``aux:…`` for running
statistics), so ``state_dict()`` and a ``.params`` file have the same keys. What is computed is told by
``imageclassification.program``, and how by ``imageclassification.operators``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from imageclassification.errors import ArtifactError
from imageclassification.operators import BatchNorm
from imageclassification.program import read, shapes


class Network(nn.Module):
    """An MXNet symbol graph that PyTorch runs.

    Args:
        symbol: The graph.
        parameters: Every weight and running statistic, by the artifact's name (``arg:conv0_weight``).

    Raises:
        ArtifactError: an operator is not supported, or a parameter is missing.
    """

    def __init__(self, symbol: Mapping[str, Any], parameters: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        self._program = program = read(symbol)
        self.multi_label = program.multi_label
        fixed = self._fixed()
        for index, name in program.parameters.items():
            self._register(name, parameters, fixed=index in fixed)
        # Which values no later step takes, so that a deep network does not hold all of them at once.
        last_use = {source: index for index in program.steps for source in program.nodes[index].inputs}
        self._done = {index: [source for source, last in last_use.items() if last == index] for index in program.steps}

    @classmethod
    def fresh(cls, symbol: Mapping[str, Any], image_shape: tuple[int, int, int], *, seed: int) -> Network:
        """A network to be trained, with weights drawn as MXNet's example trainer draws them.

        Weights are normal with variance 2 / fan-in (He et al., 2015), scales are 1, offsets 0.

        Args:
            symbol: The graph.
            image_shape: Channels, height, width.
            seed: Where the random numbers start.
        """
        random = np.random.default_rng(seed)
        parameters = {}
        for name, shape in shapes(read(symbol), image_shape).parameters.items():
            if name.endswith("_weight"):
                deviation = math.sqrt(2 / math.prod(shape[1:]))
                parameters[name] = random.normal(0, deviation, shape).astype(np.float32)
            else:
                parameters[name] = np.full(shape, name.endswith(("_gamma", "_moving_var")), np.float32)
        return cls(symbol, parameters)

    def logits(self, images: Tensor) -> Tensor:
        """Scores before the softmax.

        Args:
            images: Raw pixels 0 to 255, float32, (N, C, H, W).

        Returns:
            float32 (N, classes).
        """
        program = self._program
        values: dict[int, Tensor] = {program.data: images}
        # Parameters are looked up at each call, since ``.to()`` may replace them.
        values |= {index: getattr(self, name) for index, name in program.parameters.items()}
        for index, operator in program.steps.items():
            values[index] = operator(
                *[values[source] for source in program.nodes[index].inputs], training=self.training
            )
            for source in self._done[index]:
                del values[source]
        scores = values[program.scores]
        return scores if program.temperature == 1 else scores / program.temperature

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities: float32 (N, classes); a row sums to 1 unless ``multi_label``. ``images`` as in ``logits``."""
        logits = self.logits(images)
        return torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, dim=1)

    def parameter_arrays(self) -> dict[str, np.ndarray]:
        """Copies of all weights and running statistics, float32, by the artifact's names."""
        return {name: value.detach().cpu().float().numpy().copy() for name, value in self.state_dict().items()}

    def _fixed(self) -> set[int]:
        """The gammas that count as 1 whatever is stored, and so are neither trained nor kept."""
        return {
            self._program.nodes[index].inputs[1]
            for index, operator in self._program.steps.items()
            if isinstance(operator, BatchNorm) and operator.fixed
        }

    def _register(self, name: str, parameters: Mapping[str, np.ndarray], *, fixed: bool) -> None:
        if name not in parameters:
            raise ArtifactError(f"the parameters lack '{name}', which the symbol needs")
        if "." in name:
            raise ArtifactError(f"the parameter '{name}' has a dot in its name, as no MXNet 1.x model's has")
        value = torch.from_numpy(np.array(parameters[name], np.float32))
        if fixed:
            value = torch.ones_like(value)
        if name.startswith("aux:") or fixed:
            self.register_buffer(name, value)
        else:
            self.register_parameter(name, nn.Parameter(value))
