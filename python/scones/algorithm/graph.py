"""Reading MXNet's symbol graphs: their nodes, and the shapes of their parameters.

A graph is kept as the dictionary its JSON holds (``nodes``, ``arg_nodes``, ``node_row_ptr``, ``heads``, ``attrs``)::

    symbol = json.loads(Path("image-classification-symbol.json").read_text())
    [node.name for node in nodes(symbol) if node.operator == "Convolution"][:2]   # ['conv0', 'stage1_unit1_conv1']
    parameter_shapes(symbol, (3, 28, 28))["arg:conv0_weight"]                     # (16, 3, 3, 3)
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scones.errors import ArtifactError


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
            case (
                "null" | "_copy" | "Cast" | "Activation" | "elemwise_add" | "SoftmaxOutput" | "LogisticRegressionOutput"
            ):
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
