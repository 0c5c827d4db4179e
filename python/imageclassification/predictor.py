"""A model artifact that answers: images in, probabilities out, as the endpoint gives them.

::

    predictor = Predictor.load("model.tar.gz")
    predictor.probabilities([Path("bicycle.png").read_bytes()])     # array([[0.97, 0.03]], dtype=float32)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from imageclassification import artifact as artifacts
from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError
from imageclassification.images import decode, pixels
from imageclassification.network import Network

LARGEST_BATCH = 64


def one_image_at_a_time() -> None:
    """Let this process compute with one thread a request: for single images, more only wait for one another."""
    torch.set_num_threads(1)


class Predictor:
    """A network and the preprocessing that its endpoint does: resized to the network's input, raw 0 to 255.

    Attributes:
        artifact: What it was made of.
        image_shape: Channels (3: RGB, 1: grey), height and width of the network's input.
        num_classes: How many outputs there are.
        multi_label: Whether each output is a probability of its own (sigmoid), so that a row need not sum to 1.

    Raises:
        ArtifactError: the artifact's network cannot be run here.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.image_shape = artifact.image_shape
        if self.image_shape[0] not in (1, 3):
            raise ArtifactError(
                f"the artifact takes images of {self.image_shape[0]} channels; supported are 3 (RGB) and 1 (grey)"
            )
        self._network = Network(artifact.symbol, artifact.parameters).eval()
        self.num_classes = artifact.num_classes
        self.multi_label = self._network.multi_label

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Predictor:
        """The predictor of a ``model.tar.gz`` or of the folder of its files.

        Raises:
            ArtifactError: it cannot be read, or its network cannot be run here.
        """
        return cls(artifacts.read(path))

    def warm_up(self) -> None:
        """Answer once for nothing, so that the first real request does not pay for PyTorch's preparations."""
        with torch.inference_mode():
            self._network(torch.zeros(1, *self.image_shape))

    def probabilities(self, images: Sequence[bytes]) -> np.ndarray:
        """The probability of each class.

        Args:
            images: PNG or JPEG files' bytes.

        Returns:
            float32 (images, classes), classes in index order.

        Raises:
            ImageError: one of the images cannot be decoded.
        """
        return self._run(self._network, images)

    def logits(self, images: Sequence[bytes]) -> np.ndarray:
        """The scores that softmax (with ``multi_label``: sigmoid) makes the probabilities of; else as these."""
        return self._run(self._network.logits, images)

    def _run(self, forward: Callable[[Tensor], Tensor], images: Sequence[bytes]) -> np.ndarray:
        inputs = [pixels(decode(data, self.image_shape[0]), self.image_shape) for data in images]
        found = [np.zeros((0, self.num_classes), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(inputs), LARGEST_BATCH):
                batch = torch.from_numpy(np.stack(inputs[start : start + LARGEST_BATCH]))
                found.append(forward(batch.float()).float().numpy())
        return np.concatenate(found)
