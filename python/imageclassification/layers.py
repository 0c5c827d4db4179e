"""The layers of image networks, by MXNet 1.x's definitions: convolution, batch norm, pooling, flatten, fully connected.

``Operator`` is the base class of these and of the operators in ``imageclassification.operators``.

Example::

    >>> settings = {"kernel": "(3, 3)", "num_filter": "16", "no_bias": "True"}
    >>> layer = Convolution(Node("conv0", "Convolution", (0, 1), settings))
    >>> layer.parameters((1, 3, 28, 28))
    ((16, 3, 3, 3),)
    >>> layer.shape((1, 3, 28, 28))
    (1, 16, 26, 26)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from imageclassification.errors import ArtifactError
from imageclassification.graph import Node, unknown_operator

Shape = tuple[int, ...]
GLOBAL_POOLING: dict[str, Callable[..., Tensor]] = {"max": torch.amax, "avg": torch.mean, "sum": torch.sum}


class Operator:
    """The computation of a node. This base class returns its first input.

    Attributes:
        takes: MXNet's names of the inputs: first computed values, then parameters.
        statistics: How many of the last inputs are running statistics (``aux:…`` in an artifact).
        keeps_output: Whether the gradient is computed from the output. If not, the next operator may overwrite it.
    """

    takes: tuple[str, ...] = ("data",)
    statistics = 0
    keeps_output = True

    def __init__(self, node: Node) -> None:
        self.node = node

    def parameters(self, data: Shape) -> Sequence[Shape]:
        """The shapes of the parameters, for a first input of the shape ``data``."""
        return ()

    def inputs(self, given: Sequence[Shape | None]) -> list[Shape | None]:
        """Completes the shapes of the inputs. ``given`` has None for shapes that are not known yet."""
        return [given[0], *self.parameters(given[0])] if given[0] else list(given)

    def shape(self, data: Shape, *more: Shape) -> Shape:
        """The shape of the output, for inputs of these shapes."""
        return data

    def scratch(self, data: Shape, *more: Shape) -> int:
        """How many numbers the computation holds besides its inputs and its output."""
        return 0

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        return x

    def refuse(self, setting: str) -> ArtifactError:
        """The error for a setting of a supported operator that is not supported."""
        return unknown_operator(self.node.name, f"{self.node.operator} of {setting}")


class Convolution(Operator):
    keeps_output = False

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
            raise self.node.error(
                f"cannot divide {data[1]} channels and {self.filters} filters into {self.groups} groups"
            )
        return ((self.filters, data[1] // self.groups, *self.kernel), (self.filters,))[: len(self.takes) - 1]

    def shape(self, data: Shape, *more: Shape) -> Shape:
        reach = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilate, strict=True)]
        along = zip(data[2:], reach, self.stride, self.pad, strict=True)
        return data[0], self.filters, *(fitting(*one) for one in along)

    def scratch(self, data: Shape, *more: Shape) -> int:
        return padded(data, self.pad)

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        weight, *bias = more
        return functional.conv2d(x, weight, bias[0] if bias else None, self.stride, self.pad, self.dilate, self.groups)


class BatchNorm(Operator):
    """Batch normalization.

    Attributes:
        fixed: ``fix_gamma``: gamma is 1, whatever the artifact has, and it is not learnt.
        frozen: ``use_global_stats``: training too uses the running statistics, and does not change them.
    """

    takes = ("data", "gamma", "beta", "moving_mean", "moving_var")
    statistics = 2
    keeps_output = False

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.epsilon, self.momentum = node.number("eps", 1e-3, least=0), node.number("momentum", 0.9)
        self.axis = node.integer("axis", 1)
        self.fixed = node.flag("fix_gamma", True)
        self.frozen = node.flag("use_global_stats")

    def parameters(self, data: Shape) -> Sequence[Shape]:
        return ((data[side(self.node, self.axis, data)],),) * 4

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        gamma, beta, mean, variance = more
        if self.axis != 1:
            x = x.movedim(self.axis, 1)
        # The momentum is the weight of the old statistics in MXNet, and of the new ones in PyTorch.
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
        if self.convention not in ("valid", "full"):  # MXNet allows "same" only in one dimension
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

    def shape(self, data: Shape, *more: Shape) -> Shape:
        _images(self.node, data)
        if self.whole:
            return *data[:2], 1, 1
        along = zip(data[2:], self.kernel, self.stride, self.pad, strict=True)
        return *data[:2], *(fitting(*one, full=self.convention == "full") for one in along)

    def scratch(self, data: Shape, *more: Shape) -> int:
        # The last windows may overhang by less than a stride.
        return 0 if self.whole else padded(data, tuple(p + s for p, s in zip(self.pad, self.stride, strict=True)))

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        if self.whole:
            return GLOBAL_POOLING[self.kind](x, dim=(2, 3), keepdim=True)
        if self.convention == "valid" and self.kind == "max" and all(2 * p <= k for p, k in self._padded()):
            return functional.max_pool2d(x, self.kernel, self.stride, self.pad)
        return self._windows(x)

    def _padded(self) -> Sequence[tuple[int, int]]:
        return list(zip(self.pad, self.kernel, strict=True))

    def _windows(self, x: Tensor) -> Tensor:
        """Pools a padded copy. PyTorch's own pooling has no windows that begin beyond the image."""
        overhang = [
            max((window - 1) * s + k - size - 2 * p, 0)
            for window, size, k, s, p in zip(
                self.shape(x.shape)[2:], x.shape[2:], self.kernel, self.stride, self.pad, strict=True
            )
        ]
        (top, left), (bottom, right) = self.pad, (p + extra for p, extra in zip(self.pad, overhang, strict=True))
        edges = (left, right, top, bottom)
        if self.kind == "max":
            lowest = torch.finfo(x.dtype).min  # MXNet's output for an empty window
            return functional.max_pool2d(functional.pad(x, edges, value=lowest), self.kernel, self.stride)
        total = functional.avg_pool2d(functional.pad(x, edges), self.kernel, self.stride, divisor_override=1)
        if self.kind == "sum":
            return total
        # The mean leaves out the overhang of the last windows, and the padding unless count_include_pad is set.
        counted = x.new_ones((1, 1, *x.shape[2:]))
        if self.counts_pad:
            counted = functional.pad(counted, (left, left, top, top), value=1.0)
            edges = (0, overhang[1], 0, overhang[0])
        count = functional.avg_pool2d(functional.pad(counted, edges), self.kernel, self.stride, divisor_override=1)
        return total / count.clamp(min=1)


