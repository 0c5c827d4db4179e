"""The benchmark's clients sign and read as AWS's clients do."""

import socket
import threading
from contextlib import ExitStack, closing

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.callers import REGION, Caller, Refused, authorization


@pytest.mark.parametrize(
    ("service", "path", "body", "headers"),
    [
        ("states", "/", b'{"a": "\xc3\xbc"}', {"X-Amz-Target": "AWSStepFunctions.StartExecution"}),
        ("lambda", "/2015-03-31/functions/bench-1/invocations", b"{}", {}),
        ("sagemaker", "/endpoints/bench/invocations", b"\x00\xff", {"Content-Type": "image/png"}),
    ],
)
def test_a_request_is_signed_as_boto3_signs_it(service, path, body, headers):
    request = AWSRequest("POST", f"http://127.0.0.1:4566{path}", data=body, headers=headers)
    SigV4Auth(Credentials("AKIA1", "secret"), service, REGION).add_auth(request)
    given = {"Host": "127.0.0.1:4566", "X-Amz-Date": request.headers["X-Amz-Date"], **headers}
    assert authorization("AKIA1", "secret", service, path, given, body) == request.headers["Authorization"]


@pytest.fixture
def answering():
    """A client whose requests get the given answers, one after the other, in parts that end anywhere."""
    with ExitStack() as opened:
        server = opened.enter_context(socket.create_server(("127.0.0.1", 0)))

        def client(*answers: bytes) -> Caller:
            def serve() -> None:
                with server.accept()[0] as connection:
                    for answer in answers:
                        connection.recv(1 << 16)
                        for start in range(0, len(answer), 7):
                            connection.sendall(answer[start : start + 7])

            served = threading.Thread(target=serve)
            served.start()
            opened.callback(served.join)
            caller = Caller(f"http://127.0.0.1:{server.getsockname()[1]}", "a", "b")
            return opened.enter_context(closing(caller))

        yield client


def test_an_answer_is_read_whole_whether_or_not_it_tells_its_length(answering):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
    caller = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", chunked)
    assert caller.post("lambda", "/", b"", {}) == b"{}"
    assert caller.post("lambda", "/", b"", {}) == b"hello!"


def test_a_failed_function_is_refused_and_a_lost_answer_an_error(answering):
    failed = b"HTTP/1.1 200 OK\r\nX-Amz-Function-Error: Unhandled\r\nContent-Length: 21\r\n\r\n"
    caller = answering(failed + b'{"errorType": "Boom"}')
    with pytest.raises(Refused, match=r"^200 Boom$"):
        caller.post("lambda", "/", b"", {})
    with pytest.raises(ConnectionError):
        caller.post("lambda", "/", b"", {})
