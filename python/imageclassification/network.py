"""A PyTorch module that runs an MXNet symbol graph. Training and serving run the graph of the artifact.

Example::

    >>> from imageclassification.symbol import resnet
    >>> network = Network.fresh(resnet(20, 2, (3, 28, 28)), (3, 28, 28), seed=0).eval()
    >>> with torch.inference_mode():
    ...     probabilities = network(torch.zeros(1, 3, 28, 28))
    >>> probabilities.shape, round(float(probabilities.sum()), 4)
    (torch.Size([1, 2]), 1.0)
    >>> network.parameter_arrays()["arg:conv0_weight"].shape  # the artifact's parameters
    (16, 3, 3, 3)

The parameters have the artifact's names: ``arg:…`` for weights, ``aux:…`` for running statistics. So ``state_dict()``
and a ``.params`` file have the same keys. ``imageclassification.program`` reads the graph, and
``imageclassification.operators`` has its operators.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from imageclassification.errors import ArtifactError
from imageclassification.operators import BatchNorm, Elementwise
from imageclassification.program import read, shapes


class Network(nn.Module):
    """Runs an MXNet symbol graph with PyTorch.

    Args:
        symbol: The graph.
        parameters: The weights and running statistics, by the artifact's names (``arg:conv0_weight``).

    Raises:
        ArtifactError: If an operator is not supported, or a parameter is missing.
    """

    def __init__(self, symbol: Mapping[str, Any], parameters: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        self._program = program = read(symbol)
        self.multi_label = program.multi_label
        fixed = self._fixed()
        for index, name in program.parameters.items():
            self._register(name, parameters, fixed=index in fixed)
        # The outputs that no later step needs, by step. Dropping them saves memory in a deep network.
        last_use = {source: index for index in program.steps for source in program.nodes[index].inputs}
        self._done = {index: [source for source, last in last_use.items() if last == index] for index in program.steps}
        # ReLU after a batch norm takes no memory of its own: less to write and to read again.
        uses = Counter(source for index in program.steps for source in program.nodes[index].inputs)
        for index, operator in program.steps.items():
            source = program.nodes[index].inputs[0]
            before = program.steps.get(source)
            alone = uses[source] == 1 and source != program.scores
            if isinstance(operator, Elementwise) and before is not None and alone and not before.keeps_output:
                operator.overwrite()

    @classmethod
    def fresh(cls, symbol: Mapping[str, Any], image_shape: tuple[int, int, int], *, seed: int) -> Network:
        """A network with random weights, drawn as by MXNet's example trainer.

        Weights have a normal distribution with variance 2 / fan-in (He et al., 2015). Scales are 1, offsets 0.

        Args:
            symbol: The graph.
            image_shape: Channels, height, width.
            seed: The seed of the random numbers.
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

    def logits(self, images: Tensor, check: Callable[[], None] | None = None) -> Tensor:
        """Scores before the softmax.

        Args:
            images: Pixels from 0 to 255, float32, (N, C, H, W).
            check: Called after each operator, on the way forward and on the way back. What it raises ends the pass. A
                pass through a large network takes minutes on a CPU.

        Returns:
            float32 (N, classes).
        """
        program = self._program
        values: dict[int, Tensor] = {program.data: images}
        # Looked up at each call, because ``.to()`` may replace parameters.
        values |= {index: getattr(self, name) for index, name in program.parameters.items()}
        for index, operator in program.steps.items():
            values[index] = operator(
                *[values[source] for source in program.nodes[index].inputs], training=self.training
            )
            for source in self._done[index]:
                del values[source]
            if check is not None:
                check()
                if values[index].requires_grad:
                    values[index].register_hook(lambda _: check())
        scores = values[program.scores]
        return scores if program.temperature == 1 else scores / program.temperature

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities, float32 (N, classes). Rows sum to 1 unless ``multi_label``. For ``images`` see ``logits``."""
        logits = self.logits(images)
        return torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, dim=1)

    def parameter_arrays(self) -> dict[str, np.ndarray]:
        """Copies of the weights and running statistics, float32, by the artifact's names."""
        return {name: value.detach().cpu().float().numpy().copy() for name, value in self.state_dict().items()}

    def _fixed(self) -> set[int]:
        """The indices of gammas with ``fix_gamma``. They are 1 and are not trained."""
        return {
            self._program.nodes[index].inputs[1]
            for index, operator in self._program.steps.items()
            if isinstance(operator, BatchNorm) and operator.fixed
        }

    def _register(self, name: str, parameters: Mapping[str, np.ndarray], *, fixed: bool) -> None:
        if name not in parameters:
            raise ArtifactError(f"the parameters lack '{name}', which the symbol needs")
        if "." in name:
            raise ArtifactError(f"the parameter '{name}' has a dot in its name, which PyTorch does not allow")
        value = torch.from_numpy(np.array(parameters[name], np.float32))
        if fixed:
            value = torch.ones_like(value)
        if name.startswith("aux:") or fixed:
            self.register_buffer(name, value)
        else:
            self.register_parameter(name, nn.Parameter(value))
