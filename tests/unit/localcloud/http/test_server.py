"""The HTTP server keeps connections, answers what was asked in order, and does not drop a burst."""

import contextlib
import http.client
import socket
import threading

import pytest

from localcloud.http.server import HttpServer


@contextlib.contextmanager
def serving(application, **options):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=HttpServer(listener, application, **options).serve_forever, daemon=True).start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def echo(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("X-Path", environ["PATH_INFO"]), ("X-Port", str(environ["REMOTE_PORT"]))])
    return [body]


@pytest.fixture(scope="module")
def port():
    with serving(echo) as port:
        yield port


def sent(port, data, *, then=None):
    """All that the server answers to some bytes, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(data)
        found = b""
        while part := connection.recv(65536):
            found += part
            if then and then[0] in found:
                connection.sendall(then[1])
                then = None
        return found


def test_one_connection_carries_many_requests(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    ports = set()
    for number in range(5):
        connection.request("POST", f"/{number}", body=b"x" * number)
        answer = connection.getresponse()
        assert answer.read() == b"x" * number
        assert answer.getheader("X-Path") == f"/{number}"
        ports.add(answer.getheader("X-Port"))
    assert len(ports) == 1
    connection.close()


def test_requests_that_come_together_are_answered_in_their_order(port):
    one = b"POST /%b HTTP/1.1\r\nContent-Length: 1\r\n%b\r\n%b"
    found = sent(port, one % (b"1", b"", b"a") + one % (b"2", b"Connection: close\r\n", b"b"))
    assert found.index(b"X-Path: /1") < found.index(b"\r\n\r\na") < found.index(b"X-Path: /2")
    assert found.endswith(b"\r\n\r\nb")


def test_a_client_that_waits_for_permission_gets_it(port):
    head = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
    found = sent(port, head, then=(b"100 Continue\r\n\r\n", b"abc"))
    assert found.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert found.endswith(b"abc")


def test_what_is_no_request_is_refused_with_its_reason(port):
    found = sent(port, b"hello\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"'hello" in found


def test_a_body_that_nobody_reads_does_not_become_the_next_request():
    def deaf(environ, start_response):
        start_response("403 Forbidden", [("Content-Length", "2")])
        return [b"no"]

    with serving(deaf) as port:
        inside = b"GET /inside HTTP/1.1\r\n\r\n"
        request = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(inside), inside)
        last = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
        assert sent(port, request + last).count(b"HTTP/1.1 403") == 2
        large = b"POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n"
        assert sent(port, large + b"x" * 2_000_000).count(b"HTTP/1.1 403") == 1


@pytest.mark.parametrize(
    ("status", "headers", "parts", "method", "wanted"),
    [
        ("200 OK", [], [b"ab", b"c"], "GET", b"Content-Length: 3\r\nConnection: close\r\n\r\nabc"),
        ("200 OK", [], (part for part in [b"ab", b"", b"c"]), "GET", b"\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
        ("200 OK", [("Content-Length", "3")], (part for part in [b"ab", b"c"]), "GET", b"\r\n\r\nabc"),
        ("200 OK", [("Content-Length", "3")], [b""], "HEAD", b"Content-Length: 3\r\nDate: "),
        ("204 No Content", [], [], "GET", b"Connection: close\r\n\r\n"),
        ("304 Not Modified", [], [b""], "GET", b"Connection: close\r\n\r\n"),
    ],
)
def test_an_answer_tells_where_it_ends(status, headers, parts, method, wanted):
    def application(environ, start_response):
        start_response(status, headers)
        return parts

    with serving(application) as port:
        found = sent(port, f"{method} / HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
    assert wanted in found
    if method == "HEAD" or status[:3] in ("204", "304"):
        assert found.endswith(b"\r\n\r\n")
        assert b"chunked" not in found


def test_a_header_cannot_end_the_head():
    def application(environ, start_response):
        start_response("200 OK", [("x-amz-meta-a", "b\r\nX-Forged: 1")])
        return [b""]

    with serving(application) as port:
        assert b"\r\nX-Forged" not in sent(port, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")


def test_a_fault_of_the_application_is_an_answer_and_not_the_end_of_the_server(capsys):
    def application(environ, start_response):
        raise KeyError("what")

    with serving(application) as port:
        for _ in range(2):
            found = sent(port, b"GET / HTTP/1.1\r\n\r\n")
            assert found.startswith(b"HTTP/1.1 500 ")
            assert b"KeyError: 'what'" in found
    assert "KeyError" in capsys.readouterr().out


def test_a_new_connection_takes_the_place_of_the_one_that_is_idle_for_longest():
    with serving(echo, most=2) as port:
        kept = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(2)]
        for connection in [kept[0], kept[1], kept[1]]:  # the first one waits since before the last request
            connection.request("GET", "/")
            connection.getresponse().read()
        assert sent(port, b"GET /new HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
        kept[1].request("GET", "/")
        assert kept[1].getresponse().read() == b""
        assert kept[0].sock.recv(1) == b""
        for connection in kept:
            connection.close()


def test_connections_that_send_nothing_keep_nobody_out():
    with serving(echo, most=2) as port:
        silent = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(2)]
        assert sent(port, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
        assert silent[0].recv(1) == b""
        for connection in silent:
            connection.close()


def test_a_burst_waits_until_there_is_room():
    running, most = [], []
    go_on = threading.Event()

    def slow(environ, start_response):
        running.append(1)
        most.append(len(running))
        if len(most) == 3:
            go_on.set()
        go_on.wait(60)
        running.pop()
        start_response("200 OK", [("Content-Length", "0")])
        return []

    answers = []
    with serving(slow, most=3) as port:
        request = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
        clients = [threading.Thread(target=lambda: answers.append(sent(port, request)[:12])) for _ in range(20)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert answers == [b"HTTP/1.1 200"] * 20
    assert max(most) == 3


def test_a_system_without_a_thread_left_does_not_end_the_server(monkeypatch, capsys):
    left = [False, True]
    start = threading.Thread.start

    def start_if_there_is_one(thread):
        if thread._target.__name__ == "_serve" and not left.pop(0):
            raise RuntimeError("can't start new thread")
        start(thread)

    with serving(echo, most=1) as port:
        monkeypatch.setattr(threading.Thread, "start", start_if_there_is_one)
        request = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
        with contextlib.suppress(ConnectionError):
            assert sent(port, request) == b""
        assert sent(port, request).startswith(b"HTTP/1.1 200 OK")
    assert "a connection was not served: can't start new thread" in capsys.readouterr().out
