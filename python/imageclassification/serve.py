"""The serving process: an HTTP server on 127.0.0.1 with the contract of SageMaker's containers.

Example (not run: the process serves until it is told to end)::

    $ python -m imageclassification.serve --artifact model.tar.gz --port 0
    {"port": 40123}
    $ curl --data-binary @bicycle.png -H 'Content-Type: image/png' http://127.0.0.1:40123/invocations
    [0.97, 0.03]

When it is ready, it prints one line of JSON with its port. It logs to standard error. It ends at SIGTERM, and when its
standard input ends.

``GET /ping`` answers 200. ``POST /invocations`` takes ``image/png``, ``image/jpeg`` and ``application/x-image``. It
answers a JSON array of probabilities, or ``{"prediction": […]}`` if the request accepts ``application/jsonlines``. In
batch transform, which sets the variable ``SAGEMAKER_BATCH``, this is the answer to a request without an Accept header,
and images that wait at the same time are computed together.

Every web page that a user opens can send requests to a port of 127.0.0.1. The server answers 403 to requests from web
pages. Such a request has an ``Origin`` header, or a ``Sec-Fetch-Site`` header other than ``none`` (W3C, "Fetch Metadata
Request Headers"), or a foreign name in its ``Host`` header, which the page's owner has pointed to 127.0.0.1 ("DNS
rebinding").
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Sequence
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from imageclassification.errors import ImageClassificationError, ImageError
from imageclassification.parent import leave_with_standard_input

if TYPE_CHECKING:
    from imageclassification.gathering import Gathering
    from imageclassification.predictor import Predictor

CONTENT_TYPES = ("image/png", "image/jpeg", "application/x-image")
JSON, JSON_LINES = "application/json", "application/jsonlines"
# Bytes. InvokeEndpoint allows 6,291,456 by its API reference ("Body: Maximum length"), which SDKs follow. "Inference
# options" in the SageMaker AI developer guide allows 25 MB for real-time inference.
LARGEST_BODY = 25 * 1024 * 1024
# This machine's names, with or without a port. Names below .localhost are loopback names (RFC 6761, section 6.3).
OWN_HOST = re.compile(r"(127\.0\.0\.1|\[::1\]|([a-z0-9-]+\.)*localhost)(:[0-9]*)?", re.IGNORECASE)


def refusal(headers: Message) -> str | None:
    """Says why a request with these headers is refused with 403. None if it may pass.

    Example::

        >>> headers = Message()
        >>> headers["Host"] = "localhost:8080"
        >>> refusal(headers)
        >>> headers["Origin"] = "https://example.com"
        >>> refusal(headers)
        "the request comes from a web page: it has Origin 'https://example.com'; send it from a program"
    """
    for name in ("Origin", "Sec-Fetch-Site"):
        for value in headers.get_all(name, []):
            if name == "Origin" or value.strip().lower() != "none":
                return f"the request comes from a web page: it has {name} '{value}'; send it from a program"
    for host in headers.get_all("Host", []):
        if not OWN_HOST.fullmatch(host.strip()):
            return f"the request is for host '{host}', which is not this server's; send it to 127.0.0.1 or localhost"
    return None


class Server(ThreadingHTTPServer):
    """Serves one predictor, each connection in a thread of its own."""

    daemon_threads = True

    def __init__(self, port: int, predictor: Predictor | Gathering, default: str = JSON) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.predictor = predictor
        self.default = default


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # buffers the answer, so that headers and body are sent together
    server_version = "scones"

    def parse_request(self) -> bool:
        """Reads the request line and the headers. Answers 403 and returns False if :func:`refusal` says so."""
        if not super().parse_request():
            return False
        reason = refusal(self.headers)
        if reason is None:
            return True
        self.log_message("refused: %s", reason)
        self._refuse(403, reason, close=True)
        return False

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._answer(200, b"")
        else:
            self._refuse(404, f"there is nothing at {self.path}; a container answers /ping and /invocations")

    def do_POST(self) -> None:
        try:
            size = int(self.headers.get("Content-Length", ""))
        except ValueError:
            return self._refuse(411, "the request has no Content-Length", close=True)
        if not 0 <= size <= LARGEST_BODY:
            return self._refuse(413, f"the request has {size} bytes, more than {LARGEST_BODY}", close=True)
        body = self.rfile.read(size)
        if self.path != "/invocations":
            return self._refuse(404, f"there is nothing at {self.path}; a container answers /ping and /invocations")
        content_type = _media_type(self.headers.get("Content-Type", ""))
        if content_type not in CONTENT_TYPES:
            return self._refuse(415, f"content type '{content_type}' is not supported; use {', '.join(CONTENT_TYPES)}")
        accept = _accepted(self.headers.get("Accept", ""), self.server.default)
        if accept is None:
            return self._refuse(406, f"'{self.headers['Accept']}' is not supported; accept {JSON} or {JSON_LINES}")
        try:
            (row,) = self.server.predictor.probabilities([body])
        except ImageError as error:
            return self._refuse(400, f"unable to evaluate the payload: {error}")
        except Exception as error:  # noqa: BLE001 - a container answers 500 and goes on serving
            self.log_message("failed: %s: %s", type(error).__name__, error)
            return self._refuse(500, f"the model failed on this image: {error}")
        answer = [float(share) for share in row]
        text = json.dumps(answer) if accept == JSON else json.dumps({"prediction": answer}) + "\n"
        return self._answer(200, text.encode(), accept)

    def _answer(self, status: int, body: bytes, content_type: str = JSON) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, message: str, *, close: bool = False) -> None:
        if close:  # the body was not read, so this connection cannot be used again
            self.close_connection = True
        self._answer(status, message.encode(), "text/plain; charset=utf-8")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if self.path != "/ping":
            super().log_request(code, size)


def _media_type(value: str) -> str:
    return value.split(";")[0].strip().lower()


def _accepted(value: str, default: str) -> str | None:
    """The content type for an Accept header. None if it accepts neither JSON nor JSON Lines."""
    asked = [_media_type(part) for part in value.split(",") if part.strip()]
    for kind in asked:
        if kind in (JSON, JSON_LINES):
            return kind
    return default if not asked or "*/*" in asked or "application/*" in asked else None


def serve(artifact: str, port: int) -> int:
    """Loads an artifact and serves it until SIGTERM. Returns the exit code."""
    # Imported here because it takes two seconds, and --help does not need it.
    from imageclassification import predictor as predictors
    from imageclassification.gathering import Gathering

    predictors.one_image_at_a_time()
    try:
        predictor = predictors.Predictor.load(artifact)
        predictor.warm_up()
    except ImageClassificationError as error:
        print(" ".join(str(error).split()), file=sys.stderr, flush=True)
        return 1
    # AWS: Developer Guide, "Image Classification - MXNet", input/output interface: JSON Lines for batch transform.
    batch = os.environ.get("SAGEMAKER_BATCH", "").lower() == "true"
    server = Server(port, Gathering(predictor), JSON_LINES) if batch else Server(port, predictor)
    # shutdown() waits for the loop in this thread, so another thread calls it.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    leave_with_standard_input()
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever(poll_interval=0.1)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m imageclassification.serve", description="Serve one model artifact."
    )
    parser.add_argument("--artifact", required=True, help="model.tar.gz, or the folder of its files")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 (the default) takes a free one")
    options = parser.parse_args(arguments)
    return serve(options.artifact, options.port)


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    os._exit(exit_code)  # does not wait for daemon threads that still run PyTorch
