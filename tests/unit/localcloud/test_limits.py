"""A request that is too large, too deep or too slow ends in a clear refusal, and its connection is given back."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from localcloud.http.server import HttpServer
from localcloud.limits import Limits, json_depth, xml_depth

S3 = "AWS4-HMAC-SHA256 Credential=AKIA/20260102/us-east-1/s3/aws4_request"
LAMBDA = S3.replace("/s3/", "/lambda/")
SAGEMAKER = S3.replace("/s3/", "/sagemaker/")


def count(environ, start_response):
    body = str(len(environ["wsgi.input"].read())).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server with short patience and with places for five connections."""
    for name, value in {"server.HEAD_SECONDS": 0.5, "server.BODY_SECONDS": 0.6, "patience.SILENT_SECONDS": 0.3}.items():
        monkeypatch.setattr(f"localcloud.http.{name}", value)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = HttpServer(listener, Limits(count), most=5)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield listener.getsockname()[1]
        server.shutdown()


def answer(port: int, *parts: bytes, pause: float = 0.0, close: bool = False) -> bytes:
    """What the server answers to bytes that are sent in parts."""
    found = b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        with contextlib.suppress(ConnectionError):  # the server may have answered before all is sent
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
            if close:
                connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while received := connection.recv(65_536):
                found += received
    return found


def head(*lines: str, method: str = "POST", path: str = "/") -> bytes:
    return "".join(
        f"{line}\r\n" for line in [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *lines, ""]
    ).encode()


BODIES = {
    "a body": (["Content-Length: 5"], b"12345", b"200", b"\r\n\r\n5"),
    "no body": ([], b"", b"200", b"\r\n\r\n0"),
    "a chunked body": (
        ["Transfer-Encoding: chunked"],
        b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: t\r\n\r\n",
        b"200",
        b"\r\n\r\n5",
    ),
    "ten gigabytes": (["Content-Length: 10000000000"], b"abc", b"413", b"RequestEntityTooLarge"),
    "ten gigabytes for S3": (
        ["Content-Length: 10000000000", f"Authorization: {S3}"],
        b"abc",
        b"400",
        b"EntityTooLarge",
    ),
    "a negative length": (["Content-Length: -5"], b"abc", b"400", b"has the Content-Length '-5'"),
    "two lengths": (["Content-Length: 3", "Content-Length: 5"], b"abc", b"400", b"two headers Content-Length"),
    "a length and chunks": (
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        b"0\r\n\r\n",
        b"400",
        b"both Transfer-Encoding and Content-Length",
    ),
    "another coding": (
        ["Transfer-Encoding: gzip, chunked"],
        b"0\r\n\r\n",
        b"501",
        b"Transfer-Encoding 'gzip, chunked'",
    ),
    "a chunk of no number": (["Transfer-Encoding: chunked"], b"zz\r\n", b"400", b"IncompleteBody"),
    "a negative chunk": (["Transfer-Encoding: chunked"], b"-5\r\nabc", b"400", b"IncompleteBody"),
    "a chunk of terabytes": (["Transfer-Encoding: chunked"], b"fffffffffff\r\nabc", b"400", b"RequestTimeout"),
    "a chunk that is longer": (["Transfer-Encoding: chunked"], b"1\r\nabc\r\n0\r\n\r\n", b"400", b"IncompleteBody"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_read_whole_or_refused_by_name(port, name):
    lines, body, status, words = BODIES[name]
    found = answer(port, head(*lines), body)
    assert found.split()[1] == status
    assert words in found


@pytest.mark.parametrize(
    ("lines", "body"), [(["Content-Length: 9"], b"abc"), (["Transfer-Encoding: chunked"], b"9\r\nabc")]
)
def test_a_body_that_ends_early_or_does_not_come_is_refused(port, lines, body):
    """A chunked one made the server's thread loop for ever and take all memory."""
    assert b"IncompleteBody" in answer(port, head(*lines), body, close=True)
    began = time.monotonic()
    assert b"RequestTimeout" in answer(port, head(*lines), body)
    assert time.monotonic() - began < 5


def test_a_client_that_sends_a_byte_at_a_time_is_not_waited_for(port):
    began = time.monotonic()
    assert b" 408 " in answer(port, *[b"G"] * 20, pause=0.1)
    assert b" 408 " in answer(port, head()[:-2], *[b"X: a\r\n"] * 10, pause=0.1)
    assert b"RequestTimeout" in answer(port, head("Content-Length: 100"), *[b"x"] * 12, pause=0.1)
    assert time.monotonic() - began < 10


def test_a_header_that_is_cut_short_is_not_carried_out(port):
    assert b" 400 " in answer(port, head("Content-Length: 0")[:-2], close=True)


def test_slow_clients_that_hold_all_places_give_them_back(port):
    with contextlib.ExitStack() as slow:
        for _ in range(5):
            slow.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)).sendall(b"GET / HT")
        began = time.monotonic()
        assert answer(port, head()).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - began < 5


