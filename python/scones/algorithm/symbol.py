"""MXNet's symbol graphs: reading their JSON, and building the ResNet v2 that Image Classification trains.

A graph is kept as the dictionary its JSON holds (``nodes``, ``arg_nodes``, ``node_row_ptr``, ``heads``, ``attrs``), so
that what is trained, written and served is one and the same thing::

    graph = resnet(num_layers=20, num_classes=2, image_shape=(3, 28, 28))
    [node.name for node in nodes(graph) if node.operator == "Convolution"][:2]   # ['conv0', 'stage1_unit1_conv1']
    parameter_shapes(graph, (3, 28, 28))["arg:conv0_weight"]                     # (16, 3, 3, 3)

The network is that of MXNet's example ``image-classification/symbols/resnet.py``: K. He et al., "Identity Mappings in
Deep Residual Networks", 2016, behind a batch norm of the raw pixels (``bn_data``). Nodes are named and ordered as
MXNet 1.x writes them, so genuine MXNet loads what is written here.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scones.errors import ArtifactError, HyperparameterError

EPSILON = "2e-05"
MOMENTUM = "0.9"
MXNET_VERSION = 10300  # what the built-in container's artifacts say of themselves
IMAGENET_UNITS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}


@dataclass(frozen=True)
class Node:
    """One node of a symbol graph.

    Attributes:
        name: Its name, ``conv0``.
        operator: MXNet's name of the operator; ``null`` for an input or a parameter.
        inputs: The indices of the nodes whose (first) outputs it takes.
        attributes: The operator's settings, as the strings MXNet writes.
    """

    name: str
    operator: str
    inputs: tuple[int, ...]
    attributes: Mapping[str, str]

    def flag(self, key: str, default: bool = False) -> bool:
        """A setting that is true or false."""
        return self.attributes.get(key, str(default)).lower() in ("true", "1")

    def number(self, key: str, default: float | None = None) -> float:
        """A setting that is a number.

        Raises:
            ArtifactError: it is missing, or no number.
        """
        try:
            return float(self.attributes[key]) if key in self.attributes or default is None else default
        except (KeyError, ValueError):
            raise self._unusable(key, "a number") from None

    def integer(self, key: str, default: int | None = None) -> int:
        """A setting that is a whole number; raises as ``number`` does."""
        return int(self.number(key, default))

    def pair(self, key: str, default: tuple[int, int] | None = None) -> tuple[int, int]:
        """A setting of two whole numbers, height before width: ``(3, 3)``.

        Raises:
            ArtifactError: it is missing, or not two whole numbers.
        """
        if key not in self.attributes and default is not None:
            return default
        try:
            height, width = ast.literal_eval(self.attributes[key])
        except (KeyError, ValueError, TypeError, SyntaxError):
            raise self._unusable(key, "two whole numbers, as in (3, 3)") from None
        return int(height), int(width)

    def _unusable(self, key: str, wanted: str) -> ArtifactError:
        found = self.attributes.get(key)
        return ArtifactError(
            f"the symbol's node '{self.name}' ({self.operator}) has {key} {found!r}; it must be {wanted}"
        )


def nodes(symbol: Mapping[str, Any]) -> list[Node]:
    """The nodes of a graph, each after the nodes it takes from.

    Reads every spelling of a node's settings that MXNet has had: ``attrs`` (from 1.0 on), ``attr`` and ``param``.

    Raises:
        ArtifactError: this is no symbol graph.
    """
    found: list[Node] = []
    try:
        for index, node in enumerate(symbol["nodes"]):
            attributes: dict[str, str] = {}
            for spelling in ("param", "attr", "attrs"):
                attributes |= node.get(spelling) or {}
            inputs = tuple(int(entry[0]) for entry in node["inputs"])
            if any(not 0 <= source < index for source in inputs):
                raise ArtifactError(
                    f"the symbol's node '{node['name']}' takes from a node that does not come before it"
                )
            found.append(Node(str(node["name"]), str(node["op"]), inputs, attributes))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ArtifactError(f"the symbol is not an MXNet graph: {type(error).__name__} {error}") from None
    if not found:
        raise ArtifactError("the symbol is not an MXNet graph: it has no nodes")
    return found


def head(symbol: Mapping[str, Any]) -> int:
    """The index of the node whose output the graph gives.

    Raises:
        ArtifactError: the graph names no such node.
    """
    try:
        index = int(symbol["heads"][0][0])
    except (KeyError, TypeError, ValueError, IndexError):
        raise ArtifactError("the symbol is not an MXNet graph: it has no heads") from None
    if not 0 <= index < len(symbol["nodes"]):
        raise ArtifactError(f"the symbol's head is node {index}, of {len(symbol['nodes'])}")
    return index


def pooled(size: int, kernel: int, stride: int, pad: int, *, full: bool) -> int:
    """How many windows fit along one side: rounded up where MXNet's convention is ``full``, down where ``valid``."""
    span = (size + 2 * pad - kernel) / stride
    return (math.ceil(span) if full else math.floor(span)) + 1


