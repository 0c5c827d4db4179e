"""Reads the nodes of MXNet's symbol graphs, and the nodes' settings.

A graph is the dictionary that its JSON file holds: ``nodes``, ``arg_nodes``, ``node_row_ptr``, ``heads``, ``attrs``.
The module ``imageclassification.operators`` has what a node computes.

Example::

    >>> from imageclassification.symbol import resnet
    >>> convolution = next(node for node in nodes(resnet(20, 2, (3, 28, 28))) if node.operator == "Convolution")
    >>> convolution.name, convolution.pair("kernel"), convolution.flag("no_bias")
    ('conv0', (3, 3), True)
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from imageclassification.errors import ArtifactError

WHOLE_NUMBER = re.compile(r"\s*(-?\d{1,10})L?\s*")  # graphs that Python 2 wrote may have an L
LARGEST = 2**31 - 1
MOST_NODES = 10_000  # 200 layers have 1,400


@dataclass(frozen=True)
class Node:
    """One node of a symbol graph.

    Attributes:
        name: The name, as in ``conv0``.
        operator: MXNet's name of the operator; ``null`` for an input or a parameter.
        inputs: The indices of the nodes whose first outputs are the inputs.
        attributes: The operator's settings, as the strings that MXNet writes. Settings with the value None are left
            out.
    """

    name: str
    operator: str
    inputs: tuple[int, ...]
    attributes: Mapping[str, str]

    def text(self, key: str, default: str = "") -> str:
        """The value of a setting, as text."""
        return self.attributes.get(key, default)

    def flag(self, key: str, default: bool = False) -> bool:
        """The value of a setting that is true or false.

        Raises:
            ArtifactError: If it is neither.
        """
        value = self.attributes.get(key, str(default)).strip().lower()
        if value not in ("true", "1", "false", "0"):
            raise self._unusable(key, "True or False")
        return value in ("true", "1")

    def number(self, key: str, default: float | None = None, *, least: float = -math.inf) -> float:
        """The value of a setting that is a number.

        Raises:
            ArtifactError: If it is missing without a default, not a number, or less than ``least``.
        """
        if key not in self.attributes and default is not None:
            return default
        try:
            value = float(self.attributes[key])
        except (KeyError, ValueError):
            value = math.nan
        if math.isnan(value) or value < least:
            raise self._unusable(key, "a number" + (f" of {least:g} or more" if least > -math.inf else ""))
        return value

    def integer(self, key: str, default: int | None = None, *, least: int = -LARGEST) -> int:
        """The value of a setting that is a whole number.

        Raises:
            ArtifactError: If it is missing without a default, not a whole number, or less than ``least``.
        """
        if key not in self.attributes and default is not None:
            return default
        match = WHOLE_NUMBER.fullmatch(self.attributes.get(key, ""))
        if match is None or not least <= int(match[1]) <= LARGEST:
            raise self._unusable(key, "a whole number" + (f" of {least} or more" if least > -LARGEST else ""))
        return int(match[1])

    def integers(self, key: str, default: tuple[int, ...] | None = None, *, least: int = 0) -> tuple[int, ...]:
        """The value of a setting with several whole numbers, as in ``(1, 3, 1, 1)``.

        Raises:
            ArtifactError: If it is missing without a default, has another form, or a number is less than ``least``.
        """
        if key not in self.attributes and default is not None:
            return default
        text = self.attributes.get(key, "").strip()
        found = []
        for part in text[1:-1].split(","):
            if part.strip():
                match = WHOLE_NUMBER.fullmatch(part)
                found.append(int(match[1]) if match else None)
        numbers = tuple(number for number in found if number is not None and least <= number <= LARGEST)
        if text[:1] + text[-1:] not in ("()", "[]") or len(numbers) < len(found):
            raise self._unusable(key, f"whole numbers of {least} or more, as in (3, 3)")
        return numbers

    def pair(self, key: str, default: tuple[int, int] | None = None, *, least: int = 0) -> tuple[int, int]:
        """The value of a setting with two whole numbers, height before width, as in ``(3, 3)``.

        Raises:
            ArtifactError: If it is missing without a default, or not two whole numbers of ``least`` or more.
        """
        if default is not None and self.attributes.get(key, "()") in ("()", "[]"):
            return default  # MXNet writes () for the default
        found = self.integers(key, least=least)
        if len(found) != 2:
            raise self._unusable(key, "two whole numbers, as in (3, 3)")
        return found[0], found[1]

    def error(self, problem: str) -> ArtifactError:
        """The error for a node that cannot be used. Its message names the node, then gives the problem."""
        return ArtifactError(f"the symbol's node '{self.name}' ({self.operator}) {problem}")

    def _unusable(self, key: str, wanted: str) -> ArtifactError:
        found = f"{key} {self.attributes[key]!r}" if key in self.attributes else f"no {key}"
        return self.error(f"has {found}; it must be {wanted}")


def nodes(symbol: Mapping[str, Any]) -> list[Node]:
    """The nodes of a graph. Each is after its inputs.

    Raises:
        ArtifactError: If it is not a symbol graph.
    """
    found: list[Node] = []
    try:
        if len(symbol["nodes"]) > MOST_NODES:
            raise ArtifactError(
                f"the symbol has {len(symbol['nodes']):,} nodes, more than a network has ({MOST_NODES:,})"
            )
        for index, node in enumerate(symbol["nodes"]):
            made = Node(
                str(node["name"]), str(node["op"]), tuple(int(entry[0]) for entry in node["inputs"]), settings(node)
            )
            if any(not 0 <= source < index for source in made.inputs):
                raise made.error("takes from a node that does not come before it")
            if any(int(entry[1]) != 0 for entry in node["inputs"]):
                raise made.error("takes an output of a node that is not its first; only first outputs are supported")
            found.append(made)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise ArtifactError(f"the symbol is not an MXNet graph: {type(error).__name__} {error}") from None
    if not found:
        raise ArtifactError("the symbol is not an MXNet graph: it has no nodes")
    return found


def settings(node: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a graph's node, under each key that MXNet has used: ``attrs`` (since 1.0), ``attr``, ``param``.

    Example::

        >>> settings({"op": "Activation", "param": {"act_type": "relu"}, "attr": {"ctx_group": "one"}})
        {'act_type': 'relu', 'ctx_group': 'one'}
    """
    found: dict[str, str] = {}
    for spelling in ("param", "attr", "attrs"):
        given = dict(node.get(spelling) or {})
        found |= {str(key): str(value) for key, value in given.items() if value not in (None, "None")}
    return found


