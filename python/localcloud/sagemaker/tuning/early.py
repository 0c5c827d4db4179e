"""Which trials are stopped early: SageMaker's median rule.

Example::

    is_hopeless([0.50, 0.55], [[0.60, 0.70, 0.80], [0.50, 0.52]])
    # True: the others' running averages at the second epoch are 0.65 and 0.51; 0.55 is below their median, 0.58

Source: "Stop Training Jobs Early" in the SageMaker AI developer guide: after each epoch, the value of the objective
metric is compared with the median of the running averages of all previous training jobs up to the same epoch, and a job
with a worse value is stopped. Previous are those that have ended: the API reference speaks of "previously completed
training jobs". It is not said what becomes of jobs that ended before that epoch; here they have no say in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median


def is_hopeless(values: Sequence[float], previous: Sequence[Sequence[float]]) -> bool:
    """Whether a trial is to be stopped after its last epoch.

    Args:
        values: Its objective metric, one value an epoch so far.
        previous: The same of every trial that has ended, and not failed.
    """
    epochs = len(values)
    if not epochs:
        return False
    averages = [fmean(others[:epochs]) for others in previous if len(others) >= epochs]
    if not averages:
        return False
    bar = median(averages)
    return values[-1] < bar
