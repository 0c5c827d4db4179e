"""What a model's confidence is worth: measured on validation images, calibrated, and turned into a threshold.

Example::

    answers = ask(read("model.tar.gz"), images_of(dataset))      # of the validation split
    answers.accuracy, answers.calibration_error()                # 0.91, 0.083
    calibrated, metrics = calibrate(artifact, answers)
    propose(answers, 0.95).found                                 # Coverage(threshold=0.81, answered=87, share=0.87, …)

Training images tell nothing of it: a network has learned those by heart.
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
