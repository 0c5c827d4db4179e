"""``invoke local.*``: the local cloud is started, ended, looked at, told its quotas, and thrown away."""

from __future__ import annotations

import time
from collections import deque
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.errors import LocalCloudError
from scones import settings
from scones.errors import InputError, SettingsError
from scones.steps import Waiting
from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.deploying import LocalStatusResult
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from localcloud import control

LINES = 50
ENVIRONMENT = "the cloud's environment (default: SCONES_ENV, else local)"


def _state(environment: settings.Environment) -> Path:
    if environment.cloud_path is None:
        raise SettingsError(f"environment '{environment.name}' is AWS itself: it has no local cloud")
    return environment.cloud_path.parent


@task(
    help={
        "env": ENVIRONMENT,
        "port": "the port from now on (default: the one it had; for a new cloud 5566, or a free one)",
    }
)
def up(context: Any, env: str | None = None, port: str | None = None) -> None:
    """Start the local cloud, unless it is running. What it held before, it holds again.

    It serves AWS's APIs on this machine only. It keeps everything that it has acknowledged, also if it is killed.
    """
    from localcloud import control
    from localcloud.durability import facts, remains

    wanted = options.whole_number(port, "--port", most=65535)
    environment = settings.load(env)
    state = _state(environment)
    before = control.status(state)
    known = None if before else facts.read(state)
    alive = remains.last_alive(state)
    began = time.monotonic()
    with Waiting(terminal(stderr=True), "the local cloud starts"):
        cloud = control.up(state, port=wanted)
    how = "is running" if before else f"started in {time.monotonic() - began:.1f} s"
    if known and known.crashed:
        print(f"the local cloud had not ended in order: it crashed or was killed. Last alive: {remains.moment(alive)}")
        print("what it had acknowledged is there again, and its jobs, executions and endpoints go on")
        print("what it had not acknowledged is not there: run a command that failed then again")
        print(_models(environment), end="")
    print(f"the local cloud {how}: {cloud.endpoint} (pid {cloud.pid})")
    print(_slow(cloud), end="")
    print(_holds(state))


@task(help={"env": ENVIRONMENT, "yes": "do not ask, even if jobs or executions run"})
def down(context: Any, env: str | None = None, yes: bool = False) -> None:
    """Stop the local cloud. Everything in it is kept for the next local.up.

    If jobs or executions run, it asks first. They go on at the next local.up: jobs from their last checkpoint, and
    executions from their last finished state.
    """
    from localcloud import control

    state = _state(settings.load(env))
    if not yes and control.status(state):
        _ask_to_interrupt(state)
    with Waiting(terminal(stderr=True), "the local cloud writes everything down and ends"):
        ended = control.down(state)
    if ended:
        print(f"the local cloud has ended\n{_holds(state)}\nstart it again with: invoke local.up")
    else:
        print("the local cloud was not running")


@task(result=LocalStatusResult, help={"env": ENVIRONMENT})
def status(context: Any, env: str | None = None) -> TaskAnswer:
    """Show whether the local cloud is running, its address, and what it holds. Exit code 1 if it is not running."""
    from localcloud import control
    from localcloud.durability import facts, remains

    state = _state(settings.load(env))
    cloud = control.status(state)
    alive = cloud is not None or control.is_alive(state)
    seconds = None if cloud is None else int(time.time() - cloud.started)

    def show() -> None:
        if cloud is None and alive:
            print(f"the local cloud of {state} starts or does not answer; if that lasts: invoke local.down")
        elif cloud is None:
            print(f"the local cloud is not running: {remains.said(state)}\nstart it with: invoke local.up")
        else:
            age = timedelta(seconds=seconds or 0)
            print(f"the local cloud is running: {cloud.endpoint} (pid {cloud.pid}, up {age})")
            print(f"its folder: {cloud.state}")
            print(_slow(cloud), end="")
            print(_holds(state))

    known = facts.read(state) if cloud or not alive else None  # one that starts may have no database yet
    document = LocalStatusResult(
        status="running" if cloud else "starting" if alive else "not running",
        folder=str(state),
        endpoint=cloud.endpoint if cloud else None,
        pid=cloud.pid if cloud else None,
        seconds=seconds,
        latency=cloud.latency if cloud else None,
        holds=dict(known.holds) if known else {},
    )
    return TaskAnswer(lambda: document, show, code=0 if cloud else 1)


