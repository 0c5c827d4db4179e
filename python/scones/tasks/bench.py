"""``invoke bench.*``: what training and serving cost, beside the public runs; what an update does to its callers.

Example::

    invoke bench.train --seeds 5
    invoke bench.serve
    invoke bench.update
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.steps import bars
from scones.tasks import options
from scones.tasks.cli import task

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console


@task(
    iterable=["set"],
    help={
        "seeds": "how many trainings, with seeds 0, 1, 2, …; 5 where not given",
        "data": "the data set's folder, as invoke etl makes it; build/dataset where not given",
        "set": "a hyperparameter of the algorithm, NAME=VALUE; may be given many times",
        "again": "train anew with seeds that an earlier run of this has done",
        "env": "the environment whose hyperparameters are used; SCONES_ENV or else local where not given",
    },
)
def train(
    context: Context,
    seeds: str | None = None,
    data: str | None = None,
    set: list[str] | None = None,
    again: bool = False,
    env: str | None = None,
) -> None:
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


@task(
    help={
        "artifact": "a model.tar.gz, its folder or s3://BUCKET/KEY; an untrained network of the recipe where not given",
        "clients": "how many clients ask at once, with commas; 1,2,4 where not given",
        "seconds": "how long a round lasts; 2 where not given",
        "rounds": "how many rounds the medians are of; 5 where not given",
        "public": "also serve the network of the public runs, as untrained (--no-public: only the artifact)",
        "env": "the environment whose recipe is used; SCONES_ENV or else local where not given",
    }
)
def serve(
    context: Context,
    artifact: str | None = None,
    clients: str | None = None,
    seconds: str | None = None,
    rounds: str | None = None,
    public: bool = True,
    env: str | None = None,
) -> None:
    """Start the serving process on an artifact, and measure how soon and how many requests it answers.

    Needs neither a data set nor a cloud: without --artifact it is an untrained network of the environment's recipe,
    which answers as soon as a trained one. Kept in build/bench/serve.json.

    invoke bench.serve
    invoke bench.serve --artifact build/model.tar.gz --no-public --clients 1,8
    """
    import tempfile

    from rich.console import Console

    from scones.errors import InputError
    from scones.tasks.model import fetched

    environment = settings.load(env)
    counts = tuple(options.whole_number(one, "--clients", most=64) for one in options.names(clients or "1,2,4"))
    lasting = options.number(seconds or "2", "--seconds")
    if not 0 < lasting <= 600:
        raise InputError(f"--seconds must be more than 0 and at most 600, not {seconds}")
    times = options.whole_number(rounds, "--rounds", default=5)
    console = Console()
    given = fetched(environment, artifact) if artifact else None

    from benchmarks import serve as benchmark
    from benchmarks.train import machine
    from scones.training import request

    with tempfile.TemporaryDirectory(prefix="bench-serve-") as folder, bars(console) as progress:
        bar = progress.add_task("making networks", total=None)
        subjects = []
        if given:
            subjects.append((str(artifact), given))
        else:
            recipe = request.hyperparameters(environment, classes=2, samples=1000)
            sides = ",".join(map(str, recipe.image_shape))
            name = f"the recipe's network: {recipe.num_layers} layers, {sides}"
            made = benchmark.fresh(Path(folder, "ours"), num_layers=recipe.num_layers, image_shape=recipe.image_shape)
            subjects.append((name, made))
        if public:
            layers, shape = benchmark.PUBLIC_LAYERS, benchmark.PUBLIC_SHAPE
            made = benchmark.fresh(Path(folder, "public"), num_layers=layers, image_shape=shape)
            subjects.append((benchmark.PUBLIC, made))
        served = []
        for name, path in subjects:
            progress.reset(bar, description=name, total=len(counts) * times)
            served.append(
                benchmark.measure(
                    name,
                    path,
                    clients=counts,
                    seconds=lasting,
                    rounds=times,
                    on_round=lambda: progress.advance(bar),
                )
            )
    found = machine()
    console.print(benchmark.table(served, found))
    path = benchmark.save(environment.build / "bench" / "serve.json", served, found)
    console.print(f"written to {path}", soft_wrap=True)


@task(help={"clients": "how many clients ask at once, without a pause; 2 where not given"})
def update(context: Context, clients: str | None = None) -> None:
    """Update an endpoint while clients ask it, and count the requests that were not answered: exit code 1 if any.

    In a local cloud of its own, Terraform applies to the module endpoint: an artifact that cannot load (SageMaker rolls
    back, and the apply must fail), the model before, and one that can. About a minute. Kept in build/bench/update.json.

    invoke bench.update
    """
    import tempfile

    from invoke.exceptions import Exit
    from rich.console import Console

    from benchmarks import update as benchmark

    count = options.whole_number(clients, "--clients", default=2, most=32)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="bench-update-") as folder, bars(console) as progress:
        bar = progress.add_task("starting", total=None)
        run = benchmark.measure(
            Path(folder), clients=count, on_phase=lambda name: progress.update(bar, description=name)
        )
    console.print(benchmark.table(run))
    path = benchmark.save(settings.ROOT / "build" / "bench" / "update.json", run)
    console.print(f"written to {path}", soft_wrap=True)
    for phase in run.phases:
        if phase.reason:
            console.print(f"{phase.name}: {phase.reason}", style="dim", markup=False, highlight=False, soft_wrap=True)
    for error in run.errors:
        console.print(error, style="red", markup=False)
    if run.failed:
        raise Exit(code=1)


@contextmanager
def _watched(console: Console, seed: int) -> Iterator[Callable[[Any], None]]:
    """A bar of a training's epochs; gives what is called with its progress."""
    with bars(console) as progress:
        bar = progress.add_task(f"seed {seed}", total=None)

        def show(now: Any) -> None:
            best = f", validation {now.kept:.3f}" if now.kept is not None else ""
            progress.update(bar, total=now.epochs, completed=now.epochs_done, description=f"seed {seed}{best}")

        yield show
