"""Temperature scaling: makes a network's probabilities match its accuracy, and leaves its answers unchanged.

The scores z of a network are divided by a number T, the temperature, before the softmax. T is the number with the
smallest negative log-likelihood on held-out images. Source: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On
Calibration of Modern Neural Networks", ICML 2017. The division changes how sure the answers are, not which class has
the highest score.

The last layer gives the scores, so its weight and bias can be divided instead. Then the artifact needs no change in
what serves it.

Example::

    >>> logits = np.array([[8.0, 0.0], [8.0, 0.0], [8.0, 0.0], [8.0, 0.0]])
    >>> labels = np.array([0, 0, 0, 1])  # three of four answers are right, but the network is 99.97 % sure of each
    >>> temperature = fit_temperature(logits, labels)
    >>> round(temperature, 2)
    7.28
    >>> round(float(1 / (1 + np.exp(-8 / temperature))), 2)  # now it is 75 % sure
    0.75
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imageclassification import graph
from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError, UserError

#: The range of temperatures. If every answer is right, the best temperature is 0. If the answers are no better than
#: chance, it is infinite. The limits keep a few images from causing either.
LOWEST, HIGHEST = 0.5, 10.0

_STEPS = 60  # of bisection: 2^60 times smaller, the range is below a float64's precision
_PASSED = (
    "Cast",
    "_copy",
    "identity",
    "_CrossDeviceCopy",
    "BlockGrad",
)  # operators allowed between the last layer and the softmax


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
    """The temperature with the smallest negative log-likelihood, from :data:`LOWEST` to :data:`HIGHEST`.

    As a function of b = 1 / T the negative log-likelihood is convex: a mean of log-sum-exps of linear functions, less a
    linear function. So its slope changes its sign at most once, and bisection finds the place.

    Args:
        logits: Scores before the softmax, shape (images, classes). The network must not have been trained on the
            images.
        labels: Integers from 0 to classes - 1, shape (images,).

    Raises:
        UserError: If there are no images, the shapes do not fit, a label is out of range or a score is not finite.
    """
    scores, labels = _checked(logits, labels)
    scores = scores - scores.max(axis=1, keepdims=True)
    wanted = scores[np.arange(len(labels)), labels].mean()

    def slope(inverse: float) -> float:
        """The slope in b: the mean of the scores under softmax(b z), less the mean of the labels' scores."""
        weights = np.exp(inverse * scores)
        return float(((weights * scores).sum(axis=1) / weights.sum(axis=1)).mean() - wanted)

    low, high = 1 / HIGHEST, 1 / LOWEST
    if slope(1.0) == 0:  # the scores are all equal, so every temperature is as good as any other
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
    """Divides an artifact's scores by a temperature: divides the weight and bias of its last layer.

    Args:
        artifact: The network must end in a fully connected layer and a softmax.
        temperature: Above 1, the network becomes less confident. Below 1, it becomes more confident.

    Raises:
        ArtifactError: If the network has another end. A ``multi_label`` network ends in a sigmoid.
        UserError: If the temperature is not a finite number above 0.
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise UserError(f"the temperature is {temperature}; it must be a number above 0")
    parameters = dict(artifact.parameters)
    for name in _last_layer(artifact):
        found = parameters[name]
        parameters[name] = (found.astype(np.float64) / temperature).astype(found.dtype)
    return replace(artifact, parameters=parameters)


def _last_layer(artifact: Artifact) -> list[str]:
    """The artifact's names of the last layer's weight and, if it has one, bias."""
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
            f"the softmax takes from '{layer.name}', a {layer.operator}; only a FullyConnected layer can be calibrated"
        )
    sources = layer.inputs[1:2] if layer.flag("no_bias") else layer.inputs[1:3]
    for source in sources:
        if nodes[source].operator != "null" or sum(source in node.inputs for node in nodes) > 1:
            raise ArtifactError(
                f"'{nodes[source].name}' is not a parameter of the layer '{layer.name}' only, so it cannot be divided"
            )
    return [f"arg:{nodes[source].name}" for source in sources]


def _checked(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, labels = np.asarray(logits, np.float64), np.asarray(labels)
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(
            f"the scores have the shape {scores.shape}, and the labels the shape {labels.shape} of {labels.dtype}; "
            "give scores of shape (images, classes), and labels of shape (images,) that are whole numbers"
        )
    if not len(labels):
        raise UserError("a temperature cannot be fitted: there are no images")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise UserError(f"labels go from {labels.min()} to {labels.max()}; there are {scores.shape[1]} classes")
    if not np.isfinite(scores).all():
        raise UserError("a temperature cannot be fitted: a score is not a finite number")
    return scores, labels
