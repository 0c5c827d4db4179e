"""Symbol graphs in the form in which MXNet 0.8 wrote them, made of graphs of today."""

from __future__ import annotations

from imageclassification.legacy import ALIASES
from imageclassification.operators import OPERATORS, BatchNorm

OLDEST = {name: aliases[0] for name, aliases in ALIASES.items()}


def as_written_by_0_8(symbol, names=OLDEST):
    """The graph without running statistics, without a version, and with the keys and operators of 0.8.

    Args:
        names: The old name of each operator that has one.
    """
    running = set()
    for node in symbol["nodes"]:
        if OPERATORS.get(node["op"]) is BatchNorm:
            running |= {entry[0] for entry in node["inputs"][3:]}
    kept = [index for index in range(len(symbol["nodes"])) if index not in running]
    places = {index: place for place, index in enumerate(kept)}
    nodes = []
    for index in kept:
        node = symbol["nodes"][index]
        settings = node.get("attrs") or {}
        variable = node["op"] == "null"
        nodes.append(
            {
                "op": names.get(node["op"], node["op"]),
                "param": {} if variable else settings,
                "name": node["name"],
                "inputs": [[places[entry[0]], entry[1]] for entry in node["inputs"] if entry[0] in places],
                "backward_source_id": -1,
                **({"attr": settings} if variable and settings else {}),
            }
        )
    return {
        "nodes": nodes,
        "arg_nodes": [place for place, node in enumerate(nodes) if node["op"] == "null"],
        "heads": [[places[entry[0]], entry[1]] for entry in symbol["heads"]],
    }
