"""Chooses the hyperparameters of the next trial, by the strategies Random, Bayesian and Grid.

Bayesian is Optuna's tree-structured Parzen estimator (Bergstra et al., 2011, "Algorithms for Hyper-Parameter
Optimization"). SageMaker fits a Gaussian process. Both use the results of past trials, but they do not choose the same
values. The first third of the trials, at most ten, is drawn at random. ``Range.drawn_on`` resolves the scaling type
Auto. The same seed gives the same trials if they end in the same order.

Example::

    >>> searched = {"optimizer": Choice("optimizer", ("sgd", "nag"))}
    >>> search = Search(searched, strategy="Grid", jobs=2)
    >>> search.ask()
    Trial(number=0, values={'optimizer': 'sgd'})
    >>> search.tell(Trial(0, {"optimizer": "sgd"}), 0.91)
    >>> search.ask()
    Trial(number=1, values={'optimizer': 'nag'})
    >>> search.ask() is None
    True
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from imageclassification.ranges import Choice, Range, Searched, combinations

_DRAWS = 50  # the most attempts to draw a combination that has not been tried


@dataclass(frozen=True)
class Trial:
    """One combination of hyperparameters.

    Attributes:
        number: The trial's number, from 0.
        values: The searched hyperparameters, as a request writes them.
    """

    number: int
    values: dict[str, str]


class Search:
    """Chooses trials.

    Args:
        searched: Ranges and choices, by hyperparameter.
        strategy: ``Random``, ``Bayesian`` or ``Grid``. Grid takes choices only.
        jobs: The most trials.
        seed: The same seed chooses the same trials. None chooses at random.
    """

    def __init__(self, searched: Searched, *, strategy: str, jobs: int, seed: int | None = None) -> None:
        self._searched = searched
        self._number = itertools.count()
        self._tried: set[tuple[str, ...]] = set()
        self._asked: dict[int, Any] = {}
        self._grid = _grid(searched) if strategy == "Grid" else None
        self._study: Any = None if strategy == "Grid" else _study(strategy, jobs, seed)

    def ask(self) -> Trial | None:
        """The next trial. None if every combination has been tried."""
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
            # Bayesian search prefers combinations near good ones. If few are left, choose an untried one for it.
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
        """Report a trial's objective. None means that it failed."""
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
    # 1 - (1 - x) may differ from x in the last digit, and so leave the range.
    return entry.written(min(entry.most, max(entry.least, value)))


def _states() -> Any:
    from optuna.trial import TrialState

    return TrialState
