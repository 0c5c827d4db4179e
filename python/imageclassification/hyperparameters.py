"""The hyperparameters of SageMaker's built-in Image Classification algorithm: names, types, defaults, ranges, rules.

The same code checks them before a job is sent and in the training process.

Example::

    >>> values = {"num_classes": "2", "num_training_samples": "900", "image_shape": "3,28,28", "num_layers": "20"}
    >>> chosen = parse(values)
    >>> chosen.learning_rate  # the algorithm's default
    0.1
    >>> chosen.to_strings() == values  # the HyperParameters of CreateTrainingJob
    True
    >>> parse({**values, "num_layers": "21"})
    Traceback (most recent call last):
    imageclassification.errors.HyperparameterError: num_layers is '21'; it must be one of 18, 20, 32, 34, ...

Source: "Image Classification Hyperparameters" in the SageMaker AI developer guide. The depths that each image height
allows are those of MXNet's example network (see imageclassification.symbol).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from imageclassification.errors import HyperparameterError

SMALL_IMAGE_HEIGHT = 28
SMALL_IMAGE_LAYERS = (20, 32, 44, 56, 110)
LARGE_IMAGE_LAYERS = (18, 34, 50, 101, 152, 200)
LARGEST_SIDE = 4096  # pixels; a mistyped side could take all memory


@dataclass(frozen=True)
class _Rule:
    """The rule of one hyperparameter. ``read`` raises a ValueError for a value that is not allowed."""

    allows: str  # the allowed values in words
    read: Callable[[str], Any]
    choices: tuple[str, ...] = ()
    write: Callable[[Any], str] = lambda value: _text(value)


def _whole(least: int, most: int | None = None) -> _Rule:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]+", text) or int(text) < least or (most is not None and int(text) > most):
            raise ValueError
        return int(text)

    return _Rule(f"a whole number from {least} " + ("on" if most is None else f"to {most}"), read)


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:  # also refuses nan
        raise ValueError
    return value


def _one_of(*choices: str, read: Callable[[str], Any] = str) -> _Rule:
    def look_up(text: str) -> Any:
        if text not in choices:
            raise ValueError
        return read(text)

    return _Rule(f"one of {', '.join(choices)}", look_up, choices)


def _image_shape(text: str) -> tuple[int, int, int]:
    channels, height, width = (int(side) for side in text.split(","))
    if min(channels, height, width) < 1 or max(height, width) > LARGEST_SIDE:
        raise ValueError
    return channels, height, width


def _epoch_list(text: str) -> tuple[int, ...]:
    steps = tuple(int(step) for step in text.split(","))
    if steps[0] < 1 or any(later <= earlier for earlier, later in pairwise(steps)):
        raise ValueError
    return steps


def _truth(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


_SHARE = _Rule("a number from 0 to 1", _share)
_SWITCH = _one_of("0", "1", read=lambda text: text == "1")
_LAYERS = tuple(str(depth) for depth in sorted(SMALL_IMAGE_LAYERS + LARGE_IMAGE_LAYERS))


def _value(rule: _Rule, default: Any = MISSING) -> Any:
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """A training job's hyperparameters, made and checked by ``parse``.

    The attributes have the algorithm's names and defaults, None if it has no default. ``given`` has the names that were
    set.
    """

    num_classes: int = _value(_whole(1))
    num_training_samples: int = _value(_whole(1))
    image_shape: tuple[int, int, int] = _value(
        _Rule(f"channels,height,width, as in 3,224,224, sides up to {LARGEST_SIDE}", _image_shape), (3, 224, 224)
    )
    num_layers: int = _value(_one_of(*_LAYERS, read=int), 152)
    epochs: int = _value(_whole(1), 30)
    mini_batch_size: int = _value(_whole(1), 32)
    learning_rate: float = _value(_SHARE, 0.1)
    lr_scheduler_factor: float = _value(_SHARE, 0.1)
    lr_scheduler_step: tuple[int, ...] | None = _value(_Rule("epochs in rising order, as in 10,20", _epoch_list), None)
    optimizer: str = _value(_one_of("sgd", "adam", "rmsprop", "nag"), "sgd")
    momentum: float = _value(_SHARE, 0.9)
    weight_decay: float = _value(_SHARE, 0.0001)
    beta_1: float = _value(_SHARE, 0.9)
    beta_2: float = _value(_SHARE, 0.999)
    eps: float = _value(_SHARE, 1e-8)
    gamma: float = _value(_SHARE, 0.9)
    use_pretrained_model: bool = _value(_SWITCH, False)
    augmentation_type: str | None = _value(_one_of("crop", "crop_color", "crop_color_transform"), None)
    resize: int | None = _value(_whole(1, LARGEST_SIDE), None)
    multi_label: bool = _value(_SWITCH, False)
    use_weighted_loss: bool = _value(_SWITCH, False)
    top_k: int | None = _value(_whole(2), None)
    precision_dtype: str = _value(_one_of("float32", "float16"), "float32")
    kv_store: str | None = _value(_one_of("dist_sync", "dist_async"), None)
    checkpoint_frequency: int | None = _value(_whole(1), None)
    early_stopping: bool = _value(_Rule("True or False", _truth, write=str), False)
    early_stopping_min_epochs: int = _value(_whole(1), 10)
    early_stopping_patience: int = _value(_whole(1), 5)
    early_stopping_tolerance: float = _value(_SHARE, 0.0)
    given: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    def to_strings(self) -> dict[str, str]:
        """The HyperParameters of CreateTrainingJob: those that were set, and those that differ from the defaults."""
        return {
            name: entry.metadata["rule"].write(getattr(self, name))
            for name, entry in _FIELDS.items()
            if name in self.given or getattr(self, name) != entry.default
        }


_FIELDS = {entry.name: entry for entry in fields(Hyperparameters) if "rule" in entry.metadata}


def allowed() -> dict[str, tuple[str | None, str]]:
    """The default (None if there is none) and the allowed values, in words, of every hyperparameter."""
    return {
        name: (
            None if entry.default in (MISSING, None) else entry.metadata["rule"].write(entry.default),
            entry.metadata["rule"].allows,
        )
        for name, entry in _FIELDS.items()
    }


# What other libraries call them.
_OTHER_NAMES = {
    "batch": "mini_batch_size",
    "batch_size": "mini_batch_size",
    "class_count": "num_classes",
    "classes": "num_classes",
    "depth": "num_layers",
    "epsilon": "eps",
    "image_size": "image_shape",
    "l2": "weight_decay",
    "layers": "num_layers",
    "num_epochs": "epochs",
    "pretrained": "use_pretrained_model",
    "samples": "num_training_samples",
}


def parse(values: Mapping[str, Any]) -> Hyperparameters:
    """Reads and checks the hyperparameters of a training job.

    Args:
        values: Strings by name, as in CreateTrainingJob. Numbers, bools and tuples are allowed too. Names with a
            leading underscore are skipped: SageMaker adds these to the jobs of a tuning job.

    Raises:
        HyperparameterError: If a name is unknown, a required one is missing, a value is not allowed, or two values
            contradict each other.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name.startswith("_"):
            continue
        if name not in _FIELDS:
            near = nearest(name, _FIELDS)
            raise HyperparameterError(
                f"there is no hyperparameter '{name}'",
                hint=f"did you mean {near}={_text(value)}?" if near else f"there are: {', '.join(_FIELDS)}",
            )
        found[name] = _read(name, value)
    missing = [name for name, entry in _FIELDS.items() if entry.default is MISSING and name not in found]
    if missing:
        raise HyperparameterError(
            f"the hyperparameter {missing[0]} is missing",
            hint="num_classes and num_training_samples are required: set both",
        )
    chosen = replace(Hyperparameters(**found), given=frozenset(found))
    _check_together(chosen)
    return chosen


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name that was probably meant: by its spelling, its initials, or a part of it. None if none is near.

    Example::

        >>> [nearest(name, _FIELDS) for name in ("lr", "batch_size", "LearningRate", "epoch", "layers", "zzz")]
        ['learning_rate', 'mini_batch_size', 'learning_rate', 'epochs', 'num_layers', None]
    """
    known = list(known)
    plain = name.strip().lower().replace("-", "_")
    for others in (_OTHER_NAMES.get(plain), plain):
        if others in known:
            return others
    for one in known:
        if len(plain) > 1 and plain == "".join(word[0] for word in one.split("_")):
            return one
    if near := get_close_matches(plain, known, n=1):
        return near[0]
    parts = [one for one in known if len(plain) > 3 and plain in one]
    return parts[0] if len(parts) == 1 else None


def check_pretrained(chosen: Hyperparameters, *, model_channel: bool) -> None:
    """Checks that the container's pretrained weights fit the job's image_shape.

    If the job has the channel ``model``, the weights come from the artifact there. ``imageclassification.pretrained``
    checks these. Without the channel, the built-in container has weights of its own: from ImageNet, for image_shape
    3,224,224 and 18 to 200 layers.

    Args:
        chosen: The hyperparameters.
        model_channel: Whether the job has the channel ``model``.

    Raises:
        HyperparameterError: If use_pretrained_model is 1 without the channel, and image_shape is not 3,224,224.
    """
    if chosen.use_pretrained_model and not model_channel and chosen.image_shape != (3, 224, 224):
        raise HyperparameterError(
            f"use_pretrained_model is 1 with image_shape {_text(chosen.image_shape)}; the container's own weights are "
            "for 3,224,224",
            hint="give a model to start from (invoke train --model), set image_shape to 3,224,224 and resize to 224 or "
            "more, or train from scratch",
        )


def _read(name: str, value: Any) -> Any:
    rule: _Rule = _FIELDS[name].metadata["rule"]
    text = value if isinstance(value, str) else rule.write(value)
    try:
        return rule.read(text.strip())
    except (ValueError, KeyError):
        near = get_close_matches(text.strip().lower(), rule.choices, n=1)
        raise HyperparameterError(
            f"{name} is '{text}'; it must be {rule.allows}", hint=f"did you mean {near[0]}?" if near else None
        ) from None


def _text(value: Any) -> str:
    """A value as the algorithm's documentation writes it."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (tuple, list)):
        return ",".join(str(item) for item in value)
    return str(value)


