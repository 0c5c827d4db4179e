"""The ``model`` channel: an artifact whose weights training starts from.

::

    artifact = read(root)                              # None where the job has no such channel
    start = TrainingStart.of(artifact, hyperparameters, seed=0)
    network = Network(start.symbol, start.parameters)

Two ways lead on from an artifact, and the network is the artifact's own graph in both:

``use_pretrained_model`` 1
    Transfer learning: all weights are the artifact's but those of the last FullyConnected layer, which are drawn anew
    for the job's own classes. Any image_shape will do that the graph can take. On AWS the container brings weights of
    its own (ImageNet's, for 3,224,224); here there are none, so that the channel is needed.
``use_pretrained_model`` 0
    Incremental training: all weights are the artifact's, and num_layers, image_shape and num_classes must be those that
    it was trained with.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imageclassification import artifact as artifacts
from imageclassification import graph, program
from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError, HyperparameterError, InputDataError
from imageclassification.hyperparameters import LARGE_IMAGE_LAYERS, SMALL_IMAGE_LAYERS, Hyperparameters
from imageclassification.program import Program

CHANNEL = "model"
HEADS = {False: "SoftmaxOutput", True: "LogisticRegressionOutput"}
SETTINGS = ("param", "attr", "attrs")  # where MXNet has kept a node's settings


def read(root: Path) -> Artifact | None:
    """The artifact in a job's ``model`` channel: a ``model.tar.gz``, or the files of one.

    Args:
        root: The job's folder, laid out as ``/opt/ml``.

    Raises:
        InputDataError: the channel holds no artifact that can be read.
    """
    folder = root / "input/data" / CHANNEL
    if not folder.is_dir():
        return None
    archives = sorted(folder.rglob("*.tar.gz"))
    if len(archives) > 1:
        raise InputDataError(
            f"channel '{CHANNEL}' holds {len(archives)} archives ({', '.join(path.name for path in archives)}); "
            "give one model.tar.gz"
        )
    source = archives[0] if archives else folder
    try:
        return artifacts.read(source)
    except ArtifactError as error:
        raise InputDataError(
            f"channel '{CHANNEL}': {error.message.replace(str(source), source.name if archives else 'it')}; "
            "give the model.tar.gz of an Image Classification job"
        ) from None


@dataclass(frozen=True)
class TrainingStart:
    """What training begins with.

    Attributes:
        parameters: float32 weights and running statistics by the artifact's names.
    """

    symbol: Mapping[str, Any]
    parameters: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, artifact: Artifact, chosen: Hyperparameters, *, seed: int) -> TrainingStart:
        """Begin where an artifact ended.

        Args:
            artifact: The ``model`` channel's.
            chosen: The hyperparameters.
            seed: Where the random numbers of a new last layer start.

        Raises:
            HyperparameterError: the hyperparameters do not fit the artifact; it is said which, and what they must be.
        """
        check(artifact, chosen)
        symbol = in_single_precision(artifact.symbol)
        parameters = {name: np.asarray(array, np.float32) for name, array in artifact.parameters.items()}
        if not chosen.use_pretrained_model:
            return cls(symbol, parameters)
        symbol = with_last_layer(symbol, chosen.num_classes, multi_label=chosen.multi_label)
        anew = last_layer(symbol)
        kept = {name: array.shape for name, array in parameters.items() if name not in anew}
        try:
            shapes = program.shapes(program.read(symbol), chosen.image_shape, kept).parameters
        except ArtifactError as error:
            why = f"was made for {_text(artifact.image_shape)}, and cannot take that: {error.message}"
            raise _unfit("image_shape", _text(chosen.image_shape), why) from None
        random = np.random.default_rng(seed)
        drawn = {name: _drawn(shapes[name], random) for name in anew}
        return cls(symbol, {name: drawn[name] if name in drawn else parameters[name] for name in shapes})


def check(artifact: Artifact, chosen: Hyperparameters) -> None:
    """Refuse hyperparameters that do not fit the artifact that training is to start from.

    Raises:
        HyperparameterError: one does not; it is said which, and what it must be.
    """
    layers = num_layers(artifact.symbol)
    if layers not in (None, chosen.num_layers):
        raise _unfit("num_layers", chosen.num_layers, f"has {layers} layers; set num_layers to {layers}")
    if artifact.image_shape[0] != chosen.image_shape[0]:
        why = f"takes images of {artifact.image_shape[0]} channels; set image_shape to as many"
        raise _unfit("image_shape", _text(chosen.image_shape), why)
    if chosen.use_pretrained_model:
        return
    again = "; or set use_pretrained_model to 1, to draw its last layer anew"
    if artifact.image_shape != chosen.image_shape:
        shape = _text(artifact.image_shape)
        raise _unfit("image_shape", _text(chosen.image_shape), f"takes {shape}; set image_shape to that{again}")
    if artifact.num_classes != chosen.num_classes:
        why = f"tells {artifact.num_classes} classes, and incremental training goes on with the same"
        raise _unfit("num_classes", chosen.num_classes, why + again)
    several = program.read(artifact.symbol).multi_label
    if several != chosen.multi_label:
        why = f"tells {'several labels' if several else 'one label'} an image; set multi_label to {int(several)}"
        raise _unfit("multi_label", int(chosen.multi_label), why + again)


def last_layer(symbol: Mapping[str, Any]) -> list[str]:
    """The artifact's names of the weight, and of the bias where it has one, of the last FullyConnected layer."""
    found = program.read(symbol)
    return [found.parameters[source] for source in found.nodes[_last_layer(found)].inputs[1:]]


