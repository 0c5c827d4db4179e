"""``invoke bench.*``: measures training, serving, updates, batches, arrivals, the console and the local cloud.

Example (not run: it takes minutes)::

    invoke bench.train --seeds 5
    invoke bench.foreign --artifact model.tar.gz --archive cifar-100-python.tar.gz
    invoke bench.serve
    invoke bench.update
    invoke bench.cloud
    invoke bench.kills --kills 20
    invoke bench.arrival
    invoke bench.batch
    invoke bench.console
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

    from scones.errors import InputError
    from scones.tasks.model import fetched

    environment = settings.load(env)
    counts = tuple(options.whole_number(one, "--clients", most=64) for one in options.names(clients or "1,2,4"))
    lasting = options.number(seconds or "2", "--seconds")
    if not 0 < lasting <= 600:
        raise InputError(f"--seconds must be more than 0 and at most 600, not {seconds}")
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


@task(help={"clients": "the number of parallel clients, which send without a pause (default: 2)"})
def update(context: Context, clients: str | None = None) -> None:
    """Measure endpoint updates: count the requests that fail while Terraform updates an endpoint.

    In its own local cloud, Terraform applies the module endpoint three times: with an artifact that cannot load, so
    that SageMaker rolls back and the apply fails; with the model before; and with one that loads. This takes about a
    minute. The results are kept in build/bench/update.json. Exit code 1 if any request failed.

    invoke bench.update
    """
    import tempfile

    from invoke.exceptions import Exit

    from benchmarks import update as benchmark

    count = options.whole_number(clients, "--clients", default=2, most=32)
    console = terminal()
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


@task(
    help={
        "clients": "the numbers of parallel clients, comma-separated (default: 1,8,32)",
        "seconds": "the length of a round (default: 5)",
        "rounds": "the number of rounds; medians are shown (default: 3)",
        "workflow": "also measure the project's own workflow and its endpoint (--no-workflow: only the chain)",
        "beside": "also measure MiniStack, in an environment under build/bench (--no-beside: only the local cloud)",
        "soak": "instead: so many executions, five times as many requests to the endpoint, and how quick it is then",
        "env": "use this environment's recipe (default: SCONES_ENV, else local)",
    }
)
def cloud(
    context: Context,
    clients: str | None = None,
    seconds: str | None = None,
    rounds: str | None = None,
    workflow: bool = True,
    beside: bool = True,
    soak: str | None = None,
    env: str | None = None,
) -> None:
    """Measure the local cloud: executions and invocations a second, beside MiniStack; and the project's own workflow.

    It starts a local cloud of its own, and ends it. MiniStack is installed once, from the package index. The results
    are kept in build/bench/cloud.json; those of --soak in build/bench/soak.json.

    invoke bench.cloud
    invoke bench.cloud --no-beside --clients 8
    invoke bench.cloud --soak 2000
    """
    import tempfile
    from contextlib import ExitStack, contextmanager

    from scones.errors import InputError

    environment = settings.load(env)
    counts = tuple(options.whole_number(one, "--clients", most=64) for one in options.names(clients or "1,8,32"))
    lasting = options.number(seconds or "5", "--seconds")
    if not 0 < lasting <= 600:
        raise InputError(f"--seconds must be more than 0 and at most 600, not {seconds}")
    times = options.whole_number(rounds, "--rounds", default=3)
    many = options.whole_number(soak, "--soak", most=100_000)
    console = terminal()

    from benchmarks import cloud as benchmark
    from benchmarks.cloud import Server
    from scones.training import request

    recipe = request.hyperparameters(environment, classes=2, samples=1000)

    def workflow_of(server: Server) -> None:
        with tempfile.TemporaryDirectory() as artifact:
            benchmark.deploy_workflow(server, Path(artifact), layers=recipe.num_layers, shape=recipe.image_shape)

    bench = environment.build / "bench"
    with (
        tempfile.TemporaryDirectory(prefix="bench-cloud-") as folder,
        bars(console) as progress,
        ExitStack() as stack,
    ):
        bar = progress.add_task("starting a local cloud", total=None)
        servers = [stack.enter_context(benchmark.ours(Path(folder, "cloud")))]
        if many or workflow:
            progress.update(bar, description="making the workflow")
            workflow_of(servers[0])
        if many:

            @contextmanager
            def fresh() -> Iterator[Server]:
                with benchmark.ours(Path(folder, "fresh"), benchmark.FRESH) as other:
                    workflow_of(other)
                    yield other

            found = benchmark.soak(servers[0], fresh, many, lambda name: progress.update(bar, description=name))
            console.print(benchmark.soak_table(found))
            path = benchmark.save_soak(bench / "soak.json", found)
        else:
            if beside:
                progress.update(bar, description="installing MiniStack")
                from scones.delivery.checks import environment as environments

                python = environments.ensure(bench, "ministack", benchmark.PINS, works="import ministack.app")
                servers.append(stack.enter_context(benchmark.ministack(python, Path(folder, "ministack"))))
            for server in servers:
                benchmark.deploy_chain(server)
            plan = [(work, servers) for work in ("chain", "function")]
            plan += [(work, servers[:1]) for work in ("workflow", "endpoint")] if workflow else []
            total = sum(len(those) for _, those in plan) * len(counts) * times
            progress.reset(bar, total=total)
            loads = []
            for work, those in plan:
                for count in counts:
                    progress.update(bar, description=f"{work}, {count} clients")
                    loads += benchmark.measure(
                        those,
                        work,
                        clients=count,
                        seconds=lasting,
                        rounds=times,
                        on_round=lambda: progress.advance(bar),
                    )
            progress.update(bar, description="idle")
            about = {"idle_percent_of_a_core": benchmark.idle(servers[0].pid, 10.0), "rounds": times}
            console.print(benchmark.table(loads))
            console.print(f"idle: {about['idle_percent_of_a_core']} % of a core")
            path = benchmark.save(bench / "cloud.json", loads, about)
    console.print(f"written to {path}", soft_wrap=True)


@task(
    iterable=["part"],
    help={
        "kills": "the number of kills of all parts together (default: 100)",
        "seed": "the seed of the random moments (default: 1)",
        "part": "only this part: executions, requests or demo; repeatable",
    },
)
def kills(
    context: Context,
    kills: str | None = None,
    seed: str | None = None,
    part: list[str] | None = None,
) -> None:
    """Kill local clouds at random moments while they are used, and check that nothing acknowledged is lost.

    Each part has a local cloud of its own: 200 executions of every kind, requests to many services, and the demo's own
    steps with small data. 100 kills take about half an hour. The results are kept in build/bench/kills.json. If
    something was lost, the clouds stay in build/bench/kills. Exit code 1 if anything was lost.

    invoke bench.kills
    invoke bench.kills --kills 20 --seed 7 --part requests
    """
    import shutil

    from invoke.exceptions import Exit

    from benchmarks import kills as benchmark
    from scones.errors import InputError

    count = options.whole_number(kills, "--kills", default=100, most=10_000)
    chosen = options.whole_number(seed, "--seed", default=1, least=0)
    for name in part or ():
        if name not in benchmark.PARTS:
            raise InputError(f"--part must be one of {', '.join(benchmark.PARTS)}, not '{name}'")
    bench = settings.ROOT / "build" / "bench"
    folder = bench / "kills"
    shutil.rmtree(folder, ignore_errors=True)
    console = terminal()
    with bars(console) as progress:
        bar = progress.add_task("starting", total=count)

        def show(what: str) -> None:
            progress.update(bar, description=what)

        found = benchmark.measure(
            folder,
            kills=count,
            seed=chosen,
            parts=part or tuple(benchmark.PARTS),
            on_moment=show,
            on_kill=lambda kill: progress.advance(bar),
        )
    console.print(benchmark.table(found))
    path = benchmark.save(bench / "kills.json", found)
    console.print(f"written to {path}", soft_wrap=True)
    for words in found.lost:
        console.print(words, style="red", markup=False, highlight=False, soft_wrap=True)
    if found.lost:
        raise Exit(code=1)
    shutil.rmtree(folder, ignore_errors=True)


@task(
    help={
        "uploads": "the number of pictures, one after the other (default: 50)",
        "env": "an environment whose service takes arrivals (default: SCONES_ENV, else local)",
    }
)
def arrival(context: Context, uploads: str | None = None, env: str | None = None) -> None:
    """Measure arrivals: from the upload of a picture to its result in the bucket, one after the other.

    It works in an environment that is applied, such as the one that make demo ARGS=--keep leaves. The first five
    pictures do not count, since functions start with them. The results are kept in build/bench/arrival.json.

    invoke bench.arrival
    invoke bench.arrival --uploads 200 --env dev
    """
    import json
    import statistics

    from benchmarks import arrival as benchmark
    from imageclassification import files
    from scones import aws
    from scones.tasks.inbox import with_arrivals

    environment = settings.load(env)
    count = options.whole_number(uploads, "--uploads", default=50, least=2, most=10_000)
    outputs = with_arrivals(environment)
    s3, console = aws.client(environment, "s3"), terminal()
    with bars(console) as progress:
        bar = progress.add_task("uploads", total=count)
        benchmark.latencies(s3, outputs["arrival"], benchmark.pictures(5, seed=1))
        images = progress.track(benchmark.pictures(count), task_id=bar)
        took = sorted(1000 * one for one in benchmark.latencies(s3, outputs["arrival"], images))
    found = {
        "uploads": count,
        "p50_ms": round(statistics.median(took)),
        "p90_ms": round(took[int(0.9 * count)]),
        "most_ms": round(took[-1]),
    }
    path = environment.build / "bench" / "arrival.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, json.dumps(found, indent=2) + "\n")
    console.print(
        f"upload to result: p50 {found['p50_ms']} ms, p90 {found['p90_ms']} ms, at most {found['most_ms']} ms; "
        f"{count} uploads",
        highlight=False,
    )
    console.print(f"written to {path}", soft_wrap=True)


@task(
    iterable=["how"],
    help={
        "images": "the number of images (default: 10000)",
        "hostile": "so many of them are no pictures: each must be refused by name (default: one in a hundred)",
        "how": "only this way: transform or map; repeatable",
        "data": "a folder with PNG files (default: build/dataset if it is there, else drawings)",
        "env": "use this environment's recipe (default: SCONES_ENV, else local)",
    },
)
def batch(
    context: Context,
    images: str | None = None,
    hostile: str | None = None,
    how: list[str] | None = None,
    data: str | None = None,
    env: str | None = None,
) -> None:
    """Measure batches: ten thousand images by Batch Transform and by Distributed Map on a local cloud of its own.

    The network is an untrained one of the recipe. The upload of the images does not count. The results are kept in
    build/bench/batch.json. Exit code 1 if an image has neither an answer nor a refusal.

    invoke bench.batch
    invoke bench.batch --images 1000 --how map
    """
    import tempfile

    from invoke.exceptions import Exit

    from benchmarks import batch as benchmark
    from benchmarks import cloud as clouds
    from scones.errors import InputError
    from scones.training import request

    environment = settings.load(env)
    count = options.whole_number(images, "--images", default=10_000, most=100_000)
    broken = options.whole_number(hostile, "--hostile", default=count // 100, least=0, most=count)
    ways = how or [benchmark.TRANSFORM, benchmark.MAP]
    for name in ways:
        if name not in (benchmark.TRANSFORM, benchmark.MAP):
            raise InputError(f"--how must be transform or map, not '{name}'")
    standing = environment.build / "dataset"
    folder = Path(data).expanduser() if data else standing if standing.is_dir() else None
    contents = benchmark.pictures(folder, count)
    recipe = request.hyperparameters(environment, classes=2, samples=1000)
    console, found = terminal(), []
    with tempfile.TemporaryDirectory(prefix="bench-batch-") as place, bars(console) as progress:
        bar = progress.add_task("starting a local cloud", total=None)
        with clouds.ours(Path(place, "cloud")) as server:
            progress.update(bar, description=f"uploading {count} images")
            benchmark.prepare(
                server, Path(place), contents, hostile=broken, layers=recipe.num_layers, shape=recipe.image_shape
            )
            for name in ways:
                progress.update(bar, description=name)
                if name == benchmark.MAP:
                    benchmark.deploy_map(server)
                found.append((benchmark.by_map if name == benchmark.MAP else benchmark.transform)(server, count))
    console.print(benchmark.table(found))
    path = benchmark.save(environment.build / "bench" / "batch.json", found)
    console.print(f"written to {path}", soft_wrap=True)
    if any(run.answered + run.refused != count for run in found):
        raise Exit(code=1)


@contextmanager
def _watched(console: Console, seed: int) -> Iterator[Callable[[Any], None]]:
    """Show a bar of a training's epochs. Gives the function to call with its progress."""
    with bars(console) as progress:
        bar = progress.add_task(f"seed {seed}", total=None)

        def show(now: Any) -> None:
            best = f", validation {now.kept:.3f}" if now.kept is not None else ""
            progress.update(bar, total=now.epochs, completed=now.epochs_done, description=f"seed {seed}{best}")

        yield show


