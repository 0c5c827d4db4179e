"""Which hyperparameters are tried next: the strategies Random, Bayesian and Grid.

Example::

    search = Search(searched, strategy="Bayesian", jobs=12, seed=7)
    trial = search.ask()         # Trial(number=0, values={'learning_rate': '0.0534…', 'optimizer': 'nag'})
    search.tell(trial, 0.91)     # or None: it failed

Bayesian is Optuna's tree-structured Parzen estimator (Bergstra et al., 2011, "Algorithms for Hyper-Parameter
Optimization"). SageMaker fits a Gaussian process: both model what was seen to choose what comes next, but they do not
choose the same values. The first third of the jobs (ten at most) is drawn at random. ``Range.drawn_on`` says what Auto
scaling comes to. A seed gives the same trials again as long as they end in the same order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from imageclassification.ranges import Choice, Range, Searched, combinations

_DRAWS = 50  # so often a trial is drawn again that has been tried already


@dataclass(frozen=True)
class Trial:
    """One combination to be tried.

    Attributes:
        number: 0, 1, …
        values: The searched hyperparameters, as they are written.
    """

    number: int
    values: dict[str, str]


class Search:
    """Chooses trials.

    Args:
        searched: What is searched.
        strategy: ``Random``, ``Bayesian`` or ``Grid`` (of choices only).
        jobs: How many trials there will be at most.
        seed: Repeats the choice.
    """

    def __init__(self, searched: Searched, *, strategy: str, jobs: int, seed: int | None = None) -> None:
        self._searched = searched
        self._number = itertools.count()
        self._tried: set[tuple[str, ...]] = set()
        self._asked: dict[int, Any] = {}
        self._grid = _grid(searched) if strategy == "Grid" else None
        self._study = None if strategy == "Grid" else _study(strategy, jobs, seed)

    def ask(self) -> Trial | None:
        """The next trial; None where every combination has been tried."""
        if self._grid is not None:
            values = next(self._grid, None)
            return None if values is None else Trial(next(self._number), values)
        distributions = {name: _distribution(entry) for name, entry in self._searched.items()}
        for _ in range(_DRAWS):
            asked = self._study.ask(distributions)
            values = {name: _written(entry, asked.params[name]) for name, entry in self._searched.items()}
            if tuple(values.values()) not in self._tried:
                break
            self._study.tell(asked, state=_states().FAIL)
        else:
            # Bayesian search comes back to what was good: where few combinations are left, it is given one of them.
            values = self._untried()
            if values is None:
                return None
            self._study.enqueue_trial(
                {
                    name: value if isinstance(self._searched[name], Choice) else int(value)
                    for name, value in values.items()
                }
            )
            asked = self._study.ask(distributions)
        self._tried.add(tuple(values.values()))
        trial = Trial(next(self._number), values)
        self._asked[trial.number] = asked
        return trial

    def _untried(self) -> dict[str, str] | None:
        if combinations(self._searched) is None:
            return None
        return next((values for values in _grid(self._searched) if tuple(values.values()) not in self._tried), None)

    def tell(self, trial: Trial, value: float | None) -> None:
        """How a trial did: its objective, or None where it has none."""
        asked = self._asked.pop(trial.number, None)
        if asked is not None:
            self._study.tell(asked, value, state=_states().FAIL if value is None else None)


def _grid(searched: Searched) -> Iterator[dict[str, str]]:
    for values in itertools.product(*map(_all, searched.values())):
        yield dict(zip(searched, values, strict=True))


def _all(entry: Range | Choice) -> Iterable[str]:
    return entry.values if isinstance(entry, Choice) else map(str, range(int(entry.least), int(entry.most) + 1))


def _study(strategy: str, jobs: int, seed: int | None) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler: optuna.samplers.BaseSampler
    if strategy == "Random":
        sampler = optuna.samplers.RandomSampler(seed=seed)
    else:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(1, min(10, jobs // 3)))
    return optuna.create_study(direction="maximize", sampler=sampler)


def _distribution(entry: Range | Choice) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(entry, Choice):
        return CategoricalDistribution(entry.values)
    if entry.whole:
        return IntDistribution(int(entry.least), int(entry.most), log=entry.drawn_on == "Logarithmic")
    if entry.drawn_on == "ReverseLogarithmic":
        return FloatDistribution(1 - entry.most, 1 - entry.least, log=True)
    return FloatDistribution(entry.least, entry.most, log=entry.drawn_on == "Logarithmic")


def _written(entry: Range | Choice, value: Any) -> str:
    if isinstance(entry, Choice):
        return value
    if entry.drawn_on == "ReverseLogarithmic":
        value = 1 - value
    # Taking away from 1 and back again may pass an end by the last digit.
    return entry.written(min(entry.most, max(entry.least, value)))


def _states() -> Any:
    from optuna.trial import TrialState

    return TrialState
