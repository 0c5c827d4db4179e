"""Upgrades symbol graphs that old versions of MXNet have written, as MXNet does when it loads them.

Example::

    >>> old = {"nodes": [{"op": "null", "param": {}, "name": "data", "inputs": [], "backward_source_id": -1},
    ...                  {"op": "_Plus", "param": {}, "name": "_plus0", "inputs": [[0, 0], [0, 0]]}],
    ...        "arg_nodes": [0], "heads": [[1, 0]]}
    >>> [node["op"] for node in upgraded(old)["nodes"]]
    ['null', 'elemwise_add']

Until version 0.8, a graph lacks the inputs that an operator updates: the running statistics of a batch norm. They
become variables with the name of the node and of the input, ``bn0_moving_mean``. The parameters of the artifact have
these names. A graph without a version is of 0.8 or before. Operators have their old names in such graphs, and every
version of MXNet reads these names.

Sources: MXNet's ``src/nnvm/legacy_json_util.cc`` (``UpgradeJSON_000800_000900``) and the aliases in its operators
(``add_alias``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imageclassification.errors import ArtifactError
from imageclassification.graph import Node, settings
from imageclassification.operators import OPERATORS

WITH_ALL_INPUTS = 900  # version 0.9.0
WITHOUT_VERSION = 800

#: The aliases of MXNet 1.9.1, by the name that a graph has if this version writes it.
ALIASES = {
    "BlockGrad": ("stop_gradient",),
    "Cast": ("cast",),
    "Concat": ("concat",),
    "Flatten": ("flatten",),
    "SoftmaxOutput": ("Softmax",),
    "_copy": ("identity",),
    "_div_scalar": ("_DivScalar",),
    "_minus_scalar": ("_MinusScalar",),
    "_mul_scalar": ("_MulScalar",),
    "_plus_scalar": ("_PlusScalar",),
    "_rdiv_scalar": ("_RDivScalar",),
    "_rminus_scalar": ("_RMinusScalar",),
    "add_n": ("ElementWiseSum",),
    "broadcast_add": ("broadcast_plus",),
    "broadcast_sub": ("broadcast_minus",),
    "elemwise_add": ("_Plus", "_plus", "_add"),
    "elemwise_div": ("_Div", "_div"),
    "elemwise_mul": ("_Mul", "_mul"),
    "elemwise_sub": ("_Minus", "_minus", "_sub"),
}
_NAMES = {alias: name for name, aliases in ALIASES.items() for alias in aliases}


def upgraded(symbol: Mapping[str, Any]) -> dict[str, Any]:
    """A graph as MXNet 1.x has it when it has loaded this one.

    A graph that is damaged comes back as it is: :mod:`imageclassification.graph` says what is wrong with it.

    Raises:
        ArtifactError: If a setting of an old graph is unusable. The message says that the graph is old.
    """
    try:
        return _upgraded(symbol)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError):
        return dict(symbol)


def version(symbol: Mapping[str, Any]) -> int:
    """The version of MXNet that wrote a graph: 10300 is 1.3.0. A graph without one is of 0.8 or before.

    Example::

        >>> version({"attrs": {"mxnet_version": ["int", 905]}}), version({"nodes": []})
        (905, 800)
    """
    return int((symbol.get("attrs") or {}).get("mxnet_version", ("int", WITHOUT_VERSION))[1])


def _upgraded(symbol: Mapping[str, Any]) -> dict[str, Any]:
    old = version(symbol) < WITH_ALL_INPUTS
    nodes: list[dict[str, Any]] = []
    places: list[int] = []  # the new index of each node
    for given in symbol["nodes"]:
        node = {**given, "op": _NAMES.get(given["op"], given["op"])}
        node["inputs"] = [
            [places[entry[0]] if 0 <= entry[0] < len(places) else -1, *entry[1:]] for entry in node["inputs"]
        ]
        if old:
            for name in _lacking(node):
                node["inputs"].append([len(nodes), 0])
                nodes.append({"op": "null", "name": name, "inputs": []})
        places.append(len(nodes))
        nodes.append(node)
    changed = {
        "nodes": nodes,
        "arg_nodes": [index for index, node in enumerate(nodes) if node["op"] == "null"],
        "heads": [[places[entry[0]], *entry[1:]] for entry in symbol["heads"]],
    }
    kept = {key: value for key, value in symbol.items() if key != "node_row_ptr" or len(nodes) == len(places)}
    return {**kept, **changed}


def _lacking(node: Mapping[str, Any]) -> list[str]:
    """The names of the inputs that a node lacks."""
    make = OPERATORS.get(node["op"])
    if make is None:
        return []
    made = Node(node["name"], node["op"], tuple(entry[0] for entry in node["inputs"]), settings(node))
    try:
        takes = make(made).takes
    except ArtifactError as error:
        raise ArtifactError(f"{error.message} (the graph is of MXNet 0.8 or before)", hint=error.hint) from None
    return [f"{node['name']}_{name}" if node["name"] else name for name in takes[len(node["inputs"]) :]]
