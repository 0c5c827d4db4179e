"""Gives the probabilities of an artifact for images, as an endpoint does.

Example::

    >>> import io
    >>> from PIL import Image
    >>> from imageclassification.symbol import resnet
    >>> graph = resnet(20, 2, (3, 28, 28))
    >>> weights = Network.fresh(graph, (3, 28, 28), seed=0).parameter_arrays()
    >>> predictor = Predictor(Artifact(graph, weights, [{"name": "data", "shape": [32, 3, 28, 28]}], epoch=1))
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (64, 48), "red").save(file, "PNG")
    >>> found = predictor.probabilities([file.getvalue()] * 3)
    >>> found.shape, found.dtype
    ((3, 2), dtype('float32'))
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from imageclassification import artifact as artifacts
from imageclassification import memory, program
from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError
from imageclassification.images import decode, pixels
from imageclassification.network import Network

LARGEST_BATCH = 64
LARGEST_OUTPUTS = 1 << 30  # bytes, for one batch


def one_image_at_a_time() -> None:
    """Sets PyTorch's number of threads to 1. More threads do not make the answer for a single image faster."""
    torch.set_num_threads(1)


class Predictor:
    """A network with the endpoint's preprocessing: images are resized to the network's input, pixels go from 0 to 255.

    Attributes:
        image_shape: Channels (3 for RGB, 1 for grey), height and width of the network's input.
        multi_label: Whether each class has a probability of its own (sigmoid). Then rows need not sum to 1.

    Raises:
        ArtifactError: If the network cannot be run.
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
        read = program.read(artifact.symbol)
        shapes = program.shapes(read, self.image_shape, {name: one.shape for name, one in artifact.parameters.items()})
        self._batch = max(1, min(LARGEST_BATCH, LARGEST_OUTPUTS // memory.need(read, shapes).peak))
        self.multi_label = self._network.multi_label

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Predictor:
        """Reads the artifact from a ``model.tar.gz``, or from a folder with its files.

        Raises:
            ArtifactError: If it cannot be read, or the network cannot be run.
        """
        return cls(artifacts.read(path))

    def warm_up(self) -> None:
        """Runs the network once. PyTorch's preparations then do not delay the first request."""
        with torch.inference_mode():
            self._network(torch.zeros(1, *self.image_shape))

    def probabilities(self, images: Sequence[bytes]) -> np.ndarray:
        """The probability of each class.

        Args:
            images: The bytes of PNG or JPEG files.

        Returns:
            float32 (images, classes), classes in index order.

        Raises:
            ImageError: If an image cannot be decoded.
            ArtifactError: If an answer is no number (NaN or infinity), because the weights are too large.
        """
        return self._run(self._network, images)

    def logits(self, images: Sequence[bytes]) -> np.ndarray:
        """The scores before the softmax or sigmoid. Arguments, shape and errors as for :meth:`probabilities`."""
        return self._run(self._network.logits, images)

    def prepared(self, data: bytes) -> np.ndarray:
        """The network's input for an image.

        Raises:
            ImageError: If the image cannot be decoded.
        """
        return pixels(decode(data, self.image_shape[0]), self.image_shape)

    def together(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """The probabilities of prepared images. A row is the same to the last bit, whichever images are beside it.

        PyTorch computes the convolutions of one small image by another way than those of several. The rows would
        differ in the seventh digit, so one image is computed twice, beside itself. A row may have no numbers (NaN).

        Args:
            inputs: What :meth:`prepared` returns, at least one.
        """
        if self._batch == 1:  # the network is so large that only one image at a time fits into memory
            return self._computed(self._network, inputs)
        alone = len(inputs) % self._batch == 1
        return self._computed(self._network, [*inputs, inputs[-1]] if alone else inputs)[: len(inputs)]

    def _run(self, forward: Callable[[Tensor], Tensor], images: Sequence[bytes]) -> np.ndarray:
        return finite(self._computed(forward, [self.prepared(data) for data in images]))

    def _computed(self, forward: Callable[[Tensor], Tensor], inputs: Sequence[np.ndarray]) -> np.ndarray:
        found = [np.zeros((0, self.num_classes), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(inputs), self._batch):
                batch = torch.from_numpy(np.stack(inputs[start : start + self._batch]))
                found.append(forward(batch.float()).float().numpy())
        return np.concatenate(found)


def finite(answers: np.ndarray) -> np.ndarray:
    """The answers, if all of them are numbers.

    Raises:
        ArtifactError: If one is not (NaN or infinity).
    """
    if not np.isfinite(answers).all():
        raise ArtifactError(
            "the model's answer has values that are no numbers (NaN or infinity)",
            hint="its weights are too large: its training diverged; train again",
        )
    return answers
