"""The download survives a server that breaks off, ignores ranges, sends wrong bytes or does not answer."""

import hashlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scones.dataset.download import Download
from scones.errors import DatasetError

CLASSES = ("bicycle", "motorcycle")


class Server(ThreadingHTTPServer):
    """Serves ``content``. ``breaks`` lists the bytes after which each answer breaks off. None means a whole answer."""

    daemon_threads = True

    def __init__(self, content):
        self.content, self.breaks, self.ranges, self.status = content, [], True, 200
        self.asked = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/cifar-100-python.tar.gz"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        span = self.headers["Range"]
        server.asked.append(span)
        start = int(span.removeprefix("bytes=").rstrip("-")) if span and server.ranges else 0
        if server.status != 200:
            self.send_error(server.status)
            return
        if start >= len(server.content):
            self.send_error(416)
            return
        rest = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: server.breaks.pop(0) if server.breaks else None])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(archive, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(archive.read_bytes()) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def download(server, tmp_path):
    md5 = hashlib.md5(server.content).hexdigest()
    return Download(tmp_path / "cache", url=server.url, md5=md5, patience=5)


def test_fetches_once_and_keeps_it(download, server):
    assert not download.cached
    assert download.identity().kind == "download"
    assert len(download.read(CLASSES).train) == 40
    assert download.cached
    assert server.asked == [None]
    assert [path.name for path in download.cache.iterdir()] == ["cifar-100-python.tar.gz"]


def test_goes_on_by_itself_where_the_server_breaks_off(download, server):
    server.breaks = [10_000, 20_000]
    assert download.fetch().read_bytes() == server.content
    assert server.asked == [None, "bytes=10000-", "bytes=30000-"]


def test_a_later_run_goes_on_where_an_earlier_one_stopped(download, server):
    download.cache.mkdir()
    (download.cache / "cifar-100-python.tar.gz.part").write_bytes(server.content[:50_000])
    assert download.fetch().read_bytes() == server.content
    assert server.asked == ["bytes=50000-"]


def test_begins_again_with_a_server_that_knows_no_ranges(download, server):
    server.ranges = False
    server.breaks = [10_000]
    assert download.fetch().read_bytes() == server.content


def test_a_part_that_is_whole_already_is_used(download, server):
    download.cache.mkdir()
    (download.cache / "cifar-100-python.tar.gz.part").write_bytes(server.content)
    assert download.fetch().read_bytes() == server.content


def test_deletes_what_has_the_wrong_checksum(download, server):
    server.content = b"<html>sign in to this network</html>"
    with pytest.raises(DatasetError, match=r"wrong checksum: MD5 .*\n.*deleted"):
        download.fetch()
    assert list(download.cache.iterdir()) == []


def test_gives_up_and_keeps_what_came(download, server):
    server.breaks = [1000] * 20
    with pytest.raises(DatasetError, match="broke off 5 times\nrun it again"):
        download.fetch()
    assert (download.cache / "cifar-100-python.tar.gz.part").stat().st_size == 5000


def test_names_what_the_server_answers(download, server):
    server.status = 403
    with pytest.raises(DatasetError, match=r"answers 403 Forbidden\n.*--archive"):
        download.fetch()


def test_a_server_that_is_not_there_is_named_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(DatasetError, match="cannot be fetched: Connection refused"):
        Download(tmp_path, url=f"http://127.0.0.1:{port}/x").fetch()
    assert time.monotonic() - begun < 2


def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(DatasetError, match="cannot be fetched: "):
            Download(tmp_path, url=f"http://127.0.0.1:{silent.getsockname()[1]}/x", patience=0.3).fetch()
        assert time.monotonic() - begun < 2
