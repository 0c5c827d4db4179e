"""The clients of the benchmark of the local cloud: processes of their own, so that their work is not the server's.

:mod:`benchmarks.cloud` starts it, with one JSON object on standard input (:class:`Work`)::

    python -m benchmarks.callers

It forks one process for each client. They all begin at the same moment, and each sends one request after the other on
one connection that it keeps. Standard output gets one JSON object (:class:`Done`). The requests are signed, as AWS's
clients sign them. A client of boto3 would need more time for a request than the server, and would be what is measured.
So each client writes and reads HTTP itself: a request takes it a tenth of a millisecond.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import multiprocessing
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote, urlsplit

REGION = "us-east-1"
GROWTH, LONGEST_PAUSE = 1.5, 0.05
LONGEST = 60.0  # seconds: the timeout of an answer, and of an execution


@dataclass(frozen=True)
class Work:
    """What the clients do.

    Attributes:
        kind: ``execution`` (start one and ask until it has ended), ``function`` or ``endpoint``.
        endpoint: The server's URL.
        access_key_id: The access key's id.
        secret_access_key: The access key's secret.
        target: The state machine's ARN, or the name of the function or endpoint.
        body: What is sent: the execution's input or the function's event as JSON text, or an image in base64.
        clients: The number of clients at once.
        seconds: How long they send. Each client does at least one piece of work.
        pause: The seconds before the second look at an execution. Each pause is half as long again as the one before,
            up to :data:`LONGEST_PAUSE`: else 32 clients would use up the machine by asking.
        count: The number of pieces of work of all clients together; None: as many as the time allows.
    """

    kind: str
    endpoint: str
    access_key_id: str
    secret_access_key: str
    target: str
    body: str
    clients: int
    seconds: float
    pause: float
    count: int | None = None


@dataclass(frozen=True)
class Done:
    """What the clients did.

    Attributes:
        taken: The seconds of each piece of work.
        lasted: The seconds from the common begin to the last end.
        refused: How many requests were refused, by status and code.
        broken: What went wrong otherwise. It must be empty.
    """

    taken: list[float]
    lasted: float
    refused: dict[str, int]
    broken: list[str]


class Refused(Exception):
    """The server answered with an error of its own."""


class Caller:
    """Sends signed requests on one connection.

    Args:
        endpoint: The server's URL.
        access_key_id: The access key's id.
        secret_access_key: The access key's secret.
    """

    def __init__(self, endpoint: str, access_key_id: str, secret_access_key: str) -> None:
        address = urlsplit(endpoint)
        self._host, self._keys = address.netloc, (access_key_id, secret_access_key)
        self._socket = socket.create_connection((address.hostname or "", address.port or 80), timeout=LONGEST)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def post(self, service: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """The body of the answer.

        Raises:
            Refused: The status is not 200, or the function failed.
            OSError: The server closed the connection.
            ValueError: The answer is not of a form that this client reads.
        """
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        given = {"Host": self._host, "X-Amz-Date": moment, **headers}
        given["Authorization"] = authorization(*self._keys, service, path, given, body)
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
        self._socket.sendall("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body)
        status, told, content = self._answer()
        if status != 200 or "x-amz-function-error" in told:
            code = (told.get("x-amzn-errortype") or _code(content)).partition(":")[0]
            raise Refused(f"{status} {code}")
        return content

    def _answer(self) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers with names in lower case, and the body."""
        first, *lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        told = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if told.get("transfer-encoding", "").lower() == "chunked":
            content = b""
            while size := int(self._until(b"\r\n").partition(b";")[0], 16):
                content += self._exactly(size + 2)[:-2]
            self._exactly(2)  # the end of a body without trailers
        else:
            content = self._exactly(int(told["content-length"]))
        return int(first.split(" ")[1]), told, content

    def _until(self, end: bytes) -> bytes:
        while (at := self._unread.find(end)) < 0:
            self._receive()
        found, self._unread = self._unread[:at], self._unread[at + len(end) :]
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._unread) < size:
            self._receive()
        found, self._unread = self._unread[:size], self._unread[size:]
        return found

    def _receive(self) -> None:
        part = self._socket.recv(1 << 16)
        if not part:
            raise ConnectionError("the server closed the connection without an answer")
        self._unread += part


