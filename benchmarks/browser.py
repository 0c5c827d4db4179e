"""A console in a process of its own, and the system's Chromium that looks at it.

Example (not run: it needs a local cloud and a browser)::

    with served(folder, outputs) as shown, browser() as chromium:
        page = chromium.new_page()
        page.goto(shown.address)

The console's process is started with one JSON object on standard input, and writes its address::

    python -m benchmarks.browser
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from localcloud import control
from scones import aws, settings
from scones.console import server
from scones.console.desk import CONNECTIONS, Desk
from scones.errors import SconesError

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class ShownConsole:
    """A console that runs: its address with the token, and its process id."""

    address: str
    pid: int


def chromium() -> str | None:
    """The path of this machine's Chromium. None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium without a window, of Playwright's type ``Browser``.

    Raises:
        SconesError: There is no Chromium, or Playwright is not installed.
    """
    path = chromium()
    if path is None:
        raise SconesError(
            f"there is no browser on this machine: none of {', '.join(NAMES)} is on the PATH",
            hint="install Chromium (Debian: apt-get install chromium)",
        )
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise SconesError("Playwright is not installed, which drives the browser", hint="make setup") from None
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield found
        finally:
            found.close()


@contextmanager
def served(cloud: Path, outputs: Mapping[str, Mapping[str, Any]]) -> Iterator[ShownConsole]:
    """A console on a local cloud, in a process of its own.

    Args:
        cloud: The cloud's folder.
        outputs: What the stacks would say, by their names.

    Raises:
        SconesError: It did not start.
    """
    given = json.dumps({"cloud": str(cloud), "outputs": outputs})
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.browser"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None, "it is a pipe"
    assert child.stdout is not None, "it is a pipe"
    try:
        child.stdin.write(given)
        child.stdin.close()
        address = child.stdout.readline().strip()
        if not address:
            raise SconesError("the console did not start; what it has said is above")
        yield ShownConsole(address, child.pid)
    finally:
        child.terminate()
        child.stdout.close()
        child.wait()


def _serve(given: Mapping[str, Any]) -> None:
    environment = replace(settings.load("local"), cloud_path=Path(given["cloud"], control.ADDRESS))

    def client(service: str) -> Any:
        return aws.client(environment, service, max_connections=CONNECTIONS)

    desk = Desk(environment, client, given["outputs"].__getitem__, may_write=True)
    server.serve(desk, port=0, say=lambda address: print(address, flush=True))


if __name__ == "__main__":
    _serve(json.load(sys.stdin))
