"""Temperature scaling: confidence that means something, with answers that stay as they were.

::

    temperature = fit_temperature(logits, labels)      # 1.62: the network was too sure of itself
    write("calibrated/model.tar.gz", fold(artifact, temperature))

A network's scores z are divided by one number T before the softmax, the one that gives held-out images the smallest
negative log-likelihood (C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On Calibration of Modern Neural Networks", ICML
2017). Dividing all scores by the same number changes no answer, only how sure it is. And since the scores are what the
last layer gives, dividing that layer's weight and bias does the same: what serves the artifact needs nothing new.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imageclassification import graph
from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError, UserError

#: Where every image is answered rightly, ever smaller temperatures are ever likelier, and where answers are no better
#: than chance ever larger ones: a few images shall not make a network more than twice as sure, nor quite unsure.
LOWEST, HIGHEST = 0.5, 10.0

_STEPS = 60  # of bisection: the range shrinks by 2^60, below what a float64 holds
_PASSED = ("Cast", "_copy", "identity", "BlockGrad")  # what may stand between the last layer and the softmax


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    """The mean of -log softmax(logits / temperature) at the labels, in nats.

    Args:
        logits: Scores before the softmax, shape (images, classes).
        labels: Integers from 0 to classes - 1, shape (images,).
    """
    scaled = np.asarray(logits, np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(labels)), labels]))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature of the smallest negative log-likelihood, from :data:`LOWEST` to :data:`HIGHEST`.

    In b = 1 / T the likelihood's logarithm is concave (a log-sum-exp of linear functions less a linear one), so its
    slope has one change of sign at most, which bisection finds whatever the scores are.

    Args:
        logits: Scores before the softmax of images that the network was not trained on, shape (images, classes).
        labels: Integers from 0 to classes - 1, shape (images,).

    Raises:
        UserError: there are no images, shapes do not fit, a label is outside, or a score is not a finite number.
    """
    scores, labels = _checked(logits, labels)
    scores = scores - scores.max(axis=1, keepdims=True)
    wanted = scores[np.arange(len(labels)), labels].mean()

    def slope(inverse: float) -> float:
        """Of the mean negative log-likelihood, in b: the scores' mean under softmax(b z), less the labels' own."""
        weights = np.exp(inverse * scores)
        return float(((weights * scores).sum(axis=1) / weights.sum(axis=1)).mean() - wanted)

    low, high = 1 / HIGHEST, 1 / LOWEST
    if slope(1.0) == 0:  # scores that are all the same: every temperature is as good
        return 1.0
    if slope(low) >= 0:
        return HIGHEST
    if slope(high) <= 0:
        return LOWEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 2 / (low + high)


def fold(artifact: Artifact, temperature: float) -> Artifact:
    """The artifact whose scores are divided by a temperature: its last layer's weight and bias are.

    Args:
        artifact: Of a network that ends in a fully connected layer and a softmax.
        temperature: More than 1 makes it less sure, less than 1 surer.

    Raises:
        ArtifactError: the network ends otherwise. One of several labels an image (``multi_label``) has a sigmoid for
            each output and no answer that softmax's temperature would keep.
        UserError: the temperature is no number above 0.
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise UserError(f"a temperature is a number above 0, not {temperature}")
    parameters = dict(artifact.parameters)
    for name in _last_layer(artifact):
        found = parameters[name]
        parameters[name] = (found.astype(np.float64) / temperature).astype(found.dtype)
    return replace(artifact, parameters=parameters)


def _last_layer(artifact: Artifact) -> list[str]:
    """The names of the weight and, where there is one, the bias that the softmax's scores come from."""
    nodes = graph.nodes(artifact.symbol)
    last = nodes[graph.head(artifact.symbol)]
    if last.operator != "SoftmaxOutput":
        raise ArtifactError(
            f"only a network that ends in a softmax can be calibrated; this one's '{last.name}' is a {last.operator}"
        )
    layer = nodes[last.inputs[0]]
    while layer.operator in _PASSED:
        layer = nodes[layer.inputs[0]]
    if layer.operator != "FullyConnected":
        raise ArtifactError(
            f"the softmax takes from '{layer.name}', a {layer.operator}: only a FullyConnected takes up a temperature"
        )
    sources = layer.inputs[1:2] if layer.flag("no_bias") else layer.inputs[1:3]
    for source in sources:
        if nodes[source].operator != "null" or sum(source in node.inputs for node in nodes) > 1:
            raise ArtifactError(
                f"'{nodes[source].name}' is not the layer '{layer.name}' alone, so it cannot be divided"
            )
    return [f"arg:{nodes[source].name}" for source in sources]


def _checked(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, labels = np.asarray(logits, np.float64), np.asarray(labels)
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(
            f"scores of shape (images, classes) and whole-numbered labels of shape (images,) are needed, not "
            f"{scores.shape} and {labels.shape} of {labels.dtype}"
        )
    if not len(labels):
        raise UserError("a temperature cannot be fitted: there are no images")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise UserError(f"labels go from {labels.min()} to {labels.max()}; there are {scores.shape[1]} classes")
    if not np.isfinite(scores).all():
        raise UserError("a temperature cannot be fitted: a score is not a finite number")
    return scores, labels