def authorization(key_id: str, secret: str, service: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    """The value of the header Authorization of a POST without a query: AWS Signature Version 4.

    Source: IAM User Guide, "Create a signed AWS API request". All the headers are signed.

    Args:
        path: As it is sent. AWS encodes it a second time for every service but S3.
        headers: With ``Host`` and ``X-Amz-Date``.
    """
    signed = sorted((name.lower(), value) for name, value in headers.items())
    names, moment = ";".join(name for name, _ in signed), headers["X-Amz-Date"]
    told = "".join(f"{name}:{value}\n" for name, value in signed)
    canonical = "\n".join(["POST", quote(path), "", told, names, hashlib.sha256(body).hexdigest()])
    scope = f"{moment[:8]}/{REGION}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={key.hex()}"


def _code(content: bytes) -> str:
    try:
        found = json.loads(content)
        return str(found.get("__type") or found.get("errorType") or "")
    except (ValueError, AttributeError):
        return ""


def execution(caller: Caller, work: Work) -> None:
    """Start an execution and look at it until it has ended.

    Raises:
        Refused: The server refused a request, or the execution failed.
    """
    given = {"stateMachineArn": work.target, "input": work.body}
    arn = _states(caller, "StartExecution", given)["executionArn"]
    give_up, pause = time.monotonic() + LONGEST, work.pause
    while (found := _states(caller, "DescribeExecution", {"executionArn": arn}))["status"] == "RUNNING":
        if time.monotonic() > give_up:
            raise Refused(f"still RUNNING after {LONGEST:g} s")
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
    if found["status"] != "SUCCEEDED":
        raise Refused(f"{found['status']} {found.get('error')}")


def _states(caller: Caller, operation: str, given: dict[str, Any]) -> Any:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AWSStepFunctions.{operation}"}
    return json.loads(caller.post("states", "/", json.dumps(given).encode(), headers))


def function(caller: Caller, work: Work) -> None:
    """Invoke a function once."""
    caller.post("lambda", f"/2015-03-31/functions/{work.target}/invocations", work.body.encode(), {})


def endpoint(caller: Caller, work: Work) -> None:
    """Send an image to a SageMaker endpoint."""
    image = base64.b64decode(work.body)
    caller.post("sagemaker", f"/endpoints/{work.target}/invocations", image, {"Content-Type": "image/png"})


KINDS: dict[str, Callable[[Caller, Work], None]] = {
    "execution": execution,
    "function": function,
    "endpoint": endpoint,
}


def run(work: Work) -> Done:
    """Do the work with so many processes, and wait for them."""
    forking = multiprocessing.get_context("fork")
    begin, results = forking.Barrier(work.clients), forking.SimpleQueue()
    children = [
        forking.Process(target=_client, args=(work, _share(work, number), begin, results), daemon=True)
        for number in range(work.clients)
    ]
    for child in children:
        child.start()
    found = [results.get() for _ in children]
    for child in children:
        child.join()
    refused: dict[str, int] = {}
    for _, _, _, codes, _ in found:
        for code, times in codes.items():
            refused[code] = refused.get(code, 0) + times
    return Done(
        taken=[one for _, _, taken, _, _ in found for one in taken],
        lasted=max(end for _, end, *_ in found) - min(start for start, *_ in found),
        refused=refused,
        broken=[error for *_, error in found if error],
    )


def _share(work: Work, number: int) -> int | None:
    """How many pieces of a counted work a client does."""
    if work.count is None:
        return None
    return work.count // work.clients + (number < work.count % work.clients)


def _client(work: Work, share: int | None, begin: Any, results: Any) -> None:
    do = KINDS[work.kind]
    taken: list[float] = []
    refused: dict[str, int] = {}
    error = ""
    begin.wait()
    start = time.monotonic()
    try:
        with closing(Caller(work.endpoint, work.access_key_id, work.secret_access_key)) as caller:
            while _goes_on(work, share, len(taken) + sum(refused.values()), start):
                before = time.monotonic()
                try:
                    do(caller, work)
                    taken.append(time.monotonic() - before)
                except Refused as code:
                    refused[str(code)] = refused.get(str(code), 0) + 1
    except (OSError, ValueError, KeyError) as broken:
        error = f"{type(broken).__name__}: {broken}"
    results.put((start, time.monotonic(), taken, refused, error))


def _goes_on(work: Work, share: int | None, done: int, start: float) -> bool:
    if share is not None:
        return done < share
    return not done or time.monotonic() - start < work.seconds


if __name__ == "__main__":
    print(json.dumps(asdict(run(Work(**json.load(sys.stdin))))))
