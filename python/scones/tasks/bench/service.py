"""``bench.update``, ``bench.arrival`` and ``bench.batch``: measure what is deployed around a model.

Example (not run: it takes minutes)::

    invoke bench.update
    invoke bench.arrival
    invoke bench.batch
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scones import settings
from scones.steps import bars
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context


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
