"""Serving as the endpoint's container does it: how soon it starts, how soon it answers, how many it answers.

::

    with tempfile.TemporaryDirectory() as folder:
        artifact = fresh(Path(folder), num_layers=20, image_shape=(3, 28, 28))
        found = measure("20 layers", artifact, clients=(1, 2, 4))
    found.loads[0].p50                # milliseconds, one client

The serving process (``python -m imageclassification.serve``) is started on an artifact and asked over HTTP on
127.0.0.1 by clients that each wait for their answer before they ask again. They share the machine's cores with it.
Rounds of all numbers of clients take turns, and what is told are the medians of the rounds: other work on the machine
then weighs on all alike. Processor time a request is told too, since that is hardly changed by other work.
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
LONGEST = 60  # seconds that an answer, as the start, may take
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)

# The network of the public runs of this workflow. None of them published how soon its endpoint answered, so what it
# costs is measured here, in the same way.
PUBLIC_LAYERS, PUBLIC_SHAPE = 152, (3, 32, 32)
PUBLIC = f"public runs' network: {PUBLIC_LAYERS} layers, {','.join(map(str, PUBLIC_SHAPE))}"


@dataclass(frozen=True)
class Load:
    """What so many clients met, medians of the rounds.

    Attributes:
        clients: How many asked at once.
        p50: Half of the answers took at most so many milliseconds, as the client sees it.
        p90: Nine of ten did.
        p99: 99 of 100 did.
        per_second: Answers a second, all clients together.
        processor: Milliseconds of processor time that the serving process took a request; None where not known.
        requests: How many requests that is from.
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
    """One artifact's figures.

    Attributes:
        name: What a person calls it.
        start: Seconds from the process's start until it could be asked.
        loads: One a number of clients.
    """

    name: str
    start: float
    loads: tuple[Load, ...]


def fresh(folder: Path, *, num_layers: int, image_shape: tuple[int, int, int], num_classes: int = 2) -> Path:
    """Write the artifact of a network that has learnt nothing; it answers as soon as one that has."""
    from imageclassification import artifact, symbol
    from imageclassification.network import Network

    graph = symbol.resnet(num_layers, num_classes, image_shape)
    parameters = Network.fresh(graph, image_shape, seed=0).parameter_arrays()
    shapes = [{"shape": [1, *image_shape], "name": "data"}]
    return artifact.write(folder, artifact.Artifact(graph, parameters, shapes, 1))


def noise(side: int = 32) -> bytes:
    """A PNG that is as long as a photograph of its size."""
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
    """Start the serving process on an artifact and ask it.

    Args:
        name: What a person calls it.
        artifact: A ``model.tar.gz``, or the folder of its files.
        clients: How many ask at once, one number after the other.
        seconds: How long each round of each number lasts.
        rounds: How many rounds there are.
        image: What is asked; a small PNG where not given.
        on_round: Called after every round of every number.

    Raises:
        ArtifactError: the artifact cannot be served; the message is what the process said last.
    """
    request = _request(image or noise())
    begun = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "imageclassification.serve", "--artifact", str(artifact)],
        stdin=subprocess.PIPE,  # it leaves when this is closed, as when this process is killed
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
        _round(port, request, 1, min(seconds, 0.5), child.pid)  # nobody's first requests count
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
    begun, used = time.perf_counter(), _processor_seconds(pid)
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
        except Exception as error:  # noqa: BLE001 - raised again where it is seen
            failed.append(error)
        taken.extend(own)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise ArtifactError(f"the serving process failed: {failed[0]}")
    after, took = _processor_seconds(pid), time.perf_counter() - begun
    processor = None if used is None or after is None else (after - used) / len(taken) * 1000
    p50, p90, p99 = (_quantile(taken, share) * 1000 for share in (0.5, 0.9, 0.99))
    return Load(clients, p50, p90, p99, len(taken) / took, processor, len(taken))


def _request(image: bytes) -> bytes:
    head = f"POST /invocations HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: image/png\r\nContent-Length: {len(image)}"
    return head.encode() + b"\r\n\r\n" + image


def _answer(connection: socket.socket) -> None:
    """Read one answer, whatever parts it comes in."""
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


def _processor_seconds(pid: int) -> float | None:
    """The processor time that a process has taken, where the system tells (Linux does: proc(5), utime and stime)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return None


def _quantile(values: Sequence[float], share: float) -> float:
    """The least value that so large a share of them do not exceed."""
    return sorted(values)[max(math.ceil(len(values) * share) - 1, 0)]


def _median(loads: Sequence[Load]) -> Load:
    def middle(name: str, digits: int) -> float | None:
        values = [getattr(load, name) for load in loads]
        return None if None in values else round(statistics.median(values), digits)

    figures = {name: middle(name, 2) for name in ("p50", "p90", "p99", "processor")}
    total = sum(load.requests for load in loads)
    return Load(loads[0].clients, per_second=middle("per_second", 1), requests=total, **figures)


def save(path: Path, served: Sequence[Served], machine: Mapping[str, Any]) -> Path:
    """Write everything as JSON; the path."""
    content = {
        "machine": dict(machine),
        "load_average": round(os.getloadavg()[0], 2),
        "served": [asdict(one) for one in served],
    }
    return files.write(path, json.dumps(content, indent=1) + "\n")


def table(served: Sequence[Served], machine: Mapping[str, Any]) -> Any:
    """One row a number of clients, artifact below artifact."""
    from rich.table import Table
    from rich.text import Text

    notes = (
        "p50 to p99: ms, as a client sees it; CPU: processor time a request, in the serving process",
        "none of the public runs published its endpoint's latency: their network is measured here, in the same way",
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
