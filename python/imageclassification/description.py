"""What is inside a model artifact, for a person and for a program.

::

    found = describe(artifact.read("model.tar.gz"))
    found.layers[0]         # Layer(name="id", operator="_copy", shape=(3, 28, 28), parameters=0)
    found.parameters        # 273406
    json.dumps(found.to_json())
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from imageclassification.artifact import Artifact
from imageclassification.graph import depth
from imageclassification.operators import Shape
from imageclassification.program import read, shapes


@dataclass(frozen=True)
class Layer:
    """One node that computes something.

    Attributes:
        name: The node's name, ``stage1_unit1_conv1``.
        operator: MXNet's name of what it does.
        shape: What it gives for one image, without the batch.
        parameters: How many numbers of its own it has, running statistics among them.
    """

    name: str
    operator: str
    shape: Shape
    parameters: int


@dataclass(frozen=True)
class Description:
    """An artifact's contents.

    Attributes:
        layers: In the order of computation, up to the scores.
        image_shape: Channels, height and width of the input.
        classes: How many outputs there are.
        multi_label: Whether each class has a probability of its own.
        epoch: The epoch of its parameters.
        batch: The batch size it was trained with; None where ``model-shapes.json`` does not say.
        mxnet_version: What wrote the symbol, ``1.3.0``; None where it does not say.
        parameters: Numbers in all parameters and running statistics that the network uses.
        bytes: What these take.
        dtypes: The types in which they are stored.
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
        """Layers with weights on the longest way: convolutions and dense layers, projections of shortcuts apart."""
        return depth((one.operator, one.name) for one in self.layers)

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON takes it."""
        return {**asdict(self), "depth": self.depth}


def describe(artifact: Artifact) -> Description:
    """Look into an artifact.

    Raises:
        ArtifactError: its network is not understood.
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
    """MXNet writes 1.3.0 as ``["int", 10300]``."""
    try:
        number = int(symbol["attrs"]["mxnet_version"][1])
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