@task(
    help={
        "executions": "how many executions are listed (default: 10000)",
        "events": "how many events the long execution has (default: 25000)",
        "rounds": "how often each thing is measured; medians are shown (default: 5)",
    }
)
def console(
    context: Context, executions: str | None = None, events: str | None = None, rounds: str | None = None
) -> None:
    """Measure the console: how soon an event is on the page, how long long lists take, and what it costs the processor.

    It starts a local cloud and a console of its own, and looks at it with this machine's Chromium. This takes about two
    minutes. The results are kept in build/bench/console.json.

    invoke bench.console
    invoke bench.console --executions 1000 --rounds 3
    """
    import tempfile

    from benchmarks import console as benchmark

    many = options.whole_number(executions, "--executions", default=benchmark.EXECUTIONS, most=100_000)
    long = options.whole_number(events, "--events", default=benchmark.EVENTS, least=100, most=25_000)
    times = options.whole_number(rounds, "--rounds", default=5, most=100)
    out = terminal()
    with tempfile.TemporaryDirectory(prefix="bench-console-") as folder, bars(out) as progress:
        bar = progress.add_task("starting", total=None)
        found = benchmark.measure(
            Path(folder),
            executions=many,
            events=long,
            rounds=times,
            on_phase=lambda name: progress.update(bar, description=name),
        )
    out.print(benchmark.table(found))
    path = benchmark.save(settings.ROOT / "build" / "bench" / "console.json", found)
    out.print(f"written to {path}", soft_wrap=True)
