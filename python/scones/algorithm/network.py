"""A PyTorch module that walks an MXNet symbol graph, so that training and serving run the very graph that is written.

::

    network = Network.fresh(symbol.resnet(20, 2, (3, 28, 28)), (3, 28, 28), seed=0)
    network(torch.zeros(1, 3, 28, 28))          # tensor([[0.5, 0.5]]), probabilities
    network.parameter_arrays()                  # {"arg:conv0_weight": ndarray, …}: what an artifact holds

Parameters are registered under the names an artifact gives them (``arg:…`` for weights, ``aux:…`` for running
statistics), so ``state_dict()`` and a ``.params`` file have the same keys. Operators follow MXNet 1.x's definitions;
one that is not known is an error that names it and its node.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from scones.algorithm import graph
from scones.algorithm.graph import Node
from scones.errors import ArtifactError

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softrelu": functional.softplus,
    "softsign": functional.softsign,
}


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
        self._nodes = graph.nodes(symbol)
        self._head = graph.head(symbol)
        last = self._nodes[self._head]
        self.multi_label = last.operator == "LogisticRegressionOutput"
        if last.operator != "SoftmaxOutput" and not self.multi_label:
            raise graph.unknown_operator(last.name, f"{last.operator} (as a graph's output)")
        self._scores = last.inputs[0]
        self._data = next((index for index, node in enumerate(self._nodes) if node.name == "data"), None)
        if self._data is None:
            raise ArtifactError("the symbol has no input named 'data'")
        # What is computed, in order: the node's index, what it does, and the indices of what it takes.
        self._steps: list[tuple[int, Callable[..., Tensor], tuple[int, ...]]] = []
        last_use: dict[int, int] = {}
        for index, node in enumerate(self._nodes[: self._scores + 1]):
            if node.operator != "null":
                if node.operator not in OPERATORS:
                    raise graph.unknown_operator(node.name, node.operator)
                operate, sources = OPERATORS[node.operator](self, node)
                self._steps.append((index, operate, sources))
                self._register(node, parameters)
                last_use |= dict.fromkeys(sources, index)
        # Which values no later step takes, so that a deep network does not hold all of them at once.
        self._done = {step: [source for source, last in last_use.items() if last == step] for step, *_ in self._steps}

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
        for name, shape in graph.parameter_shapes(symbol, image_shape).items():
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
        values: dict[int, Tensor] = {self._data: images}
        for index, operate, sources in self._steps:
            values[index] = operate(*(values[source] for source in sources))
            for source in self._done[index]:
                del values[source]
        return values[self._scores]

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities: float32 (N, classes); a row sums to 1 unless ``multi_label``. ``images`` as in ``logits``."""
        logits = self.logits(images)
        return torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, dim=1)

    def parameter_arrays(self) -> dict[str, np.ndarray]:
        """Copies of all weights and running statistics, float32, by the artifact's names."""
        return {name: value.detach().cpu().float().numpy().copy() for name, value in self.state_dict().items()}

    def _register(self, node: Node, parameters: Mapping[str, np.ndarray]) -> None:
        for place, source in enumerate(node.inputs):
            if self._nodes[source].operator != "null" or source == self._data:
                continue
            name = self._name(node, place)
            if name not in parameters:
                raise ArtifactError(f"the parameters lack '{name}', which the symbol's node '{node.name}' needs")
            if "." in name:
                raise ArtifactError(f"the parameter '{name}' has a dot in its name, as no MXNet 1.x model's has")
            value = torch.from_numpy(np.array(parameters[name], np.float32))
            # A gamma that is fixed counts as 1 whatever is stored, so it is neither trained nor kept.
            fixed = node.operator == "BatchNorm" and place == 1 and node.flag("fix_gamma", True)
            if fixed:
                value = torch.ones_like(value)
            if name.startswith("aux:") or fixed:
                self.register_buffer(name, value)
            else:
                self.register_parameter(name, nn.Parameter(value))

    def _name(self, node: Node, place: int) -> str:
        """The artifact's name of what a node takes at a place."""
        if place >= len(node.inputs):
            raise ArtifactError(
                f"the symbol's node '{node.name}' ({node.operator}) lacks an input: it takes {len(node.inputs)}"
            )
        updated = node.operator == "BatchNorm" and place >= 3
        return f"{'aux' if updated else 'arg'}:{self._nodes[node.inputs[place]].name}"

    def getter(self, node: Node, place: int) -> Callable[[], Tensor]:
        """How an operator reaches its parameter; looked up at each call, since ``.to()`` may replace it."""
        name = self._name(node, place)
        return lambda: getattr(self, name)


