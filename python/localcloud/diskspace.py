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

Operations that read are always carried out. Operations that delete or stop something may use a part of the reserve,
because they make space. No AWS client repeats a request after this error: the status is 400, and the code is none of
those that ask a client to wait.
"""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.core.request import Request

from localcloud import incoming
from localcloud.iam.enforcement import parsed
from localcloud.refusals import form_of, refusal

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

RESERVE = 64_000_000  # bytes
LAST_RESERVE = 8_000_000  # bytes, for operations that make space
KNOWN_SECONDS = 1.0  # how long an answer of the file system counts
#: The operations after which there is more space, or less to do.
FREES = re.compile("Abort|BatchDelete|Cancel|Delete|Deregister|Purge|Stop|Terminate")


def free_bytes(folder: Path) -> int:
    """The bytes that an ordinary user may still write to the disk of a folder (``statvfs``)."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class DiskSpace:
    """A WSGI application around another one.

    Args:
        application: The other application. Requests have been checked before they come here.
        service_of: Returns boto3's name of the service that a request is for.
        folders: The folders to which the cloud writes.
        free: Returns the free bytes of the disk of a folder.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        application: WSGIApplication,
        service_of: Callable[[dict[str, Any]], str],
        folders: Sequence[Path],
        *,
        free: Callable[[Path], int] = free_bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._service_of = service_of
        self._folders = folders
        self._free = free
        self._clock = clock
        self._known: tuple[float, Path, int] | None = None  # replaced as a whole: threads need no lock

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        folder, left = self._least()
        if left >= RESERVE:
            return self._application(environ, start_response)
        service = self._service_of(environ)
        name = operation(environ, service)
        if incoming.reads(name) or (FREES.match(name) and left >= LAST_RESERVE):
            return self._application(environ, start_response)
        words = (
            f"the disk of {folder} has {left / 1e6:.0f} MB free, and the local cloud keeps {RESERVE / 1e6:.0f} MB "
            "free: free some space, and repeat the request"
        )
        return refusal(service, "DiskFull", words, form=form_of(environ))(environ, start_response)

    def _least(self) -> tuple[Path, int]:
        """The folder whose disk has the fewest free bytes, and their number."""
        now, known = self._clock(), self._known
        if known is None or now - known[0] >= KNOWN_SECONDS:
            left, folder = min(((self._free(folder), folder) for folder in self._folders), key=lambda pair: pair[0])
            self._known = known = (now, folder, left)
        return known[1], known[2]


def operation(environ: dict[str, Any], service: str) -> str:
    """The name of the operation that a request asks for; the HTTP method, such as ``Get``, if it is not known.

    Example::

        >>> operation({"REQUEST_METHOD": "POST", "HTTP_X_AMZ_TARGET": "AWSEvents.PutRule"}, "events")
        'PutRule'
    """
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    http = Request(environ)
    body = http.get_data(cache=True)
    environ["wsgi.input"] = io.BytesIO(body)  # the service reads it again
    try:
        return parsed(http, service)[0]
    except Exception:  # noqa: BLE001 - the service reports what is wrong with the request
        return str(environ["REQUEST_METHOD"]).capitalize()
