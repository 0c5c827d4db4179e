"""The weights that a training job starts from when it is given no model: those of the algorithm's container.

Which ones the container has is the environment's setting ``pretrained_weights``. AWS's container has ImageNet's. This
machine's has a backbone, whose classes are known: a job for classes that it has seen is refused, because its accuracy
would say nothing of classes that are new.

Example::

    >>> from scones import settings
    >>> from imageclassification.hyperparameters import parse
    >>> values = {"num_classes": "2", "num_training_samples": "900", "image_shape": "3,28,28", "num_layers": "20"}
    >>> chosen = parse({**values, "use_pretrained_model": "1"})
    >>> check(settings.load("local"), chosen, ("bicycle", "motorcycle"))
    >>> check(settings.load("local"), chosen, ("bicycle", "bus"))
    Traceback (most recent call last):
    imageclassification.errors.HyperparameterError: use_pretrained_model is 1, but the container's own weights have seen
    'bus'
    to start from them all the same: --seen; to train from scratch: --set use_pretrained_model=0; to make weights that
    have not seen them: invoke train.backbone --without bicycle,bus
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imageclassification import backbones
from imageclassification.errors import HyperparameterError
from imageclassification.hyperparameters import check_pretrained
from scones.dataset import labels

if TYPE_CHECKING:
    from imageclassification.hyperparameters import Hyperparameters
    from scones.settings import Environment


def check(
    environment: Environment, chosen: Hyperparameters, classes: Sequence[str] = (), *, seen: bool = False
) -> None:
    """Check a job without a model to start from: its container must have the weights that the job asks for.

    Args:
        chosen: The job's hyperparameters.
        classes: The job's classes, in label order. Without them, it is not checked which ones the weights have seen.
        seen: Whether the weights may have seen these classes.

    Raises:
        HyperparameterError: the container has no weights for this depth and shape, or they have seen the classes.
    """
    if not chosen.use_pretrained_model:
        return
    if environment.training.pretrained_weights == "imagenet":
        check_pretrained(chosen, model_channel=False)
        return
    known = backbones.fitting(chosen).seen(classes)
    if known and not seen:
        raise unfit("the container's own weights have", known, classes)


def unfit(whose: str, known: Sequence[str], classes: Sequence[str]) -> HyperparameterError:
    """The error for a start from weights that have seen classes of the job.

    Args:
        whose: The weights, with a verb: ``the model m.tar.gz has``.
        known: The classes that they have seen.
        classes: The job's classes.
    """
    return HyperparameterError(
        f"use_pretrained_model is 1, but {whose} seen {labels.join(known)}",
        hint="to start from them all the same: --seen; to train from scratch: --set use_pretrained_model=0; to make "
        f"weights that have not seen them: invoke train.backbone --without {','.join(classes)}",
    )


def described(environment: Environment, chosen: Hyperparameters) -> str:
    """The container's own weights in words, for a job that starts from them."""
    if environment.training.pretrained_weights == "imagenet":
        return "the container's own weights, of ImageNet"
    return f"the container's own weights, of {backbones.fitting(chosen).source}"
