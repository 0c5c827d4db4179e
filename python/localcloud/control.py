"""Starts, finds and ends the local cloud of a folder.

Example (not run: it starts a cloud)::

    cloud = up(Path("build/local"))     # the running cloud, or one that is ready
    cloud.endpoint                      # 'http://127.0.0.1:5566'
    down(Path("build/local"))           # True: a cloud was running, and it has ended
    reset(Path("build/local"))          # throws away what it holds

The cloud's process holds a file lock (``cloud.lock``) while it lives. The operating system releases the lock however
the process ends. So the lock tells whether a cloud is alive, even if a crash leaves a stale ``cloud.json`` and another
process has the same pid by now.

A local cloud keeps everything that it has acknowledged in its folder (:mod:`localcloud.durability`). ``up`` after
``down``, or after a crash, has it all again, on the same port and with the same keys. :func:`reset` throws it away.
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

from localcloud import latency
from localcloud.children import inherited
from localcloud.durability import facts
from localcloud.errors import LocalCloudError
from localcloud.logfile import open_log

DEFAULT_PORT = 5566
IDENTITY_PATH = "/_local-cloud"
START_SECONDS = 120.0  # it loads what it holds; a process that fails is noticed at once
STOP_SECONDS = 60.0  # it writes everything down
LOCK_SECONDS = 1.0
#: What the server says when it is ready. Otherwise it says its error: a JSON object with message and hint.
READY = b"\n"
#: Variables for the server's process alone: large blocks of memory go back to the system when they are free
#: (mallopt(3)). Objects are such blocks. Training would take three times as long with them.
MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "262144"}

ADDRESS, LOCK, LOG, PREVIOUS_LOG = "cloud.json", "cloud.lock", "cloud.log", "cloud.previous.log"
#: The file whose space is given up when the disk is full (:mod:`localcloud.diskspace`).
SPARE = "spare"
_TURN = "turn.lock"
_LOCKS = frozenset({LOCK, _TURN})
#: The pinned models of the environment. They belong to the cloud that has their artifacts.
PINS = ("model.tfvars.json", "candidate.tfvars.json")
#: All names in a cloud's folder. :func:`reset` refuses a folder with any other.
OWN = _LOCKS.union(
    (ADDRESS, LOG, PREVIOUS_LOG, facts.DATABASE, f"{facts.DATABASE}-wal", f"{facts.DATABASE}-shm"),
    (*facts.CONTENTS, *PINS, "training", "transform", "endpoints", "functions"),
    ("alarm-clock", "lambda-retries", "quotas.json", SPARE),
    ("authorization.step", "authorization.jsonl"),
)


@dataclass(frozen=True)
class Cloud:
    """A running local cloud.

    Attributes:
        endpoint: ``http://127.0.0.1:PORT``, the value for ``AWS_ENDPOINT_URL``.
        port: The TCP port.
        pid: The process id.
        state: The cloud's folder, an absolute path.
        started: When the cloud was ready, in seconds since 1970.
        access_key_id: The access key id of the account's root user.
        secret_access_key: The secret of that key. Every cloud has its own, and only the folder's owner can read it.
        latency: How slow it is on purpose (:mod:`localcloud.latency`).
    """

    endpoint: str
    port: int
    pid: int
    state: Path
    started: float
    access_key_id: str
    secret_access_key: str = field(repr=False)
    latency: str = latency.NONE.name


def up(state: Path, *, port: int | None = None, tethered: bool = False) -> Cloud:
    """Find the cloud of a folder, or start it and wait until it is ready.

    Args:
        state: The cloud's folder. What a cloud held there before, it holds again.
        port: The port that the cloud must have from now on. By default it keeps its port. A new cloud takes 5566, or a
            free port if 5566 is taken. With 0, a new cloud takes a free port.
        tethered: Ends the cloud when the calling process ends. Otherwise the cloud runs until :func:`down`.

    Raises:
        LocalCloudError: The folder belongs to another user or holds files of something else, the port is taken, the
            running cloud has another port, or the cloud did not start. The last case shows the last line of its log.
        Unreadable: What the folder keeps is damaged or of another version. Nothing was changed.
    """
    state = state.absolute()
    try:
        state.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _no_folder(state) from None
    _refuse_foreign(state)
    state.chmod(0o700)  # only the owner may read the cloud's key, objects and logs
    with _turn(state):
        running = status(state)
        if running:
            wanted = latency.chosen(os.environ).name
            if wanted != running.latency:
                raise LocalCloudError(
                    f"the local cloud of {state} runs with the latency {running.latency!r}, not {wanted!r}",
                    hint=f"end it first with: invoke local.down; or export {latency.VARIABLE}={running.latency}",
                )
            if port not in (None, 0, running.port):
                raise LocalCloudError(
                    f"the local cloud of {state} runs on port {running.port}, not {port}",
                    hint="end it first with: invoke local.down",
                )
            return running
        _end(state)  # a cloud that holds the lock but does not answer
        return _start(state, port, tethered)


def down(state: Path) -> bool:
    """End the cloud of a folder and all processes that it started. The folder keeps what the cloud holds.

    Returns:
        True if a cloud was running. It has written everything down.
    """
    state = state.absolute()
    if not (state / LOCK).exists():
        return False
    with _turn(state):
        return _end(state)


def reset(state: Path) -> bool:
    """End the cloud of a folder if it runs, and delete everything that it holds, with its logs and the pinned model.

    Returns:
        True if there was something to delete.

    Raises:
        LocalCloudError: The folder belongs to another user or holds files of something else. Nothing was deleted.
    """
    state = state.absolute()
    if not state.exists():
        return False
    _refuse_foreign(state)
    # A file that is being written has a name of its own: imageclassification.files.
    names = {path.name for path in state.iterdir() if not path.match(".*.part")}
    _refuse(state, names - OWN)
    if not names:
        return False
    with _turn(state):
        _end(state)
        return _clear(state)


def is_kept(state: Path) -> bool:
    """Whether a folder has anything that :func:`reset` throws away."""
    return state.is_dir() and any(path.name not in _LOCKS for path in state.iterdir())


def status(state: Path) -> Cloud | None:
    """The cloud of a folder; None if it does not run or does not answer."""
    state = state.absolute()
    if not is_alive(state):
        return None
    try:
        found = json.loads((state / ADDRESS).read_text())
        cloud = Cloud(**found, state=state)
        # Ignore the proxy variables: the address is on this machine.
        with build_opener(ProxyHandler({})).open(cloud.endpoint + IDENTITY_PATH, timeout=5) as answer:
            return cloud if json.load(answer)["pid"] == cloud.pid else None
    except (OSError, URLError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _turn(state: Path) -> Iterator[None]:
    """Let one ``up`` or ``down`` of a folder run at a time."""
    with (state / _TURN).open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def hold_lock(state: Path) -> IO[str] | None:
    """Take the folder's lock until this process ends; None if another cloud has it.

    The server calls this.
    """
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
            time.sleep(0.01)  # it may be is_alive in another process, which holds the lock briefly
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def is_alive(state: Path) -> bool:
    """Whether a process holds the folder's lock.

    The cloud may not be ready yet.
    """
    try:
        with (state / LOCK).open() as lock:
            # A shared lock, because two processes may ask at once. With exclusive locks each would take the other for a
            # cloud. `down` would then end the pid in the file, and another process may have that pid by now.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        raise _no_folder(state) from None
    return False


def _no_folder(state: Path) -> LocalCloudError:
    return LocalCloudError(
        f"the local cloud's folder is a file, or is below one: {state}",
        hint="move that file away, or use another folder: export SCONES_BUILD=FOLDER",
    )


def _start(state: Path, port: int | None, tethered: bool) -> Cloud:
    with contextlib.suppress(FileNotFoundError):
        (state / LOG).replace(state / PREVIOUS_LOG)
    ready, tell_ready = os.pipe()
    tether, _held = os.pipe() if tethered else (None, None)
    command = [sys.executable, "-m", "localcloud.server", "--state", str(state), "--ready-fd", str(tell_ready)]
    command += ["--port", str(port)] if port is not None else []
    command += ["--tethered"] if tethered else []
    with os.fdopen(open_log(state / LOG), "wb") as log:
        process = subprocess.Popen(
            command,
            stdin=tether if tethered else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[tell_ready],
            start_new_session=True,  # Ctrl-C in this terminal does not reach it
            env=_server_variables(),
        )
    # The thread reaps the server when it ends, so a long-lived caller keeps no zombie. `_held` stays open on purpose.
    # The operating system closes it when this process ends, and a tethered cloud waits for that.
    threading.Thread(target=process.wait, daemon=True).start()
    os.close(tell_ready)
    if tether is not None:
        os.close(tether)
    try:
        readable, _, _ = select.select([ready], [], [], START_SECONDS)
        said = os.read(ready, 65536) if readable else b""
        found = status(state) if said == READY else None
    except BaseException:
        process.kill()
        raise
    finally:
        os.close(ready)
    if found:
        return found
    if said and said != READY:  # it has told its error, and ends
        process.wait()
        raise LocalCloudError(**json.loads(said))
    process.kill()
    words = (state / LOG).read_text(errors="replace").strip().splitlines()
    raise LocalCloudError(
        words[-1] if words else f"the local cloud did not start within {START_SECONDS:.0f} s",
        hint=f"its whole log: {state / LOG}",
    )


def _server_variables() -> dict[str, str]:
    """The environment variables of the server.

    They are this process's variables without those that would lead the cloud to the real AWS or through a proxy.
    """
    return inherited(os.environ) | {
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PYTHONUNBUFFERED": "1",
        **MEMORY,
    }


def _end(state: Path) -> bool:
    """End the process that holds the folder's lock: terminate it first, then kill it.

    Returns:
        False if no process held the lock.
    """
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
    """Refuse a folder of another user, and one that was never a cloud's."""
    if (owner := state.stat().st_uid) != os.getuid():
        raise LocalCloudError(
            f"{state} belongs to another user (uid {owner}), who could read and change what the local cloud holds",
            hint="remove it, or work in a checkout of your own",
        )
    if not (state / LOCK).exists():
        _refuse(state, {path.name for path in state.iterdir()} - _LOCKS)


def _refuse(state: Path, names: set[str]) -> None:
    if names:
        raise LocalCloudError(
            f"{state} holds files that do not belong to a local cloud, such as {min(names)}",
            hint="move them elsewhere, or let access.endpoint_file in the environment's environment.json name a file "
            "in a folder of its own",
        )


def _clear(state: Path) -> bool:
    """Delete everything but the locks. Returns whether there was anything."""
    found = [path for path in state.iterdir() if path.name not in _LOCKS]
    for path in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return bool(found)
