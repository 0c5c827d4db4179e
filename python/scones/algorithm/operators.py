"""MXNet's operators: for each one the shapes it gives, the shapes of its parameters, and what PyTorch runs for it.

::

    build(Node("pool1", "Pooling", (0,), {"kernel": "(2, 2)", "stride": "(2, 2)"})).shape((1, 3, 28, 28))
    # (1, 3, 14, 14)

Each class is one operator of a node, made from the node's settings; they follow MXNet 1.x's definitions, with its
defaults. Shapes are MXNet's too, (1, C, H, W), as for one image. ``OPERATORS`` is the list of what is supported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest

import torch
from torch import Tensor
from torch.nn import functional

from scones.algorithm.graph import Node, unknown_operator
from scones.errors import ArtifactError

Shape = tuple[int, ...]


class Operator:
    """What a node does; as it stands, nothing.

    Attributes:
        takes: What the node takes, in order: first a computed value, then parameters, or more values.
        statistics: How many of these, at the end, are running statistics (``aux:…`` in an artifact).
    """

    takes: tuple[str, ...] = ("data",)
    statistics = 0

    def __init__(self, node: Node) -> None:
        self.node = node

    def parameters(self, data: Shape) -> Sequence[Shape]:
        """The shapes of the parameters it takes, when its first input has the shape ``data``."""
        return ()

    def inputs(self, given: Sequence[Shape | None]) -> list[Shape | None]:
        """The shapes of everything it takes; ``given`` has None for parameters of which nothing is known yet."""
        return [given[0], *self.parameters(given[0])] if given[0] else list(given)

    def shape(self, *inputs: Shape) -> Shape:
        """The shape of what it gives."""
        return inputs[0]

    def __call__(self, *inputs: Tensor, training: bool) -> Tensor:
        return inputs[0]

    def refuse(self, setting: str) -> ArtifactError:
        """What is raised where the operator is known but not this use of it."""
        return unknown_operator(self.node.name, f"{self.node.operator} of {setting}")


class Elementwise(Operator):
    """A function of every number by itself."""

    def __init__(self, node: Node, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__(node)
        self.function = function

    def __call__(self, x: Tensor, *, training: bool) -> Tensor:
        return self.function(x)


class Binary(Operator):
    """A function of two values of the same shape or, for the ``broadcast_`` operators, of shapes that fit."""

    takes = ("lhs", "rhs")

    def __init__(self, node: Node, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__(node)
        self.function = function
        self.broadcasts = node.operator.startswith("broadcast_")

    def inputs(self, given: Sequence[Shape | None]) -> list[Shape | None]:
        left, right = given
        return [left, right] if self.broadcasts else [left or right, right or left]

    def shape(self, left: Shape, right: Shape) -> Shape:
        if not self.broadcasts and left != right:
            raise self.node.error(f"takes shapes that differ: {left} and {right}")
        sides = list(zip_longest(reversed(left), reversed(right), fillvalue=1))
        if any(one != other and 1 not in (one, other) for one, other in sides):
            raise self.node.error(f"takes shapes that do not fit together: {left} and {right}")
        return tuple(max(pair) for pair in reversed(sides))

    def __call__(self, left: Tensor, right: Tensor, *, training: bool) -> Tensor:
        return self.function(left, right)


class Concat(Operator):
    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.takes = ("data",) * len(node.inputs)
        self.axis = node.integer("dim", 1)

    def inputs(self, given: Sequence[Shape | None]) -> list[Shape | None]:
        return list(given)

    def shape(self, *inputs: Shape) -> Shape:
        axis = _axis(self.node, self.axis, inputs[0])
        if len({(*shape[:axis], *shape[axis + 1 :]) for shape in inputs}) > 1:
            raise self.node.error(f"takes shapes that do not fit together: {', '.join(map(str, inputs))}")
        return (*inputs[0][:axis], sum(shape[axis] for shape in inputs), *inputs[0][axis + 1 :])

    def __call__(self, *inputs: Tensor, training: bool) -> Tensor:
        return torch.cat(inputs, self.axis)


class Convolution(Operator):
    def __init__(self, node: Node) -> None:
        super().__init__(node)
        if node.text("layout", "NCHW") != "NCHW":
            raise self.refuse(f"layout {node.text('layout')}")
        self.takes = ("data", "weight") if node.flag("no_bias") else ("data", "weight", "bias")
        self.filters, self.groups = node.integer("num_filter", least=1), node.integer("num_group", 1, least=1)
        self.kernel, self.stride = node.pair("kernel", least=1), node.pair("stride", (1, 1), least=1)
        self.pad, self.dilate = node.pair("pad", (0, 0)), node.pair("dilate", (1, 1), least=1)

    def parameters(self, data: Shape) -> Sequence[Shape]:
        _images(self.node, data)
        if data[1] % self.groups or self.filters % self.groups:
            raise self.node.error(f"cannot part {data[1]} channels and {self.filters} filters into {self.groups}")
        return ((self.filters, data[1] // self.groups, *self.kernel), (self.filters,))[: len(self.takes) - 1]

    def shape(self, data: Shape, *_: Shape) -> Shape:
        reach = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilate, strict=True)]
        sides = zip(data[2:], reach, self.stride, self.pad, strict=True)
        return data[0], self.filters, *(fitting(*side) for side in sides)

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, *, training: bool) -> Tensor:
        return functional.conv2d(x, weight, bias, self.stride, self.pad, self.dilate, self.groups)


class BatchNorm(Operator):
    """Attribute ``fixed``: gamma counts as 1 whatever is stored, and is not learnt."""

    takes = ("data", "gamma", "beta", "moving_mean", "moving_var")
    statistics = 2

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.epsilon, self.momentum = node.number("eps", 1e-3), node.number("momentum", 0.9)
        self.axis = node.integer("axis", 1)
        self.fixed = node.flag("fix_gamma", True)
        self.frozen = node.flag("use_global_stats")

    def parameters(self, data: Shape) -> Sequence[Shape]:
        return ((data[_axis(self.node, self.axis, data)],),) * 4

    def __call__(
        self, x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor, *, training: bool
    ) -> Tensor:
        if self.axis != 1:
            x = x.movedim(self.axis, 1)
        # MXNet's momentum is the share of the old statistics that is kept, PyTorch's the share of the new.
        learning = training and not self.frozen
        x = functional.batch_norm(x, mean, variance, gamma, beta, learning, 1 - self.momentum, self.epsilon)
        return x if self.axis == 1 else x.movedim(1, self.axis)


class Pooling(Operator):
    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.kind = node.text("pool_type", "max")
        self.convention = node.text("pooling_convention", "valid")
        if self.kind not in ("max", "avg", "sum"):
            raise self.refuse(f"pool_type '{self.kind}'")
        if self.convention not in ("valid", "full"):  # "same" is for one dimension, MXNet too refuses it for images
            raise self.refuse(f"pooling_convention '{self.convention}'")
        if node.text("layout", "NCHW") != "NCHW":
            raise self.refuse(f"layout {node.text('layout')}")
        self.whole = node.flag("global_pool")
        self.counts_pad = node.flag("count_include_pad", True)
        if not self.whole:
            self.kernel, self.stride = node.pair("kernel", least=1), node.pair("stride", (1, 1), least=1)
            self.pad = node.pair("pad", (0, 0))
            if any(p >= k for p, k in zip(self.pad, self.kernel, strict=True)):
                raise node.error(f"has pad {self.pad}; it must be smaller than its kernel {self.kernel}")

    def shape(self, data: Shape) -> Shape:
        _images(self.node, data)
        if self.whole:
            return *data[:2], 1, 1
        sides = zip(data[2:], self.kernel, self.stride, self.pad, strict=True)
        return *data[:2], *(fitting(*side, full=self.convention == "full") for side in sides)

    def __call__(self, x: Tensor, *, training: bool) -> Tensor:
        if self.whole:
            return {"max": torch.amax, "avg": torch.mean, "sum": torch.sum}[self.kind](x, dim=(2, 3), keepdim=True)
        if self.convention == "valid" and self.kind == "max" and all(2 * p <= k for p, k in self._padded()):
            return functional.max_pool2d(x, self.kernel, self.stride, self.pad)
        return self._windows(x)

    def _padded(self) -> Sequence[tuple[int, int]]:
        return list(zip(self.pad, self.kernel, strict=True))

    def _windows(self, x: Tensor) -> Tensor:
        """By padding it out: what PyTorch's own pooling cannot do, whose windows never begin beyond the image."""
        overhang = [
            max((window - 1) * s + k - size - 2 * p, 0)
            for window, size, k, s, p in zip(
                self.shape(x.shape)[2:], x.shape[2:], self.kernel, self.stride, self.pad, strict=True
            )
        ]
        (top, left), (bottom, right) = self.pad, (p + extra for p, extra in zip(self.pad, overhang, strict=True))
        edges = (left, right, top, bottom)
        if self.kind == "max":
            lowest = torch.finfo(x.dtype).min  # what MXNet gives where a window holds nothing
            return functional.max_pool2d(functional.pad(x, edges, value=lowest), self.kernel, self.stride)
        total = functional.avg_pool2d(functional.pad(x, edges), self.kernel, self.stride, divisor_override=1)
        if self.kind == "sum":
            return total
        # The mean is over the pixels that count: never the last windows' overhang, and the padding where it is said.
        counted = x.new_ones((1, 1, *x.shape[2:]))
        if self.counts_pad:
            counted = functional.pad(counted, (left, left, top, top), value=1.0)
            edges = (0, overhang[1], 0, overhang[0])
        count = functional.avg_pool2d(functional.pad(counted, edges), self.kernel, self.stride, divisor_override=1)
        return total / count.clamp(min=1)


