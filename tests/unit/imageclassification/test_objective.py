"""Losses and accuracies agree with plain numpy and with scikit-learn's definition of balanced weights."""

import numpy as np
import pytest
import torch

from imageclassification.hyperparameters import parse
from imageclassification.objective import Objective, balanced, within

SCORES = torch.tensor([[2.0, -1.0, 0.5], [-0.5, 3.0, -2.0], [0.1, 0.2, 0.3], [-1.0, -1.0, 4.0]])
SEVERAL = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
ONE = torch.tensor([0, 1, 0, 2])


def chosen(**values):
    return parse({"num_classes": 3, "num_training_samples": 4, "mini_batch_size": 4} | values)


def cross_entropies():
    """The cross-entropy of each image and label, by its definition."""
    probabilities = 1 / (1 + np.exp(-SCORES.numpy().astype(np.float64)))
    return -np.log(np.where(SEVERAL.numpy() > 0, probabilities, 1 - probabilities))


def test_several_labels_have_the_mean_of_binary_cross_entropies():
    objective = Objective.of(chosen(multi_label=1), SEVERAL.numpy())
    assert objective.loss(SCORES, SEVERAL).item() == pytest.approx(cross_entropies().mean(), rel=1e-6)


def test_several_labels_are_counted_one_by_one():
    objective = Objective.of(chosen(multi_label=1), SEVERAL.numpy())
    assert objective.right(SCORES, SEVERAL).item() == 10  # one label of the first image and one of the second are wrong
    assert objective.answers(SEVERAL) == 12


def test_one_label_is_counted_by_image():
    objective = Objective.of(chosen(), ONE.numpy())
    assert objective.right(SCORES, ONE).item() == 3
    assert objective.answers(ONE) == 4
    assert [within(SCORES, ONE, top).item() for top in (1, 2, 3)] == [3, 3, 4]


def test_weights_make_presence_and_absence_of_each_label_count_the_same():
    weights = balanced(SEVERAL.numpy())
    present = SEVERAL.numpy().sum(0)
    np.testing.assert_allclose(weights[1] * present, 2)  # two of the four images
    np.testing.assert_allclose(weights[0] * (4 - present), 2)
    np.testing.assert_allclose(weights[:, 2], [4 / (2 * 1), 4 / (2 * 3)])  # sklearn's n_samples / (n_classes * count)


def test_weights_of_what_no_image_has_are_nought_and_do_no_harm():
    assert balanced(np.array([[1, 0], [1, 0]], np.float32)).tolist() == [[0, 0.5], [0.5, 0]]


def test_the_weighted_loss_is_that_of_the_weighted_sum():
    objective = Objective.of(chosen(multi_label=1, use_weighted_loss=1), SEVERAL.numpy())
    weights = balanced(SEVERAL.numpy())
    weighed = cross_entropies() * np.where(SEVERAL.numpy() > 0, weights[1], weights[0])
    assert objective.loss(SCORES, SEVERAL).item() == pytest.approx(weighed.mean(), rel=1e-6)
