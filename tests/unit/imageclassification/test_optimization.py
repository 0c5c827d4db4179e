"""Each step of an optimizer agrees with its formula in plain numpy, and with PyTorch where the formulas are the same.

The file also tests the learning rate's steps and early stopping.
"""

import numpy as np
import pytest
import torch
from torch import nn

from imageclassification.hyperparameters import parse
from imageclassification.optimization import EarlyStopping, Optimizer, learning_rate

RATE, STEPS = 0.1, 4


class Two(nn.Module):
    """A model with a weight, which decays, and an offset, which does not."""

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
    """Train with a formula. ``update(state, g, t)`` returns a weight's change. The dict state is kept between steps."""
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


def test_the_rate_is_multiplied_at_each_step():
    stepped = chosen(learning_rate=0.8, lr_scheduler_factor=0.5, lr_scheduler_step="2,5")
    assert [learning_rate(stepped, epoch) for epoch in range(7)] == [0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]
    assert learning_rate(chosen(), 29) == 0.1


def ended(accuracies, **settings):
    """The epoch after which training stops early, or None."""
    early = EarlyStopping(chosen(early_stopping=True, **settings))
    for epoch, accuracy in enumerate(accuracies):
        early.take(epoch, accuracy)
        if early.due:
            return epoch
    return None


def test_early_stopping_waits_its_patience_after_the_least_epochs():
    flat = [0.5] * 30
    assert ended(flat) == 14  # at least 10 epochs, then 5 more without anything better
    assert ended(flat, early_stopping_min_epochs=1, early_stopping_patience=2) == 2
    assert ended([0.5, 0.6, 0.7, 0.8] * 2, early_stopping_min_epochs=1, early_stopping_patience=5) is None


def test_early_stopping_counts_only_what_passes_the_tolerance():
    slow = [0.5 * 1.01**epoch for epoch in range(30)]  # a hundredth better each epoch; the tolerance is relative
    settings = {"early_stopping_min_epochs": 1, "early_stopping_patience": 4}
    assert ended(slow, **settings) is None
    assert ended(slow, early_stopping_tolerance=0.03, **settings) is None  # reached within the patience
    assert ended(slow, early_stopping_tolerance=0.05, **settings) == 4
