"""Images that are asked for at the same time are computed together, and have the answers that they would have alone."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError, ImageError
from imageclassification.gathering import MOST_TOGETHER, Gathering
from imageclassification.network import Network
from imageclassification.predictor import Predictor
from imageclassification.symbol import resnet

SHAPE = (3, 28, 28)


def png(number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    graph = resnet(20, 2, SHAPE)
    weights = Network.fresh(graph, SHAPE, seed=0).parameter_arrays()
    weights["aux:bn_data_moving_mean"] += 120  # as pixels are, so that no answer is certain
    weights["aux:bn_data_moving_var"] *= 50_000
    return Predictor(Artifact(graph, weights, [{"name": "data", "shape": [8, *SHAPE]}], epoch=1))


class Watched:
    """A predictor that waits for a signal, and notes how many images it computes at a time."""

    def __init__(self, predictor: Any) -> None:
        self._predictor, self.go, self.entered = predictor, threading.Event(), threading.Event()
        self.sizes: list[int] = []
        self.broken = -1  # the call that fails

    def prepared(self, data: bytes) -> np.ndarray:
        prepared: np.ndarray = self._predictor.prepared(data)
        return prepared

    def together(self, inputs: list[np.ndarray]) -> np.ndarray:
        self.entered.set()
        assert self.go.wait(60)
        self.sizes.append(len(inputs))
        if len(self.sizes) - 1 == self.broken:
            raise MemoryError("no memory is left")
        rows: np.ndarray = self._predictor.together(inputs)
        return rows


def asked_together(watched: Any, images: list[bytes]) -> list[Any]:
    """Each image in a thread of its own: the first is computed alone, and meanwhile the others wait."""
    gathering = Gathering(watched)

    def ask(image: bytes) -> Any:
        try:
            return gathering.probabilities([image])[0]
        except (ImageError, ArtifactError, MemoryError) as error:
            return error

    with ThreadPoolExecutor(len(images)) as threads:
        first = threads.submit(ask, images[0])
        assert watched.entered.wait(60)
        others = [threads.submit(ask, image) for image in images[1:]]
        ready = [one for one in images[1:] if one.startswith(b"\x89PNG")]
        while len(gathering._waiting) < len(ready):
            time.sleep(0.001)
        watched.go.set()
        return [one.result(30) for one in (first, *others)]


def test_those_that_wait_are_computed_at_once_with_the_bits_that_each_has_alone(predictor: Predictor) -> None:
    images, watched = [png(number) for number in range(7)], Watched(predictor)
    found = asked_together(watched, images)
    assert watched.sizes == [1, 6]
    alone = Gathering(predictor)
    for image, row in zip(images, found, strict=True):
        assert row.tobytes() == alone.probabilities([image])[0].tobytes()
        assert row == pytest.approx(predictor.probabilities([image])[0], abs=1e-5)


def test_no_more_are_computed_at_once_than_a_client_likes_to_wait_for(predictor: Predictor) -> None:
    watched = Watched(predictor)
    found = asked_together(watched, [png(0)] * (MOST_TOGETHER + 4))
    assert watched.sizes == [1, MOST_TOGETHER, 3]
    assert all(row.shape == (2,) for row in found)


def test_a_broken_image_is_an_error_of_its_own(predictor: Predictor) -> None:
    found = asked_together(Watched(predictor), [png(0), b"<html>", png(1)])
    assert [type(one) for one in found] == [np.ndarray, ImageError, np.ndarray]


def test_an_answer_that_is_no_number_is_an_error_of_its_own() -> None:
    class Diverged:
        def prepared(self, data: bytes) -> np.ndarray:
            return np.array([float(data[4:])])

        def together(self, inputs: list[np.ndarray]) -> np.ndarray:
            return np.stack(inputs)

    images = [b"\x89PNG0.5", b"\x89PNGnan", b"\x89PNG0.7"]
    found = asked_together(Watched(Diverged()), images)
    assert [type(one) for one in found] == [np.ndarray, ArtifactError, np.ndarray]


def test_a_failure_is_told_to_all_that_waited_and_the_next_are_answered(predictor: Predictor) -> None:
    watched = Watched(predictor)
    watched.broken = 1
    found = asked_together(watched, [png(number) for number in range(3)])
    assert [type(one) for one in found] == [np.ndarray, MemoryError, MemoryError]
    assert Gathering(cast(Predictor, watched)).probabilities([png(0)]).shape == (1, 2)
