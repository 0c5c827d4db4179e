"""CheckpointConfig: a folder that is filled from S3 when a job starts and copied there as it changes.

Example::

    checkpoints = Checkpoints(job.role, "s3://bucket/checkpoints/job", root / "checkpoints")
    checkpoints.fill()
    with checkpoints.copied():
        …                               # whatever the algorithm leaves, however it ends, is in S3 afterwards

As on AWS, what is deleted from the folder is deleted in S3 too ("Checkpoints in Amazon SageMaker AI", developer guide).
Files whose names begin with a dot are unfinished and are left. In a bucket with versions a job's own earlier copies of
a file go with the next one: all is in memory here, and a checkpoint comes with every epoch.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from moto.core.exceptions import ServiceException

from localcloud.iam.roles import AccessDenied
from localcloud.paths import Outside, inside
from localcloud.s3 import objects
from localcloud.sagemaker.role import ExecutionRole
from localcloud.sagemaker.training.sources import StagingError, refused, relative

INTERVAL = 1.0  # seconds between two looks for what has changed
PLACE = "/opt/ml/checkpoints"


class Checkpoints:
    """A job's folder of checkpoints and its place in S3."""

    def __init__(self, role: ExecutionRole, uri: str, folder: Path) -> None:
        self._role, self._folder = role, folder
        self._bucket, key = objects.split(uri)
        self._prefix = f"{key.rstrip('/')}/" if key.strip("/") else ""
        self._copied: dict[Path, tuple[int, int, int]] = {}
        self._versions: dict[Path, str] = {}  # of what this job has put there
        self._copying = threading.Lock()

    def fill(self) -> int:
        """Write what S3 has into the folder; how many files there were.

        Raises:
            StagingError: there is no such bucket, it may not be read, or a key is no path.
        """
        if not objects.has_bucket(self._role.account, self._bucket):
            raise StagingError(
                f"ClientError: Data upload failed:NoSuchBucket: The specified bucket does not exist: {self._bucket}"
            )
        self._folder.mkdir(parents=True)
        try:
            for key, held in self._role.listing(self._bucket, self._prefix):
                if not key.endswith("/"):
                    path = inside(self._folder, str(relative(key, self._prefix)))
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(self._role.content(self._bucket, key, held))
                    self._copied[path] = _state(path)
        except AccessDenied as error:
            raise refused(error) from None
        except Outside as error:
            raise StagingError(f"ClientError: Data download failed:{error}") from None
        return len(self._copied)

    def copy(self) -> None:
        """Delete in S3 what is gone, and put there what has changed, the oldest first: a file may name earlier ones.

        Raises:
            ServiceException: S3 refused.
            AccessDenied: the role may not write there.
        """
        with self._copying:
            gone = [path for path in self._copied if not path.exists()] if self._folder.is_dir() else []
            for path in gone:
                self._role.delete(self._uri(path))
                del self._copied[path]
            changed = []
            for path in self._folder.rglob("*"):
                hidden = any(part.startswith(".") for part in path.relative_to(self._folder).parts)
                with contextlib.suppress(FileNotFoundError):  # gone since it was listed
                    if not hidden and path.is_file() and self._copied.get(path) != (state := _state(path)):
                        changed.append((state, path))
            for state, path in sorted(changed):
                with contextlib.suppress(FileNotFoundError):
                    self._put(path)
                    self._copied[path] = state

    def _put(self, path: Path) -> None:
        uri, earlier = self._uri(path), self._versions.get(path, "null")
        self._versions[path] = self._role.write(uri, path.read_bytes())
        if earlier not in ("null", self._versions[path]):
            objects.delete(self._role.account, uri, version=earlier)  # this machine's memory, no matter of the role's

    def _uri(self, path: Path) -> str:
        return f"s3://{self._bucket}/{self._prefix}{path.relative_to(self._folder).as_posix()}"

    @contextlib.contextmanager
    def copied(self) -> Iterator[None]:
        """Copy every second meanwhile, and once more at the end, whatever happened.

        Raises:
            StagingError: S3 refused the last copy.
        """
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(INTERVAL):
                with contextlib.suppress(ServiceException, AccessDenied):  # the last copy says so
                    self.copy()

        thread = threading.Thread(target=watch, name="checkpoints", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            try:
                self.copy()
            except (ServiceException, AccessDenied) as error:
                raise StagingError(f"ClientError: Data upload failed:{error}") from error


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
