"""Reads what a symbol graph computes: its operators in order, its parameters, and every shape.

Example::

    >>> from imageclassification.symbol import resnet
    >>> program = read(resnet(20, 2, (3, 28, 28)))
    >>> program.parameters[2], program.multi_label
    ('arg:bn_data_gamma', False)
    >>> shapes(program, (3, 28, 28)).parameters["arg:conv0_weight"]
    (16, 3, 3, 3)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imageclassification import graph, operators
from imageclassification.errors import ArtifactError
from imageclassification.graph import Node
from imageclassification.operators import BinaryOperator, Operator, Shape

SIGMOIDS = ("LogisticRegressionOutput",)
SOFTMAXES = ("SoftmaxOutput", "SoftmaxActivation", "softmax")
PASSING = (
    "_copy",
    "identity",
    "_CrossDeviceCopy",
    "BlockGrad",
    "Cast",
)  # operators allowed after the softmax or sigmoid
LARGEST_VALUE = 1 << 28  # numbers in one node's output for one image; networks for 224 x 224 have less than 2**20


@dataclass(frozen=True)
class TrainingProgram:
    """The computation of a graph. Nodes are given by their index in ``nodes``.

    Attributes:
        data: The input ``data``.
        parameters: The artifact's name (``arg:conv0_weight``, ``aux:bn0_moving_mean``) of each parameter.
        steps: The operator of each node, in the order of computation.
        scores: The node whose output is the scores before the softmax or sigmoid.
        temperature: The scores are divided by it.
        multi_label: Whether the graph ends in a sigmoid for each class instead of one softmax.
    """

    nodes: list[Node]
    data: int
    parameters: dict[int, str]
    steps: dict[int, Operator]
    scores: int
    temperature: float
    multi_label: bool


@dataclass(frozen=True)
class Shapes:
    """The shapes in a graph for one image.

    Attributes:
        parameters: The shapes of the parameters, by the artifact's names.
        scores: The shape of the scores: (1, classes).
        values: The shapes of the image, the parameters and the outputs, by the index of their node.
    """

    parameters: dict[str, Shape]
    scores: Shape
    values: dict[int, Shape]


def read(symbol: Mapping[str, Any]) -> TrainingProgram:
    """Reads a graph.

    Raises:
        ArtifactError: If it is not a symbol graph, or an operator or a setting is not supported.
    """
    nodes = graph.nodes(symbol)
    index = graph.head(symbol)
    while nodes[index].operator in PASSING and nodes[index].inputs:
        index = nodes[index].inputs[0]
    head = nodes[index]
    if head.operator not in SOFTMAXES + SIGMOIDS:
        raise graph.unknown_operator(head.name, f"{head.operator} (as a graph's output)")
    if not head.inputs:
        raise head.error("lacks an input: it takes 0")
    if head.flag("use_length") or head.integer("axis", -1) not in (-1, 1):
        raise graph.unknown_operator(head.name, f"{head.operator} over another axis or with lengths")
    temperature = head.number("temperature", 1.0)
    if not temperature > 0:
        raise head.error(f"has temperature {temperature}; it must be more than 0")
    data = next((index for index, node in enumerate(nodes) if (node.name, node.operator) == ("data", "null")), None)
    if data is None:
        raise ArtifactError("the symbol has no input named 'data'")
    wanted = graph.needed(nodes, head.inputs[0])
    steps = {index: operators.build(nodes[index]) for index in wanted if nodes[index].operator != "null"}
    return TrainingProgram(
        nodes=nodes,
        data=data,
        parameters=_parameters(nodes, data, steps, wanted),
        steps=steps,
        scores=head.inputs[0],
        temperature=temperature,
        multi_label=head.operator in SIGMOIDS,
    )


def _parameters(nodes: list[Node], data: int, steps: Mapping[int, Operator], wanted: list[int]) -> dict[int, str]:
    statistics: set[int] = set()
    for index, operator in steps.items():
        sources = nodes[index].inputs
        statistics.update(sources[len(sources) - operator.statistics :])
    found = [index for index in wanted if nodes[index].operator == "null" and index != data]
    names = {index: f"{'aux' if index in statistics else 'arg'}:{nodes[index].name}" for index in found}
    if len(set(names.values())) < len(names):
        raise ArtifactError("the symbol is not an MXNet graph: two of its parameters have the same name")
    return names


def shapes(
    program: TrainingProgram, image_shape: tuple[int, int, int], arrays: Mapping[str, Shape] | None = None
) -> Shapes:
    """Finds every shape in a graph for one image.

    Args:
        program: The graph.
        image_shape: Channels, height and width of the input ``data``.
        arrays: Shapes of the artifact's parameters, by the artifact's names. They are checked against the graph.

    Raises:
        ArtifactError: If shapes do not fit one another, or the image is too small for the network.
    """
    known: dict[int, Shape | None] = {program.data: (1, *image_shape)}
    for index, name in program.parameters.items():
        declared = program.nodes[index].integers("__shape__", ())
        declared = declared if all(declared) else ()  # in MXNet, a side of 0 is unknown
        at_hand = (arrays or {}).get(name) or ()
        if declared and at_hand and declared != at_hand:
            raise ArtifactError(f"'{name}' has shape {at_hand}; the symbol says {declared}")
        known[index] = at_hand or declared or None
    images = {program.data}  # nodes whose output depends on the image; its first side is the number of images
    for index, operator in program.steps.items():
        node = program.nodes[index]
        taken: list[Shape] = []
        for source, shape in zip(node.inputs, operator.inputs([known[source] for source in node.inputs]), strict=True):
            if shape is None:
                raise node.error(f"takes '{program.nodes[source].name}', whose shape is unknown")
            if known[source] not in (None, shape):
                raise ArtifactError(
                    f"'{program.parameters.get(source, program.nodes[source].name)}' has shape {known[source]}; "
                    f"the symbol's node '{node.name}' needs {shape}"
                )
            known[source] = shape
            taken.append(shape)
        if not taken:  # a sum or a concatenation of nothing
            raise node.error("has no input")
        given = operator.shape(*taken)
        if min(given, default=1) < 1:
            raise node.error(f"has no pixels left for an image of {image_shape}")
        if math.prod(given) > LARGEST_VALUE:
            raise node.error(f"gives {given} for an image of {image_shape}, more numbers than a network can have")
        known[index] = given
        from_images = [shape for source, shape in zip(node.inputs, taken, strict=True) if source in images]
        if from_images:
            images.add(index)
            sides = min(len(shape) for shape in from_images)
            if given[0] != 1 or (isinstance(operator, BinaryOperator) and len(given) > sides):
                raise node.error(f"gives {given} for one image: it mixes images")
    scores = known[program.scores]
    if scores is None or len(scores) != 2 or scores[0] != 1:
        raise program.nodes[program.scores].error(f"gives scores of shape {scores} for one image, not (1, classes)")
    found = {index: shape for index, shape in known.items() if shape is not None}
    return Shapes({name: found[index] for index, name in program.parameters.items()}, scores, found)
