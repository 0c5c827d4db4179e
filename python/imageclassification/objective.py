"""What a network is trained for and judged by: one label an image, or several (``multi_label``).

::

    objective = Objective.of(hyperparameters, train_channel.labels)
    objective.loss(scores, labels).backward()
    objective.right(scores, labels) / objective.answers(labels)     # accuracy, 0 to 1

============  =========================================  =================================================
multi_label   loss                                       accuracy
============  =========================================  =================================================
0             cross entropy of the softmax               the share of images whose highest score is right
1             binary cross entropy of each label, mean   the share of labels that are told right, a label
              over images and labels                     being told where its probability is over one half
============  =========================================  =================================================

"Average accuracy across all classes is logged" is all that the algorithm's documentation says of ``multi_label``: with
it, that is the accuracy of the log lines, of early stopping and of the epoch that is kept. The mean over images and
labels is also what MXNet's ``LogisticRegressionOutput`` makes of it (``regression_output-inl.h``).

``use_weighted_loss``: "weights are calculated based on the distribution of classes", the documentation says, and no
more. Here, of N training images, n of them with a label, the label's presence weighs N / 2n and its absence
N / 2(N - n), so that both halves of every label weigh the same, however rare it is (scikit-learn's "balanced").
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
    """A loss and the accuracy that goes with it.

    Attributes:
        multi_label: Whether an image has several labels: float32 (N, classes) of 0 and 1 rather than int64 (N,).
        weights: What the absence (row 0) and the presence (row 1) of each label weighs, float32 (2, classes); None
            where all weigh the same.
    """

    multi_label: bool
    weights: Tensor | None = None

    @classmethod
    def of(cls, chosen: Hyperparameters, labels: np.ndarray) -> Objective:
        """The objective of a job that trains on ``labels``, as a channel has them."""
        weights = torch.from_numpy(balanced(labels)) if chosen.use_weighted_loss else None
        return cls(chosen.multi_label, weights)

    def loss(self, scores: Tensor, labels: Tensor) -> Tensor:
        """The mean loss of a batch's scores (float32 (B, classes), before softmax or sigmoid)."""
        if not self.multi_label:
            return functional.cross_entropy(scores, labels)
        weight = None
        if self.weights is not None:
            absent, present = self.weights.to(scores.device)
            weight = torch.where(labels > 0, present, absent)
        return functional.binary_cross_entropy_with_logits(scores, labels, weight)

    def right(self, scores: Tensor, labels: Tensor) -> Tensor:
        """How many answers are right, of ``answers(labels)``; an int64 scalar where the scores are."""
        found = (scores > 0) == (labels > 0) if self.multi_label else scores.argmax(1) == labels
        return found.sum()

    def answers(self, labels: Tensor) -> int:
        """How many answers a batch asks for: one an image, or one a label."""
        return labels.numel()


def within(scores: Tensor, labels: Tensor, top: int) -> Tensor:
    """How many images have their label (int64 (B,)) among the ``top`` highest scores; an int64 scalar."""
    return (scores.topk(top).indices == labels[:, None]).sum()


def balanced(labels: np.ndarray) -> np.ndarray:
    """Weights that make the absence and the presence of each label count the same.

    Args:
        labels: float32 (N, classes) of 0 and 1.

    Returns:
        float32 (2, classes): absence, presence; 0 for what no image has, which is never asked for.
    """
    present = labels.sum(0, dtype=np.float64)
    counts = np.stack([len(labels) - present, present])
    return np.divide(len(labels) / 2, counts, out=np.zeros_like(counts), where=counts > 0).astype(np.float32)
