"""MXNet's operators in PyTorch: the shapes of output and parameters, and the computation.

The operators follow MXNet 1.x's definitions and have its defaults. ``OPERATORS`` lists the supported ones. Shapes are
those for one image: (1, C, H, W).

Example::

    >>> pooling = build(Node("pool1", "Pooling", (0,), {"kernel": "(2, 2)", "stride": "(2, 2)"}))
    >>> pooling.shape((1, 3, 28, 28))
    (1, 3, 14, 14)
    >>> pooling(torch.arange(16.0).reshape(1, 1, 4, 4), training=False)
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest

import torch
from torch import Tensor
from torch.nn import functional

from imageclassification.graph import Node, unknown_operator
from imageclassification.layers import BatchNorm, Convolution, Flatten, FullyConnected, Operator, Pooling, Shape, side


class Elementwise(Operator):
    """A function of each number of the input.

    Attributes:
        overwriting: The same function, which writes its output over its input. None if there is none.
    """

    def __init__(
        self, node: Node, function: Callable[[Tensor], Tensor], overwriting: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        super().__init__(node)
        self.function = function
        self.overwriting = overwriting

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        return self.function(x)

    def overwrite(self) -> None:
        """From now on, the output is written over the input, which nothing else needs."""
        self.function = self.overwriting or self.function


class BinaryOperator(Operator):
    """A function of two inputs of the same shape. The ``broadcast_`` operators broadcast sides of 1."""

    takes = ("lhs", "rhs")
    keeps_output = False

    def __init__(self, node: Node, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__(node)
        self.function = function
        self.broadcasts = node.operator.startswith("broadcast_")

    def inputs(self, given: Sequence[Shape | None]) -> list[Shape | None]:
        left, right = given
        return [left, right] if self.broadcasts else [left or right, right or left]

    def shape(self, data: Shape, *more: Shape) -> Shape:
        left, (right,) = data, more
        if not self.broadcasts and left != right:
            raise self.node.error(f"takes shapes that differ: {left} and {right}")
        sides = list(zip_longest(reversed(left), reversed(right), fillvalue=1))
        if any(one != other and 1 not in (one, other) for one, other in sides):
            raise self.node.error(f"takes shapes that do not fit together: {left} and {right}")
        return tuple(max(pair) for pair in reversed(sides))

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        (right,) = more
        return self.function(x, right)


class Sum(Operator):
    """The sum of any number of inputs of the same shape."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.takes = tuple(f"arg{place}" for place in range(node.integer("num_args", len(node.inputs), least=1)))

    def inputs(self, given: Sequence[Shape | None]) -> list[Shape | None]:
        known = next((shape for shape in given if shape), None)
        return [shape or known for shape in given]

    def shape(self, data: Shape, *more: Shape) -> Shape:
        if any(shape != data for shape in more):
            raise self.node.error(f"takes shapes that differ: {', '.join(map(str, (data, *more)))}")
        return data

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        for one in more:
            x = x + one
        return x


class Concat(Operator):
    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.takes = ("data",) * len(node.inputs)
        self.axis = node.integer("dim", 1)

    def inputs(self, given: Sequence[Shape | None]) -> list[Shape | None]:
        return list(given)

    def shape(self, data: Shape, *more: Shape) -> Shape:
        inputs = (data, *more)
        axis = side(self.node, self.axis, data)
        if len({(*shape[:axis], *shape[axis + 1 :]) for shape in inputs}) > 1:
            raise self.node.error(f"takes shapes that do not fit together: {', '.join(map(str, inputs))}")
        return (*data[:axis], sum(shape[axis] for shape in inputs), *data[axis + 1 :])

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        return torch.cat((x, *more), self.axis)


class Dropout(Operator):
    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.rate = node.number("p", 0.5)
        self.axes = node.integers("axes", ())
        if node.text("mode", "training") != "training":
            raise self.refuse(f"mode '{node.text('mode')}'")
        if not 0 <= self.rate < 1:
            raise node.error(f"has p {self.rate}; it must be at least 0 and less than 1")

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        if not (training and self.axes):
            return functional.dropout(x, self.rate, training)
        sides = [1 if axis in self.axes else length for axis, length in enumerate(x.shape)]
        return x * functional.dropout(x.new_ones(sides), self.rate)


class ParametricReLU(Operator):
    """LeakyReLU with learnt slopes: one for each channel, or one for all."""

    takes = ("data", "gamma")

    def inputs(self, given: Sequence[Shape | None]) -> list[Shape | None]:
        return [given[0], given[1] if given[1] == (1,) or not given[0] else given[0][1:2]]

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        (slope,) = more
        return functional.prelu(x, slope)


class RandomizedReLU(Operator):
    """LeakyReLU with a random slope in training. Outside training, the slope is the mean of its bounds."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.bounds = node.number("lower_bound", 0.125), node.number("upper_bound", 0.334)

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
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
    return Elementwise(node, ACTIVATIONS[kind], torch.relu_ if kind == "relu" else None)


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
    # A cast changes nothing: everything is computed in float32.
    if (dtype := node.text("dtype")) not in ("float16", "float32", "float64"):
        raise Operator(node).refuse(f"dtype '{dtype}'")
    return Operator(node)


def _clip(node: Node) -> Operator:
    return Elementwise(node, partial(torch.clamp, min=node.number("a_min"), max=node.number("a_max")))


def _scalar(function: Callable[[Tensor, float], Tensor], node: Node) -> Operator:
    scalar = node.number("scalar", 1.0)
    return Elementwise(node, lambda x: function(x, scalar))


def _binary(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Node], Operator]:
    return partial(BinaryOperator, function=function)


OPERATORS: dict[str, Callable[[Node], Operator]] = {
    "_copy": Operator,
    "identity": Operator,
    "_CrossDeviceCopy": Operator,  # between devices; there is one
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
    "add_n": Sum,
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
        ArtifactError: If the operator or a setting is not supported, or the node has too few or too many inputs.
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
