"""Reading MXNet's symbol graphs: their nodes, and the nodes' settings.

A graph is kept as the dictionary its JSON holds (``nodes``, ``arg_nodes``, ``node_row_ptr``, ``heads``, ``attrs``)::

    symbol = json.loads(Path("image-classification-symbol.json").read_text())
    convolution = next(node for node in nodes(symbol) if node.operator == "Convolution")
    convolution.name, convolution.pair("kernel")      # ("conv0", (3, 3))

What a node computes is told by ``imageclassification.operators``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from imageclassification.errors import ArtifactError

WHOLE_NUMBER = re.compile(r"\s*(-?\d{1,10})L?\s*")  # the L is Python 2's, whose graphs are still about
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Node:
    """One node of a symbol graph.

    Attributes:
        name: Its name, ``conv0``.
        operator: MXNet's name of the operator; ``null`` for an input or a parameter.
        inputs: The indices of the nodes whose (first) outputs it takes.
        attributes: The operator's settings, as the strings MXNet writes; a setting that is not set is not there.
    """

    name: str
    operator: str
    inputs: tuple[int, ...]
    attributes: Mapping[str, str]

    def text(self, key: str, default: str = "") -> str:
        """A setting that is a word."""
        return self.attributes.get(key, default)

    def flag(self, key: str, default: bool = False) -> bool:
        """A setting that is true or false.

        Raises:
            ArtifactError: it is neither.
        """
        value = self.attributes.get(key, str(default)).strip().lower()
        if value not in ("true", "1", "false", "0"):
            raise self._unusable(key, "True or False")
        return value in ("true", "1")

    def number(self, key: str, default: float | None = None, *, least: float = -math.inf) -> float:
        """A setting that is a number.

        Raises:
            ArtifactError: it is missing, no number, or less than ``least``.
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
        """A setting that is a whole number.

        Raises:
            ArtifactError: it is missing, no whole number, or less than ``least``.
        """
        if key not in self.attributes and default is not None:
            return default
        match = WHOLE_NUMBER.fullmatch(self.attributes.get(key, ""))
        if match is None or not least <= int(match[1]) <= LARGEST:
            raise self._unusable(key, "a whole number" + (f" of {least} or more" if least > -LARGEST else ""))
        return int(match[1])

    def integers(self, key: str, default: tuple[int, ...] | None = None, *, least: int = 0) -> tuple[int, ...]:
        """A setting of several whole numbers, ``(1, 3, 1, 1)``; raises as ``integer`` does."""
        if key not in self.attributes and default is not None:
            return default
        text = self.attributes.get(key, "").strip()
        matches = [WHOLE_NUMBER.fullmatch(part) for part in text[1:-1].split(",") if part.strip()]
        if text[:1] + text[-1:] not in ("()", "[]") or not all(m and least <= int(m[1]) <= LARGEST for m in matches):
            raise self._unusable(key, f"whole numbers of {least} or more, as in (3, 3)")
        return tuple(int(match[1]) for match in matches)

    def pair(self, key: str, default: tuple[int, int] | None = None, *, least: int = 0) -> tuple[int, int]:
        """A setting of two whole numbers, height before width: ``(3, 3)``.

        Raises:
            ArtifactError: it is missing, or not two whole numbers of ``least`` or more.
        """
        if default is not None and self.attributes.get(key, "()") in ("()", "[]"):
            return default  # MXNet writes () for what is not set
        found = self.integers(key, least=least)
        if len(found) != 2:
            raise self._unusable(key, "two whole numbers, as in (3, 3)")
        return found[0], found[1]

    def error(self, problem: str) -> ArtifactError:
        """What is raised where the node cannot be used: the problem continues "the symbol's node … "."""
        return ArtifactError(f"the symbol's node '{self.name}' ({self.operator}) {problem}")

    def _unusable(self, key: str, wanted: str) -> ArtifactError:
        found = f"{key} {self.attributes[key]!r}" if key in self.attributes else f"no {key}"
        return self.error(f"has {found}; it must be {wanted}")


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
                settings = dict(node.get(spelling) or {})
                attributes |= {str(key): str(value) for key, value in settings.items() if value not in (None, "None")}
            made = Node(
                str(node["name"]), str(node["op"]), tuple(int(entry[0]) for entry in node["inputs"]), attributes
            )
            if any(not 0 <= source < index for source in made.inputs):
                raise made.error("takes from a node that does not come before it")
            if any(int(entry[1]) != 0 for entry in node["inputs"]):
                raise made.error("takes another than the first output of a node, which is not supported")
            found.append(made)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
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
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        raise ArtifactError("the symbol is not an MXNet graph: it has no heads") from None
    if not 0 <= index < len(symbol["nodes"]):
        raise ArtifactError(f"the symbol's head is node {index}, of {len(symbol['nodes'])}")
    return index


def needed(graph: list[Node], last: int) -> list[int]:
    """The indices of the nodes that a node depends on, itself among them, in the graph's order."""
    found = {last}
    for index in range(last, -1, -1):
        if index in found:
            found.update(graph[index].inputs)
    return sorted(found)


def unknown_operator(node: str, operator: str) -> ArtifactError:
    """What is raised for an operator that this package cannot run."""
    return ArtifactError(
        f"the symbol's node '{node}' is a '{operator}', an operator that is not supported",
        hint="supported is what networks for Image Classification are made of: see imageclassification.operators",
    )


def depth(nodes: Iterable[tuple[str, str]]) -> int:
    """How deep a residual network is: convolutions, but for the shortcuts' projections (``…_sc``), and dense layers.

    Args:
        nodes: Operators and names.
    """
    return sum(operator in ("Convolution", "FullyConnected") and not name.endswith("_sc") for operator, name in nodes)
