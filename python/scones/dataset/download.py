"""Downloads CIFAR-100 from the University of Toronto, and keeps it. An interrupted download is resumed.

Example (not run: it downloads 169 MB)::

    contents = Download(Path("build/downloads")).read(("bicycle", "motorcycle"))
    len(contents.train), len(contents.test)     # (1000, 200)
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

# Both are published at https://www.cs.toronto.edu/~kriz/cifar.html.
URL = f"https://www.cs.toronto.edu/~kriz/{NAME}"
MD5 = "eb9058c3a382ffc7106e4002c42a8d85"

_BLOCK = 1 << 18
_ATTEMPTS = 5
_MANUAL = f"download {URL} by other means and pass it: --archive FILE"


@dataclass(frozen=True)
class Download:
    """The original archive, downloaded once.

    Attributes:
        cache: The folder that keeps the archive.
        md5: The MD5 that the archive must have, in hexadecimal.
        patience: Seconds to wait for the server's first answer, including the DNS lookup.
        progress: Shows a progress bar. None shows nothing.
    """

    cache: Path
    url: str = URL
    md5: str = MD5
    patience: float = 20.0
    progress: Progress | None = None

    @property
    def title(self) -> str:
        """The source's name in messages."""
        return "CIFAR-100 from the University of Toronto"

    @property
    def path(self) -> Path:
        """The archive's path, downloaded or not."""
        return self.cache / NAME

    @property
    def cached(self) -> bool:
        """Whether the archive has been downloaded."""
        return self.path.is_file()

    def identity(self) -> Identity:
        """The archive's name and SHA-256. Downloads the archive if necessary.

        Raises:
            DatasetError: the download fails, or its MD5 is wrong.
        """
        found = self._archive().identity()
        return Identity("download", found.name, found.sha256)

    def read(
        self,
        classes: Sequence[str],
        *,
        seed: int = 0,
        skip_bad: bool = False,
        foreign: bool = False,
        progress: Progress | None = None,
    ) -> Contents:
        """Read the images of ``classes``. Downloads the archive if necessary.

        Raises:
            DatasetError: the download fails, or the archive lacks a class.
        """
        return self._archive().read(classes, seed=seed, skip_bad=skip_bad, foreign=foreign, progress=progress)

    def whole(self, *, progress: Progress | None = None) -> tuple[tuple[str, ...], Contents]:
        """All of the archive (:meth:`Archive.whole`). Downloads it if necessary, and raises as :meth:`read`."""
        return self._archive().whole(progress=progress)

    def _archive(self) -> Archive:
        if not self.cached:
            self.fetch()
        return Archive(self.path, md5=self.md5)

    def fetch(self) -> Path:
        """Download the archive. Resumes an earlier attempt.

        Raises:
            DatasetError: the server cannot be reached, breaks off five times, or sends another file.
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
                # Try again only if the server has sent something in this attempt.
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
        """Append the rest of the archive to ``part``. Returns whether the server sent all of it."""
        have = _size(part)
        request = urllib.request.Request(self.url, headers={"User-Agent": "scones"})
        if have:
            request.add_header("Range", f"bytes={have}-")
        try:
            answer = _open(request, self.patience)
        except urllib.error.HTTPError as error:
            if error.code == 416 and have:  # nothing is left to send; the checksum is checked next
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
    """``urlopen`` with a timeout that includes the DNS lookup, the connection, a proxy and TLS."""
    box: queue.SimpleQueue[http.client.HTTPResponse | Exception] = queue.SimpleQueue()
    late = threading.Event()

    def attempt() -> None:
        try:
            answer = urllib.request.urlopen(request, timeout=patience)
        except Exception as error:  # noqa: BLE001 - the caller's thread raises it
            box.put(error)
            return
        box.put(answer)
        if late.is_set():
            answer.close()

    # A DNS lookup cannot be interrupted. A daemon thread does not keep the process alive.
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
