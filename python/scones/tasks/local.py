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
ENVIRONMENT = "the cloud's environment (default: SCONES_ENV, else local)"


def _state(env: str | None) -> Path:
    environment = settings.load(env)
    if environment.cloud_path is None:
        raise SettingsError(f"environment '{environment.name}' is AWS itself: it has no local cloud")
    return environment.cloud_path.parent


@task(help={"env": ENVIRONMENT, "port": "the port (default: 5566, or a free one if that is taken)"})
def up(context: Any, env: str | None = None, port: str | None = None) -> None:
    """Start the local cloud, unless it is running.

    It serves AWS's APIs on this machine only. It keeps everything in memory, so local.down loses all its resources.
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
    """Stop the local cloud. Its buckets, models, endpoints and Terraform state are lost."""
    from localcloud import control

    ended = control.down(_state(env))
    print("the local cloud has ended; what it held is gone" if ended else "the local cloud was not running")


@task(help={"env": ENVIRONMENT})
def status(context: Any, env: str | None = None) -> None:
    """Show whether the local cloud is running, and its address. Exit code 1 if it is not running."""
    from localcloud import control

    cloud = control.status(_state(env))
    if cloud is None:
        print("the local cloud is not running; start it with: invoke local.up")
        raise SystemExit(1)
    age = timedelta(seconds=int(time.time() - cloud.started))
    print(f"the local cloud is running: {cloud.endpoint} (pid {cloud.pid}, up {age})\nits folder: {cloud.state}")


@task(help={"env": ENVIRONMENT, "lines": f"the number of lines (default: {LINES})", "follow": "show new lines too"})
def logs(context: Any, env: str | None = None, lines: str | None = None, follow: bool = False) -> None:
    """Show the local cloud's log: requests, denials and failures."""
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
            print(log.read(), end="")  # the last lines, after the cloud has stopped
