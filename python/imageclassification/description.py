"""Describes what is inside a model artifact: layers, shapes, numbers of parameters.

Example::

    >>> from imageclassification import symbol
    >>> from imageclassification.network import Network
    >>> graph = symbol.resnet(20, 2, (3, 28, 28))
    >>> weights = Network.fresh(graph, (3, 28, 28), seed=0).parameter_arrays()
    >>> found = describe(Artifact(graph, weights, [{"name": "data", "shape": [32, 3, 28, 28]}], epoch=1))
    >>> found.layers[2]
    Layer(name='conv0', operator='Convolution', shape=(16, 28, 28), parameters=432)
    >>> found.depth, found.parameters
    (20, 273406)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imageclassification.artifact import Artifact
from imageclassification.graph import depth
from imageclassification.operators import Shape
from imageclassification.program import read, shapes


@dataclass(frozen=True)
class Layer:
    """One node with an operator.

    Attributes:
        name: The node's name, as in ``stage1_unit1_conv1``.
        operator: MXNet's name of the operator, as in ``Convolution``.
        shape: The shape of its output for one image, without the batch.
        parameters: The number of its weights and running statistics. Shared ones count for the first node only.
    """

    name: str
    operator: str
    shape: Shape
    parameters: int


@dataclass(frozen=True)
class Description:
    """The contents of an artifact.

    Attributes:
        layers: The nodes in the order of computation, up to the scores before the softmax.
        image_shape: Channels, height and width of the input.
        classes: The number of classes.
        multi_label: Whether each class has a probability of its own (sigmoid).
        epoch: The epoch of the parameters, counted from 1.
        batch: The batch size of the training; None if ``model-shapes.json`` does not give it.
        mxnet_version: The version of MXNet that wrote the symbol, as in ``1.3.0``; None if the symbol does not give it.
        parameters: The number of weights and running statistics that the network uses.
        bytes: Their size as stored.
        dtypes: Their dtypes as stored, sorted.
    """

    layers: tuple[Layer, ...]
    image_shape: tuple[int, int, int]
    classes: int
    multi_label: bool
    epoch: int
    batch: int | None
    mxnet_version: str | None
    parameters: int
    bytes: int
    dtypes: tuple[str, ...]

    @property
    def depth(self) -> int:
        """The number of convolutions and fully connected layers, without the projections of shortcuts."""
        return depth((one.operator, one.name) for one in self.layers)


def describe(artifact: Artifact) -> Description:
    """Describes an artifact.

    Raises:
        ArtifactError: If the network has an operator or a setting that is not supported.
    """
    program = read(artifact.symbol)
    found = shapes(program, artifact.image_shape, {name: array.shape for name, array in artifact.parameters.items()})
    counted: set[int] = set()
    layers = []
    for index in program.steps:
        node = program.nodes[index]
        own = [source for source in node.inputs if source in program.parameters and source not in counted]
        counted.update(own)
        numbers = sum(artifact.parameters[program.parameters[source]].size for source in own)
        layers.append(Layer(node.name, node.operator, found.values[index][1:], numbers))
    used = [artifact.parameters[name] for name in program.parameters.values()]
    return Description(
        layers=tuple(layers),
        image_shape=artifact.image_shape,
        classes=found.scores[-1],
        multi_label=program.multi_label,
        epoch=artifact.epoch,
        batch=_batch(artifact),
        mxnet_version=_version(artifact.symbol),
        parameters=sum(array.size for array in used),
        bytes=sum(array.nbytes for array in used),
        dtypes=tuple(sorted({array.dtype.name for array in used})),
    )


def _batch(artifact: Artifact) -> int | None:
    try:
        return next(int(entry["shape"][0]) for entry in artifact.shapes if entry["name"] == "data")
    except (StopIteration, KeyError, TypeError, ValueError, IndexError):
        return None


def _version(symbol: Mapping[str, Any]) -> str | None:
    """The version of MXNet. The symbol has 1.3.0 as ``["int", 10300]``."""
    try:
        number = int(symbol["attrs"]["mxnet_version"][1])
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
