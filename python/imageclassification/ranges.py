"""The ranges and choices of hyperparameters that a tuning job searches, with the algorithm's limits.

Example::

    >>> searched = merge([read_range("learning_rate=0.01:0.3:log"), read_choice("optimizer=sgd,nag")])
    >>> as_request(searched)["CategoricalParameterRanges"]  # as_request makes ParameterRanges
    [{'Name': 'optimizer', 'Values': ['sgd', 'nag']}]
    >>> print(searched["learning_rate"])
    learning_rate 0.01 to 0.3 (log)
    >>> combinations(searched)  # None: infinitely many

Source of the limits: "Tune an Image Classification Model" in the SageMaker AI developer guide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from imageclassification.errors import HyperparameterError, UserError
from imageclassification.hyperparameters import allowed, nearest

SCALINGS = ("Auto", "Linear", "Logarithmic", "ReverseLogarithmic")
_SCALING_WORDS = {"auto": "Auto", "linear": "Linear", "log": "Logarithmic", "reverse-log": "ReverseLogarithmic"}


@dataclass(frozen=True)
class Range:
    """The numbers from ``least`` to ``most``, both included.

    Attributes:
        name: The hyperparameter.
        whole: Only whole numbers (an integer range). Otherwise the range is continuous.
        scaling: The ScalingType, one of ``SCALINGS``. ``ReverseLogarithmic`` is for values near 1, as in momentum.
    """

    name: str
    least: float
    most: float
    whole: bool = False
    scaling: str = "Auto"

    @property
    def ends(self) -> tuple[str, str]:
        """The smallest and the largest value, as text."""
        return self.written(self.least), self.written(self.most)

    @property
    def drawn_on(self) -> str:
        """The scale that values are drawn on, one of ``SCALINGS`` but ``Auto``.

        For ``Auto``, SageMaker chooses the scale. Here it is logarithmic if ``most`` is at least ten times ``least``.
        """
        if self.scaling != "Auto":
            return self.scaling
        return "Logarithmic" if self.least > 0 and self.most >= 10 * self.least else "Linear"

    def written(self, value: float) -> str:
        """A value as text, as CreateTrainingJob takes it."""
        return str(int(value)) if self.whole else repr(float(value))

    def __str__(self) -> str:
        words = {scaling: word for word, scaling in _SCALING_WORDS.items()}
        spread = "" if self.scaling == "Auto" else f" ({words[self.scaling]})"
        return f"{self.name} {self.ends[0]} to {self.ends[1]}{spread}"


@dataclass(frozen=True)
class Choice:
    """A categorical hyperparameter: each trial has one of the values."""

    name: str
    values: tuple[str, ...]

    @property
    def ends(self) -> tuple[str, ...]:
        """All values."""
        return self.values

    def __str__(self) -> str:
        return f"{self.name} {', '.join(self.values)}"


Searched = Mapping[str, Range | Choice]


def _by_name(*entries: Range | Choice) -> dict[str, Range | Choice]:
    return {entry.name: entry for entry in entries}


#: The hyperparameters that a tuning job may search, with the algorithm's limits.
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

#: The default search, around the recipe for small images. Each range goes a factor of three to ten to both sides, on a
#: scale that fits the hyperparameter. adam and rmsprop are left out: they need learning rates a hundred times lower
#: than sgd and nag, so one range for all would waste most trials.
SMALL_IMAGES: Searched = _by_name(
    Range("learning_rate", 0.02, 0.3, scaling="Logarithmic"),
    Range("weight_decay", 0.0001, 0.01, scaling="Logarithmic"),
    Range("momentum", 0.8, 0.98, scaling="ReverseLogarithmic"),
    Range("mini_batch_size", 32, 128, whole=True, scaling="Logarithmic"),
    Choice("optimizer", ("sgd", "nag")),
)


def read_range(text: str) -> Range:
    """Reads a range from the command line: ``NAME=LEAST:MOST`` or ``NAME=LEAST:MOST:SCALING``.

    Raises:
        UserError: If it has another form.
        HyperparameterError: If the hyperparameter cannot be searched, or the range exceeds the algorithm's limits.
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
    """Reads a choice from the command line: ``NAME=VALUE,VALUE``.

    Raises:
        UserError: If it has another form.
        HyperparameterError: If the hyperparameter cannot be searched, or the algorithm has no such value.
    """
    name, equals, rest = (part.strip() for part in text.partition("="))
    values = tuple(part.strip() for part in rest.split(",") if part.strip())
    if not equals or not name or not values:
        raise UserError(f"--choice {text} is not NAME=VALUE,VALUE", hint="for instance: --choice optimizer=sgd,nag")
    limits = _tunable(name)
    if isinstance(limits, Range):
        raise UserError(
            f"--choice {text}: {name} is a number, and the algorithm searches a range of it",
            hint=f"for instance: --range {name}={limits.ends[0]}:{limits.ends[1]}",
        )
    found = Choice(name, values)
    if problem := problem_of(found):
        raise HyperparameterError(problem)
    return found


