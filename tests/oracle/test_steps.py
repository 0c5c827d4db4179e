"""Training steps give the same as genuine MXNet: loss, gradients, running statistics, decay and each optimizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from imageclassification import artifact, ndarray
from imageclassification.artifact import Artifact
from imageclassification.hyperparameters import parse
from imageclassification.network import Network
from imageclassification.objective import Objective
from imageclassification.optimization import Optimizer
from imageclassification.symbol import resnet

pytestmark = pytest.mark.nightly

SHAPE, CLASSES, BATCH, STEPS = (3, 12, 12), 3, 8, 3
# The hyperparameters and their names in MXNet. Learning rates are low, because high ones amplify rounding.
CASES: dict[str, dict[str, Any]] = {
    "sgd": {
        "ours": {"momentum": 0.9, "weight_decay": 0.1, "learning_rate": 0.005},
        "theirs": {"momentum": 0.9, "wd": 0.1, "learning_rate": 0.005},
    },
    "nag": {
        "ours": {"momentum": 0.8, "weight_decay": 0.1, "learning_rate": 0.005},
        "theirs": {"momentum": 0.8, "wd": 0.1, "learning_rate": 0.005},
    },
    "adam": {
        "ours": {"beta_1": 0.8, "beta_2": 0.99, "eps": 1e-3, "learning_rate": 0.001},
        "theirs": {"beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3, "learning_rate": 0.001},
    },
    "rmsprop": {
        "ours": {"gamma": 0.7, "eps": 1e-3, "learning_rate": 0.001},
        "theirs": {"gamma1": 0.7, "epsilon": 1e-3, "learning_rate": 0.001},
    },
    "several labels": {
        "ours": {"momentum": 0.9, "weight_decay": 0.1, "learning_rate": 0.005, "multi_label": 1},
        "theirs": {"momentum": 0.9, "wd": 0.1, "learning_rate": 0.005},
    },
}


def chosen(case: str) -> Any:
    size = {"num_classes": CLASSES, "num_training_samples": 100, "image_shape": SHAPE, "num_layers": 20}
    name = case if case in ("sgd", "nag", "adam", "rmsprop") else "sgd"
    return parse({**size, "mini_batch_size": BATCH, "optimizer": name, **CASES[case]["ours"]})


def batches(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Images, float32 (STEPS, BATCH, 3, 12, 12), and their labels."""
    random = np.random.default_rng(5)
    images = random.integers(0, 256, (STEPS, BATCH, *SHAPE)).astype(np.float32)
    if chosen(case).multi_label:
        return images, random.integers(0, 2, (STEPS, BATCH, CLASSES)).astype(np.float32)
    return images, random.integers(0, CLASSES, (STEPS, BATCH))


def begun(case: str) -> Artifact:
    hyperparameters = chosen(case)
    symbol = resnet(20, CLASSES, SHAPE, multi_label=hyperparameters.multi_label)
    parameters = Network.fresh(symbol, SHAPE, seed=3).parameter_arrays()
    for name in parameters:
        if name.endswith(("_beta", "_bias")):
            parameters[name] += np.float32(0.2)  # so that a decay would show
    return Artifact(symbol, parameters, [{"shape": [BATCH, *SHAPE], "name": "data"}], 1)


def trained_here(case: str) -> dict[str, np.ndarray]:
    hyperparameters, start = chosen(case), begun(case)
    network = Network(start.symbol, start.parameters).train()
    objective, optimizer = Objective(hyperparameters.multi_label), Optimizer(network, hyperparameters)
    for images, labels in zip(*batches(case), strict=True):
        objective.loss(network.logits(torch.from_numpy(images)), torch.from_numpy(labels)).backward()
        optimizer.step(hyperparameters.learning_rate)
    return network.parameter_arrays()


@pytest.fixture(scope="module")
def trained_there(oracle, tmp_path_factory) -> dict[str, dict[str, np.ndarray]]:
    folder: Path = tmp_path_factory.mktemp("steps")
    tasks = []
    for case, settings in CASES.items():
        images, labels = batches(case)
        np.save(folder / f"{case}-images.npy", images)
        np.save(folder / f"{case}-labels.npy", labels)
        artifact.write(folder / case, begun(case))
        tasks.append(
            {
                "task": "steps",
                "artifact": case,
                "images": f"{case}-images.npy",
                "labels": f"{case}-labels.npy",
                "optimizer": chosen(case).optimizer,
                "options": settings["theirs"],
                "trained": f"{case}.params",
            }
        )
    for result in oracle.run(folder, tasks):
        assert result.gave is None
    return {case: ndarray.loads((folder / f"{case}.params").read_bytes()) for case in CASES}


@pytest.mark.parametrize("case", CASES)
def test_steps_of_training_lead_where_genuine_mxnets_do(trained_there, case):
    before, ours, theirs = begun(case).parameters, trained_here(case), trained_there[case]
    assert set(ours) == set(theirs)
    for name in ours.keys() - {"arg:bn_data_gamma"}:  # it counts as 1, whatever value is stored
        moved, wanted = ours[name] - before[name], theirs[name] - before[name]
        # On a CPU, MXNet keeps the variance of n numbers. PyTorch and cuDNN keep n / (n - 1) of it. Here n is 72.
        tolerance = 0.05 if name.endswith("_moving_var") else 0.002
        np.testing.assert_allclose(moved, wanted, rtol=0, atol=tolerance * np.abs(wanted).max(), err_msg=name)
