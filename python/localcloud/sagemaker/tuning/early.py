"""Early stopping: SageMaker's median rule.

Source: "Stop Training Jobs Early" in the SageMaker AI developer guide. After each epoch, the value of the objective
metric is compared with the median of the running averages of all previous training jobs up to the same epoch. A job
with a worse value is stopped. The API reference speaks of "previously completed training jobs", so only ended jobs
count. The guide does not mention jobs that ended before that epoch. Here they do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median


def is_hopeless(values: Sequence[float], previous: Sequence[Sequence[float]]) -> bool:
    """Whether a trial should be stopped after its latest epoch.

    Args:
        values: The trial's objective metric, one value for each epoch so far.
        previous: The values of every other trial that has ended and has not failed.

    Example::

        The running averages of the two other trials at the second epoch are 0.65 and 0.51. Their median is 0.58.

        >>> is_hopeless([0.50, 0.55], [[0.60, 0.70, 0.80], [0.50, 0.52]])
        True
        >>> is_hopeless([0.50, 0.59], [[0.60, 0.70, 0.80], [0.50, 0.52]])
        False
    """
    epochs = len(values)
    if not epochs:
        return False
    averages = [fmean(others[:epochs]) for others in previous if len(others) >= epochs]
    if not averages:
        return False
    bar = median(averages)
    return values[-1] < bar
