"""Half precision in an artifact: whether its graph computes in float16, and which of its parameters are stored so.

::

    half_precision(symbol.resnet(20, 2, (3, 28, 28), dtype="float16"))     # True
    stored(graph, network.parameter_arrays())                             # float16 and float32 arrays, by name
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scones.algorithm import graph


def half_precision(symbol: Mapping[str, Any]) -> bool:
    """Whether a graph computes in float16."""
    return any(node.operator == "Cast" and node.attributes.get("dtype") == "float16" for node in graph.nodes(symbol))


def stored(symbol: Mapping[str, Any], parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Parameters as MXNet stores those of a graph.

    Where the graph computes in float16, weights of convolutions and fully connected layers are float16. What belongs
    to batch norms is float32 in any case (``BatchNormType`` of MXNet's ``src/operator/nn/batch_norm.cc``).

    Args:
        symbol: The graph.
        parameters: float32 arrays by the artifact's names.
    """
    if not half_precision(symbol):
        return dict(parameters)
    found = graph.nodes(symbol)
    layers = (node for node in found if node.operator in ("Convolution", "FullyConnected"))
    halved = {f"arg:{found[source].name}" for node in layers for source in node.inputs[1:]}
    return {name: array.astype(np.float16) if name in halved else array for name, array in parameters.items()}