class Flatten(Operator):
    def shape(self, data: Shape) -> Shape:
        return data[0], math.prod(data[1:])

    def __call__(self, x: Tensor, *, training: bool) -> Tensor:
        return x.flatten(1)


class FullyConnected(Operator):
    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.takes = ("data", "weight") if node.flag("no_bias") else ("data", "weight", "bias")
        self.hidden = node.integer("num_hidden", least=1)
        self.flattens = node.flag("flatten", True)

    def parameters(self, data: Shape) -> Sequence[Shape]:
        width = math.prod(data[1:]) if self.flattens else data[-1]
        return ((self.hidden, width), (self.hidden,))[: len(self.takes) - 1]

    def shape(self, data: Shape, *_: Shape) -> Shape:
        return (data[0], self.hidden) if self.flattens else (*data[:-1], self.hidden)

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None = None, *, training: bool) -> Tensor:
        return functional.linear(x.flatten(1) if self.flattens else x, weight, bias)


class Dropout(Operator):
    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.rate = node.number("p", 0.5)
        self.axes = node.integers("axes", ())
        if node.text("mode", "training") != "training":
            raise self.refuse(f"mode '{node.text('mode')}'")
        if not 0 <= self.rate < 1:
            raise node.error(f"has p {self.rate}; it must be at least 0 and less than 1")

    def __call__(self, x: Tensor, *, training: bool) -> Tensor:
        if not (training and self.axes):
            return functional.dropout(x, self.rate, training)
        sides = [1 if side in self.axes else length for side, length in enumerate(x.shape)]
        return x * functional.dropout(x.new_ones(sides), self.rate)