@task(help={"env": ENVIRONMENT, "yes": "do not ask"})
def reset(context: Any, env: str | None = None, yes: bool = False) -> None:
    """Throw away everything that the local cloud holds, and the model that is pinned in it. It is ended first."""
    import sys

    from localcloud import control
    from localcloud.durability import remains
    from localcloud.durability.errors import Unreadable
    from scones.tasks.prepare import asked

    environment = settings.load(env)
    state = _state(environment)
    if not control.is_kept(state):
        print(f"there is nothing to throw away in {state}")
        return
    try:
        holds = _holds(state)
    except Unreadable as error:  # throwing it away is the way out
        holds = f"what it holds cannot be used: {error.what}"
    runs = "it runs, and is ended first" if control.status(state) else "it does not run"
    print(f"this throws away the local cloud in {state} ({remains.size(state) / 1e6:,.1f} MB; {runs})\n{holds}")
    if not yes:
        if not sys.stdin.isatty():
            raise InputError("there is no terminal to ask on", hint="say --yes to go on without being asked")
        if not asked("Throw it away?"):
            raise InputError("nothing was thrown away")
    control.reset(state)
    print(f"thrown away\n{_models(environment)}start a new one with: invoke local.up")


@task(
    help={
        "value": "the quota: how many instances may train at once; 0 as in a new AWS account",
        "instance-type": "the instance type (default: the environment's, for training)",
        "env": ENVIRONMENT,
    }
)
def quota(context: Any, value: str, instance_type: str | None = None, env: str | None = None) -> None:
    """Set the local cloud's quota of training instances, to try what happens when it is too low.

    Service Quotas answers with it, and training and tuning jobs above it are refused, as on AWS. It is kept.

    invoke local.quota 0
    """
    from localcloud.servicequotas import operations, quotas

    environment = settings.load(env)
    state = _state(environment)
    count = options.whole_number(value, "value", least=0, most=10_000)
    name = quotas.name_of(instance_type or environment.training.instance_type)
    if name not in quotas.names():
        raise InputError(f"there is no quota '{name}'", hint="an instance type is, for instance, ml.g4dn.xlarge")
    state.mkdir(parents=True, exist_ok=True)
    quotas.write(state / operations.FILE, environment.region, name, count)
    print(f"the quota '{name}' (code {quotas.code_of(name)}) is {count} in {environment.region}")


def _ask_to_interrupt(state: Path) -> None:
    """Ask before a cloud is ended in which something runs.

    Raises:
        InputError: the answer is no, or there is no terminal to ask on.
    """
    import sys

    from localcloud.durability import facts, inventory
    from scones.tasks.prepare import asked

    known = facts.read(state)
    running = {kind: count for kind, count in (known.holds if known else {}).items() if kind.startswith("running ")}
    if not running:
        return
    said = f"the local cloud has {inventory.words(running)}: that is interrupted, and goes on at the next local.up"
    if not sys.stdin.isatty():
        raise InputError(f"{said}; nothing was ended", hint="to end it all the same: invoke local.down --yes")
    print(f"{said} (jobs from their last checkpoint, executions from their last finished state)")
    if not asked("End it?"):
        raise InputError("nothing was ended")


def _slow(cloud: control.Cloud) -> str:
    """How slow the cloud is on purpose, in one line; empty if it is not."""
    from localcloud import latency

    if cloud.latency == latency.NONE.name:
        return ""
    return f"its latency: {cloud.latency}; it is slow on purpose, because it was started with {latency.VARIABLE}\n"


def _holds(state: Path) -> str:
    """What the cloud of a folder holds, in one line."""
    from localcloud.durability import facts, inventory

    known = facts.read(state)
    return f"it holds: {inventory.words(known.holds if known else {})}"


def _models(environment: settings.Environment) -> str:
    """Where artifacts are that the cloud had sent to this machine, in one line; empty if there are none."""
    folder = environment.build / "artifacts"
    count = len(list(folder.glob("*/model.tar.gz")))
    if not count:
        return ""
    return f"{count} model artifacts that were fetched stay in {folder}: invoke register --artifact FILE\n"


@task(help={"env": ENVIRONMENT, "lines": f"the number of lines (default: {LINES})", "follow": "show new lines too"})
def logs(context: Any, env: str | None = None, lines: str | None = None, follow: bool = False) -> None:
    """Show the local cloud's log: requests, denials and failures."""
    from localcloud import control

    count = options.whole_number(lines, "--lines", default=LINES, most=1_000_000)
    state = _state(settings.load(env))
    path = state / control.LOG
    if not path.exists():
        raise LocalCloudError(f"there is no log yet: {path}", hint="start the local cloud with: invoke local.up")
    with path.open(errors="replace") as log:
        for line in deque(log, maxlen=count):
            print(line, end="")
        while follow and control.status(state):
            print(log.read(), end="", flush=True)
            time.sleep(0.5)
        if follow:
            print(log.read(), end="")  # the last lines, after the cloud has stopped
            print("the local cloud has ended; start it again with: invoke local.up")
