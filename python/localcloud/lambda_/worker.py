"""One warm Lambda execution environment: imports a function's handler once, then runs it for one event after another.

Run by :mod:`localcloud.lambda_.environment` as a process of its own, with nothing of this project on its path:
only the standard library, the function's code and layers and what AWS's runtime ships (boto3). It is told one JSON
object a line on standard input (first what to run, then events) and answers one a line on the descriptor that it is
given. What the handler prints goes to the log. It leaves when standard input ends, so it never outlives the cloud.

Errors take the form that AWS's Python runtime gives them (awslambdaric): errorType, errorMessage, requestId and
stackTrace.
"""

import base64
import decimal
import importlib
import json
import logging
import os
import queue
import resource
import sys
import threading
import time
import traceback
from datetime import datetime, timezone
from pathlib import Path

TASK_ROOT = "/var/task"


class LambdaContext:
    """What a handler is given beside its event (AWS Lambda Developer Guide, The Python context object)."""

    identity = None

    def __init__(self, call):
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.aws_request_id = call["request_id"]
        self.invoked_function_arn = call["arn"]
        self.client_context = json.loads(base64.b64decode(call["client_context"])) if call["client_context"] else None
        self._deadline = time.monotonic() + call["timeout"]

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class LogFormatter(logging.Formatter):
    """The form that AWS's runtime gives records of ``logging``: tab-separated text, or one JSON object a line."""

    request_id = ""

    def __init__(self, as_json):
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        self.converter = time.gmtime
        self.as_json = as_json

    def format(self, record):
        record.aws_request_id = self.request_id
        if not self.as_json:
            return super().format(record)
        entry = {"timestamp": now(), "level": record.levelname, "message": record.getMessage(), "logger": record.name}
        if record.exc_info:
            entry["stackTrace"] = traceback.format_exception(*record.exc_info)
        return json.dumps({**entry, "requestId": self.request_id})


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017 - any Python may run this


def fault(error_type, message, request_id="", frames=()):
    root = os.environ["LAMBDA_TASK_ROOT"]
    trace = [line.replace(root, TASK_ROOT) for line in traceback.format_list(frames)]
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace}


def fault_of(error, request_id=""):
    """The fault of an exception, its stack trace beginning in the function's own code."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    while frames and frames[0].filename.startswith(("<frozen importlib", importlib.__file__)):
        frames.pop(0)
    return fault(type(error).__name__, str(error), request_id, frames)


def load(name):
    """The handler called ``name``, or why there is none."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        return None, fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        return None, fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}")
    except SyntaxError as error:
        return None, fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}")
    except Exception as error:  # noqa: BLE001 - whatever the function's code raises is its answer
        return None, fault_of(error)
    if not hasattr(module, function_name):
        return None, fault("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return getattr(module, function_name), None


def run(handler, call):
    """The handler's answer to one event: ``{"result": JSON text}`` or ``{"fault": …}``."""
    try:
        result = handler(call["event"], LambdaContext(call))
    except Exception as error:  # noqa: BLE001 - whatever the handler raises is its answer
        return {"fault": fault_of(error, call["request_id"])}
    try:
        text = json.dumps(result, ensure_ascii=False, default=number)
        text.encode()
        return {"result": text}
    except (TypeError, ValueError) as error:
        return {"fault": fault("Runtime.MarshalError", f"Unable to marshal response: {error}", call["request_id"])}


def number(value):
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def log_fault(found, as_json):
    """What the runtime logs of a fault: one event, as JSON or as text whose lines end in carriage returns."""
    if as_json:
        print(json.dumps({"timestamp": now(), "log_level": "ERROR", **found}))
    else:
        trace = "".join(["Traceback (most recent call last):\n", *found["stackTrace"]]).rstrip().replace("\n", "\r")
        print(f"[ERROR] {found['errorType']}: {found['errorMessage']}\r{trace}")


def max_memory_mb():
    try:
        # Not getrusage's: on Linux that begins with what the parent had.
        status = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 * 1024)


def lines():
    """The lines of standard input, read by a thread that ends the process with the input, whatever the handler does."""
    received = queue.SimpleQueue()

    def read():
        # Unbuffered: a thread that waits in a buffered read would abort an interpreter that wants to exit.
        unread = b""
        while part := os.read(0, 1 << 20):
            *whole, unread = (unread + part).split(b"\n")
            for line in whole:
                received.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield received.get()


def main():
    calls = lines()
    start = next(calls)
    sys.path[:0] = start["code_path"]
    sys.path += start["runtime_path"]
    os.chdir(start["code_path"][0])
    as_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    formatter = LogFormatter(as_json)
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(formatter)
    logging.getLogger().addHandler(output)
    logging.getLogger().setLevel(os.environ.get("AWS_LAMBDA_LOG_LEVEL") or "WARNING")

    def answer(found):
        sys.stdout.flush()
        sys.stderr.flush()
        unsent = json.dumps({**found, "max_memory_mb": max_memory_mb()}).encode() + b"\n"
        while unsent:
            unsent = unsent[os.write(start["answers"], unsent) :]

    handler, broken = load(start["handler"])
    if broken:
        log_fault(broken, as_json)
    answer({"fault": broken} if broken else {})
    for call in calls:
        formatter.request_id = call["request_id"]
        os.environ["_X_AMZN_TRACE_ID"] = call["trace_id"]
        found = run(handler, call)
        if "fault" in found:
            log_fault(found["fault"], as_json)
        answer(found)


if __name__ == "__main__":
    main()
