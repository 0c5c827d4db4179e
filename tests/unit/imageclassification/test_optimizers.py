"""The optimizers, step by step against their formulas in plain numpy, and against PyTorch's where those agree."""

import numpy as np
import pytest
import torch
from torch import nn

from imageclassification.hyperparameters import parse
from imageclassification.optimizers import Optimizer

RATE, STEPS = 0.1, 4


class Two(nn.Module):
    """A weight, which decays, and an offset, which does not."""

    def __init__(self):
        super().__init__()
        self.register_parameter("arg:fc_weight", nn.Parameter(torch.tensor([1.0, -2.0, 0.5])))
        self.register_parameter("arg:fc_bias", nn.Parameter(torch.tensor([3.0])))


def gradients(step, values):
    return [np.cos((step + 1) * value).astype(np.float32) for value in values]


def chosen(**values):
    return parse({"num_classes": 2, "num_training_samples": 32} | values)


def run(hyperparameters):
    network = Two()
    optimizer = Optimizer(network, hyperparameters)
    for step in range(STEPS):
        values = [value.detach().numpy() for value in network.parameters()]
        for value, gradient in zip(network.parameters(), gradients(step, values), strict=True):
            value.grad = torch.from_numpy(gradient)
        optimizer.step(RATE)
        assert all(value.grad is None for value in network.parameters())
    return [value.detach().numpy() for value in network.parameters()]


def by_formula(update, decay):
    """``update(state, g, t)`` gives what is added to the weight; state is a dict that lives across steps."""
    values, states = [np.array([1.0, -2.0, 0.5]), np.array([3.0])], [{}, {}]
    for step in range(STEPS):
        for place, gradient in enumerate(gradients(step, [value.astype(np.float32) for value in values])):
            decayed = gradient + (decay * values[place] if place == 0 else 0)
            values[place] = values[place] + update(states[place], decayed, step + 1)
    return values


def sgd(state, g, t):
    state["m"] = 0.9 * state.get("m", 0) - RATE * g
    return state["m"]


def nag(state, g, t):
    state["m"] = 0.9 * state.get("m", 0) + g
    return -RATE * (g + 0.9 * state["m"])


def adam(state, g, t):
    state["m"] = 0.8 * state.get("m", 0) + 0.2 * g
    state["v"] = 0.99 * state.get("v", 0) + 0.01 * g * g
    return -RATE * np.sqrt(1 - 0.99**t) / (1 - 0.8**t) * state["m"] / (np.sqrt(state["v"]) + 1e-4)


def rmsprop(state, g, t):
    state["n"] = 0.7 * state.get("n", 0) + 0.3 * g * g
    return -RATE * g / np.sqrt(state["n"] + 1e-4)


@pytest.mark.parametrize(
    ("update", "settings"),
    [
        (sgd, {"momentum": 0.9}),
        (nag, {"momentum": 0.9}),
        (adam, {"beta_1": 0.8, "beta_2": 0.99, "eps": 1e-4}),
        (rmsprop, {"gamma": 0.7, "eps": 1e-4}),
    ],
)
def test_moves_weights_by_mxnets_formula(update, settings):
    found = run(chosen(optimizer=update.__name__, weight_decay=0.05, **settings))
    decay = 0.05 if update in (sgd, nag) else 0  # "ignored for other optimizers"
    for value, wanted in zip(found, by_formula(update, decay), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-5)


@pytest.mark.parametrize("name", ["sgd", "nag"])
def test_agrees_with_pytorch_while_the_rate_stays(name):
    theirs = Two()
    groups = [
        {"params": [value], "weight_decay": decay} for value, decay in zip(theirs.parameters(), (0.05, 0), strict=True)
    ]
    reference = torch.optim.SGD(groups, lr=RATE, momentum=0.9, nesterov=name == "nag")
    for step in range(STEPS):
        for value, gradient in zip(
            theirs.parameters(), gradients(step, [value.detach().numpy() for value in theirs.parameters()]), strict=True
        ):
            value.grad = torch.from_numpy(gradient)
        reference.step()
    found = run(chosen(optimizer=name, weight_decay=0.05))
    for value, wanted in zip(found, theirs.parameters(), strict=True):
        np.testing.assert_allclose(value, wanted.detach().numpy(), rtol=1e-5)


@pytest.mark.parametrize("settings", [{"beta_1": 1}, {"beta_2": 1, "eps": 1e-3}, {"beta_1": 0, "beta_2": 0}])
def test_adam_at_the_ends_of_its_ranges_stays_finite(settings):
    assert all(np.isfinite(value).all() for value in run(chosen(optimizer="adam", **settings)))


@pytest.mark.parametrize("name", ["sgd", "nag", "adam", "rmsprop"])
def test_what_a_graph_blocks_off_only_decays(name):
    network = Two()
    Optimizer(network, chosen(optimizer=name, weight_decay=0.5)).step(RATE)
    weight, offset = (value.detach().numpy() for value in network.parameters())
    moved = weight / np.array([1.0, -2.0, 0.5]) - 1
    expected = {"sgd": -RATE * 0.5, "nag": -RATE * 0.5 * 1.9}.get(name, 0)
    np.testing.assert_allclose(moved, expected, atol=1e-6)
    assert offset == 3
