"""``bench.train``, ``bench.foreign`` and ``bench.serve``: measure a model.

Example (not run: it takes minutes)::

    invoke bench.train --seeds 5
    invoke bench.foreign --artifact model.tar.gz --archive cifar-100-python.tar.gz
    invoke bench.serve
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.steps import Waiting, bars
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console


@task(
    iterable=["set"],
    help={
        "seeds": "the number of trainings, with seeds 0, 1, 2, … (default: 5)",
        "data": "the data set's folder, from invoke etl (default: build/dataset)",
        "set": "a hyperparameter of the algorithm, NAME=VALUE; repeatable",
        "again": "repeat seeds that an earlier run has done",
        "mxnet": "also measure genuine MXNet 1.9.1 with the same network, batch and images",
        "env": "use this environment's hyperparameters (default: SCONES_ENV, else local)",
    },
)
def train(
    context: Context,
    seeds: str | None = None,
    data: str | None = None,
    set: list[str] | None = None,
    again: bool = False,
    mxnet: bool = False,
    env: str | None = None,
) -> None:
    """Measure training: train with several seeds, and report the time and the test accuracy of each.

    It trains from the container's own weights, unless they have seen the classes, and from scratch;
    --set use_pretrained_model=0 or 1 is one of the two. Each seed is a training process on this machine, one after the
    other. No cloud is needed. The results are kept in build/bench/train-backbone.json and train.json, so after Ctrl-C
    the same command continues with the other seeds. With other images, other hyperparameters or on another machine it
    starts again.

    With --mxnet, it measures the steps of training alone first, in turns with genuine MXNet 1.9.1, which is installed
    in an environment of its own (build/oracle) and needs Linux on x86-64.

    invoke bench.train
    invoke bench.train --seeds 1 --set epochs=10 --set use_pretrained_model=0
    """
    from benchmarks import train as benchmark
    from imageclassification.errors import HyperparameterError
    from scones import dataset
    from scones.training import request, weights
    from scones.training.recipe import SMALL_IMAGES, TRANSFER

    environment = settings.load(env)
    count = options.whole_number(seeds, "--seeds", default=5, least=1)
    found = dataset.load(Path(data).expanduser() if data else environment.build / "dataset")
    overrides, console = options.pairs(set), terminal()
    if mxnet:
        from benchmarks import speed

        python = speed.mxnet(environment.build)
        recipe = {**overrides, "use_pretrained_model": "0"}
        with Waiting(console, "measuring the steps of training, in turns with MXNet"):
            speeds = speed.measure(
                found,
                request.hyperparameters(
                    environment, classes=len(found.classes), samples=found.size("train"), overrides=recipe
                ),
                python,
            )
        console.print(speed.table(speeds))
    asked = overrides.get("use_pretrained_model")
    kinds = {"1": ("train-backbone.json", TRANSFER), "0": ("train.json", SMALL_IMAGES)}
    for pretrained, (name, recipe) in kinds.items():
        if asked not in (None, pretrained):
            continue
        chosen = request.hyperparameters(
            environment,
            classes=len(found.classes),
            samples=found.size("train"),
            overrides={**overrides, "use_pretrained_model": pretrained},
            recipe=recipe,
        )
        try:
            weights.check(environment, chosen, found.classes)
        except HyperparameterError as unfit:
            if asked:
                raise
            console.print(f"not measured from a backbone: {unfit.message}", soft_wrap=True, markup=False)
            continue
        bench = benchmark.Bench.of(found, chosen)
        path = environment.build / "bench" / name
        if not again:
            bench = bench.resumed(path)
        if bench.runs:
            console.print(f"{len(bench.runs)} seeds are done already, see {path}; --again repeats them", soft_wrap=True)
        for seed in bench.missing(count):
            with _watched(console, seed) as show:
                bench = bench.with_run(benchmark.measure(bench, seed, show))
            bench.save(path)
        console.print(benchmark.table(bench))
        console.print(f"written to {path}", soft_wrap=True)


@task(
    help={
        "artifact": "a model of a data set with the class 'other': a model.tar.gz, its folder or s3://BUCKET/KEY",
        "archive": "CIFAR-100, which has the classes that were held out (default: what CIFAR100_ARCHIVE names)",
        "data": "the data set that the model was trained on (default: build/dataset)",
        "env": "use this environment's threshold (default: SCONES_ENV, else local)",
    }
)
def foreign(
    context: Context,
    artifact: str,
    archive: str | None = None,
    data: str | None = None,
    env: str | None = None,
) -> None:
    """Measure what a model with the class 'other' does with pictures that are of nothing that it knows.

    The pictures are of classes that invoke etl --other-without has held out, and 1,000 that show nothing: one colour, a
    shade, noise, text. The task shows how many pass each threshold, beside the wanted classes' test images.

    invoke etl --archive cifar-100-python.tar.gz --other-without snake,chair,train,seal,orange
    invoke train
    invoke bench.foreign --artifact model.tar.gz --archive cifar-100-python.tar.gz
    """
    import json
    import os

    from benchmarks import foreign as benchmark
    from imageclassification import artifact as artifacts
    from imageclassification import files
    from scones import dataset
    from scones.dataset.archive import VARIABLE
    from scones.errors import InputError
    from scones.tasks.model import fetched

    environment = settings.load(env)
    if not (place := archive or os.environ.get(VARIABLE)):
        raise InputError("there is no archive with other classes", hint=f"give --archive FILE, or set {VARIABLE}")
    found = dataset.load(Path(data).expanduser() if data else environment.build / "dataset")
    console = terminal()
    with bars(console) as progress:
        bar = progress.add_task("asking the model", total=None)
        kinds = benchmark.held_out(dataset.Archive(Path(place).expanduser()), found)
        measured = benchmark.measure(artifacts.read(fetched(environment, artifact)), found, kinds)
        progress.remove_task(bar)
    console.print(benchmark.tables(measured, threshold=environment.service["confidence_threshold"]))
    path = environment.build / "bench" / "foreign.json"
    files.write(path, json.dumps(measured.to_json(), indent=1) + "\n")
    console.print(f"written to {path}", soft_wrap=True)


@task(
    help={
        "artifact": "a model.tar.gz, its folder or s3://BUCKET/KEY (default: an untrained network of the recipe)",
        "clients": "the numbers of parallel clients, comma-separated (default: 1,2,4)",
        "seconds": "the length of a round (default: 2)",
        "rounds": "the number of rounds; medians are shown (default: 5)",
        "public": "also serve the network of the public runs, untrained (--no-public: only the artifact)",
        "env": "use this environment's recipe (default: SCONES_ENV, else local)",
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
    """Measure serving: start the serving process on an artifact, and report latency and throughput.

    No data set and no cloud are needed. Without --artifact, an untrained network of the environment's recipe is served,
    which is as fast as a trained one. The results are kept in build/bench/serve.json.

    invoke bench.serve
    invoke bench.serve --artifact build/model.tar.gz --no-public --clients 1,8
    """
    import tempfile

    from scones.tasks.model import fetched

    environment = settings.load(env)
    counts = tuple(options.whole_number(one, "--clients", most=64) for one in options.names(clients or "1,2,4"))
    lasting = options.seconds_of_a_round(seconds, default=2)
    times = options.whole_number(rounds, "--rounds", default=5)
    console = terminal()
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


@contextmanager
def _watched(console: Console, seed: int) -> Iterator[Callable[[Any], None]]:
    """Show a bar of a training's epochs. Gives the function to call with its progress."""
    with bars(console) as progress:
        bar = progress.add_task(f"seed {seed}", total=None)

        def show(now: Any) -> None:
            best = f", validation {now.kept:.3f}" if now.kept is not None else ""
            progress.update(bar, total=now.epochs, completed=now.epochs_done, description=f"seed {seed}{best}")

        yield show
