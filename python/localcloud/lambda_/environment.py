"""A warm worker process of one Lambda function, seen from the cloud: started once, given one event at a time.

Example::

    environment = ExecutionEnvironment(settings, children)      # the handler is imported
    answer = environment.call(event, ...)              # FunctionAnswer(payload=b'{"ok": true}', error=False, ...)
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localcloud.context import Children

WORKER = Path(__file__).with_name("worker.py")
INIT_SECONDS = 30.0  # AWS allows 10; a laptop with a demo running may be slower
MAXIMUM_RESPONSE = 6_291_556


@dataclass(frozen=True)
class Settings:
    """All that a worker is started with; workers with equal settings are interchangeable.

    Attributes:
        arn: The function version's unqualified ARN.
        version: ``$LATEST`` or a number.
        handler: ``module.function``.
        code_path: The unpacked code, then layers, in the order of the import path.
        runtime_path: What AWS's runtime ships beside the standard library.
        variables: The process's whole environment.
    """

    arn: str
    version: str
    handler: str
    code_path: tuple[str, ...]
    runtime_path: tuple[str, ...]
    variables: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True)
class FunctionAnswer:
    """What one call came to.

    Attributes:
        payload: The result as JSON, or the error's object.
        error: Whether the function failed (``FunctionError: Unhandled``).
        log: What the function wrote while it ran.
        seconds: How long it ran.
        init_seconds: How long the worker took to start, where this call waited for that.
        max_memory_mb: The most memory that the process has had so far.
        finished: Whether the worker is gone: it timed out, exited or could not import its handler.
    """

    payload: bytes
    error: bool
    log: str
    seconds: float
    init_seconds: float | None
    max_memory_mb: int
    finished: bool


class ExecutionEnvironment:
    """One worker process. Its start is part of its first call, as AWS reports it (Init Duration)."""

    def __init__(self, settings: Settings, children: Children) -> None:
        self.settings = settings
        self.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{settings.version}]{uuid.uuid4().hex}"
        self._children = children
        self.stopped = False
        self._child: subprocess.Popen | None = None

    def call(
        self, event: Any, *, request_id: str, arn: str, timeout: float, trace_id: str, client_context: str | None
    ) -> FunctionAnswer:
        """Run the handler for one event; never raises for what the function does."""
        init_seconds = None
        if self._child is None:
            began = time.monotonic()
            self._start()
            found, reason = self._answer(INIT_SECONDS)
            init_seconds = time.monotonic() - began
            if found is None or found.get("fault"):
                return self._broken(found, reason, request_id, 0.0, init_seconds, INIT_SECONDS)
        call = {
            "event": event,
            "request_id": request_id,
            "arn": arn,
            "timeout": timeout,
            "trace_id": trace_id,
            "client_context": client_context,
        }
        began = time.monotonic()
        with contextlib.suppress(OSError):  # it is gone: the answer says so
            self._child.stdin.write(json.dumps(call).encode() + b"\n")
            self._child.stdin.flush()
        found, reason = self._answer(timeout)
        seconds = time.monotonic() - began
        if found is None:
            return self._broken(found, reason, request_id, seconds, init_seconds, timeout)
        if "fault" in found:
            payload, error = json.dumps(found["fault"]).encode(), True
        else:
            payload, error = found["result"].encode(), False
        if len(payload) > MAXIMUM_RESPONSE:
            message = f"Response payload size exceeded maximum allowed payload size ({MAXIMUM_RESPONSE} bytes)."
            payload, error = _error("Function.ResponseSizeTooLarge", message), True
        return FunctionAnswer(
            payload, error, self._log(), seconds, init_seconds, found["max_memory_mb"], finished=False
        )

    def stop(self) -> None:
        """End the process; the worker is not to be called again."""
        if not self.stopped and self._child is not None:
            self._children.stop(self._child, grace=0.2)
            for stream in (self._child.stdin, self._answers, self._output):
                with contextlib.suppress(OSError):
                    stream.close()
        self.stopped = True

    def _start(self) -> None:
        # The log is a file, not a pipe: all that the handler wrote is there once it has answered. Appending, so that
        # what has been read can be cut off.
        self._output = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by stop
        fcntl.fcntl(self._output, fcntl.F_SETFL, os.O_APPEND)
        read, write = os.pipe()
        self._answers = os.fdopen(read, "rb", buffering=0)
        self._unread = b""
        settings = self.settings
        self._child = self._children.spawn(
            [sys.executable, "-I", "-S", "-X", "utf8", str(WORKER)],
            env={**settings.variables, "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream},
            cwd=Path(settings.code_path[0]),
            stdout=self._output,
            stderr=self._output,
            pass_fds=[write],
        )
        os.close(write)
        start = {
            "handler": settings.handler,
            "code_path": settings.code_path,
            "runtime_path": settings.runtime_path,
            "answers": write,
        }
        self._child.stdin.write(json.dumps(start).encode() + b"\n")
        self._child.stdin.flush()

    def _answer(self, patience: float) -> tuple[dict[str, Any] | None, str]:
        """The worker's next line, or None and why there is none: ``timeout`` or ``exit``."""
        give_up = time.monotonic() + patience
        while b"\n" not in self._unread:
            readable, _, _ = select.select([self._answers], [], [], max(0.0, give_up - time.monotonic()))
            if not readable:
                return None, "timeout"
            part = self._answers.read(1 << 20)
            if not part:
                return None, "exit"
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        return json.loads(line), ""

    def _broken(
        self,
        found: dict[str, Any] | None,
        reason: str,
        request_id: str,
        seconds: float,
        init_seconds: float | None,
        limit: float,
    ) -> FunctionAnswer:
        """The answer of a worker that has none of its own, which ends with it."""
        if found is not None:
            payload = json.dumps(found["fault"] | {"requestId": request_id}).encode()
        elif reason == "timeout":
            payload = _error(
                "Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {limit:.2f} seconds"
            )
        else:
            status = self._child.wait()
            how = (
                f"Runtime exited with error: {_exit_status(status)}"
                if status
                else "Runtime exited without providing a reason"
            )
            payload = _error("Runtime.ExitError", f"RequestId: {request_id} Error: {how}")
        log = self._log()
        self.stop()
        return FunctionAnswer(payload, True, log, seconds, init_seconds, 0, finished=True)

    def _log(self) -> str:
        written = os.pread(self._output.fileno(), os.fstat(self._output.fileno()).st_size, 0)
        os.ftruncate(self._output.fileno(), 0)
        return written.decode("utf-8", "replace")


def _error(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def _exit_status(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    return f"signal: {'killed' if status == -9 else -status}"
