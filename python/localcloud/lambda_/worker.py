"""The worker process of a Lambda function: it imports the handler once and runs it for one event after another.

:mod:`localcloud.lambda_.environment` starts it. Nothing of this project is on its path: it sees only the standard
library, the function's code and layers, and the packages of AWS's runtime (boto3).

Standard input carries one JSON object a line: first the settings, then one event after another. The worker answers
with one JSON object a line on a file descriptor, whose number is in the settings. The handler's own output goes to
the log. The worker exits when standard input closes, so it never outlives the cloud.

Errors have the form of AWS's Python runtime (awslambdaric): errorType, errorMessage, requestId and stackTrace.
"""

from __future__ import annotations

import base64
import decimal
import importlib
import json
import logging
import os
import re
import resource
import select
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path

TASK_ROOT = "/var/task"
#: The most descriptors that a function has open (AWS Lambda Developer Guide, Lambda quotas).
MOST_DESCRIPTORS = 1024
#: A list within a list takes so many of Python's frames to write. simplejson writes it in C, with one each.
FRAMES = 6
STATUS = Path("/proc/self/status")
#: Its lines with the peak memory and with what of it files hold, in kB (proc(5)).
MEMORY = re.compile(rb"^(VmHWM|RssFile):\s*(\d+)", re.MULTILINE)
#: What a pipe holds.
PIPE = 1 << 16
#: The versions of Python whose runtime answers in ASCII (awslambdaric, lambda_runtime_marshaller.py).
OLD_VERSIONS = ("python3.8", "python3.9", "python3.10", "python3.11")


class Fields:
    """An object with the attributes that its class names in ``__slots__``; what is not given is None."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, given: dict) -> None:
        for name in self.__slots__:
            setattr(self, name, given.get(name))

    def __repr__(self) -> str:
        return f"{type(self).__name__}([{','.join(f'{name}={getattr(self, name)}' for name in self.__slots__)}])"


class CognitoIdentity(Fields):
    """``context.identity``. Its attributes are None, because nobody invokes a function here through Cognito."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(Fields):
    """``context.client_context.client``: the application of a mobile SDK."""

    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")  # noqa: RUF023 - AWS's order


class ClientContext(Fields):
    """``context.client_context``: what Invoke's caller has given as ClientContext."""

    __slots__ = ("custom", "env", "client")  # noqa: RUF023 - AWS's order

    def __init__(self, given: dict) -> None:
        client = given.get("client")
        super().__init__({**given, "client": None if client is None else Client(client)})


class LambdaContext:
    """The handler's second argument (AWS Lambda Developer Guide, The Python context object; awslambdaric)."""

    tenant_id = None

    def __init__(self, call: dict) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.aws_request_id = call["request_id"]
        self.invoked_function_arn = call["arn"]
        given = json.loads(base64.b64decode(call["client_context"])) if call["client_context"] else None
        self.client_context = None if given is None else ClientContext(given)
        self.identity = CognitoIdentity({})
        self._deadline = time.monotonic() + call["timeout"]

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds until the function times out."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message: object) -> None:
        """Write a message to the log, without a line end."""
        sys.stdout.write(str(message))


class LogFormatter(logging.Formatter):
    """Formats records of ``logging`` as AWS's runtime does: tab-separated text, or one JSON object a line."""

    request_id = ""

    def __init__(self, as_json: bool) -> None:
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        self.converter = time.gmtime
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, with the id of the current request."""
        record.aws_request_id = self.request_id
        if not self.as_json:
            return super().format(record)
        entry: dict[str, object] = {
            "timestamp": now(),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            entry["stackTrace"] = traceback.format_exception(*record.exc_info)
        return json.dumps({**entry, "requestId": self.request_id})


def now() -> str:
    """The current time in UTC, as ``2026-01-28T12:09:35Z``."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017 - any Python may run this


def fault(error_type: str, message: str, request_id: str = "", frames: Iterable[traceback.FrameSummary] = ()) -> dict:
    """An error in the form of AWS's runtime. Its stack trace names files below ``/var/task``.

    A frame's columns are left out, as awslambdaric does. Python 3.11 and later else underlines them.
    """
    root = os.environ["LAMBDA_TASK_ROOT"]
    lines = traceback.format_list([(one.filename, one.lineno or 0, one.name, one.line) for one in frames])
    trace = [line.replace(root, TASK_ROOT) for line in lines]
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace}


