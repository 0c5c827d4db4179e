"""The ``model`` channel: an artifact with the weights at the start of the training.

Example::

    >>> from imageclassification.hyperparameters import parse
    >>> from imageclassification.network import Network
    >>> from imageclassification.symbol import resnet
    >>> weights = Network.fresh(resnet(20, 2, (3, 28, 28)), (3, 28, 28), seed=0).parameter_arrays()
    >>> artifact = Artifact(resnet(20, 2, (3, 28, 28)), weights, [{"name": "data", "shape": [32, 3, 28, 28]}], epoch=1)
    >>> values = {"num_classes": 5, "num_training_samples": 900, "image_shape": (3, 28, 28), "num_layers": 20}
    >>> start = TrainingStart.of(artifact, parse({**values, "use_pretrained_model": "1"}), seed=0)
    >>> start.parameters["arg:fc1_weight"].shape  # a new last layer, for the job's 5 classes
    (5, 64)

The network has the artifact's graph. Training can start in two ways:

``use_pretrained_model`` 1
    Transfer learning: the last FullyConnected layer gets new random weights, for the job's classes. All other weights
    are the artifact's. Every image_shape is allowed that fits the graph. Without the channel, the container's own
    weights are taken: on AWS those of ImageNet, for 3,224,224, and here those of :mod:`imageclassification.backbones`.
``use_pretrained_model`` 0
    Incremental training: all weights are the artifact's. num_layers, image_shape and num_classes must be the artifact's
    too.
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
from imageclassification.program import TrainingProgram

CHANNEL = "model"
HEADS = {False: "SoftmaxOutput", True: "LogisticRegressionOutput"}
SETTINGS = ("param", "attr", "attrs")  # the keys of a node's settings in MXNet's versions


def read(root: Path) -> Artifact | None:
    """Reads the artifact in a job's ``model`` channel. Returns None if the job has no such channel.

    Args:
        root: The job's folder, laid out as ``/opt/ml``. The channel holds a ``model.tar.gz``, or the files of one.

    Raises:
        InputDataError: If the channel holds no artifact, or one that cannot be read.
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
    """The network at the start of the training.

    Attributes:
        symbol: The graph, in single precision.
        parameters: The weights and running statistics, float32, by the artifact's names.
    """

    symbol: Mapping[str, Any]
    parameters: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, artifact: Artifact, chosen: Hyperparameters, *, seed: int) -> TrainingStart:
        """The start from an artifact.

        Args:
            artifact: The artifact in the channel ``model``.
            chosen: The job's hyperparameters.
            seed: The seed of a new last layer's weights.

        Raises:
            HyperparameterError: If a hyperparameter does not fit the artifact. The message has the value that fits.
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
            made = _text(artifact.image_shape)
            why = f"was trained with {made}: {error.message}; set image_shape to {made}"
            raise _unfit("image_shape", _text(chosen.image_shape), why) from None
        random = np.random.default_rng(seed)
        drawn = {name: _drawn(shapes[name], random) for name in anew}
        return cls(symbol, {name: drawn[name] if name in drawn else parameters[name] for name in shapes})


def check(artifact: Artifact, chosen: Hyperparameters) -> None:
    """Checks that the job's hyperparameters fit the artifact.

    Raises:
        HyperparameterError: If one does not fit. The message has the value that fits.
    """
    layers = num_layers(artifact.symbol)
    if layers not in (None, chosen.num_layers):
        raise _unfit("num_layers", chosen.num_layers, f"has {layers} layers; set num_layers to {layers}")
    if artifact.image_shape[0] != chosen.image_shape[0]:
        why = f"has {artifact.image_shape[0]} channels; set image_shape to the same number"
        raise _unfit("image_shape", _text(chosen.image_shape), why)
    if chosen.use_pretrained_model:
        return
    again = "; or set use_pretrained_model to 1, for a new last layer"
    if artifact.image_shape != chosen.image_shape:
        shape = _text(artifact.image_shape)
        raise _unfit("image_shape", _text(chosen.image_shape), f"takes {shape}; set image_shape to that{again}")
    if artifact.num_classes != chosen.num_classes:
        why = f"has {artifact.num_classes} classes; set num_classes to {artifact.num_classes}"
        raise _unfit("num_classes", chosen.num_classes, why + again)
    several = program.read(artifact.symbol).multi_label
    if several != chosen.multi_label:
        why = f"has {'several labels' if several else 'one label'} for an image; set multi_label to {int(several)}"
        raise _unfit("multi_label", int(chosen.multi_label), why + again)


def last_layer(symbol: Mapping[str, Any]) -> list[str]:
    """The artifact's names of the last FullyConnected layer's weight and, if it has one, bias."""
    found = program.read(symbol)
    return [found.parameters[source] for source in found.nodes[_last_layer(found)].inputs[1:]]


def with_last_layer(symbol: Mapping[str, Any], num_classes: int, *, multi_label: bool) -> dict[str, Any]:
    """A copy of a graph with this number of classes, and with a softmax, or for ``multi_label`` a sigmoid.

    Raises:
        HyperparameterError: If the graph's output cannot be changed.
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
    """A copy of a graph without casts to float16. MXNet computes float16 on GPUs only, and CPUs serve the models."""
    changed = copy.deepcopy(dict(symbol))
    for node in changed["nodes"]:
        if node["op"] == "Cast" and any((node.get(spelling) or {}).get("dtype") == "float16" for spelling in SETTINGS):
            node["op"] = "_copy"
            for spelling in SETTINGS:
                node.pop(spelling, None)
    return changed


def num_layers(symbol: Mapping[str, Any]) -> int | None:
    """A graph's ``num_layers``. None if the algorithm has no network of this depth."""
    depth = graph.depth((node.operator, node.name) for node in graph.nodes(symbol))
    return depth if depth in (*SMALL_IMAGE_LAYERS, *LARGE_IMAGE_LAYERS) else None


def _last_layer(found: TrainingProgram) -> int:
    layers = [index for index in found.steps if found.nodes[index].operator == "FullyConnected"]
    if not layers:
        raise _unfit("use_pretrained_model", 1, "has no FullyConnected layer to replace; set use_pretrained_model to 0")
    return max(layers)


def _drawn(shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """A new weight or bias, drawn as by ``Network.fresh``."""
    if len(shape) == 1:
        return np.zeros(shape, np.float32)
    return random.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)


def _unfit(name: str, value: Any, why: str) -> HyperparameterError:
    return HyperparameterError(f"{name} is {value}, but the network in channel '{CHANNEL}' {why}")


def _text(shape: tuple[int, ...]) -> str:
    return ",".join(map(str, shape))