Operation = tuple[Callable[..., Tensor], tuple[int, ...]]


def _copy(_: Network, node: Node) -> Operation:
    return (lambda x: x), node.inputs[:1]


def _convolution(network: Network, node: Node) -> Operation:
    weight = network.getter(node, 1)
    bias = (lambda: None) if node.flag("no_bias") else network.getter(node, 2)
    stride, pad, dilate = node.pair("stride", (1, 1)), node.pair("pad", (0, 0)), node.pair("dilate", (1, 1))
    groups = node.integer("num_group", 1)
    return (lambda x: functional.conv2d(x, weight(), bias(), stride, pad, dilate, groups)), node.inputs[:1]


def _batch_norm(network: Network, node: Node) -> Operation:
    gamma, beta, mean, variance = (network.getter(node, place) for place in range(1, 5))
    epsilon, keep = node.number("eps", 1e-3), node.number("momentum", 0.9)
    frozen = node.flag("use_global_stats")

    def operate(x: Tensor) -> Tensor:
        learning = network.training and not frozen
        # MXNet's momentum is the share of the old statistics that is kept, PyTorch's the share of the new.
        return functional.batch_norm(x, mean(), variance(), gamma(), beta(), learning, 1 - keep, epsilon)

    return operate, node.inputs[:1]


def _activation(_: Network, node: Node) -> Operation:
    kind = node.attributes.get("act_type", "")
    if kind not in ACTIVATIONS:
        raise graph.unknown_operator(node.name, f"Activation of act_type '{kind}'")
    return ACTIVATIONS[kind], node.inputs[:1]


def _pooling(_: Network, node: Node) -> Operation:
    kind = node.attributes.get("pool_type", "max")
    if kind not in ("max", "avg"):
        raise graph.unknown_operator(node.name, f"Pooling of pool_type '{kind}'")
    if node.flag("global_pool"):
        pool = torch.amax if kind == "max" else torch.mean
        return (lambda x: pool(x, dim=(2, 3), keepdim=True)), node.inputs[:1]
    kernel, stride, pad = node.pair("kernel"), node.pair("stride", (1, 1)), node.pair("pad", (0, 0))
    full = node.attributes.get("pooling_convention", "valid") == "full"
    counts_pad = node.flag("count_include_pad", True)

    def operate(x: Tensor) -> Tensor:
        extra = [
            max((graph.pooled(size, k, s, p, full=full) - 1) * s + k - size - 2 * p, 0)
            for size, k, s, p in zip(x.shape[2:], kernel, stride, pad, strict=True)
        ]
        edges = (pad[1], pad[1] + extra[1], pad[0], pad[0] + extra[0])
        if kind == "max":
            return functional.max_pool2d(functional.pad(x, edges, value=-torch.inf), kernel, stride)
        # The mean of a window is over the pixels that count: all but the last windows' overhang, and the padding
        # where count_include_pad is false.
        counted = x.new_ones((1, 1, *x.shape[2:]))
        if counts_pad:
            counted = functional.pad(counted, (pad[1], pad[1], pad[0], pad[0]), value=1.0)
            counted = functional.pad(counted, (0, extra[1], 0, extra[0]))
        else:
            counted = functional.pad(counted, edges)
        return functional.avg_pool2d(functional.pad(x, edges), kernel, stride) / functional.avg_pool2d(
            counted, kernel, stride
        )

    return operate, node.inputs[:1]


def _add(_: Network, node: Node) -> Operation:
    return torch.add, node.inputs


def _flatten(_: Network, node: Node) -> Operation:
    return (lambda x: x.flatten(1)), node.inputs[:1]


def _fully_connected(network: Network, node: Node) -> Operation:
    weight = network.getter(node, 1)
    bias = (lambda: None) if node.flag("no_bias") else network.getter(node, 2)
    flatten = node.flag("flatten", True)
    return (lambda x: functional.linear(x.flatten(1) if flatten else x, weight(), bias())), node.inputs[:1]


OPERATORS: dict[str, Callable[[Network, Node], Operation]] = {
    "_copy": _copy,
    "Cast": _copy,  # everything is computed in float32
    "Convolution": _convolution,
    "BatchNorm": _batch_norm,
    "Activation": _activation,
    "Pooling": _pooling,
    "elemwise_add": _add,
    "Flatten": _flatten,
    "FullyConnected": _fully_connected,
}
