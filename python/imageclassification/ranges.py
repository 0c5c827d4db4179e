"""What a tuning job searches: ranges and choices of hyperparameters, the algorithm's limits, the defaults.

Example::

    searched = merge([read_range("learning_rate=0.01:0.3:log"), read_choice("optimizer=sgd,nag")])
    as_request(searched)     # ParameterRanges of CreateHyperParameterTuningJob

Source of the limits: "Tune an Image Classification Model" in the SageMaker AI developer guide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from imageclassification.errors import HyperparameterError, UserError
from imageclassification.hyperparameters import allowed

SCALINGS = ("Auto", "Linear", "Logarithmic", "ReverseLogarithmic")
_SCALING_WORDS = {"auto": "Auto", "linear": "Linear", "log": "Logarithmic", "reverse-log": "ReverseLogarithmic"}


@dataclass(frozen=True)
class Range:
    """The numbers between two, both included.

    Attributes:
        name: The hyperparameter.
        least: The smallest value searched.
        most: The largest value searched.
        whole: Whether only whole numbers are.
        scaling: How values are spread: one of ``SCALINGS``. ``ReverseLogarithmic`` is for what nears 1, as momentum.
    """

    name: str
    least: float
    most: float
    whole: bool = False
    scaling: str = "Auto"

    @property
    def ends(self) -> tuple[str, str]:
        """Its smallest and largest value as a hyperparameter is written."""
        return self.written(self.least), self.written(self.most)

    @property
    def drawn_on(self) -> str:
        """Its scale; for ``Auto``, which SageMaker settles by itself, logarithmic from an order of magnitude on."""
        if self.scaling != "Auto":
            return self.scaling
        return "Logarithmic" if self.least > 0 and self.most >= 10 * self.least else "Linear"

    def written(self, value: float) -> str:
        """A value of it, as a hyperparameter is written."""
        return str(int(value)) if self.whole else repr(float(value))

    def __str__(self) -> str:
        words = {scaling: word for word, scaling in _SCALING_WORDS.items()}
        spread = "" if self.scaling == "Auto" else f" ({words[self.scaling]})"
        return f"{self.name} {self.ends[0]} to {self.ends[1]}{spread}"


@dataclass(frozen=True)
class Choice:
    """Some words, of which each trial takes one.

    Attributes:
        name: The hyperparameter.
        values: What it may be.
    """

    name: str
    values: tuple[str, ...]

    @property
    def ends(self) -> tuple[str, ...]:
        """All that it may be: none lies between others."""
        return self.values

    def __str__(self) -> str:
        return f"{self.name} {', '.join(self.values)}"


Searched = Mapping[str, Range | Choice]


def _by_name(*entries: Range | Choice) -> dict[str, Range | Choice]:
    return {entry.name: entry for entry in entries}


#: What the algorithm lets a tuning job search, and how far.
TUNABLE: Searched = _by_name(
    Range("learning_rate", 1e-6, 0.5),
    Range("mini_batch_size", 8, 512, whole=True),
    Choice("optimizer", ("sgd", "adam", "rmsprop", "nag")),
    Range("momentum", 0.0, 0.999),
    Range("weight_decay", 0.0, 0.999),
    Range("beta_1", 1e-6, 0.999),
    Range("beta_2", 1e-6, 0.999),
    Range("eps", 1e-8, 1.0),
    Range("gamma", 1e-8, 0.999),
)

#: What is searched where nothing is said: a factor of some three to ten about the recipe for small images on either
#: side, on the scale on which each acts. adam and rmsprop are left out: their learning rates lie a hundred times lower
#: than those of sgd and nag, and one range for all would waste most of its trials.
SMALL_IMAGES: Searched = _by_name(
    Range("learning_rate", 0.02, 0.3, scaling="Logarithmic"),
    Range("weight_decay", 0.0001, 0.01, scaling="Logarithmic"),
    Range("momentum", 0.8, 0.98, scaling="ReverseLogarithmic"),
    Range("mini_batch_size", 32, 128, whole=True, scaling="Logarithmic"),
    Choice("optimizer", ("sgd", "nag")),
)


def read_range(text: str) -> Range:
    """A range as a person types it: ``NAME=LEAST:MOST`` or ``NAME=LEAST:MOST:SCALING``.

    Raises:
        UserError: it is not written so.
        HyperparameterError: the algorithm does not let it be searched, or not so far.
    """
    name, equals, rest = (part.strip() for part in text.partition("="))
    parts = [part.strip() for part in rest.split(":")]
    if not equals or not name or len(parts) not in (2, 3):
        raise UserError(
            f"--range {text} is not NAME=LEAST:MOST or NAME=LEAST:MOST:SCALING",
            hint="for instance: --range learning_rate=0.01:0.3:log",
        )
    limits = _tunable(name)
    if isinstance(limits, Choice):
        raise UserError(
            f"--range {text}: {name} is no number", hint=f"for instance: --choice {name}={','.join(limits.values[:2])}"
        )
    scaling = _SCALING_WORDS.get(parts[2].lower(), parts[2]) if len(parts) == 3 else "Auto"
    if scaling not in SCALINGS:
        near = get_close_matches(parts[2].lower(), _SCALING_WORDS, n=1)
        raise UserError(
            f"--range {text}: there is no scaling '{parts[2]}'; there are: {', '.join(_SCALING_WORDS)}",
            hint=f"did you mean {near[0]}?" if near else None,
        )
    try:
        least, most = (int(part) if limits.whole else float(part) for part in parts[:2])
    except ValueError:
        kind = "whole numbers" if limits.whole else "numbers"
        raise UserError(f"--range {text}: the ends of {name} must be {kind}") from None
    found = Range(name, least, most, limits.whole, scaling)
    if problem := problem_of(found):
        raise HyperparameterError(problem)
    return found


def read_choice(text: str) -> Choice:
    """A choice as a person types it: ``NAME=VALUE,VALUE``.

    Raises:
        UserError: it is not written so.
        HyperparameterError: the algorithm does not let it be searched, or has no such value.
    """
    name, equals, rest = (part.strip() for part in text.partition("="))
    values = tuple(part.strip() for part in rest.split(",") if part.strip())
    if not equals or not name or not values:
        raise UserError(f"--choice {text} is not NAME=VALUE,VALUE", hint="for instance: --choice optimizer=sgd,nag")
    limits = _tunable(name)
    if isinstance(limits, Range):
        raise UserError(
            f"--choice {text}: {name} is a number, which the algorithm searches between two",
            hint=f"for instance: --range {name}={limits.ends[0]}:{limits.ends[1]}",
        )
    found = Choice(name, values)
    if problem := problem_of(found):
        raise HyperparameterError(problem)
    return found


def merge(entries: Iterable[Range | Choice]) -> Searched:
    """What is searched, by name.

    Raises:
        UserError: a name comes twice.
    """
    found: dict[str, Range | Choice] = {}
    for entry in entries:
        if entry.name in found:
            raise UserError(f"{entry.name} is to be searched twice: {found[entry.name]}; {entry}")
        found[entry.name] = entry
    return found


def problem_of(entry: Range | Choice) -> str | None:
    """Why the algorithm does not search this; None where it does."""
    limits = TUNABLE.get(entry.name)
    if limits is None:
        return f"{entry.name} cannot be searched: the algorithm tunes {', '.join(TUNABLE)}"
    if type(limits) is not type(entry) or getattr(limits, "whole", None) != getattr(entry, "whole", None):
        kind = {Choice: "categorical"}.get(type(limits)) or ("an integer" if limits.whole else "continuous")
        return f"{entry.name} is {kind}"
    if isinstance(entry, Choice):
        if unknown := [value for value in entry.values if value not in limits.values]:
            return f"{entry.name} cannot be '{unknown[0]}'; it is one of {', '.join(limits.values)}"
        repeated = {value for value in entry.values if entry.values.count(value) > 1}
        return f"{entry.name} has '{min(repeated)}' twice" if repeated else None
    if not (math.isfinite(entry.least) and math.isfinite(entry.most)) or entry.least >= entry.most:
        return f"{entry.name} from {entry.ends[0]} to {entry.ends[1]} is no range: the first must be the smaller"
    if entry.least < limits.least or entry.most > limits.most:
        return f"{entry.name} from {entry.ends[0]} to {entry.ends[1]} goes beyond what the algorithm tunes: {limits}"
    if entry.scaling == "Logarithmic" and entry.least <= 0:
        return f"{entry.name} from {entry.ends[0]} on cannot be searched logarithmically: that takes values above 0"
    if entry.scaling == "ReverseLogarithmic" and (entry.whole or entry.most >= 1):
        return f"{entry.name} cannot be searched reverse-logarithmically: that takes fractions from 0 to less than 1"
    return None


def combinations(searched: Searched) -> int | None:
    """How many combinations there are; None where a continuous range makes them endless."""
    counts = [
        len(entry.values) if isinstance(entry, Choice) else int(entry.most - entry.least) + 1 if entry.whole else None
        for entry in searched.values()
    ]
    return None if None in counts else math.prod(counts)


def as_request(searched: Searched) -> dict[str, Any]:
    """``ParameterRanges`` of CreateHyperParameterTuningJob."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in searched.values():
        if isinstance(entry, Choice):
            given: dict[str, Any] = {"Name": entry.name, "Values": list(entry.values)}
            found.setdefault("CategoricalParameterRanges", []).append(given)
            continue
        least, most = entry.ends
        given = {"Name": entry.name, "MinValue": least, "MaxValue": most, "ScalingType": entry.scaling}
        found.setdefault("IntegerParameterRanges" if entry.whole else "ContinuousParameterRanges", []).append(given)
    return found


def from_request(ranges: Mapping[str, Any]) -> Searched:
    """What :func:`as_request` made, as a description of a tuning job shows it."""
    entries: list[Range | Choice] = [
        Range(
            given["Name"],
            float(given["MinValue"]),
            float(given["MaxValue"]),
            whole=field == "IntegerParameterRanges",
            scaling=given.get("ScalingType", "Auto"),
        )
        for field in ("ContinuousParameterRanges", "IntegerParameterRanges")
        for given in ranges.get(field) or []
    ]
    entries += [
        Choice(given["Name"], tuple(given["Values"])) for given in ranges.get("CategoricalParameterRanges") or []
    ]
    return merge(entries)


def _tunable(name: str) -> Range | Choice:
    if name in TUNABLE:
        return TUNABLE[name]
    near = get_close_matches(name, TUNABLE, n=1)
    if name in allowed():
        hint = f"give it one value for all trials: --set {name}=…"
    else:
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(TUNABLE)}"
    raise HyperparameterError(
        f"the algorithm does not let {name} be searched; it tunes {', '.join(TUNABLE)}", hint=hint
    )