def fault_of(error: BaseException, request_id: str = "") -> dict:
    """The fault of an exception. Its stack trace begins in the function's own code."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    while frames and frames[0].filename.startswith(("<frozen importlib", importlib.__file__)):
        frames.pop(0)
    return fault(type(error).__name__, str(error), request_id, frames)


def load(name: str) -> tuple[Callable[..., object] | None, dict | None]:
    """The handler called ``name`` (``module.function``) and None, or None and the fault."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        return None, fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        return None, fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}")
    except SyntaxError as error:
        return None, fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}")
    except Exception as error:  # noqa: BLE001 - any exception of the function's code is its answer
        return None, fault_of(error)
    if not hasattr(module, function_name):
        return None, fault("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return getattr(module, function_name), None


def run(handler: Callable[..., object], call: dict, largest: int) -> dict:
    """The handler's answer to one event.

    It is ``{"result": JSON text}``, ``{"bytes": base64}``, ``{"fault": …}`` or ``{"too_large": True}``.
    """
    try:
        result = handler(call["event"], LambdaContext(call))
    except Exception as error:  # noqa: BLE001 - any exception of the handler is its answer
        return {"fault": fault_of(error, call["request_id"])}
    try:
        if isinstance(result, bytes):  # AWS's runtime answers with bytes as they are
            return {"too_large": True} if len(result) > largest else {"bytes": base64.b64encode(result).decode()}
        text = marshalled(result)
        if len(text) > largest:  # to tell it takes no more memory
            return {"too_large": True}
        text.encode()
        return {"result": text}
    except Exception as error:  # noqa: BLE001 - as AWS's runtime does
        return {"fault": fault("Runtime.MarshalError", f"Unable to marshal response: {error}", call["request_id"])}


def marshalled(result: object) -> str:
    r"""A result as JSON, as AWS's runtime writes it: it uses simplejson and not the standard library's json.

    Bytes are text in UTF-8, a Decimal is a number with its own digits, and what has ``_asdict``, as a named tuple, is
    an object. From Python 3.12 on, only quotes, control characters and the two line ends of Unicode are escaped.

    Raises:
        TypeError: A value, or a key of an object, is of another kind.
        ValueError: A value contains itself, or bytes are not UTF-8.

    Example::

        >>> marshalled({"image": b"aGk=", 1: (decimal.Decimal("0.10"), None, "é")})
        '{"image": "aGk=", "1": [0.10, null, "é"]}'
    """
    ascii_only = os.environ.get("AWS_EXECUTION_ENV", "").endswith(OLD_VERSIONS)
    within: set[int] = set()

    def quoted(value: object) -> str:
        text = value.decode() if isinstance(value, bytes) else str.__str__(value)
        if ascii_only:
            return json.encoder.encode_basestring_ascii(text)
        return json.encoder.encode_basestring(text).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")

    def key(name: object) -> str:
        if isinstance(name, (str, bytes)):
            return quoted(name)
        if name is None or isinstance(name, (int, float)):
            return f'"{json.dumps(name)}"'
        raise TypeError(f"keys must be str, int, float, bool or None, not {type(name).__name__}")

    def inside(value: object, write: Callable[[], str]) -> str:
        if id(value) in within:
            raise ValueError("Circular reference detected")
        within.add(id(value))
        try:
            return write()
        finally:
            within.discard(id(value))

    def written(value: object) -> str:
        if isinstance(value, (str, bytes)):
            return quoted(value)
        if value is None or isinstance(value, (int, float)):
            return json.dumps(value)
        if isinstance(value, decimal.Decimal):
            return "NaN" if value.is_nan() else str(value)
        as_dict = None if isinstance(value, dict) else getattr(value, "_asdict", None)
        if callable(as_dict):
            fields = as_dict()
            if not isinstance(fields, dict):
                raise TypeError(f"_asdict() must return a dict, not {type(fields).__name__}")
            return inside(value, lambda: written(fields))
        if isinstance(value, (list, tuple)):
            return inside(value, lambda: f"[{', '.join(map(written, value))}]")
        if isinstance(value, dict):
            pairs = value.items()
            return inside(value, lambda: "{" + ", ".join(f"{key(name)}: {written(one)}" for name, one in pairs) + "}")
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit * FRAMES)
    try:
        return written(result)
    finally:
        sys.setrecursionlimit(limit)


