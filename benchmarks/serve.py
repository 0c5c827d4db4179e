"""Measures the serving process: the time to start, the latency and the throughput.

Example (not run: it starts processes and takes half a minute)::

    with tempfile.TemporaryDirectory() as folder:
        artifact = fresh(Path(folder), num_layers=20, image_shape=(3, 28, 28))
        found = measure("20 layers", artifact, clients=(1, 2, 4))
    found.loads[0].p50                # milliseconds, one client

The benchmark starts ``python -m imageclassification.serve`` on an artifact. Clients send requests over HTTP to
127.0.0.1. Each client waits for its answer before the next request. The clients and the server share the machine's
cores.

The rounds with different numbers of clients take turns, so that other work on the machine slows all of them alike. The
figures are the medians of the rounds. Other work hardly changes the CPU time of a request.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from imageclassification import files
from imageclassification.errors import ArtifactError

HOST = "127.0.0.1"
LONGEST = 60  # seconds: the timeout of an answer
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)

# The network of the public runs of this workflow. They did not publish the latency of their endpoints.
PUBLIC_LAYERS, PUBLIC_SHAPE = 152, (3, 32, 32)
PUBLIC = f"public runs' network: {PUBLIC_LAYERS} layers, {','.join(map(str, PUBLIC_SHAPE))}"


@dataclass(frozen=True)
class Load:
    """The figures for a number of clients: medians of the rounds.

    Attributes:
        clients: The number of clients at once.
        p50: The median latency in milliseconds, measured in the client.
        p90: The 90th percentile of the latency.
        p99: The 99th percentile of the latency.
        per_second: Answers per second, of all clients together.
        processor: Milliseconds of CPU time that the server needs per request; None if the system does not tell.
        requests: The number of requests in all rounds.
    """

    clients: int
    p50: float
    p90: float
    p99: float
    per_second: float
    processor: float | None
    requests: int


@dataclass(frozen=True)
class Served:
    """The figures of one artifact.

    Attributes:
        name: The artifact's name in the table.
        start: Seconds from the start of the process until it was ready.
        loads: One for each number of clients.
    """

    name: str
    start: float
    loads: tuple[Load, ...]


def fresh(folder: Path, *, num_layers: int, image_shape: tuple[int, int, int], num_classes: int = 2) -> Path:
    """Writes the artifact of an untrained network. Its latency is that of a trained one."""
    from imageclassification import artifact, symbol
    from imageclassification.network import Network

    graph = symbol.resnet(num_layers, num_classes, image_shape)
    parameters = Network.fresh(graph, image_shape, seed=0).parameter_arrays()
    shapes = [{"shape": [1, *image_shape], "name": "data"}]
    return artifact.write(folder, artifact.Artifact(graph, parameters, shapes, 1))


def noise(side: int = 32) -> bytes:
    """The bytes of a PNG with random pixels. They are about as many as for a photograph of this size."""
    import numpy as np
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def measure(
    name: str,
    artifact: Path,
    *,
    clients: Sequence[int] = (1, 2, 4),
    seconds: float = 2.0,
    rounds: int = 5,
    image: bytes | None = None,
    on_round: Callable[[], None] = lambda: None,
) -> Served:
    """Starts the serving process on an artifact and measures it.

    Args:
        name: The artifact's name in the table.
        artifact: A ``model.tar.gz``, or a folder with its files.
        clients: The numbers of clients to measure with.
        seconds: The length of each round for each number of clients.
        rounds: The number of rounds.
        image: The bytes of the image in each request. The default is a small PNG.
        on_round: Called after every round of every number of clients.

    Raises:
        ArtifactError: If the artifact cannot be served. The message has the last line of the process.
    """
    request = _request(image or noise())
    begun = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "imageclassification.serve", "--artifact", str(artifact)],
        stdin=subprocess.PIPE,  # the child ends when this closes, also if this process is killed
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    listening = threading.Thread(target=lambda: said.extend(list(child.stderr)[-1:]), daemon=True)
    try:
        listening.start()
        line = child.stdout.readline()
        start = time.perf_counter() - begun
        if not line:
            listening.join(LONGEST)
            raise ArtifactError(f"{artifact} cannot be served: {''.join(said).strip() or 'the process ended'}")
        port = json.loads(line)["port"]
        _round(port, request, 1, min(seconds, 0.5), child.pid)  # the first requests are slower and do not count
        found: dict[int, list[Load]] = {count: [] for count in clients}
        for _ in range(rounds):
            for count, loads in found.items():
                loads.append(_round(port, request, count, seconds, child.pid))
                on_round()
    finally:
        child.kill()
        child.wait()
        listening.join()
        for stream in (child.stdin, child.stdout, child.stderr):
            stream.close()
    return Served(name, round(start, 2), tuple(_median(loads) for loads in found.values()))


def _round(port: int, request: bytes, clients: int, seconds: float, pid: int) -> Load:
    taken: list[float] = []
    failed: list[Exception] = []
    begun, used = time.perf_counter(), processor_seconds(pid)
    end = begun + seconds

    def ask() -> None:
        own = []
        try:
            with socket.create_connection((HOST, port), timeout=LONGEST) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while (now := time.perf_counter()) < end or not own:
                    connection.sendall(request)
                    _answer(connection)
                    own.append(time.perf_counter() - now)
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            failed.append(error)
        taken.extend(own)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise ArtifactError(f"the serving process failed: {failed[0]}")
    after, took = processor_seconds(pid), time.perf_counter() - begun
    processor = None if used is None or after is None else (after - used) / len(taken) * 1000
    p50, p90, p99 = (_quantile(taken, share) * 1000 for share in (0.5, 0.9, 0.99))
    return Load(clients, p50, p90, p99, len(taken) / took, processor, len(taken))


def _request(image: bytes) -> bytes:
    head = f"POST /invocations HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: image/png\r\nContent-Length: {len(image)}"
    return head.encode() + b"\r\n\r\n" + image


def _answer(connection: socket.socket) -> None:
    """Reads one answer. It may come in several parts."""
    data = b""
    while True:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("the connection was closed")
        data += part
        head, blank, body = data.partition(b"\r\n\r\n")
        if blank and len(body) >= int(LENGTH.search(head + b"\r\n")[1]):
            break
    if not head.startswith(b"HTTP/1.1 200"):
        raise ConnectionError(f"{head.splitlines()[0].decode()}: {body.decode(errors='replace')}")


def processor_seconds(pid: int) -> float | None:
    """The CPU time of a process in seconds (Linux: utime and stime in proc(5)). None if the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return None


