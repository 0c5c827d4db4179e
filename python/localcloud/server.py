"""The local cloud's process: an HTTP server on 127.0.0.1.

:func:`localcloud.control.up` starts it with::

    python -m localcloud.server --state build/local

The process ends on SIGTERM and when its ``cloud.json`` is deleted, because no client could find it then. With
``--tethered`` it also ends when its standard input closes. Its child processes end with it
(:class:`localcloud.children.Children`). It ends in order: it takes no more requests, keeps everything, and writes down
that it has ended (:mod:`localcloud.durability.facts`). The port and the root user's secret stay the same from one
process to the next, because Terraform's state, and whoever uses the cloud, know them.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import IO, NoReturn

from imageclassification import files
from localcloud import latency, quick_start
from localcloud.control import ADDRESS, DEFAULT_PORT, LOG, MEMORY, PINS, PREVIOUS_LOG, READY, hold_lock
from localcloud.durability import facts
from localcloud.durability.database import Database
from localcloud.durability.errors import Unreadable
from localcloud.durability.facts import CloudFacts
from localcloud.errors import LocalCloudError
from localcloud.iam.principals import ROOT_KEY
from localcloud.logfile import LogFile

HOST = "127.0.0.1"


def main(arguments: list[str] | None = None) -> None:
    """Run the server until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.server", description="the local cloud's process")
    parser.add_argument("--state", type=Path, required=True, help="the cloud's folder")
    parser.add_argument(
        "--port", type=int, help=f"this port or none; by default the port it had, {DEFAULT_PORT}, or a free one"
    )
    parser.add_argument("--ready-fd", type=int, help="a file descriptor that is told when the cloud is ready")
    parser.add_argument("--tethered", action="store_true", help="end when standard input closes")
    options = parser.parse_args(arguments)

    try:
        _serve(options)
    except LocalCloudError as error:
        print(error, file=sys.stderr, flush=True)
        if options.ready_fd is not None:
            os.write(options.ready_fd, json.dumps({"message": error.message, "hint": error.hint}).encode())
        os._exit(1)


def _serve(options: argparse.Namespace) -> NoReturn:
    state: Path = options.state
    slow = latency.chosen(os.environ)
    lock = hold_lock(state)
    if lock is None:
        raise LocalCloudError(f"another local cloud uses {state}", hint="end it with: invoke local.down")
    gc.disable()  # what is loaded now stays: looking through it again and again takes a tenth of the start
    os.umask(0o077)  # what it keeps is its owner's
    leave = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: leave.set())
    known = facts.read(state, whole=True)
    if known is None:
        for name in PINS:  # left by a cloud that kept nothing, with the artifact that it names
            (state / name).unlink(missing_ok=True)
    listener = bind(options.port, known)
    port = listener.getsockname()[1]
    secret = known.root_secret if known else secrets.token_hex(20)
    database = Database(state / facts.DATABASE)
    begin = partial(facts.begin, database, port=port, root_secret=secret)
    if known is None:
        begin(now=time.time())
    set_variables(port)
    quick_start.prepare()
    # Import only now, because moto reads its environment variables when it is imported.
    from localcloud.assembly import make_context, make_server

    try:
        context = make_context(state, f"http://{HOST}:{port}", secret, slow)
        server = make_server(listener, context)
    except Unreadable as error:
        raise Unreadable(f"{state}: {error.what}", instead=error.instead) from error
    gc.freeze()
    gc.enable()
    begin(now=time.time())  # only now: if something cannot be loaded, nothing has changed
    threading.Thread(target=server.serve_forever, daemon=True).start()

    address = state / ADDRESS
    found = {
        "endpoint": context.endpoint,
        "port": port,
        "pid": os.getpid(),
        "started": time.time(),
        "access_key_id": ROOT_KEY,
        "secret_access_key": context.root_secret,
        "latency": slow.name,
    }
    files.write(address, json.dumps(found) + "\n")
    if options.ready_fd is not None:
        os.write(options.ready_fd, READY)
        os.close(options.ready_fd)
    if options.tethered:
        threading.Thread(target=_leave_at_end, args=(sys.stdin.buffer, leave), daemon=True).start()

    written = LogFile(options.state / LOG, options.state / PREVIOUS_LOG)
    while not leave.wait(1.0):
        written.rotate()
        if not address.exists():
            break
    server.shutdown()  # it takes no more requests
    context.close()
    facts.end(database, now=time.time())
    database.close()
    address.unlink(missing_ok=True)
    sys.stdout.flush()
    os._exit(0)  # an ordinary exit would wait for the threads of executions and requests


def _leave_at_end(stream: IO[bytes], leave: threading.Event) -> None:
    stream.read()
    leave.set()


def bind(wanted: int | None, known: CloudFacts | None) -> socket.socket:
    """A listening socket on 127.0.0.1.

    Args:
        wanted: The port that it must be. None or 0 leaves the choice.
        known: The cloud's facts. A cloud that holds something keeps its port, unless another one is wanted. A new one
            takes the default port, or a free port if that is taken.

    Raises:
        LocalCloudError: the port is taken.
    """
    candidates = [DEFAULT_PORT, 0] if wanted is None else [wanted]
    if known and not wanted:
        candidates = [known.port, 0] if known.is_empty else [known.port]
    for candidate in candidates:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
            listener.listen(128)
            return listener
        except OSError as error:
            listener.close()
            reason = error.strerror
    if wanted:
        raise LocalCloudError(f"the local cloud cannot use port {wanted}: {reason}", hint="leave out --port")
    raise LocalCloudError(
        f"the local cloud cannot use port {candidates[-1]}, which it had before: {reason}",
        hint="what it holds knows this port, such as the addresses of queues in Terraform's state: end the process "
        "that uses the port now, or give the cloud another one for good: invoke local.up --port PORT",
    )


def set_variables(port: int) -> None:
    """Point all AWS calls of this process, moto's included, at this cloud, and hand on nothing that is for it alone."""
    os.environ.update(
        AWS_EC2_METADATA_DISABLED="true",
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
        MOTO_DISABLE_GLOBAL_CORS="true",  # web pages may not use the cloud
    )
    for name in MEMORY:
        os.environ.pop(name, None)


if __name__ == "__main__":
    main()
