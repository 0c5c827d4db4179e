"""The loss and the accuracy, for one label per image and for several (``multi_label``).

Example::

    >>> objective = Objective(multi_label=False)
    >>> scores, labels = torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1])
    >>> round(objective.loss(scores, labels).item(), 4)
    1.1269
    >>> objective.right(scores, labels).item() / objective.answers(labels)  # accuracy
    0.5

============  =========================================  =================================================
multi_label   loss                                       accuracy
============  =========================================  =================================================
0             cross entropy of the softmax               the share of images whose highest score is right
1             binary cross entropy of each label, mean   the share of labels that are predicted right; a
              over images and labels                     label is predicted if its probability is over 1/2
============  =========================================  =================================================

Of ``multi_label`` the algorithm's documentation says only: "Average accuracy across all classes is logged". Here this
accuracy is in the log lines, stops early and chooses the epoch. MXNet's ``LogisticRegressionOutput``
(``regression_output-inl.h``) also takes the mean over images and labels.

Of ``use_weighted_loss`` the documentation says only: "weights are calculated based on the distribution of classes".
Here, if n of N training images have a label, its presence has the weight N / 2n and its absence N / 2(N - n). So the
presence and the absence of a label weigh the same in total, however rare it is (scikit-learn's "balanced").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from imageclassification.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Objective:
    """A loss and its accuracy.

    Attributes:
        multi_label: Labels are 0 and 1, float32 (N, classes), instead of class indices, int64 (N,).
        weights: The weights of each label's absence (row 0) and presence (row 1), float32 (2, classes); None for equal
            weights.
    """

    multi_label: bool
    weights: Tensor | None = None

    @classmethod
    def of(cls, chosen: Hyperparameters, labels: np.ndarray) -> Objective:
        """The objective of a job with these hyperparameters and training labels (``Channel.labels``)."""
        weights = torch.from_numpy(balanced(labels)) if chosen.use_weighted_loss else None
        return cls(chosen.multi_label, weights)

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """The mean loss of a batch. ``scores`` are float32 (B, classes), before the softmax or sigmoid."""
        if not self.multi_label:
            return functional.cross_entropy(scores, labels)
        weight = None
        if self.weights is not None:
            absent, present = self.weights.to(scores.device)
            weight = torch.where(labels > 0, present, absent)
        return functional.binary_cross_entropy_with_logits(scores, labels, weight)

    def right(self, scores: Tensor, labels: Tensor) -> Tensor:
        """How many of the ``answers(labels)`` are right: an int64 scalar on the scores' device."""
        found = (scores > 0) == (labels > 0) if self.multi_label else scores.argmax(1) == labels
        return found.sum()

    def answers(self, labels: Tensor) -> int:
        """The number of answers in a batch: one per image, or with ``multi_label`` one per image and label."""
        return labels.numel()


def within(scores: Tensor, labels: Tensor, top: int) -> Tensor:
    """How many images have their label (int64 (B,)) among the ``top`` highest scores: an int64 scalar."""
    return (scores.topk(top).indices == labels[:, None]).sum()


def balanced(labels: np.ndarray) -> np.ndarray:
    """Weights that give the absence and the presence of each label the same total weight.

    Args:
        labels: 0 and 1, float32 (N, classes).

    Returns:
        Absence and presence, float32 (2, classes). 0 if no image has it.

    Example::

        >>> balanced(np.array([[1, 0], [0, 0], [0, 0], [0, 0]], np.float32))
        array([[0.6666667, 0.5      ],
               [2.       , 0.       ]], dtype=float32)
    """
    present = labels.sum(0, dtype=np.float64)
    counts = np.stack([len(labels) - present, present])
    return np.divide(len(labels) / 2, counts, out=np.zeros_like(counts), where=counts > 0).astype(np.float32)