def _quantile(values: Sequence[float], share: float) -> float:
    """The quantile of values: the least value that at least this share of them does not exceed."""
    return sorted(values)[max(math.ceil(len(values) * share) - 1, 0)]


def _median(loads: Sequence[Load]) -> Load:
    def middle(name: str, digits: int) -> float | None:
        values = [getattr(load, name) for load in loads]
        return None if None in values else round(statistics.median(values), digits)

    figures = {name: middle(name, 2) for name in ("p50", "p90", "p99", "processor")}
    total = sum(load.requests for load in loads)
    return Load(loads[0].clients, per_second=middle("per_second", 1), requests=total, **figures)


def save(path: Path, served: Sequence[Served], machine: Mapping[str, Any]) -> Path:
    """Writes the figures as JSON. Returns the path."""
    content = {
        "machine": dict(machine),
        "load_average": round(os.getloadavg()[0], 2),
        "served": [asdict(one) for one in served],
    }
    return files.write(path, json.dumps(content, indent=1) + "\n")


def table(served: Sequence[Served], machine: Mapping[str, Any]) -> Any:
    """The table of the figures: a section for each artifact, a row for each number of clients."""
    from rich.table import Table
    from rich.text import Text

    notes = (
        "p50 to p99: ms, measured in the client; CPU: CPU time per request in the serving process",
        "no public run published its endpoint's latency: their network is measured here too",
        f"{machine['processor']}, {machine['cores']} cores, load average {os.getloadavg()[0]:.1f}, "
        f"torch {machine['torch']}",
    )
    shown = Table(title="Serving", title_justify="left", caption="\n".join(notes), caption_justify="left")
    shown.add_column("model", min_width=20)
    for name in ("clients", "p50", "p90", "p99", "requests/s", "CPU ms"):
        shown.add_column(name, justify="right", no_wrap=True)
    for one in served:
        columns = [
            [str(load.clients) for load in one.loads],
            *([f"{getattr(load, name):.1f}" for load in one.loads] for name in ("p50", "p90", "p99")),
            [f"{load.per_second:.0f}" for load in one.loads],
            ["" if load.processor is None else f"{load.processor:.1f}" for load in one.loads],
        ]
        name = Text(f"{one.name}\nstarts in {one.start:.1f} s")
        shown.add_row(name, *("\n".join(column) for column in columns), end_section=True)
    return shown
