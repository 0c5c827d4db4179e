"""Measures a model's confidence on validation images, calibrates it, and proposes a threshold.

Example::

    >>> import numpy as np
    >>> logits = np.array([[4, 0], [0.5, 0], [0, 3], [0, 2]], np.float32)
    >>> answers = Answers(logits, labels=np.array([0, 1, 1, 1]))
    >>> answers.accuracy, round(answers.calibration_error(), 3)
    (0.75, 0.202)
    >>> propose(answers, 0.95).found
    Coverage(threshold=0.8, answered=3, share=0.75, accuracy=1.0, foreign=None)

:func:`ask` gets the answers of an artifact, and :func:`calibrate` calibrates it. Training images are no use for this,
because the network has memorized them.
"""

from scones.model.confidence.answers import ERROR, Answers, ask, calibrate
from scones.model.confidence.images import LabelledImages, images_of, stored_images
from scones.model.confidence.proposal import Proposal, propose

__all__ = [
    "ERROR",
    "Answers",
    "LabelledImages",
    "Proposal",
    "ask",
    "calibrate",
    "images_of",
    "propose",
    "stored_images",
]
