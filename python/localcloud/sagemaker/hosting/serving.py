"""A variant's serving process, ``python -m imageclassification.serve``.

The process has the HTTP interface of SageMaker's containers (``/invocations``) on 127.0.0.1.

Example (not run: it needs a running cloud)::

    process = ServingProcess(context, stream, Path("build/local/endpoints/scones/1f"), artifact, variables={})
    process.wait_ready(120)
    process.invoke(png, {"Content-Type": "image/png"})  # ContainerAnswer(status=200, headers={…}, body=b'[0.1, 0.9]')
    process.retire()
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.children import inherited
from localcloud.context import Context
from localcloud.logs.stream import LogStream, lines

SERVER = "imageclassification.serve"
HOST = "127.0.0.1"
ANSWER_SECONDS = 60  # the longest time for an answer of a container, as on AWS
GRACE_SECONDS = 5.0


class StartError(Exception):
    """The process did not start to answer. The message is the last line of its log."""


class NoAnswer(Exception):
    """The process ended during a request, or took too long. The message is SageMaker's."""


@dataclass(frozen=True)
class ContainerAnswer:
    """The HTTP response of the container.

    Attributes:
        headers: Their names are in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class ServingProcess:
    """A process that stands for one container. It starts at once.

    Args:
        context: The local cloud.
        stream: Gets the process's output.
        folder: The process's folder, which must not exist. :meth:`retire` removes it.
        artifact: The content of ``model.tar.gz``.
        variables: Environment variables in addition to the machine's.
        answer_seconds: The longest time for an answer.
    """

    def __init__(
        self,
        context: Context,
        stream: LogStream,
        folder: Path,
        artifact: bytes,
        variables: Mapping[str, str],
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.stream = stream
        self._answer_seconds = answer_seconds
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
        self._child = context.algorithm.start(
            SERVER,
            ["--artifact", str(folder / "model.tar.gz"), "--port", "0"],
            env={**inherited(os.environ), "PYTHONUNBUFFERED": "1", **variables},
            cwd=folder,
        )
        self._log = threading.Thread(target=self._follow, daemon=True)
        self._log.start()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self._child.poll() is None

    def wait_ready(self, seconds: float) -> None:
        """Wait until the process answers requests.

        Raises:
            StartError: The process ended, or did not answer within ``seconds``.
        """
        if not self._settled.wait(seconds):
            raise StartError(f"it did not answer within {seconds:g} s")
        if self._port is None:
            self._log.join(GRACE_SECONDS)  # the thread may not have read the last line yet
            raise StartError(self._said or f"it ended with exit code {self._child.wait()}")

    def reserve(self) -> int:
        """Keep :meth:`retire` from ending the process until :meth:`release`. Return how many have reserved it now."""
        with self._idle:
            self._under_way += 1
            return self._under_way

    def release(self) -> None:
        """Undo one :meth:`reserve`."""
        with self._idle:
            self._under_way -= 1
            self._idle.notify_all()

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> ContainerAnswer:
        """Send one request to ``/invocations``.

        Raises:
            NoAnswer: The process ended, or took longer than ``answer_seconds``.
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
        """Wait until nobody has reserved the process, but at most 60 seconds. Then end it and remove its folder."""
        deadline = time.monotonic() + ANSWER_SECONDS
        with self._idle:
            while self._under_way and (left := deadline - time.monotonic()) > 0:
                self._idle.wait(left)
        self._context.children.stop(self._child, grace=GRACE_SECONDS)
        assert self._child.stdin is not None  # a pipe
        self._child.stdin.close()
        while not self._connections.empty():
            self._connections.get().close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connection(self) -> http.client.HTTPConnection:
        try:
            return self._connections.get_nowait()
        except queue.Empty:
            return http.client.HTTPConnection(HOST, self._port, timeout=self._answer_seconds)

    def _listen(self) -> None:
        """Read standard output: first the line with the port, then the rest, which goes to the log."""
        assert self._child.stdout is not None  # a pipe, as asked for above
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
        assert self._child.stderr is not None  # a pipe, as asked for above
        with self._child.stderr as output:
            for line in lines(output):
                self.stream.write(line)
                if line.strip():
                    self._said = line.strip()
