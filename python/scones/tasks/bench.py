"""``invoke bench.train``: what training costs and reaches, with the public runs' figures beside it.

Example::

    invoke bench.train --seeds 5
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.data import bars

if TYPE_CHECKING:
    from rich.console import Console


@task(
    iterable=["set"],
    help={
        "seeds": "how many trainings, with seeds 0, 1, 2, …; 5 where not given",
        "data": "the data set's folder, as invoke etl makes it; build/dataset where not given",
        "set": "a hyperparameter of the algorithm, NAME=VALUE; may be given many times",
        "again": "train anew with seeds that an earlier run of this has done",
        "env": "the environment whose hyperparameters are used; local where not given",
    },
)
def train(context, seeds=None, data=None, set=None, again=False, env=None):
    """Train with several seeds, time each, and let each model answer the test images as the endpoint does.

    Each seed is a training process of its own on this machine, one after the other; no cloud is needed. Seeds that are
    done are kept in build/bench/train.json: after Ctrl-C, the same command goes on with the rest. Other images,
    hyperparameters or another machine begin anew.

    invoke bench.train
    invoke bench.train --seeds 1 --set epochs=10
    """
    from rich.console import Console

    from benchmarks import train as benchmark
    from scones import dataset
    from scones.training import request

    environment = settings.load(env)
    count = options.whole_number(seeds, "--seeds", default=5, least=1)
    found = dataset.load(Path(data).expanduser() if data else environment.build / "dataset")
    chosen = request.hyperparameters(
        environment, classes=len(found.classes), samples=found.size("train"), overrides=options.pairs(set)
    )
    bench = benchmark.Bench.of(found, chosen.to_strings())
    path = environment.build / "bench" / "train.json"
    if not again:
        bench = bench.resumed(path)
    console = Console()
    if bench.runs:
        console.print(f"{len(bench.runs)} done before, kept in {path}; --again trains anew", soft_wrap=True)
    for seed in bench.missing(count):
        with _watched(console, seed) as show:
            bench = bench.with_run(benchmark.measure(bench, seed, show))
        bench.save(path)
    console.print(benchmark.table(bench))
    console.print(f"written to {path}", soft_wrap=True)


@contextmanager
def _watched(console: Console, seed: int) -> Iterator[Callable[[Any], None]]:
    """A bar of a training's epochs; gives what is called with its progress."""
    with bars(console) as progress:
        bar = progress.add_task(f"seed {seed}", total=None)

        def show(now: Any) -> None:
            best = f", validation {now.stored:.3f}" if now.stored is not None else ""
            progress.update(bar, total=now.epochs, completed=now.epochs_done, description=f"seed {seed}{best}")

        yield show
