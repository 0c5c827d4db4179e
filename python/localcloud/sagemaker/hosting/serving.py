"""A variant's serving process: started over an artifact, asked, and ended once nobody waits for it.

Example::

    process = ServingProcess(context, stream, Path("build/local/endpoints/scones/1f"), artifact)
    process.wait_ready(120)
    process.invoke(png, {"Content-Type": "image/png"})  # ContainerAnswer(status=200, headers={…}, body=b'[0.1, 0.9]')
    process.retire()

The process is ``python -m imageclassification.serve``, which speaks SageMaker's container contract on 127.0.0.1.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.context import Context
from localcloud.logs.stream import LogStream, lines

SERVER = "imageclassification.serve"
HOST = "127.0.0.1"
ANSWER_SECONDS = 60  # a model container must answer within it
GRACE_SECONDS = 5.0


class StartError(Exception):
    """The process did not come to answer; the message is the last thing it said."""


class NoAnswer(Exception):
    """The process has gone, or took too long."""


@dataclass(frozen=True)
class ContainerAnswer:
    """What the container answered.

    Attributes:
        status: The HTTP status.
        headers: The headers, their names in lower case.
        body: The body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class ServingProcess:
    """One container's stand-in.

    Args:
        context: The local cloud.
        stream: Where what it prints goes.
        folder: Its own folder, made here and removed by :meth:`retire`.
        artifact: The content of ``model.tar.gz``.
        variables: Environment variables beside the machine's.
    """

    def __init__(
        self, context: Context, stream: LogStream, folder: Path, artifact: bytes, variables: Mapping[str, str]
    ) -> None:
        self.stream = stream
        self._context = context
        self._folder = folder
        self._port: int | None = None
        self._said = ""
        self._settled = threading.Event()
        self._idle = threading.Condition()
        self._under_way = 0
        self._connections: queue.SimpleQueue[http.client.HTTPConnection] = queue.SimpleQueue()
        folder.mkdir(parents=True)
        (folder / "model.tar.gz").write_bytes(artifact)
        stream.create()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
        self._child = context.children.spawn(
            [sys.executable, "-m", SERVER, "--artifact", str(folder / "model.tar.gz"), "--port", "0"],
            env={**kept, "PYTHONUNBUFFERED": "1", **variables},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._log = threading.Thread(target=self._follow, daemon=True)
        self._log.start()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._child.poll() is None

    def wait_ready(self, seconds: float) -> None:
        """Wait until it answers.

        Raises:
            StartError: it ended, or did not answer in time.
        """
        if not self._settled.wait(seconds):
            raise StartError(f"it did not answer within {seconds:g} s")
        if self._port is None:
            self._log.join(GRACE_SECONDS)  # its last line may still be on its way
            raise StartError(self._said or f"it ended with exit code {self._child.wait()}")

    def reserve(self) -> None:
        """Keep it from being ended until :meth:`release`."""
        with self._idle:
            self._under_way += 1

    def release(self) -> None:
        """The request that it was reserved for is over."""
        with self._idle:
            self._under_way -= 1
            self._idle.notify_all()

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> ContainerAnswer:
        """Send one request to ``/invocations``.

        Raises:
            NoAnswer: the process has gone, or took longer than a container may.
        """
        connection = self._connection()
        try:
            connection.request("POST", "/invocations", body=body, headers=dict(headers))
            response = connection.getresponse()
            content = response.read()
        except TimeoutError as error:
            connection.close()
            raise NoAnswer(
                "Your invocation timed out while waiting for a response from container primary. Review the latency "
                "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswer("The container closed the connection without an answer.") from error
        if response.will_close:
            connection.close()
        else:
            self._connections.put(connection)
        return ContainerAnswer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def retire(self) -> None:
        """End it when those who have reserved it have released it, and remove its folder."""
        deadline = time.monotonic() + ANSWER_SECONDS
        with self._idle:
            while self._under_way and (left := deadline - time.monotonic()) > 0:
                self._idle.wait(left)
        self._context.children.stop(self._child, grace=GRACE_SECONDS)
        self._child.stdin.close()
        while not self._connections.empty():
            self._connections.get().close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connection(self) -> http.client.HTTPConnection:
        try:
            return self._connections.get_nowait()
        except queue.Empty:
            return http.client.HTTPConnection(HOST, self._port, timeout=ANSWER_SECONDS)

    def _listen(self) -> None:
        """Wait for the line that names the port; read the rest, so that the process never waits for a reader."""
        with self._child.stdout as output:
            for line in lines(output):
                if self._port is None:
                    try:
                        self._port = int(json.loads(line)["port"])
                    except (ValueError, TypeError, KeyError):
                        self.stream.write(line)
                        continue
                    self._settled.set()
                else:
                    self.stream.write(line)
        self._settled.set()

    def _follow(self) -> None:
        with self._child.stderr as output:
            for line in lines(output):
                self.stream.write(line)
                if line.strip():
                    self._said = line.strip()