def parameter_shapes(symbol: Mapping[str, Any], image_shape: tuple[int, int, int]) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter of a graph, found by following an image through it.

    Args:
        symbol: The graph.
        image_shape: Channels, height and width of the input ``data``.

    Returns:
        ``{"arg:conv0_weight": (16, 3, 3, 3), "aux:bn0_moving_mean": (16,), …}``, in the graph's order.

    Raises:
        ArtifactError: a node's operator is unknown, or its settings do not fit.
    """
    graph = nodes(symbol)
    shapes: list[tuple[int, ...]] = []
    found: dict[str, tuple[int, ...]] = {}

    def expect(node: Node, wanted: Sequence[tuple[int, ...]], prefix: str = "arg", first: int = 1) -> None:
        for source, shape in zip(node.inputs[first:], wanted, strict=False):
            found[f"{prefix}:{graph[source].name}"] = shape

    for node in graph:
        shape = shapes[node.inputs[0]] if node.inputs else tuple(image_shape)
        match node.operator:
            case "Convolution":
                filters, groups = node.integer("num_filter"), node.integer("num_group", 1)
                kernel, stride, pad, dilate = _window(node)
                expect(node, [(filters, shape[0] // groups, *kernel), (filters,)])
                reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilate, strict=True)]
                sides = zip(shape[1:], reach, stride, pad, strict=True)
                shape = (filters, *(pooled(size, k, s, p, full=False) for size, k, s, p in sides))
            case "Pooling" if node.flag("global_pool"):
                shape = (shape[0], 1, 1)
            case "Pooling":
                kernel, stride, pad, _ = _window(node)
                full = node.attributes.get("pooling_convention", "valid") == "full"
                sides = zip(shape[1:], kernel, stride, pad, strict=True)
                shape = (shape[0], *(pooled(size, k, s, p, full=full) for size, k, s, p in sides))
            case "BatchNorm":
                expect(node, [(shape[0],)] * 2)
                expect(node, [(shape[0],)] * 2, prefix="aux", first=3)
            case "Flatten":
                shape = (math.prod(shape),)
            case "FullyConnected":
                hidden = node.integer("num_hidden")
                expect(node, [(hidden, math.prod(shape)), (hidden,)])
                shape = (hidden,)
            case "elemwise_add" if shapes[node.inputs[0]] != shapes[node.inputs[1]]:
                left, right = (shapes[source] for source in node.inputs)
                raise ArtifactError(f"the symbol's node '{node.name}' adds shapes that differ: {left} and {right}")
            case "null" | "_copy" | "Activation" | "elemwise_add" | "SoftmaxOutput":
                pass
            case unknown:
                raise unknown_operator(node.name, unknown)
        if min(shape) < 1:
            raise ArtifactError(f"the symbol's node '{node.name}' is left without pixels by an image of {image_shape}")
        shapes.append(shape)
    return found


def unknown_operator(node: str, operator: str) -> ArtifactError:
    """What is raised for an operator that this package cannot run."""
    return ArtifactError(
        f"the symbol's node '{node}' is a '{operator}', an operator that is not supported",
        hint="supported is what Image Classification's own networks use: see scones.algorithm.network",
    )


def _window(node: Node) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Kernel, stride, pad and dilation of a convolution or pooling, with MXNet's defaults."""
    return node.pair("kernel"), node.pair("stride", (1, 1)), node.pair("pad", (0, 0)), node.pair("dilate", (1, 1))