def merge(entries: Iterable[Range | Choice]) -> Searched:
    """Ranges and choices by name.

    Raises:
        UserError: If a name occurs twice.
    """
    found: dict[str, Range | Choice] = {}
    for entry in entries:
        if entry.name in found:
            raise UserError(f"{entry.name} is given twice: {found[entry.name]}; {entry}; leave one out")
        found[entry.name] = entry
    return found


def problem_of(entry: Range | Choice) -> str | None:
    """Says why the algorithm cannot search a range or choice. None if it can."""
    limits = TUNABLE.get(entry.name)
    if limits is None:
        return f"{entry.name} cannot be searched: the algorithm tunes {', '.join(TUNABLE)}"
    if isinstance(limits, Choice):
        if not isinstance(entry, Choice):
            return f"{entry.name} is categorical"
        if unknown := [value for value in entry.values if value not in limits.values]:
            return f"{entry.name} cannot be '{unknown[0]}'; it is one of {', '.join(limits.values)}"
        repeated = {value for value in entry.values if entry.values.count(value) > 1}
        return f"{entry.name} has '{min(repeated)}' twice" if repeated else None
    if not isinstance(entry, Range) or entry.whole != limits.whole:
        return f"{entry.name} is {'an integer' if limits.whole else 'continuous'}"
    if not (math.isfinite(entry.least) and math.isfinite(entry.most)) or entry.least >= entry.most:
        return f"{entry.name} from {entry.ends[0]} to {entry.ends[1]} is no range: the first must be the smaller"
    if entry.least < limits.least or entry.most > limits.most:
        return f"{entry.name} from {entry.ends[0]} to {entry.ends[1]} goes beyond the algorithm's limits: {limits}"
    if entry.scaling == "Logarithmic" and entry.least <= 0:
        return (
            f"{entry.name} from {entry.ends[0]} on cannot be searched on a logarithmic scale: it needs values above 0"
        )
    if entry.scaling == "ReverseLogarithmic" and (entry.whole or entry.most >= 1):
        return f"{entry.name} cannot be searched on a reverse logarithmic scale: it needs fractions from 0 to below 1"
    return None


def combinations(searched: Searched) -> int | None:
    """The number of combinations. None if a continuous range makes it infinite."""
    count = 1
    for entry in searched.values():
        if isinstance(entry, Choice):
            count *= len(entry.values)
        elif entry.whole:
            count *= int(entry.most - entry.least) + 1
        else:
            return None
    return count


def as_request(searched: Searched) -> dict[str, Any]:
    """The ``ParameterRanges`` of CreateHyperParameterTuningJob."""
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
    """Reads the ``ParameterRanges`` of DescribeHyperParameterTuningJob. The inverse of :func:`as_request`."""
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
    near = nearest(name, TUNABLE)
    if name in allowed():
        hint = f"give it one value for all trials: --set {name}=VALUE"
    else:
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(TUNABLE)}"
    raise HyperparameterError(
        f"the algorithm does not let {name} be searched; it tunes {', '.join(TUNABLE)}", hint=hint
    )