def head(symbol: Mapping[str, Any]) -> int:
    """The index of the graph's output node.

    Raises:
        ArtifactError: If the graph names no such node.
    """
    try:
        index = int(symbol["heads"][0][0])
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        raise ArtifactError("the symbol is not an MXNet graph: it has no heads") from None
    if not 0 <= index < len(symbol["nodes"]):
        raise ArtifactError(f"the symbol's head is node {index}, of {len(symbol['nodes'])}")
    return index


def needed(graph: list[Node], last: int) -> list[int]:
    """The indices of a node and of all nodes that it depends on, in the graph's order."""
    found = {last}
    for index in range(last, -1, -1):
        if index in found:
            found.update(graph[index].inputs)
    return sorted(found)


def unknown_operator(node: str, operator: str) -> ArtifactError:
    """The error for an operator that this package cannot run."""
    return ArtifactError(
        f"the symbol's node '{node}' is a '{operator}', an operator that is not supported",
        hint="imageclassification.operators.OPERATORS lists the supported operators",
    )


def depth(layers: Iterable[tuple[str, str]]) -> int:
    """The depth of a residual network: its convolutions and dense layers, without the projections of shortcuts.

    Args:
        layers: The operator and the name of each node. The name of a projection ends in ``_sc``.

    Example::

        >>> depth([("Convolution", "conv0"), ("Convolution", "stage1_unit1_sc"), ("FullyConnected", "fc1")])
        2
    """
    return sum(operator in ("Convolution", "FullyConnected") and not name.endswith("_sc") for operator, name in layers)