def stages(num_layers: int, height: int) -> tuple[tuple[int, ...], tuple[int, ...], bool]:
    """How a ResNet v2 of this depth is built for images of this height.

    Up to a height of 28 it is the three-stage form made for CIFAR, above it the four-stage form made for ImageNet.

    Returns:
        Units a stage, channels (of the stem, then of each stage), and whether units are bottlenecks.

    Raises:
        HyperparameterError: there is no such network.
    """
    if height <= 28:
        if num_layers >= 164 and (num_layers - 2) % 9 == 0:
            return ((num_layers - 2) // 9,) * 3, (16, 64, 128, 256), True
        if 8 <= num_layers < 164 and (num_layers - 2) % 6 == 0:
            return ((num_layers - 2) // 6,) * 3, (16, 16, 32, 64), False
    elif num_layers in IMAGENET_UNITS:
        bottleneck = num_layers >= 50
        channels = (64, 256, 512, 1024, 2048) if bottleneck else (64, 64, 128, 256, 512)
        return IMAGENET_UNITS[num_layers], channels, bottleneck
    raise HyperparameterError(f"there is no network of num_layers {num_layers} for images of height {height}")


def resnet(num_layers: int, num_classes: int, image_shape: tuple[int, int, int]) -> dict[str, Any]:
    """The symbol graph of a ResNet v2.

    Args:
        num_layers: 18, 34, 50, 101, 152, 200; for images up to 28 pixels high 20, 32, 44, 56, 110.
        num_classes: Outputs of the last layer.
        image_shape: Channels, height, width.

    Returns:
        The graph, ready for ``json.dumps``.

    Raises:
        HyperparameterError: there is no network of this depth for images of this height.
    """
    height = image_shape[1]
    units, channels, bottleneck = stages(num_layers, height)
    graph = _Graph()
    body = graph.add("_copy", "id", [graph.variable("data")])
    body = graph.batch_norm("bn_data", body, fix_gamma=True)
    if height <= 32:
        body = graph.convolution("conv0", body, channels[0], kernel=3)
    else:
        body = graph.convolution("conv0", body, channels[0], kernel=7, stride=2)
        body = graph.activated("bn0", "relu0", body)
        window = {"kernel": "(3, 3)", "pad": "(1, 1)", "pool_type": "max", "stride": "(2, 2)"}
        body = graph.add("Pooling", "pooling0", [body], window)
    for stage, (count, filters) in enumerate(zip(units, channels[1:], strict=True), start=1):
        for unit in range(1, count + 1):
            body = graph.residual_unit(
                f"stage{stage}_unit{unit}",
                body,
                filters,
                stride=2 if stage > 1 and unit == 1 else 1,
                matches=unit > 1,
                bottleneck=bottleneck,
            )
    body = graph.activated("bn1", "relu1", body)
    body = graph.add("Pooling", "pool1", [body], {"global_pool": "True", "kernel": "(7, 7)", "pool_type": "avg"})
    body = graph.add("Flatten", "flatten0", [body])
    settings = {"num_hidden": str(num_classes)}
    weight, bias = graph.variable("fc1_weight", settings), graph.variable("fc1_bias", settings)
    body = graph.add("FullyConnected", "fc1", [body, weight, bias], settings)
    graph.add("SoftmaxOutput", "softmax", [body, graph.variable("softmax_label")])
    return graph.symbol()


class _Graph:
    """A symbol graph while it is built; each method adds nodes and gives the index of the last."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.sums = 0

    def add(self, operator: str, name: str, inputs: Sequence[int], settings: Mapping[str, str] | None = None) -> int:
        node: dict[str, Any] = {"op": operator, "name": name}
        if settings:
            node["attrs"] = dict(settings)
        # The third number of an input is 1 for what a node updates: the running statistics of a batch norm.
        updated = range(3, 5) if operator == "BatchNorm" else ()
        node["inputs"] = [[source, 0, int(place in updated)] for place, source in enumerate(inputs)]
        self.nodes.append(node)
        return len(self.nodes) - 1

    def variable(self, name: str, settings: Mapping[str, str] | None = None) -> int:
        return self.add("null", name, [], settings)

    def batch_norm(self, name: str, body: int, *, fix_gamma: bool = False) -> int:
        settings = {"eps": EPSILON, "fix_gamma": str(fix_gamma), "momentum": MOMENTUM}
        initial = {"moving_mean": '["zero", {}]', "moving_var": '["one", {}]'}
        own = [
            self.variable(f"{name}_{part}", ({"__init__": initial[part]} if part in initial else {}) | settings)
            for part in ("gamma", "beta", "moving_mean", "moving_var")
        ]
        return self.add("BatchNorm", name, [body, *own], settings)

    def activated(self, norm: str, relu: str, body: int) -> int:
        return self.add("Activation", relu, [self.batch_norm(norm, body)], {"act_type": "relu"})

    def convolution(self, name: str, body: int, filters: int, *, kernel: int, stride: int = 1) -> int:
        pad = kernel // 2
        settings = {
            "kernel": f"({kernel}, {kernel})",
            "no_bias": "True",
            "num_filter": str(filters),
            "pad": f"({pad}, {pad})",
            "stride": f"({stride}, {stride})",
            "workspace": "256",
        }
        return self.add("Convolution", name, [body, self.variable(f"{name}_weight", settings)], settings)

    def residual_unit(self, name: str, body: int, filters: int, *, stride: int, matches: bool, bottleneck: bool) -> int:
        """Normalise, activate, convolve, two or three times over, and add what came in (or a projection of it)."""
        if bottleneck:
            layers = [(filters // 4, 1, 1), (filters // 4, 3, stride), (filters, 1, 1)]
        else:
            layers = [(filters, 3, stride), (filters, 3, 1)]
        branch = body
        for place, (width, kernel, step) in enumerate(layers, start=1):
            branch = self.activated(f"{name}_bn{place}", f"{name}_relu{place}", branch)
            if place == 1:
                activated = branch
            branch = self.convolution(f"{name}_conv{place}", branch, width, kernel=kernel, stride=step)
        if not matches:
            body = self.convolution(f"{name}_sc", activated, filters, kernel=1, stride=stride)
        self.sums += 1
        return self.add("elemwise_add", f"_plus{self.sums - 1}", [branch, body])

    def symbol(self) -> dict[str, Any]:
        # A batch norm has three outputs (with the batch's mean and variance), every other node one.
        rows = [0]
        for node in self.nodes:
            rows.append(rows[-1] + (3 if node["op"] == "BatchNorm" else 1))
        return {
            "nodes": self.nodes,
            "arg_nodes": [index for index, node in enumerate(self.nodes) if node["op"] == "null"],
            "node_row_ptr": rows,
            "heads": [[len(self.nodes) - 1, 0, 0]],
            "attrs": {"mxnet_version": ["int", MXNET_VERSION]},
        }
