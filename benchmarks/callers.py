"""The clients of the benchmark of the local cloud: processes of their own, so that their work is not the server's.

:mod:`benchmarks.cloud` starts it, with one JSON object on standard input (:class:`Work`)::

    python -m benchmarks.callers

It forks one process for each client. They all begin at the same moment, and each sends one request after the other on
one connection that it keeps. Standard output gets one JSON object (:class:`Done`). The requests are signed, as AWS's
clients sign them. A client of boto3 would need more time for a request than the server, and would be what is measured.
"""

from __future__ import annotations

import base64
import http.client
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

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
        self._endpoint = endpoint
        self._connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=LONGEST)
        self._credentials = Credentials(access_key_id, secret_access_key)

    def post(self, service: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """The body of the answer.

        Raises:
            Refused: The status is not 200, or the function failed.
        """
        request = AWSRequest("POST", f"{self._endpoint}{path}", data=body, headers=headers)
        SigV4Auth(self._credentials, service, REGION).add_auth(request)
        self._connection.request("POST", path, body, dict(request.headers))
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200 or answer.getheader("x-amz-function-error"):
            code = (answer.getheader("x-amzn-errortype") or _code(content)).partition(":")[0]
            raise Refused(f"{answer.status} {code}")
        return content


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
        caller = Caller(work.endpoint, work.access_key_id, work.secret_access_key)
        while _goes_on(work, share, len(taken) + sum(refused.values()), start):
            before = time.monotonic()
            try:
                do(caller, work)
                taken.append(time.monotonic() - before)
            except Refused as code:
                refused[str(code)] = refused.get(str(code), 0) + 1
    except (OSError, http.client.HTTPException, ValueError, KeyError) as broken:
        error = f"{type(broken).__name__}: {broken}"
    results.put((start, time.monotonic(), taken, refused, error))


def _goes_on(work: Work, share: int | None, done: int, start: float) -> bool:
    if share is not None:
        return done < share
    return not done or time.monotonic() - start < work.seconds


if __name__ == "__main__":
    print(json.dumps(asdict(run(Work(**json.load(sys.stdin))))))