class ParametricReLU(Operator):
    """LeakyReLU whose slope is learnt: one a channel, or one for all."""

    takes = ("data", "gamma")

    def inputs(self, given: Sequence[Shape | None]) -> list[Shape | None]:
        return [given[0], given[1] if given[1] == (1,) or not given[0] else given[0][1:2]]

    def __call__(self, x: Tensor, slope: Tensor, *, training: bool) -> Tensor:
        return functional.prelu(x, slope)


class RandomizedReLU(Operator):
    """LeakyReLU whose slope is drawn while training, and the mean of its bounds otherwise."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.bounds = node.number("lower_bound", 0.125), node.number("upper_bound", 0.334)

    def __call__(self, x: Tensor, *, training: bool) -> Tensor:
        return functional.rrelu(x, *self.bounds, training)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softrelu": functional.softplus,
    "softsign": functional.softsign,
}


def _activation(node: Node) -> Operator:
    kind = node.text("act_type")
    if kind not in ACTIVATIONS:
        raise Operator(node).refuse(f"act_type '{kind}'")
    return Elementwise(node, ACTIVATIONS[kind])


def _leaky_relu(node: Node) -> Operator:
    slope = node.number("slope", 0.25)
    match node.text("act_type", "leaky"):
        case "leaky":
            return Elementwise(node, partial(functional.leaky_relu, negative_slope=slope))
        case "elu":
            return Elementwise(node, partial(functional.elu, alpha=slope))
        case "selu":
            return Elementwise(node, functional.selu)
        case "gelu":
            return Elementwise(node, functional.gelu)
        case "prelu":
            return ParametricReLU(node)
        case "rrelu":
            return RandomizedReLU(node)
        case kind:
            raise Operator(node).refuse(f"act_type '{kind}'")


def _cast(node: Node) -> Operator:
    # Everything is computed in float32, which is never the less exact for it.
    if (dtype := node.text("dtype")) not in ("float16", "float32", "float64"):
        raise Operator(node).refuse(f"dtype '{dtype}'")
    return Operator(node)


def _clip(node: Node) -> Operator:
    return Elementwise(node, partial(torch.clamp, min=node.number("a_min"), max=node.number("a_max")))


def _scalar(function: Callable[[Tensor, float], Tensor], node: Node) -> Operator:
    scalar = node.number("scalar", 1.0)
    return Elementwise(node, lambda x: function(x, scalar))


def _binary(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Node], Operator]:
    return partial(Binary, function=function)


OPERATORS: dict[str, Callable[[Node], Operator]] = {
    "_copy": Operator,
    "identity": Operator,
    "BlockGrad": lambda node: Elementwise(node, Tensor.detach),
    "Cast": _cast,
    "Convolution": Convolution,
    "BatchNorm": BatchNorm,
    "Activation": _activation,
    "LeakyReLU": _leaky_relu,
    "Pooling": Pooling,
    "Flatten": Flatten,
    "FullyConnected": FullyConnected,
    "Dropout": Dropout,
    "Concat": Concat,
    "clip": _clip,
    "elemwise_add": _binary(torch.add),
    "elemwise_sub": _binary(torch.sub),
    "elemwise_mul": _binary(torch.mul),
    "elemwise_div": _binary(torch.div),
    "broadcast_add": _binary(torch.add),
    "broadcast_sub": _binary(torch.sub),
    "broadcast_mul": _binary(torch.mul),
    "broadcast_div": _binary(torch.div),
    "_plus_scalar": partial(_scalar, torch.add),
    "_minus_scalar": partial(_scalar, torch.sub),
    "_rminus_scalar": partial(_scalar, lambda x, scalar: scalar - x),
    "_mul_scalar": partial(_scalar, torch.mul),
    "_div_scalar": partial(_scalar, torch.div),
    "_rdiv_scalar": partial(_scalar, lambda x, scalar: scalar / x),
}


def build(node: Node) -> Operator:
    """The operator of a node.

    Raises:
        ArtifactError: it is not supported, its settings cannot be used, or the node takes too little or too much.
    """
    if node.operator not in OPERATORS:
        raise unknown_operator(node.name, node.operator)
    operator = OPERATORS[node.operator](node)
    if len(node.inputs) < len(operator.takes):
        lacking = ", ".join(operator.takes[len(node.inputs) :])
        raise node.error(f"lacks an input: it takes {len(node.inputs)}, without its {lacking}")
    if len(node.inputs) > len(operator.takes):
        raise node.error(f"takes {len(node.inputs)} inputs, more than its {', '.join(operator.takes)}")
    return operator


def fitting(size: int, kernel: int, stride: int, pad: int, *, full: bool = False) -> int:
    """How many windows fit along one side: rounded up where MXNet's pooling convention is ``full``, else down.

    0 where not even one does.
    """
    span = size + 2 * pad - kernel
    return 0 if span < 0 else (-(-span // stride) if full else span // stride) + 1


def _axis(node: Node, axis: int, shape: Shape) -> int:
    if not -len(shape) <= axis < len(shape):
        raise node.error(f"works along axis {axis} of the shape {shape}, which has none")
    return axis % len(shape)


def _images(node: Node, shape: Shape) -> None:
    if len(shape) != 4:
        raise node.error(f"takes images (N, C, H, W), not the shape {shape}")
