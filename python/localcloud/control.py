"""Starts, finds and ends the local cloud of a checkout.

Example::

    cloud = up(Path("build/local"))     # running already, or started and ready
    cloud.endpoint                      # 'http://127.0.0.1:5566'
    down(Path("build/local"))           # True: one was running, and has ended

Whether a cloud is alive is asked of a file lock that its process holds (``cloud.lock``) and that the operating system
releases however the process ends. So a ``cloud.json`` left by a crash, even one whose pid belongs to another process by
now, is known to be stale. Everything in a local cloud is in its memory: when it ends, its buckets, models, state
machines and Terraform state are gone, and ``up`` clears what an earlier cloud left in the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from localcloud.errors import LocalCloudError

DEFAULT_PORT = 5566
IDENTITY_PATH = "/_local-cloud"
START_SECONDS = 60.0
STOP_SECONDS = 8.0
LOCK_SECONDS = 1.0

ADDRESS, LOCK, LOG, PREVIOUS_LOG = "cloud.json", "cloud.lock", "cloud.log", "cloud.previous.log"
_TURN = "turn.lock"
_KEPT = frozenset({LOCK, LOG, PREVIOUS_LOG, _TURN})


@dataclass(frozen=True)
class Cloud:
    """A running local cloud.

    Attributes:
        endpoint: ``http://127.0.0.1:PORT``: what ``AWS_ENDPOINT_URL`` is set to.
        port: Its port.
        pid: Its process.
        state: Its folder.
        started: When it was ready, in seconds since the epoch.
        access_key_id: The id of its account's root user's key.
        secret_access_key: That key's secret, which only this cloud has and only its owner can read.
    """

    endpoint: str
    port: int
    pid: int
    state: Path
    started: float
    access_key_id: str
    secret_access_key: str = field(repr=False)


def up(state: Path, *, port: int | None = None, tethered: bool = False) -> Cloud:
    """The folder's cloud: the running one, else a new one, ready to be called.

    Args:
        state: The cloud's folder. A new cloud begins by clearing it of everything but logs.
        port: The port that it must have; by default 5566, or a free one when something else has that.
        tethered: Whether the cloud ends when the calling process does. Otherwise it outlives it, until :func:`down`.

    Raises:
        LocalCloudError: the folder holds other things, the port is taken, the cloud runs on another one, or it did not
            start (with its last words).
    """
    state = state.absolute()
    state.mkdir(parents=True, exist_ok=True)
    _refuse_foreign(state)
    state.chmod(0o700)  # the key of a cloud, its objects and its logs are its owner's
    with _turn(state):
        running = status(state)
        if running:
            if port not in (None, running.port):
                raise LocalCloudError(
                    f"the local cloud of {state} runs on port {running.port}, not {port}",
                    hint="end it first with: invoke local.down",
                )
            return running
        _end(state)  # one that holds the lock and does not answer
        _clear(state)
        return _start(state, port, tethered)


def down(state: Path) -> bool:
    """End the folder's cloud and every process it started; with it goes all that it holds. False: none was running."""
    state = state.absolute()
    if not (state / LOCK).exists():
        return False
    with _turn(state):
        was_running = _end(state)
        _clear(state)
        return was_running


def status(state: Path) -> Cloud | None:
    """The folder's cloud, if it runs and answers."""
    state = state.absolute()
    if not is_alive(state):
        return None
    try:
        found = json.loads((state / ADDRESS).read_text())
        cloud = Cloud(**found, state=state)
        # No proxy, whatever the variables say: the address is this machine's own.
        with build_opener(ProxyHandler({})).open(cloud.endpoint + IDENTITY_PATH, timeout=5) as answer:
            return cloud if json.load(answer)["pid"] == cloud.pid else None
    except (OSError, URLError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _turn(state: Path) -> Iterator[None]:
    """One ``up`` or ``down`` at a time for a folder."""
    with (state / _TURN).open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def hold_lock(state: Path) -> IO[str] | None:
    """Take the folder's lock for this process's life; None when a cloud has it. Called by the server."""
    lock = (state / LOCK).open("a+")
    give_up = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > give_up:
                lock.close()
                return None
            time.sleep(0.01)  # it may be someone who only asks, in is_alive
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def is_alive(state: Path) -> bool:
    """Whether a process holds the folder's lock, ready or not."""
    try:
        with (state / LOCK).open() as lock:
            # Shared, so that of two who ask at once neither is taken for a cloud: what the lock's file says would then
            # be an earlier cloud's pid, which `down` would end although it may be anybody's by now.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False


def _start(state: Path, port: int | None, tethered: bool) -> Cloud:
    with contextlib.suppress(FileNotFoundError):
        (state / LOG).replace(state / PREVIOUS_LOG)
    ready, tell_ready = os.pipe()
    tether, _held = os.pipe() if tethered else (None, None)
    command = [sys.executable, "-m", "localcloud.server", "--state", str(state), "--ready-fd", str(tell_ready)]
    command += ["--port", str(port)] if port is not None else []
    command += ["--tethered"] if tethered else []
    with (state / LOG).open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=tether if tethered else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[tell_ready],
            start_new_session=True,  # Ctrl-C in this terminal is not meant for it
            env=_server_variables(),
        )
    # Reaps the server when it ends, so that a long-lived caller gathers no zombie. `_held` is left open on purpose:
    # the operating system closes it with this process, which is what a tethered cloud waits for.
    threading.Thread(target=process.wait, daemon=True).start()
    os.close(tell_ready)
    if tether is not None:
        os.close(tether)
    try:
        readable, _, _ = select.select([ready], [], [], START_SECONDS)
        said = os.read(ready, 1) if readable else b""
        found = status(state) if said else None
    except BaseException:
        process.kill()
        raise
    finally:
        os.close(ready)
    if not found:
        process.kill()
        words = (state / LOG).read_text(errors="replace").strip().splitlines()
        raise LocalCloudError(
            words[-1] if words else f"the local cloud did not start within {START_SECONDS:.0f} s",
            hint=f"its whole log: {state / LOG}",
        )
    return found


def _server_variables() -> dict[str, str]:
    """This process's variables without what would lead the cloud to a real AWS, or its own calls through a proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    return kept | {
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
    }


def _end(state: Path) -> bool:
    """End whoever holds the folder's lock: asked first, then killed. False: nobody did."""
    if not is_alive(state):
        return False
    for sign, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(OSError, ValueError):
            # The lock is held, so its content is the pid of the process that holds it.
            os.kill(int((state / LOCK).read_text()), sign)
        give_up = time.monotonic() + patience
        while time.monotonic() < give_up:
            if not is_alive(state):
                return True
            time.sleep(0.02)
    raise LocalCloudError(f"the local cloud of {state} does not end", hint=f"its pid is in {state / LOCK}")


def _refuse_foreign(state: Path) -> None:
    """Never clear a folder that has not been a cloud's: an environment may name a wrong one."""
    if not (state / LOCK).exists() and any(path.name != _TURN for path in state.iterdir()):
        raise LocalCloudError(
            f"{state} holds files that are no local cloud's, and a local cloud clears its folder",
            hint="let access.endpoint_file in the environment's environment.json name a file in a folder of its own",
        )


def _clear(state: Path) -> None:
    """Remove what belongs to a cloud that is gone: its address, its pinned model, its working files."""
    for path in state.iterdir():
        if path.name in _KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
