"""CIFAR-100 from the University of Toronto: resumed where it broke off, checked, and kept.

Example::

    Download(Path("build/downloads")).read(("bicycle", "motorcycle"))
"""

from __future__ import annotations

import http.client
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scones.dataset.archive import NAME, Archive
from scones.dataset.contents import Contents, Identity
from scones.dataset.progress import begin
from scones.errors import DatasetError

if TYPE_CHECKING:
    from rich.progress import Progress

# Both published at https://www.cs.toronto.edu/~kriz/cifar.html.
URL = f"https://www.cs.toronto.edu/~kriz/{NAME}"
MD5 = "eb9058c3a382ffc7106e4002c42a8d85"

_BLOCK = 1 << 18
_ATTEMPTS = 5
_MANUAL = f"fetch {URL} by other means and give it: --archive FILE"


@dataclass(frozen=True)
class Download:
    """The original archive, fetched once.

    Attributes:
        cache: The folder it is kept in.
        url: Where it is fetched from.
        md5: What its MD5 must be, in hexadecimal.
        patience: Seconds to wait for a server to answer at all, names looked up included.
        progress: Where to show progress; None for nowhere.
    """

    cache: Path
    url: str = URL
    md5: str = MD5
    patience: float = 20.0
    progress: Progress | None = None

    @property
    def title(self) -> str:
        """What a person reads."""
        return "CIFAR-100 from the University of Toronto"

    @property
    def path(self) -> Path:
        """Where the archive is kept."""
        return self.cache / NAME

    @property
    def cached(self) -> bool:
        """Whether it has been fetched."""
        return self.path.is_file()

    def identity(self) -> Identity:
        """The archive's name and SHA-256, fetching it where it is not there.

        Raises:
            DatasetError: it cannot be fetched, or what came is not what its makers publish.
        """
        found = self._archive().identity()
        return Identity("download", found.name, found.sha256)

    def read(
        self, classes: Sequence[str], *, seed: int = 0, skip_bad: bool = False, progress: Progress | None = None
    ) -> Contents:
        """Read the classes, fetching the archive where it is not there.

        Raises:
            DatasetError: it cannot be fetched, or does not have the classes.
        """
        return self._archive().read(classes, seed=seed, skip_bad=skip_bad, progress=progress)

    def classes(self, *, progress: Progress | None = None) -> tuple[str, ...]:
        """The archive's classes, in label order, fetching it where it is not there; raises as ``read`` does."""
        return self._archive().classes(progress=progress)

    def _archive(self) -> Archive:
        if not self.cached:
            self.fetch()
        return Archive(self.path, md5=self.md5)

    def fetch(self) -> Path:
        """Fetch the archive, going on where an earlier attempt stopped.

        Raises:
            DatasetError: the server cannot be reached, breaks off again and again, or sends something else.
        """
        self.cache.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f"{NAME}.part")
        for attempt in range(1, _ATTEMPTS + 1):
            before = _size(part)
            try:
                if self._fetch_rest(part):
                    break
            except urllib.error.HTTPError as error:
                error.close()
                raise DatasetError(f"{self.url} answers {error.code} {error.reason}", hint=_MANUAL) from None
            except (OSError, http.client.HTTPException) as error:
                # A server that sent something is worth another try; one that never answered is not.
                if attempt == _ATTEMPTS or _size(part) <= before:
                    raise DatasetError(
                        f"{self.url} cannot be fetched: {_reason(error)}",
                        hint=f"{_size(part):,} bytes are kept: run it again to go on, or {_MANUAL}",
                    ) from None
        else:
            raise DatasetError(f"{self.url} broke off {_ATTEMPTS} times", hint="run it again to go on")
        try:
            Archive(part, md5=self.md5).identity()
        except DatasetError as error:
            part.unlink()
            message = error.message.replace(str(part), self.url)
            raise DatasetError(message, hint=f"what was fetched is deleted; run it again, or {_MANUAL}") from None
        part.replace(self.path)
        return self.path

    def _fetch_rest(self, part: Path) -> bool:
        """Append what ``part`` lacks. Returns whether the server sent all that it promised."""
        have = _size(part)
        request = urllib.request.Request(self.url, headers={"User-Agent": "scones"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        try:
            answer = _open(request, self.patience)
        except urllib.error.HTTPError as error:
            if error.code == 416 and have:  # nothing is left to send: the checksum tells whether it is right
                error.close()
                return True
            raise
        with answer:
            resumed = answer.status == 206 and (answer.headers["Content-Range"] or "").startswith(f"bytes {have}-")
            have = have if resumed else 0
            length = answer.headers["Content-Length"]
            total = have + int(length) if length else None
            done = begin(self.progress, f"Fetching {NAME}", total, completed=have)
            with part.open("ab" if resumed else "wb") as handle:
                while block := answer.read(_BLOCK):
                    handle.write(block)
                    done(len(block))
        return total is None or _size(part) >= total


def _open(request: urllib.request.Request, patience: float) -> http.client.HTTPResponse:
    """``urlopen``, given up after ``patience`` seconds whatever hangs: name look-up, connection, proxy or TLS."""
    box: queue.SimpleQueue[http.client.HTTPResponse | Exception] = queue.SimpleQueue()
    late = threading.Event()

    def attempt() -> None:
        try:
            answer = urllib.request.urlopen(request, timeout=patience)
        except Exception as error:  # noqa: BLE001 - handed to the caller's thread, which raises it
            box.put(error)
            return
        box.put(answer)
        if late.is_set():
            answer.close()

    # A look-up cannot be interrupted, and a daemon thread does not keep the process from ending.
    threading.Thread(target=attempt, name="download", daemon=True).start()
    try:
        found = box.get(timeout=patience)
    except queue.Empty:
        late.set()
        raise TimeoutError(f"no answer within {patience:g} s") from None
    if isinstance(found, Exception):
        raise found
    return found


def _reason(error: Exception) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(getattr(inner, "strerror", None) or inner or type(inner).__name__)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
