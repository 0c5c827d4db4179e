"""Temperature scaling agrees with PyTorch's optimiser and a brute-force grid, and is folded into real networks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from imageclassification import artifact as artifacts
from imageclassification import calibration, graph, symbol
from imageclassification.artifact import Artifact
from imageclassification.calibration import fit_temperature, fold, negative_log_likelihood
from imageclassification.errors import ArtifactError, UserError
from imageclassification.network import Network

pytestmark = pytest.mark.slow

SHAPE = (3, 28, 28)


def answers(seed: int, *, images: int = 300, classes: int = 3, scale: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores that are ``scale`` times too large: the labels are drawn from softmax(scores / scale)."""
    random = np.random.default_rng(seed)
    honest = random.normal(0, 2, (images, classes))
    weights = np.exp(honest)
    cumulated = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    labels = (random.random((images, 1)) > cumulated).sum(axis=1)
    return (honest * scale).astype(np.float32), labels


@pytest.mark.parametrize("scale", [0.7, 1.0, 2.5, 6.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_temperature_is_the_one_that_pytorchs_lbfgs_finds(seed: int, scale: float) -> None:
    logits, labels = answers(seed, scale=scale)
    temperature = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([temperature], lr=0.1, max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-14)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            torch.from_numpy(logits).double() / temperature, torch.from_numpy(labels)
        )
        loss.backward()
        return loss

    optimiser.step(closure)
    assert fit_temperature(logits, labels) == pytest.approx(temperature.item(), rel=1e-5)
    assert negative_log_likelihood(logits, labels, 1.3) == pytest.approx(
        torch.nn.functional.cross_entropy(torch.from_numpy(logits).double() / 1.3, torch.from_numpy(labels)).item()
    )


def test_no_temperature_of_a_fine_grid_is_likelier() -> None:
    logits, labels = answers(7, images=40, classes=10)
    found = fit_temperature(logits, labels)
    grid = np.geomspace(calibration.LOWEST, calibration.HIGHEST, 2000)
    best = min(negative_log_likelihood(logits, labels, one) for one in grid)
    assert negative_log_likelihood(logits, labels, found) <= best


def test_a_known_excess_of_confidence_is_found() -> None:
    logits, labels = answers(1, images=50_000, scale=3.0)
    assert fit_temperature(logits, labels) == pytest.approx(3.0, rel=0.02)


@pytest.mark.parametrize("images", [1, 2, 100])
def test_where_all_is_right_it_grows_no_more_than_twice_as_sure(images: int) -> None:
    logits = np.tile(np.array([[4.0, -4.0]], np.float32), (images, 1))
    assert fit_temperature(logits, np.zeros(images, np.int64)) == calibration.LOWEST
    assert fit_temperature(logits, np.ones(images, np.int64)) == calibration.HIGHEST


def test_scores_that_say_nothing_are_left_alone() -> None:
    assert fit_temperature(np.full((5, 3), 7.0), np.array([0, 1, 2, 0, 1])) == 1.0


def test_scores_of_any_size_are_borne() -> None:
    logits, labels = answers(2)
    assert fit_temperature(logits * 1e6, labels) == calibration.HIGHEST
    assert fit_temperature(logits * 1e-6, labels) == calibration.LOWEST
    assert fit_temperature(logits + 1e4, labels) == pytest.approx(fit_temperature(logits, labels), rel=1e-2)


@pytest.mark.parametrize(
    ("logits", "labels", "said"),
    [
        (np.zeros((0, 2)), np.zeros(0, np.int64), "there are no images"),
        (np.zeros((2, 2)), np.array([0, 2]), "labels go from 0 to 2; there are 2 classes"),
        (np.zeros((2, 2)), np.array([0]), r"shape \(2, 2\), .* shape \(1,\)"),
        (np.zeros((2, 2)), np.array([0.0, 1.0]), "of float64"),
        (np.array([[np.nan, 0]]), np.array([0]), "not a finite number"),
    ],
)
def test_what_cannot_be_fitted_is_told(logits: np.ndarray, labels: np.ndarray, said: str) -> None:
    with pytest.raises(UserError, match=said):
        fit_temperature(logits, labels)


def made(classes: int = 3, **changes: object) -> Artifact:
    """An artifact of an untrained network whose scores differ between the classes."""
    drawn = symbol.resnet(20, classes, SHAPE, **changes)
    network = Network.fresh(drawn, SHAPE, seed=5)
    parameters = network.parameter_arrays()
    bias = next(name for name in parameters if name.startswith("arg:fc") and name.endswith("bias"))
    parameters[bias] = np.linspace(-0.2, 0.3, classes, dtype=np.float32)
    return Artifact(drawn, parameters, [{"name": "data", "shape": [8, *SHAPE]}], 4)


def scores(artifact: Artifact, images: torch.Tensor) -> np.ndarray:
    with torch.inference_mode():
        return Network(artifact.symbol, artifact.parameters).eval().logits(images).float().numpy()


IMAGES = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (6, *SHAPE)).astype(np.float32))


def test_what_is_folded_survives_the_file_and_divides_all_scores(tmp_path) -> None:
    before = made()
    path = artifacts.write(tmp_path / "model.tar.gz", fold(before, 1.7))
    after = artifacts.read(path)
    was, is_ = scores(before, IMAGES), scores(after, IMAGES)
    np.testing.assert_allclose(is_, was / 1.7, rtol=1e-5, atol=1e-6 * np.abs(was).max())
    assert np.array_equal(is_.argmax(axis=1), was.argmax(axis=1))
    changed = [name for name, value in before.parameters.items() if not np.array_equal(value, after.parameters[name])]
    assert len(changed) == 2
    assert (after.symbol, after.shapes, after.epoch) == (before.symbol, before.shapes, before.epoch)


def test_half_precision_is_reached_through_its_casts() -> None:
    before = made(dtype="float16")
    after = fold(before, 2.0)
    np.testing.assert_allclose(scores(after, IMAGES), scores(before, IMAGES) / 2, rtol=1e-3, atol=1e-3)


def test_a_layer_without_bias_is_divided() -> None:
    before = made()
    nodes = [dict(node) for node in before.symbol["nodes"]]
    layer = next(node for node in nodes if node["op"] == "FullyConnected")
    layer["attrs"] = {**layer["attrs"], "no_bias": "True"}
    layer["inputs"] = layer["inputs"][:2]
    bare = dataclasses.replace(before, symbol={**before.symbol, "nodes": nodes})
    np.testing.assert_allclose(scores(fold(bare, 4.0), IMAGES), scores(bare, IMAGES) / 4, rtol=1e-5, atol=1e-2)


def test_a_network_of_several_labels_is_left_alone() -> None:
    with pytest.raises(ArtifactError, match=r"only a network that ends in a softmax.*LogisticRegressionOutput"):
        fold(made(multi_label=True), 2.0)


def test_a_network_that_ends_otherwise_is_named() -> None:
    before = made()
    nodes = [dict(node) for node in before.symbol["nodes"]]
    head = nodes[graph.head(before.symbol)]
    flatten = next(place for place, node in enumerate(nodes) if node["op"] == "Flatten")
    head["inputs"] = [[flatten, 0, 0], *head["inputs"][1:]]
    with pytest.raises(ArtifactError, match="the softmax takes from 'flatten0', a Flatten"):
        fold(dataclasses.replace(before, symbol={**before.symbol, "nodes": nodes}), 2.0)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_is_above_zero(temperature: float) -> None:
    with pytest.raises(UserError, match="above 0"):
        fold(made(), temperature)
