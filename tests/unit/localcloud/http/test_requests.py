"""Requests of HTTP/1.1 are read as WSGI wants them, and what is no request is refused."""

import io

import pytest

from localcloud.http.requests import UNDERSCORED, Malformed, keeps, read


def of(text, body=b""):
    return read(io.BytesIO(text.replace("\n", "\r\n").encode("latin-1") + body), None)


def test_a_target_is_kept_as_it_was_sent_and_its_path_is_decoded():
    environ = of("GET /b/%C3%A9%2Fa+b?x=%20y&z HTTP/1.1\nHost: localhost\n\n")
    assert environ["RAW_URI"] == "/b/%C3%A9%2Fa+b?x=%20y&z"
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/b/é/a+b"
    assert environ["QUERY_STRING"] == "x=%20y&z"


def test_bytes_beyond_ascii_in_a_target_are_a_characters_utf_8_as_other_servers_say():
    environ = of("GET /caf\xe9 HTTP/1.1\n\n")
    assert environ["PATH_INFO"] == "/cafÃ©"


def test_headers_that_come_twice_are_one_and_those_with_an_underscore_are_apart():
    environ = of("PUT / HTTP/1.1\nX-A: 1\nx-a:  2 \nx-amz-meta-a_b: c\nContent-Type: text/plain\n\n")
    assert environ["HTTP_X_A"] == "1,2"
    assert environ[UNDERSCORED] == [("x-amz-meta-a_b", "c")]
    assert "HTTP_X_AMZ_META_A_B" not in environ
    assert environ["CONTENT_TYPE"] == "text/plain"


def test_an_absolute_target_names_the_host():
    environ = of("GET http://bucket.localhost:1/key?a HTTP/1.1\nHost: other\n\n")
    assert (environ["HTTP_HOST"], environ["PATH_INFO"], environ["QUERY_STRING"]) == ("bucket.localhost:1", "/key", "a")


def test_a_body_ends_where_its_length_says():
    environ = of("PUT / HTTP/1.1\nContent-Length: 3\n\n", b"abcGET / HTTP/1.1")
    body = environ["wsgi.input"]
    assert body.read(2) == b"ab"
    assert not body.whole
    assert body.read() == b"c"
    assert body.whole
    assert body.read() == b""


def test_a_body_in_chunks_is_one_body():
    environ = of(
        "PUT / HTTP/1.1\nTransfer-Encoding: chunked\n\n", b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\nGET"
    )
    body = environ["wsgi.input"]
    assert body.read(5) == b"abc01"
    assert body.read() == b"23456789"
    assert body.whole


def test_the_rest_of_a_body_is_read_up_to_a_limit():
    assert of("PUT / HTTP/1.1\nContent-Length: 3\n\n", b"abc")["wsgi.input"].finish(10)
    assert not of("PUT / HTTP/1.1\nContent-Length: 30\n\n", b"a" * 30)["wsgi.input"].finish(10)
    assert not of("PUT / HTTP/1.1\nContent-Length: 30\n\n", b"a")["wsgi.input"].finish(100)
    assert not of("PUT / HTTP/1.1\nTransfer-Encoding: chunked\n\n", b"x\r\n")["wsgi.input"].finish(100)


def test_a_client_that_waits_is_told_to_go_on_when_its_body_is_wanted():
    told = []
    text = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"
    refused = read(io.BytesIO(text), lambda: told.append(1))
    assert not refused["wsgi.input"].finish(100)  # nobody has asked for it, so the client may not send it
    assert told == []
    wanted = read(io.BytesIO(text), lambda: told.append(1))
    assert wanted["wsgi.input"].read() == b"a"
    assert told == [1]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("hello\n\n", "400"),
        ("GET  / HTTP/1.1\n\n", "400"),
        ("GET bucket HTTP/1.1\n\n", "400"),
        ("GET / HTTP/2.0\n\n", "505"),
        ("GET /" + 70_000 * "a" + " HTTP/1.1\n\n", "414"),
        ("GET / HTTP/1.1\nA: " + 70_000 * "a" + "\n\n", "431"),
        ("GET / HTTP/1.1\n" + 201 * "A: 1\n" + "\n", "431"),
        ("GET / HTTP/1.1\nno header\n\n", "400"),
        ("GET / HTTP/1.1\nA : 1\n\n", "400"),
        ("GET / HTTP/1.1\n folded: 1\n\n", "400"),
        ("GET / HTTP/1.1\nHost: a\n", "400"),
        ("PUT / HTTP/1.1\nContent-Length: -1\n\n", "400"),
        ("PUT / HTTP/1.1\nContent-Length: " + 5_000 * "1" + "\n\n", "400"),
        ("PUT / HTTP/1.1\nContent-Length: 1\nContent-Length: 2\n\n", "400"),
        ("PUT / HTTP/1.1\nContent-Length: 1\nTransfer-Encoding: chunked\n\n", "400"),
        ("PUT / HTTP/1.1\nTransfer-Encoding: gzip\n\n", "501"),
    ],
)
def test_what_is_no_request_is_refused(text, status):
    with pytest.raises(Malformed) as refused:
        of(text)
    assert refused.value.status.startswith(status)


@pytest.mark.parametrize("body", [b"zz\r\n", b"-1\r\n", b"5\r\nabc"])
def test_a_chunk_that_is_none_is_refused(body):
    environ = of("PUT / HTTP/1.1\nTransfer-Encoding: chunked\n\n", body)
    with pytest.raises(Malformed):
        environ["wsgi.input"].read()


def test_no_request_is_none():
    assert of("") is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("GET / HTTP/1.1\n\n", True),
        ("GET / HTTP/1.1\nConnection: close\n\n", False),
        ("GET / HTTP/1.0\n\n", False),
        ("GET / HTTP/1.0\nConnection: keep-alive\n\n", True),
    ],
)
def test_the_client_says_whether_a_connection_is_kept(text, kept):
    assert keeps(of(text)) is kept