def log_fault(found: dict, as_json: bool) -> None:
    """Print a fault to the log as one event: JSON, or text with carriage returns instead of line ends."""
    if as_json:
        print(json.dumps({"timestamp": now(), "log_level": "ERROR", **found}))
    else:
        trace = "".join(["Traceback (most recent call last):\n", *found["stackTrace"]]).rstrip().replace("\n", "\r")
        print(f"[ERROR] {found['errorType']}: {found['errorMessage']}\r{trace}")


def memory() -> dict:
    """The peak memory of this process in MB, and how much of it is its own: neither programs nor libraries."""
    try:
        # On Linux getrusage is of no use: its value starts at the parent's.
        with STATUS.open("rb", buffering=0) as status:
            found = {name: int(size) for name, size in MEMORY.findall(status.read(1 << 14))}
        peak, of_files = found[b"VmHWM"], found[b"RssFile"]
        return {"max_memory_mb": peak // 1024, "own_memory_mb": (peak - of_files) // 1024}
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 * 1024)
        return {"max_memory_mb": peak, "own_memory_mb": peak}


def logged() -> bool:
    """Whether there is output since the last call. The cloud reads it, and empties the file."""
    try:
        return os.fstat(1).st_size > 0
    except OSError:  # the function has closed it
        return True


def limit(what: int, most: int) -> None:
    """Lower a limit of this process and of all that it starts."""
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(hard, most)
    resource.setrlimit(what, (most, most))


def lines() -> Iterator[dict]:
    """The JSON objects of standard input, one a line.

    A thread waits for the input's end, and ends the process then, even if the handler is still running.
    """

    def leave() -> None:
        watch = select.poll()
        watch.register(0, 0)  # nothing but the end of the other side
        watch.poll()
        os._exit(0)

    threading.Thread(target=leave, daemon=True).start()
    unread = b""
    while part := os.read(0, PIPE):
        *whole, unread = (unread + part).split(b"\n")
        yield from map(json.loads, whole)
    os._exit(0)


def main() -> None:
    """Import the handler, answer once for that, then answer one event after another."""
    calls = lines()
    start = next(calls)
    limit(resource.RLIMIT_FSIZE, (start["storage_mb"] + 1) << 20)  # of one file, its output included
    limit(resource.RLIMIT_NOFILE, MOST_DESCRIPTORS)
    limit(resource.RLIMIT_CORE, 0)
    # The interpreter is started without regard to PYTHONPATH: it must not change what comes before the function.
    given = [one for one in os.environ.get("PYTHONPATH", "").split(":") if one and one not in start["runtime_path"]]
    sys.path[:0] = [*start["code_path"], *given]
    sys.path += start["runtime_path"]
    os.chdir(start["code_path"][0])
    as_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    formatter = LogFormatter(as_json)
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(formatter)
    logging.getLogger().addHandler(output)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL") or "WARNING"
    logging.getLogger().setLevel({"TRACE": "DEBUG"}.get(level, level))  # Python has no level TRACE

    def answer(found: dict) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        unsent = json.dumps({**found, **memory(), "logged": logged()}).encode() + b"\n"
        while unsent:
            unsent = unsent[os.write(start["answers"], unsent) :]

    handler, broken = load(start["handler"])
    if broken:
        log_fault(broken, as_json)
    answer({"fault": broken} if broken else {})
    for call in calls:
        assert handler is not None  # the cloud sends no event after a fault
        formatter.request_id = call["request_id"]
        os.environ["_X_AMZN_TRACE_ID"] = call["trace_id"]
        found = run(handler, call, start["largest"])
        if "fault" in found:
            log_fault(found["fault"], as_json)
        answer(found)


if __name__ == "__main__":
    main()
