"""On a full disk, a request that changes something is refused before anything is done, and reads are answered."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from localcloud.diskspace import LAST_RESERVE, RESERVE, DiskSpace, Spare, operation

JSON = {"CONTENT_TYPE": "application/x-amz-json-1.1"}
FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}


def request(method: str, path: str = "/", body: bytes = b"", **headers: str) -> dict[str, Any]:
    path, _, query = path.partition("?")
    sent = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "127.0.0.1:5566"}
    return {
        **sent,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "5566",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        **headers,
    }


def target(name: str) -> Callable[[], dict[str, Any]]:
    return lambda: request("POST", body=b"{}", HTTP_X_AMZ_TARGET=name, **JSON)


CHANGES = {
    "PutObject": ("s3", lambda: request("PUT", "/bucket/key", b"x" * 9)),
    "CreateMultipartUpload": ("s3", lambda: request("POST", "/bucket/key?uploads")),
    "CreateFunction": (
        "lambda",
        lambda: request("POST", "/2015-03-31/functions", b"{}", CONTENT_TYPE="application/json"),
    ),
    "Invoke": (
        "lambda",
        lambda: request("POST", "/2015-03-31/functions/f/invocations", b"{}", CONTENT_TYPE="application/json"),
    ),
    "InvokeEndpoint": ("sagemaker-runtime", lambda: request("POST", "/endpoints/e/invocations", b"x")),
    "CreateTrainingJob": ("sagemaker", target("SageMaker.CreateTrainingJob")),
    "StartExecution": ("stepfunctions", target("AWSStepFunctions.StartExecution")),
    "CreateRole": ("iam", lambda: request("POST", "/", b"Action=CreateRole&Version=2010-05-08&RoleName=a", **FORM)),
    "AssumeRole": ("sts", lambda: request("POST", "/", b"Action=AssumeRole&Version=2011-06-15&RoleArn=a", **FORM)),
}
READS = {
    "GetObject": ("s3", lambda: request("GET", "/bucket/key")),
    "HeadObject": ("s3", lambda: request("HEAD", "/bucket/key")),
    "ListFunctions": ("lambda", lambda: request("GET", "/2015-03-31/functions")),
    "DescribeEndpoint": ("sagemaker", target("SageMaker.DescribeEndpoint")),
    "ListRoles": ("iam", lambda: request("POST", "/", b"Action=ListRoles&Version=2010-05-08", **FORM)),
}
FREES = {
    "DeleteObject": ("s3", lambda: request("DELETE", "/bucket/key")),
    "DeleteObjects": ("s3", lambda: request("POST", "/bucket?delete", b"<Delete/>")),
    "StopTrainingJob": ("sagemaker", target("SageMaker.StopTrainingJob")),
    "ReceiveMessage": ("sqs", target("AmazonSQS.ReceiveMessage")),
    "DeleteMessage": ("sqs", target("AmazonSQS.DeleteMessage")),
    "RemoveTargets": ("events", target("AWSEvents.RemoveTargets")),
    "Unsubscribe": ("sns", lambda: request("POST", "/", b"Action=Unsubscribe&SubscriptionArn=a", **FORM)),
}


class Behind:
    """The application behind the layer: it reads the request's body."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.bodies.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return []


def ask(service: str, environ: dict[str, Any], free: int) -> tuple[str, bytes, Behind]:
    """The status and the body of the answer with so many bytes free, and the application behind."""
    behind, statuses = Behind(), []
    layer = DiskSpace(behind, lambda _: service, [Path("/state")], free=lambda _: free)
    body = b"".join(layer(environ, lambda status, headers: statuses.append(status)))
    return statuses[0], body, behind


@pytest.mark.parametrize("name", [*CHANGES, *READS, *FREES])
def test_the_operation_is_known_and_its_body_is_still_there(name):
    service, make = {**CHANGES, **READS, **FREES}[name]
    environ = make()
    sent = environ["wsgi.input"].getvalue()
    assert operation(environ, service) == name
    assert environ["wsgi.input"].read() == sent


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("free", [0, RESERVE - 1])
def test_a_change_is_refused_in_words_and_not_begun(name, free):
    service, make = CHANGES[name]
    status, body, behind = ask(service, make(), free)
    assert status == "400 BAD REQUEST", "a client repeats a 500 or a 503 for minutes"
    assert behind.bodies == []
    text = body.decode()
    assert "DiskFull" in text
    assert f"the disk of /state has {free / 1e6:.0f} MB free" in text
    assert "free some space, and repeat the request" in text
    if service in ("sagemaker", "stepfunctions", "lambda"):
        assert json.loads(text)["__type"] == "DiskFull"


@pytest.mark.parametrize("name", READS)
def test_reads_are_answered_even_if_nothing_is_free(name):
    service, make = READS[name]
    status, _, behind = ask(service, make(), 0)
    assert (status, len(behind.bodies)) == ("200 OK", 1)


@pytest.mark.parametrize("name", FREES)
def test_what_makes_space_may_use_the_reserve_but_not_all_of_it(name):
    service, make = FREES[name]
    assert ask(service, make(), LAST_RESERVE)[0] == "200 OK"
    assert ask(service, make(), LAST_RESERVE - 1)[0] == "400 BAD REQUEST"


def test_where_others_have_filled_the_disk_space_can_still_be_made(tmp_path):
    """The disk of this test has 4 MB free beside the spare file, which is taken while there is much more."""
    spare, now, others = Spare(tmp_path / "spare", size=LAST_RESERVE), [0.0], [0]

    def free(_: Path) -> int:
        used = (tmp_path / "spare").stat().st_size if (tmp_path / "spare").exists() else 0
        return RESERVE + 2 * LAST_RESERVE - used - others[0]

    behind, statuses = Behind(), []
    layer = DiskSpace(behind, lambda _: "s3", [tmp_path], spare=spare, free=free, clock=lambda: now[0])

    def ask_for(name: str) -> str:
        now[0] += 1.0
        layer({**CHANGES, **FREES}[name][1](), lambda status, headers: statuses.append(status))
        return statuses[-1][:3]

    assert ask_for("PutObject") == "200"
    assert (tmp_path / "spare").stat().st_size == LAST_RESERVE
    others[0] = RESERVE + 4_000_000
    assert ask_for("PutObject") == "400"
    assert (tmp_path / "spare").stat().st_size == LAST_RESERVE, "only what makes space gets it"
    assert ask_for("DeleteObject") == "200"
    assert ask_for("PutObject") == "400"
    others[0] = 0
    assert ask_for("PutObject") == "200"
    assert (tmp_path / "spare").stat().st_size == LAST_RESERVE


def test_the_file_system_is_asked_once_a_second_and_with_space_again_changes_go_on():
    now, free, asked = [0.0], {"/state": RESERVE, "/tmp": RESERVE}, []

    def tell(folder: Path) -> int:
        asked.append(folder)
        return free[str(folder)]

    behind, statuses = Behind(), []
    layer = DiskSpace(behind, lambda _: "s3", [Path("/state"), Path("/tmp")], free=tell, clock=lambda: now[0])

    def put() -> str:
        layer(request("PUT", "/bucket/key", b"x"), lambda status, headers: statuses.append(status))
        return statuses[-1][:3]

    assert [put(), put()] == ["200", "200"]
    assert len(asked) == 2, "each of the two folders once"
    free["/tmp"] = 0
    now[0] = 0.5
    assert put() == "200"
    now[0] = 1.0
    assert put() == "400"
    free["/tmp"] = RESERVE
    now[0] = 2.0
    assert put() == "200"
