"""The learning rate's steps, and when early stopping stops."""

from imageclassification.hyperparameters import parse
from imageclassification.schedule import EarlyStopping, learning_rate


def hyperparameters(**values):
    return parse({"num_classes": 2, "num_training_samples": 100} | values)


def test_the_rate_is_multiplied_at_each_step():
    chosen = hyperparameters(learning_rate=0.8, lr_scheduler_factor=0.5, lr_scheduler_step="2,5")
    assert [learning_rate(chosen, epoch) for epoch in range(7)] == [0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]
    assert learning_rate(hyperparameters(), 29) == 0.1


def ended(accuracies, **settings):
    """The epoch with which training ends, None where it goes to its end."""
    early = EarlyStopping(hyperparameters(early_stopping=True, **settings))
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
