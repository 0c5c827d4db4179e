"""What changes from epoch to epoch: the learning rate, and whether there is to be another epoch.

::

    learning_rate(hyperparameters, 10)      # 0.01: the step at epoch 10 is reached
    early = EarlyStopping(hyperparameters)
    early.take(0, 0.81)
    early.due                               # False
"""

from __future__ import annotations

from dataclasses import dataclass

from imageclassification.hyperparameters import Hyperparameters


def learning_rate(chosen: Hyperparameters, epoch: int) -> float:
    """The rate of an epoch (counted from 0): multiplied by the factor at each step that is reached."""
    reached = sum(epoch >= step for step in chosen.lr_scheduler_step or ())
    return chosen.learning_rate * chosen.lr_scheduler_factor**reached


@dataclass
class EarlyStopping:
    """Whether validation accuracy has stopped getting better, by the ``early_stopping_*`` hyperparameters.

    The tolerance is relative to the best accuracy so far; patience is counted once the least number of epochs is over.
    """

    chosen: Hyperparameters
    best: float = 0.0
    waited: int = 0

    def take(self, epoch: int, accuracy: float) -> None:
        """Take in an epoch's accuracy (epochs counted from 0)."""
        if accuracy > self.best * (1 + self.chosen.early_stopping_tolerance):
            self.best, self.waited = accuracy, 0
        elif epoch + 1 > self.chosen.early_stopping_min_epochs:
            self.waited += 1

    @property
    def due(self) -> bool:
        """Whether training should end with the last epoch taken in."""
        return self.chosen.early_stopping and self.waited >= self.chosen.early_stopping_patience