def ask(body: bytes, method: str = "POST", query: str = "", **headers: str) -> str:
    """The status of a request with a body, and the answer's body."""
    environ = {"REQUEST_METHOD": method, "PATH_INFO": "/", "QUERY_STRING": query, "CONTENT_LENGTH": str(len(body))}
    statuses: list[str] = []
    layer = Limits(count)
    sent = layer(
        {**environ, "wsgi.input": io.BytesIO(body), **headers}, lambda status, headers: statuses.append(status)
    )
    return f"{statuses[0]} {b''.join(sent).decode()}"


DEEP = b'{"a": [' * 50_000
BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Delete>&b;</Delete>'


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (DEEP, {"HTTP_X_AMZ_TARGET": "SageMaker.ListModels"}, "SerializationException"),
        (b"[" * 257 + b"]" * 257, {"HTTP_X_AMZ_TARGET": "SageMaker.ListModels"}, "SerializationException"),
        (DEEP, {"HTTP_AUTHORIZATION": LAMBDA}, "InvalidRequestContentException"),
        (b"<a>" * 50_000, {"HTTP_AUTHORIZATION": S3}, "MalformedXML"),
        (BOMB, {"HTTP_AUTHORIZATION": S3}, "MalformedXML"),
        (BOMB.decode().encode("utf-16"), {"HTTP_AUTHORIZATION": S3}, "MalformedXML"),
        (BOMB, {}, "MalformedXML"),
    ],
)
def test_what_would_exhaust_a_parser_is_refused_in_the_services_words(body, headers, code):
    found = ask(body, **headers)
    assert found.startswith("400 ")
    assert code in found


def test_an_objects_data_may_be_anything():
    for body in (DEEP, BOMB, b"<a>" * 1000):
        for query in ("", "x-id=PutObject", "partNumber=1&uploadId=abc&x-id=UploadPart"):
            assert ask(body, "PUT", query, HTTP_AUTHORIZATION=S3) == f"200 OK {len(body)}"
    assert "MalformedXML" in ask(BOMB, "PUT", "tagging", HTTP_AUTHORIZATION=S3)


@pytest.mark.parametrize("body", [b"\xff\xd8\xff\xe0\0\x10JFIF", b"\0" * 100, b"\xef\xbb\xbf1,2", b"\xfe\xff\0a", BOMB])
def test_an_endpoint_takes_any_data(body):
    """A JPEG begins with the byte that UTF-16 begins with."""
    assert ask(body, "POST", HTTP_AUTHORIZATION=SAGEMAKER) == f"200 OK {len(body)}"


def test_brackets_in_strings_and_many_flat_elements_are_not_deep():
    flat = json.dumps({"text": '[{"' * 1000, "list": [[] for _ in range(1000)]}).encode()
    assert json_depth(flat) == 3
    assert ask(flat, HTTP_X_AMZ_TARGET="SageMaker.ListModels").startswith("200 ")
    many = b"<Delete>" + b"<Object><Key>a</Key></Object>" * 1000 + b"</Delete>"
    assert xml_depth(many) == 3
    assert ask(many, query="delete", HTTP_AUTHORIZATION=S3).startswith("200 ")


@pytest.mark.parametrize(
    ("depth", "text"),
    [(json_depth, b'"' + b'\\"' * 500_000), (xml_depth, b"<!--" * 250_000), (xml_depth, b"<" * 1_000_000)],
)
def test_a_text_without_end_is_measured_in_a_moment(depth, text):
    began = time.monotonic()
    assert depth(text) == 0
    assert time.monotonic() - began < 2
