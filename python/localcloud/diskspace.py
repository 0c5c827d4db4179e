"""Refuses what would write to a full disk, before anything of it is done.

Example::

    >>> def done(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [b"done"]
    >>> application = DiskSpace(done, lambda environ: "sagemaker", [Path(".")], free=lambda folder: 12_000_000)
    >>> request = {"REQUEST_METHOD": "POST", "HTTP_X_AMZ_TARGET": "SageMaker.CreateModel"}
    >>> refused = application(request, lambda status, headers: print(status))
    refused (DiskFull): the disk of ... has 12 MB free, and the local cloud keeps 64 MB free: free some space, ...
    400 BAD REQUEST
    >>> application({**request, "HTTP_X_AMZ_TARGET": "SageMaker.ListModels"}, lambda status, headers: print(status))
    200 OK
    [b'done']

Operations that read are always carried out. Operations that delete, stop or receive something may use the reserve,
because they make space, or lead to it. Where something else has filled the disk to its end, they get the space of a
file that the cloud keeps for them (:class:`Spare`). No AWS client repeats a request after this error: the status is
400, and the code is none of those that ask a client to wait.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud import incoming
from localcloud.reading import Buffered, parsed
from localcloud.refusals import form_of, refusal

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

RESERVE = 64_000_000  # bytes
LAST_RESERVE = 8_000_000  # bytes, for operations that make space
KNOWN_SECONDS = 1.0  # how long an answer of the file system counts
#: The operations after which there is more space, or less to do. A message is deleted after it is received.
FREES = re.compile(
    "Abort|BatchDelete|Cancel|ChangeMessageVisibility|Delete|Deregister|Detach|Disable|Purge|ReceiveMessage|Remove|"
    "Revoke|Stop|Terminate|Unsubscribe|Untag"
)
SPARE = 16_000_000  # bytes, of the file that is there to be given up


def free_bytes(folder: Path) -> int:
    """The bytes that an ordinary user may still write to the disk of a folder (``statvfs``)."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Spare:
    """A file that takes space until the disk is full, so that something can still be deleted then.

    Example::

        >>> spare = Spare(Path("spare"), size=4096)
        >>> spare.take()
        >>> Path("spare").stat().st_size
        4096
        >>> spare.give_up()
        >>> Path("spare").stat().st_size
        0
    """

    def __init__(self, path: Path, size: int = SPARE) -> None:
        self._path, self.size = path, size

    def take(self) -> None:
        """Take the space, if it is not taken. Where the system cannot do it, nothing is taken."""
        with contextlib.suppress(OSError, AttributeError), self._path.open("ab") as file:
            if os.fstat(file.fileno()).st_size < self.size:
                os.posix_fallocate(file.fileno(), 0, self.size)

    def give_up(self) -> None:
        """Give the space to others."""
        with contextlib.suppress(OSError):
            os.truncate(self._path, 0)


class DiskSpace:
    """A WSGI application around another one.

    Args:
        application: The other application. Requests have been checked before they come here.
        service_of: Returns boto3's name of the service that a request is for.
        folders: The folders to which the cloud writes. What it keeps is in the first.
        spare: The file that is given up for what makes space. It is in the first folder.
        free: Returns the free bytes of the disk of a folder.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        application: WSGIApplication,
        service_of: Callable[[dict[str, Any]], str],
        folders: Sequence[Path],
        *,
        spare: Spare | None = None,
        free: Callable[[Path], int] = free_bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._service_of = service_of
        self._folders = folders
        self._spare = spare
        self._free = free
        self._clock = clock
        self._known: tuple[float, Path, int] | None = None  # replaced as a whole: threads need no lock

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        folder, left = self._least()
        if left >= RESERVE:
            return self._application(environ, start_response)
        service = self._service_of(environ)
        name = operation(environ, service)
        if incoming.reads(name) or (FREES.match(name) and self._has_last_reserve()):
            return self._application(environ, start_response)
        words = (
            f"the disk of {folder} has {left / 1e6:.0f} MB free, and the local cloud keeps {RESERVE / 1e6:.0f} MB "
            "free: free some space, and repeat the request"
        )
        return refusal(service, "DiskFull", words, form=form_of(environ))(environ, start_response)

    def _has_last_reserve(self) -> bool:
        """Whether there is space for what makes space. The spare file is given up for it."""
        folder = self._folders[0]
        if self._spare is not None and self._free(folder) < LAST_RESERVE:
            self._spare.give_up()
        return self._free(folder) >= LAST_RESERVE

    def _least(self) -> tuple[Path, int]:
        """The folder whose disk has the fewest free bytes, and their number."""
        now, known = self._clock(), self._known
        if known is None or now - known[0] >= KNOWN_SECONDS:
            left, folder = min(((self._free(folder), folder) for folder in self._folders), key=lambda pair: pair[0])
            self._known = known = (now, folder, left)
            if self._spare is not None and left >= RESERVE + self._spare.size:
                self._spare.take()
        return known[1], known[2]


def operation(environ: dict[str, Any], service: str) -> str:
    """The name of the operation that a request asks for; the HTTP method, such as ``Get``, if it is not known.

    Example::

        >>> operation({"REQUEST_METHOD": "POST", "HTTP_X_AMZ_TARGET": "AWSEvents.PutRule"}, "events")
        'PutRule'
    """
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    try:
        return parsed(Buffered(environ), service)[0]
    except Exception:  # noqa: BLE001 - the service reports what is wrong with the request
        return str(environ["REQUEST_METHOD"]).capitalize()