def _check_together(chosen: Hyperparameters) -> None:
    """Checks the rules between hyperparameters."""
    channels, height, width = chosen.image_shape
    if channels not in (1, 3):
        raise HyperparameterError(
            f"image_shape is {_text(chosen.image_shape)}, of {channels} channels; images are grey (1) or RGB (3)",
            hint=f"set image_shape to 3,{height},{width}",
        )
    small = height <= SMALL_IMAGE_HEIGHT
    depths = SMALL_IMAGE_LAYERS if small else LARGE_IMAGE_LAYERS
    if chosen.num_layers not in depths:
        raise HyperparameterError(
            f"num_layers is {chosen.num_layers}, but images {'up to' if small else 'over'} {SMALL_IMAGE_HEIGHT} pixels "
            f"high (image_shape {_text(chosen.image_shape)}) take {', '.join(map(str, depths))}",
            hint="for small images: num_layers 20 with image_shape 3,28,28",
        )
    if chosen.mini_batch_size > chosen.num_training_samples:
        raise HyperparameterError(
            f"mini_batch_size is {chosen.mini_batch_size}, more than num_training_samples "
            f"({chosen.num_training_samples})",
            hint="lower mini_batch_size: a batch cannot have more images than the channel",
        )
    if chosen.resize is not None and chosen.resize < max(height, width):
        raise HyperparameterError(
            f"resize is {chosen.resize}, less than the sides of image_shape {_text(chosen.image_shape)}",
            hint=f"images are cropped to image_shape after resizing: set resize to {max(height, width)} or more",
        )
    if chosen.top_k is not None and chosen.top_k > chosen.num_classes:
        raise HyperparameterError(
            f"top_k is {chosen.top_k}, more than num_classes, {chosen.num_classes}",
            hint=f"set top_k to {chosen.num_classes} or less",
        )
    if chosen.checkpoint_frequency is not None and chosen.checkpoint_frequency > chosen.epochs:
        raise HyperparameterError(
            f"checkpoint_frequency is {chosen.checkpoint_frequency}, more than epochs, {chosen.epochs}",
            hint=f"set checkpoint_frequency to {chosen.epochs} or less",
        )
    if chosen.use_weighted_loss and not chosen.multi_label:
        raise HyperparameterError(
            "use_weighted_loss is 1, but multi_label is 0; it weighs the labels of multi_label 1",
            hint="set use_weighted_loss to 0, or multi_label to 1",
        )
    if chosen.top_k is not None and chosen.multi_label:
        raise HyperparameterError(
            f"top_k is {chosen.top_k} with multi_label 1; top_k works only for images with one label",
            hint="leave top_k out",
        )
