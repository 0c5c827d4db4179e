"""The cloud's side of one worker process: it starts the process once and sends it one event at a time.

The process itself is :mod:`localcloud.lambda_.worker`.

Example::

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "app.py").write_text("def handler(event, context): return {'twice': 2 * event['n']}")
    >>> named = ("FUNCTION_NAME", "FUNCTION_VERSION", "FUNCTION_MEMORY_SIZE", "LOG_GROUP_NAME")
    >>> settings = Settings(
    ...     arn="arn:aws:lambda:us-east-1:123456789012:function:twice",
    ...     version="$LATEST",
    ...     handler="app.handler",
    ...     code_path=(str(folder),),
    ...     runtime_path=(),
    ...     variables={"LAMBDA_TASK_ROOT": str(folder), **{f"AWS_LAMBDA_{name}": "-" for name in named}},
    ... )
    >>> environment = ExecutionEnvironment(settings, Children())
    >>> call = {"request_id": "1", "arn": settings.arn, "timeout": 10.0, "trace_id": "", "client_context": None}
    >>> answer = environment.call({"n": 21}, **call)
    >>> answer.payload, answer.error
    (b'{"twice": 42}', False)
    >>> environment.stop()
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from localcloud.children import Children
from localcloud.jsontexts import compact
from localcloud.lambda_ import usage
from localcloud.lambda_.sandbox import FLAGS, MOST_PROCESSES, WORKER, Sandboxes, SandboxWanted, Start

INIT_SECONDS = 30.0  # AWS allows 10 seconds. A busy laptop may need more.
MAXIMUM_RESPONSE = 6_291_556
#: A worker's answer is a line of JSON with the response as a string, in which a byte may take six. A longer answer is
#: not read to its end.
LONGEST_ANSWER = 7 * MAXIMUM_RESPONSE
TOO_LARGE = f"Response payload size exceeded maximum allowed payload size ({MAXIMUM_RESPONSE} bytes)."
#: What a pipe holds. The system maps and unmaps memory for a read of a megabyte, at each call.
PIPE = 1 << 16
LARGEST_LOG = 1 << 20  # bytes of one call's output that are kept
#: So often is looked at what a call takes of the machine. A call that is shorter is judged by what its worker tells.
LOOK_SECONDS = 0.05
LOOK = struct.pack("ll", 0, int(LOOK_SECONDS * 1_000_000))  # as a timeval
#: So often the files of a worker are counted, where its /tmp has no size of its own.
COUNT_SECONDS = 1.0
_LINE = compact(ascii_only=True)


@dataclass(frozen=True)
class Settings:
    """Everything a worker needs to start. Two workers with equal settings are interchangeable.

    Attributes:
        arn: The function's ARN; a published version's ARN ends in its number.
        version: ``$LATEST`` or a number.
        handler: ``module.function``.
        code_path: Folders that go to the front of ``sys.path``: the unpacked code, then the layers.
        runtime_path: Folders that go to the end of ``sys.path``: the packages of AWS's runtime.
        variables: The whole environment of the process. Equality compares them; the hash does not.
        wanted: What it asks of its sandbox.
    """

    arn: str
    version: str
    handler: str
    code_path: tuple[str, ...]
    runtime_path: tuple[str, ...]
    variables: Mapping[str, str] = field(hash=False)
    wanted: SandboxWanted = field(default_factory=SandboxWanted)


@dataclass(frozen=True)
class FunctionAnswer:
    """The outcome of one call.

    Attributes:
        payload: JSON: the handler's result, or an object with errorType and errorMessage.
        error: Whether the function failed (``FunctionError: Unhandled``).
        log: The function's output during the call.
        seconds: The duration of the handler.
        init_seconds: The duration of the worker's start. None if the worker was already warm.
        max_memory_mb: The process's peak memory so far. 0 if the worker has ended.
        finished: Whether the worker has ended: it timed out, exited, or failed to import its handler.
        runtime: For a call that started its worker, what it started: which Python, and in which sandbox.
    """

    payload: bytes
    error: bool
    log: str
    seconds: float
    init_seconds: float | None
    max_memory_mb: int
    finished: bool
    runtime: str = ""


class ExecutionEnvironment:
    """One worker process. It starts with the first call, which reports the time that took (Init Duration).

    Args:
        sandboxes: Makes its sandbox. Without it, the worker is a plain process of this user.

    Attributes:
        settings: What it was started with.
        log_stream: The log stream of its calls.
        starting: Whether it has not yet imported its handler.
        stopped: Whether it has ended.
    """

    def __init__(self, settings: Settings, children: Children, sandboxes: Sandboxes | None = None) -> None:
        self.settings = settings
        self.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{settings.version}]{uuid.uuid4().hex}"
        self._children, self._sandboxes = children, sandboxes
        self.starting, self.stopped = True, False
        self._child: subprocess.Popen[bytes] | None = None

    def call(
        self, event: Any, *, request_id: str, arn: str, timeout: float, trace_id: str, client_context: str | None
    ) -> FunctionAnswer:
        """Run the handler for one event. A failing function is an answer, not an exception.

        Args:
            event: Any JSON value.
            request_id: The invocation's id, which the handler's context and the log carry.
            arn: The ARN of the request, with its qualifier (``invoked_function_arn``).
            timeout: Seconds until the worker is killed.
            trace_id: The value of ``_X_AMZN_TRACE_ID``.
            client_context: Base64 of a JSON object, as the header X-Amz-Client-Context has it.
        """
        init_seconds = None
        if self._child is None:
            began = time.monotonic()
            self._start()
            found, reason = self._answer(INIT_SECONDS)
            init_seconds = time.monotonic() - began
            self.starting = False
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
        with contextlib.suppress(OSError):  # the worker has ended: _answer finds out
            self._send(call)
        found, reason = self._answer(timeout)
        seconds = time.monotonic() - began
        if found is None:
            return self._broken(found, reason, request_id, seconds, init_seconds, timeout)
        if "fault" in found:
            payload, error = json.dumps(found["fault"]).encode(), True
        else:
            raw = base64.b64decode(found["bytes"]) if "bytes" in found else None
            payload, error = found.get("result", "").encode() if raw is None else raw, False
        if len(payload) > MAXIMUM_RESPONSE or "too_large" in found:
            payload, error = _error("Function.ResponseSizeTooLarge", TOO_LARGE), True
        peak, runtime = found["max_memory_mb"], self._said(init_seconds)
        log = self._log() if found.get("logged", True) else ""
        return FunctionAnswer(payload, error, log, seconds, init_seconds, peak, finished=False, runtime=runtime)

    def stop(self) -> None:
        """End the process. Do not call the worker again."""
        if not self.stopped and self._child is not None:
            self._children.stop(self._child, grace=0.2)
            for stream in (_input_of(self._child), self._answers, self._output):
                with contextlib.suppress(OSError):
                    stream.close()
            if self._start_of.storage is not None:
                shutil.rmtree(self._start_of.storage, ignore_errors=True)
        self.stopped = True

    def _start(self) -> None:
        # The log is a file and not a pipe: it is complete as soon as the handler has answered. The worker appends to
        # it, so that the cloud can truncate the part it has read.
        self._output: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by stop
        fcntl.fcntl(self._output, fcntl.F_SETFL, os.O_APPEND)
        os.fchmod(self._output.fileno(), 0o666)  # /dev/stdout is this file; it has no name, so nobody else finds it
        # A socket and not a pipe, because its reads can end by themselves. To ask first whether there is something to
        # read would give up Python's lock once more, and get it back after other calls.
        self._answers, answers = socket.socketpair()
        self._answers.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, LOOK)
        write = answers.fileno()
        self._unread = bytearray()
        settings = self.settings
        variables = {**settings.variables, "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream}
        given = settings.code_path, settings.runtime_path, variables
        if self._sandboxes is not None:
            start = self._sandboxes.start(*given, settings.wanted)
        else:
            start = Start(
                [sys.executable, *FLAGS, str(WORKER)], variables, Path(settings.code_path[0]), b"", *given[:2]
            )
        self._start_of, self._count_due = start, time.monotonic() + COUNT_SECONDS
        self._child = self._children.spawn(
            [*start.command, str(write)] if start.walled else start.command,
            env=start.variables,
            cwd=start.folder,
            mark=None if start.walled else f"AWS_LAMBDA_LOG_STREAM_NAME={self.log_stream}",
            stdout=self._output,
            stderr=self._output,
            pass_fds=[write],
        )
        answers.close()
        first = {
            "handler": settings.handler,
            "code_path": start.code_path,
            "runtime_path": start.runtime_path,
            "storage_mb": settings.wanted.storage_mb,
            "largest": MAXIMUM_RESPONSE,
            "answers": write,
        }
        with contextlib.suppress(OSError):  # it has ended: _answer finds out
            _input_of(self._child).write(start.first)
            self._send(first)

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._child is not None  # call() starts the process first
        stream = _input_of(self._child)
        stream.write(_LINE(message).encode() + b"\n")
        stream.flush()

    def _answer(self, patience: float) -> tuple[dict[str, Any] | None, str]:
        """The worker's next line and an empty text, or None and the reason.

        It is ``timeout``, ``exit``, ``size``, or what the worker has taken too much of: ``memory``, ``processes`` or
        ``storage``.
        """
        give_up = time.monotonic() + patience
        end = self._unread.find(b"\n")
        while end < 0:
            try:
                part = self._answers.recv(PIPE)
            except BlockingIOError:  # nothing came
                if time.monotonic() >= give_up:
                    return None, "timeout"
                if too_much := self._too_much():
                    return None, too_much
                continue
            except OSError:  # it has ended before it read what was sent
                part = b""
            if not part:
                return None, "exit"
            looked = len(self._unread)
            self._unread += part
            end = self._unread.find(b"\n", looked)
            if len(self._unread) > LONGEST_ANSWER:
                return None, "size"
        if time.monotonic() > give_up:  # since the last look
            return None, "timeout"
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        try:
            found = dict(json.loads(line))
            if found["own_memory_mb"] > self.settings.wanted.memory_mb:
                return None, "memory"
        except (ValueError, TypeError, KeyError):  # the function itself has written to the descriptor
            return None, "exit"
        return (None, "storage") if self._stores_too_much() else (found, "")

    def _too_much(self) -> str:
        """What the worker and all that it has started take too much of; empty if nothing."""
        assert self._child is not None  # call() starts the process first
        walled = self._start_of.walled
        taken = usage.behind_walls(self._child.pid) if walled else usage.of_family(self._child.pid)
        if taken.memory_mb > self.settings.wanted.memory_mb:
            return "memory"
        if taken.processes > MOST_PROCESSES:
            return "processes"
        return "storage" if self._stores_too_much() else ""

    def _stores_too_much(self) -> bool:
        """Whether the worker's files are too large, where nothing else limits them. They are counted now and then."""
        storage = self._start_of.storage
        if storage is None or time.monotonic() < self._count_due:
            return False
        self._count_due = time.monotonic() + COUNT_SECONDS
        return usage.of_folder(storage) > self.settings.wanted.storage_mb

    def _said(self, init_seconds: float | None) -> str:
        return self._start_of.said if init_seconds is not None else ""

    def _broken(
        self,
        found: dict[str, Any] | None,
        reason: str,
        request_id: str,
        seconds: float,
        init_seconds: float | None,
        limit: float,
    ) -> FunctionAnswer:
        """End a worker that cannot go on, and answer in its place."""
        if found is not None:
            payload = json.dumps(found["fault"] | {"requestId": request_id}).encode()
        elif reason == "timeout":
            payload = _error(
                "Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {limit:.2f} seconds"
            )
        elif reason == "size":
            payload = _error("Function.ResponseSizeTooLarge", TOO_LARGE)
        elif reason == "storage":
            payload = _error("OSError", f"[Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}: '/tmp'")
        elif reason in ("memory", "processes"):
            kind = "Runtime.OutOfMemory" if reason == "memory" else "Runtime.ExitError"
            payload = _error(kind, f"RequestId: {request_id} Error: Runtime exited with error: signal: killed")
        else:
            assert self._child is not None  # only a started process has exited
            try:
                status = self._child.wait(1.0)
            except subprocess.TimeoutExpired:  # it has closed the descriptor, or has written to it, and runs on
                status = 0
            how = (
                f"Runtime exited with error: {_exit_status(status)}"
                if status
                else "Runtime exited without providing a reason"
            )
            payload = _error("Runtime.ExitError", f"RequestId: {request_id} Error: {how}")
        log = self._log()
        self.stop()
        peak = self.settings.wanted.memory_mb if reason == "memory" else 0
        runtime = self._said(init_seconds)
        return FunctionAnswer(payload, True, log, seconds, init_seconds, peak, finished=True, runtime=runtime)

    def _log(self) -> str:
        """The call's output. Only the last megabyte of a larger output is kept, after a line that says so."""
        output = self._output.fileno()
        size = os.fstat(output).st_size
        if not size:
            return ""
        written = os.pread(output, LARGEST_LOG, max(0, size - LARGEST_LOG)).decode("utf-8", "replace")
        os.ftruncate(output, 0)
        left_out = f"(the local cloud leaves out the first {size - LARGEST_LOG:,} bytes of this call's output)\n"
        return left_out + written if size > LARGEST_LOG else written


def _input_of(child: subprocess.Popen[bytes]) -> IO[bytes]:
    assert child.stdin is not None  # Children.spawn makes a pipe of it
    return child.stdin


def _error(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()


def _exit_status(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    return f"signal: {'killed' if status == -9 else -status}"