class Flatten(Operator):
    def shape(self, data: Shape, *more: Shape) -> Shape:
        return data[0], math.prod(data[1:])

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
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

    def shape(self, data: Shape, *more: Shape) -> Shape:
        return (data[0], self.hidden) if self.flattens else (*data[:-1], self.hidden)

    def __call__(self, x: Tensor, *more: Tensor, training: bool) -> Tensor:
        weight, *bias = more
        return functional.linear(x.flatten(1) if self.flattens else x, weight, bias[0] if bias else None)


def fitting(size: int, kernel: int, stride: int, pad: int, *, full: bool = False) -> int:
    """How many windows fit along one side of an image.

    Args:
        size: The side's length in pixels.
        kernel: The window's length.
        stride: The distance between two windows.
        pad: The padding at each end.
        full: MXNet's pooling convention ``full``: the last window may overhang, so the number is rounded up.

    Example::

        >>> fitting(28, kernel=3, stride=2, pad=0), fitting(28, kernel=3, stride=2, pad=0, full=True)
        (13, 14)
    """
    span = size + 2 * pad - kernel
    return 0 if span < 0 else (-(-span // stride) if full else span // stride) + 1


def padded(shape: Shape, pad: Sequence[int]) -> int:
    """How many numbers a padded copy of an image has. 0 without padding, because there is no copy.

    Example::

        >>> padded((1, 3, 28, 28), (1, 1)), padded((1, 3, 28, 28), (0, 0))
        (2700, 0)
    """
    return math.prod(shape[:2]) * math.prod(size + 2 * p for size, p in zip(shape[2:], pad, strict=True)) * any(pad)


def side(node: Node, axis: int, shape: Shape) -> int:
    """The index of an axis in a shape. A negative axis counts from the end.

    Raises:
        ArtifactError: If the shape has no such axis.
    """
    if not -len(shape) <= axis < len(shape):
        raise node.error(f"has axis {axis}, but its input of shape {shape} has no such axis")
    return axis % len(shape)


def _images(node: Node, shape: Shape) -> None:
    if len(shape) != 4:
        raise node.error(f"takes images (N, C, H, W), not the shape {shape}")