def with_last_layer(symbol: Mapping[str, Any], num_classes: int, *, multi_label: bool) -> dict[str, Any]:
    """A graph with another number of classes, and with the output that goes with one label an image, or several.

    Raises:
        HyperparameterError: the graph's output is none that can be changed so.
    """
    changed = copy.deepcopy(dict(symbol))
    found = program.read(changed)
    place = _last_layer(found)
    for index in (place, *found.nodes[place].inputs[1:]):
        for spelling in SETTINGS:
            settings = changed["nodes"][index].get(spelling) or {}
            settings.pop("__shape__", None)
            if "num_hidden" in settings:
                settings["num_hidden"] = str(num_classes)
    if found.multi_label != multi_label:
        output = changed["nodes"][graph.head(changed)]
        if output["op"] != HEADS[found.multi_label]:
            raise _unfit("multi_label", int(multi_label), f"ends in {output['op']}, which cannot be changed to that")
        output["op"] = HEADS[multi_label]
        for spelling in SETTINGS:
            output.pop(spelling, None)
    return changed


def in_single_precision(symbol: Mapping[str, Any]) -> dict[str, Any]:
    """A graph without its casts to float16, which MXNet computes on GPUs only, while models are served on CPUs."""
    changed = copy.deepcopy(dict(symbol))
    for node in changed["nodes"]:
        if node["op"] == "Cast" and any((node.get(spelling) or {}).get("dtype") == "float16" for spelling in SETTINGS):
            node["op"] = "_copy"
            for spelling in SETTINGS:
                node.pop(spelling, None)
    return changed


def num_layers(symbol: Mapping[str, Any]) -> int | None:
    """A graph's depth as the algorithm's ``num_layers`` counts it; None where it is no network of the algorithm's."""
    depth = graph.depth((node.operator, node.name) for node in graph.nodes(symbol))
    return depth if depth in (*SMALL_IMAGE_LAYERS, *LARGE_IMAGE_LAYERS) else None


def _last_layer(found: Program) -> int:
    layers = [index for index in found.steps if found.nodes[index].operator == "FullyConnected"]
    if not layers:
        raise _unfit("use_pretrained_model", 1, "has no FullyConnected layer that could be drawn anew")
    return max(layers)


def _drawn(shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """A new weight or bias, as ``Network.fresh`` draws them."""
    if len(shape) == 1:
        return np.zeros(shape, np.float32)
    return random.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)


def _unfit(name: str, value: Any, why: str) -> HyperparameterError:
    return HyperparameterError(f"{name} is {value}, but the network in channel '{CHANNEL}' {why}")


def _text(shape: tuple[int, ...]) -> str:
    return ",".join(map(str, shape))
