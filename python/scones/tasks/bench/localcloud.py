"""``bench.cloud``, ``bench.kills`` and ``bench.console``: measure the local cloud and its console.

Example (not run: it takes minutes)::

    invoke bench.cloud
    invoke bench.kills --kills 20
    invoke bench.console
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from scones import settings
from scones.steps import bars
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context


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

    environment = settings.load(env)
    counts = tuple(options.whole_number(one, "--clients", most=64) for one in options.names(clients or "1,8,32"))
    lasting = options.seconds_of_a_round(seconds, default=5)
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
