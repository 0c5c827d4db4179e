"""``invoke local.up``, ``local.down``, ``local.status``, ``local.logs``: the local cloud."""

from __future__ import annotations

import time
from collections import deque
from datetime import timedelta
from pathlib import Path
from typing import Any

from localcloud.errors import LocalCloudError
from scones import settings
from scones.errors import SettingsError
from scones.tasks import options
from scones.tasks.cli import task

LINES = 50
ENVIRONMENT = "the environment whose cloud it is (default: SCONES_ENV, else local)"


def _state(env: str | None) -> Path:
    environment = settings.load(env)
    if environment.cloud_path is None:
        raise SettingsError(f"environment '{environment.name}' is AWS itself: it has no local cloud")
    return environment.cloud_path.parent


@task(help={"env": ENVIRONMENT, "port": "the port it must have (default: 5566, or a free one when that is taken)"})
def up(context: Any, env: str | None = None, port: str | None = None) -> None:
    """Start the local cloud, or find it running.

    It speaks AWS's APIs on this machine only and keeps everything in memory: what is in it is lost at local.down.
    """
    from localcloud import control

    wanted = options.whole_number(port, "--port", most=65535)
    state = _state(env)
    before = control.status(state)
    began = time.monotonic()
    cloud = control.up(state, port=wanted)
    how = "is running" if before else f"started in {time.monotonic() - began:.1f} s"
    print(f"the local cloud {how}: {cloud.endpoint} (pid {cloud.pid})")


@task(help={"env": ENVIRONMENT})
def down(context: Any, env: str | None = None) -> None:
    """End the local cloud; all that it holds is lost: buckets, models, endpoints, Terraform state."""
    from localcloud import control

    ended = control.down(_state(env))
    print("the local cloud has ended; what it held is gone" if ended else "the local cloud was not running")


@task(help={"env": ENVIRONMENT})
def status(context: Any, env: str | None = None) -> None:
    """Say whether the local cloud runs, and where; exit code 1 when it does not."""
    from localcloud import control

    cloud = control.status(_state(env))
    if cloud is None:
        print("the local cloud is not running; start it with: invoke local.up")
        raise SystemExit(1)
    age = timedelta(seconds=int(time.time() - cloud.started))
    print(f"the local cloud is running: {cloud.endpoint} (pid {cloud.pid}, up {age})\nits folder: {cloud.state}")


@task(help={"env": ENVIRONMENT, "lines": f"how many lines (default {LINES})", "follow": "go on as they are written"})
def logs(context: Any, env: str | None = None, lines: str | None = None, follow: bool = False) -> None:
    """Show the local cloud's log: every request, every refusal, every failure."""
    from localcloud import control

    count = options.whole_number(lines, "--lines", default=LINES, most=1_000_000)
    state = _state(env)
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
            print(log.read(), end="")  # the last words of one that has ended
