"""A page in a real browser cannot use the local cloud, neither from another origin nor by DNS rebinding."""

from __future__ import annotations

import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from localcloud import control

from .conftest import eventually

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# The path of each request is the name of its attempt.
ATTEMPTS = {
    "fetch": "fetch(cloud('fetch'), {method: 'POST', mode: 'no-cors', body: '{}'})",
    "preflight": "fetch(cloud('preflight'), {method: 'PUT', headers: {'X-Amz-Target': 'SageMaker.CreateModel'}})",
    "beacon": "navigator.sendBeacon(cloud('beacon'), 'x')",
    "stream": "new EventSource(cloud('stream'))",
    "socket": "new WebSocket(cloud('socket').replace('http', 'ws'))",
    "image": "add('img', {src: cloud('image')})",
    "script": "add('script', {src: cloud('script')})",
    "style": "add('link', {rel: 'stylesheet', href: cloud('style')})",
    "frame": "add('iframe', {src: cloud('frame')})",
    "form": "post('form', 'multipart/form-data', 'hidden')",
    "rebound": "fetch(rebound('rebound'), {mode: 'no-cors'})",
    "rebound-frame": "add('iframe', {src: rebound('rebound-frame')})",
}
PAGE = """<!doctype html><body><iframe name="hidden"></iframe><script>
const cloud = name => `http://127.0.0.1:PORT/MARK/${name}`;
const rebound = name => `http://rebound.example:PORT/MARK/${name}`;
const add = (tag, given) => document.body.append(Object.assign(document.createElement(tag), given));
const post = (name, enctype, target) => {
  const form = Object.assign(document.createElement('form'), {action: cloud(name), method: 'POST', enctype, target});
  form.append(Object.assign(document.createElement('input'), {name: 'key', value: 'a'}));
  document.body.append(form);
  form.submit();
};
for (const attempt of [ATTEMPTS]) { try { Promise.resolve(attempt()).catch(() => 0); } catch { } }
</script>"""


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Any]:
    """Open an address in a browser that resolves every name under ``.example`` to this machine."""
    if not BROWSER:
        pytest.skip("NO BROWSER: install Chromium (Debian: apt-get install chromium) to show that no page comes in")
    browsers = []

    def open_page(address: str) -> None:
        quiet = ["background-networking", "component-update", "sync", "gpu", "quic", "extensions"]
        browsers.append(
            subprocess.Popen(
                [
                    BROWSER,
                    "--headless",
                    "--no-sandbox",
                    "--no-first-run",
                    *(f"--disable-{name}" for name in quiet),
                    "--host-resolver-rules=MAP *.example 127.0.0.1",
                    "--remote-debugging-port=0",
                    f"--user-data-dir={tmp_path}",
                    address,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    yield open_page
    for browser in browsers:
        browser.kill()
        browser.wait()


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example", "rebound.example"])
def test_no_page_comes_in_by_whatever_it_tries(cloud: Any, browse: Any, host: str) -> None:
    mark = uuid.uuid4().hex
    page = PAGE.replace("PORT", str(cloud.running.port)).replace("MARK", mark)
    page = page.replace("ATTEMPTS", ", ".join(f"() => {code}" for code in ATTEMPTS.values()))

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        browse(f"http://{host}:{server.server_port}/")
        log = cloud.state / control.LOG

        def answers() -> dict[str, str]:
            """The status of the answer to each attempt, from the log."""
            lines = [line.split() for line in log.read_text().splitlines() if f"/{mark}/" in line]
            return {words[4].rpartition("/")[2]: words[1] for words in lines if len(words) > 4}

        # The first start of a browser on a busy machine is slow.
        eventually(lambda: answers().keys() == ATTEMPTS.keys(), seconds=120)
        assert set(answers().values()) == {"403"}
    finally:
        server.shutdown()
        server.server_close()
