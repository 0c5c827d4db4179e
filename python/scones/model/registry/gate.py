"""The gate of validation accuracy: what a model lacks for its approval.

Example::

    >>> lacks({"validation:accuracy": 0.93, "validation:images": 100.0}, minimum=0.75)
    >>> lacks({"validation:accuracy": 0.7}, minimum=0.75)
    'validation accuracy 0.700, minimum 0.75'
    >>> lacks({"validation:accuracy": 1.0, "validation:images": 9.0}, minimum=0.75)
    'validation accuracy 1.000 on only 9 images, so it may be 0.70 to 1.00 (95 %); about 12 are needed'
"""

from __future__ import annotations

from collections.abc import Mapping

from scones.model.measures import wilson
from scones.model.registry.pinned import VALIDATION_ACCURACY, VALIDATION_IMAGES

MARGIN = 0.125  # the accuracy's 95 % interval is within ±MARGIN with 12 to 58 images, by the accuracy
ENOUGH = 58  # of them, for every accuracy


def lacks(metrics: Mapping[str, float], *, minimum: float) -> str | None:
    """What a model lacks for its approval, in words. None if it lacks nothing.

    Its validation accuracy must reach the minimum, and be known well: its 95 % interval is within ±:data:`MARGIN`. If
    the number of images is not known, only the accuracy counts.
    """
    accuracy, images = metrics.get(VALIDATION_ACCURACY), round(metrics.get(VALIDATION_IMAGES, ENOUGH))
    if accuracy is None:
        return f"validation accuracy unknown, minimum {minimum}"
    if accuracy < minimum:
        return f"validation accuracy {accuracy:.3f}, minimum {minimum}"
    if images >= ENOUGH or _margin(accuracy, images) <= MARGIN:
        return None
    low, high = _interval(accuracy, images)
    needed = next(count for count in range(images, ENOUGH + 1) if _margin(accuracy, count) <= MARGIN)
    return (
        f"validation accuracy {accuracy:.3f} on only {images} images, so it may be {low:.2f} to {high:.2f} (95 %); "
        f"about {needed} are needed"
    )


def _interval(accuracy: float, images: int) -> tuple[float, float]:
    return wilson(round(accuracy * images), images)


def _margin(accuracy: float, images: int) -> float:
    low, high = _interval(accuracy, images)
    return (high - low) / 2
