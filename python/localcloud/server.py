"""The local cloud's process: an HTTP server on 127.0.0.1.

:func:`localcloud.control.up` starts it with::

    python -m localcloud.server --state build/local

The process ends on SIGTERM and when its ``cloud.json`` is deleted, because no client could find it then. With
``--tethered`` it also ends when its standard input closes. Its child processes end with it
(:class:`localcloud.context.Children`).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import IO

from imageclassification import files
from localcloud.control import ADDRESS, DEFAULT_PORT, hold_lock
from localcloud.iam.principals import ROOT_KEY

HOST = "127.0.0.1"


def main(arguments: list[str] | None = None) -> None:
    """Run the server until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.server", description="the local cloud's process")
    parser.add_argument("--state", type=Path, required=True, help="the cloud's folder")
    parser.add_argument("--port", type=int, help=f"this port or none; by default {DEFAULT_PORT}, else a free one")
    parser.add_argument("--ready-fd", type=int, help="a file descriptor that is told when the cloud is ready")
    parser.add_argument("--tethered", action="store_true", help="end when standard input closes")
    options = parser.parse_args(arguments)

    lock = hold_lock(options.state)
    if lock is None:
        sys.exit(f"another local cloud uses {options.state}: end it with: invoke local.down")
    leave = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: leave.set())
    listener = bind(options.port)
    port = listener.getsockname()[1]
    set_variables(port)
    # Import only now, because moto reads its environment variables when it is imported.
    from localcloud.assembly import make_context, make_server

    context = make_context(options.state, f"http://{HOST}:{port}", secrets.token_hex(20))
    server = make_server(listener, context)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    address = options.state / ADDRESS
    found = {
        "endpoint": context.endpoint,
        "port": port,
        "pid": os.getpid(),
        "started": time.time(),
        "access_key_id": ROOT_KEY,
        "secret_access_key": context.root_secret,
    }
    with files.whole(address) as partial:
        partial.touch(mode=0o600)  # before the secret is written
        partial.write_text(json.dumps(found) + "\n")
    if options.ready_fd is not None:
        os.write(options.ready_fd, b"\n")
        os.close(options.ready_fd)
    if options.tethered:
        threading.Thread(target=_leave_at_end, args=(sys.stdin.buffer, leave), daemon=True).start()

    while not leave.wait(1.0):
        if not address.exists():
            break
    context.close()
    with contextlib.suppress(FileNotFoundError):
        address.unlink()
    sys.stdout.flush()
    os._exit(0)  # an ordinary exit would wait for the threads of executions and requests


def _leave_at_end(stream: IO[bytes], leave: threading.Event) -> None:
    stream.read()
    leave.set()


def bind(port: int | None) -> socket.socket:
    """A listening socket on 127.0.0.1.

    Without ``port`` it is the default port, or a free port if that is taken.
    """
    wanted = [port] if port is not None else [DEFAULT_PORT, 0]
    for candidate in wanted:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
            listener.listen(128)
            return listener
        except OSError as error:
            listener.close()
            reason = error.strerror
    sys.exit(f"the local cloud cannot use port {wanted[-1]}: {reason}")


def set_variables(port: int) -> None:
    """Point all AWS calls of this process, moto's included, at this cloud."""
    os.environ.update(
        AWS_EC2_METADATA_DISABLED="true",
        MOTO_IAM_LOAD_MANAGED_POLICIES="true",
        MOTO_DISABLE_GLOBAL_CORS="true",  # web pages may not use the cloud
    )


if __name__ == "__main__":
    main()
