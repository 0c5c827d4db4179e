"""CheckpointConfig: a folder that is filled from S3 when a job starts, and copied to S3 as it changes.

As on AWS, deleting a file in the folder deletes its object in S3 ("Checkpoints in Amazon SageMaker AI", developer
guide). Files and folders whose names begin with a dot are unfinished and are not copied. In a bucket with versioning, a
job deletes its own previous version of a file: every epoch writes a checkpoint, and the disk is this machine's.
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

INTERVAL = 1.0  # seconds between two copies
PLACE = "/opt/ml/checkpoints"


class Checkpoints:
    """A job's folder of checkpoints and its prefix in S3.

    Example::

        >>> from types import SimpleNamespace
        >>> role = SimpleNamespace(write=lambda uri, content: print(uri, content))  # in place of S3
        >>> checkpoints = Checkpoints(role, "s3://bucket/checkpoints", Path("checkpoints"))
        >>> Path("checkpoints").mkdir()
        >>> with checkpoints.copied():
        ...     _ = Path("checkpoints/image-classification-0001.params").write_bytes(b"weights")
        s3://bucket/checkpoints/image-classification-0001.params b'weights'
    """

    def __init__(self, role: ExecutionRole, uri: str, folder: Path) -> None:
        self._role, self._folder = role, folder
        self._bucket, key = objects.split(uri)
        self._prefix = f"{key.rstrip('/')}/" if key.strip("/") else ""
        self._copied: dict[Path, tuple[int, int, int]] = {}
        self._versions: dict[Path, str] = {}  # the version ids of this job's own copies
        self._copying = threading.Lock()

    def fill(self) -> int:
        """Write the objects of the prefix into the folder, and return their number.

        Raises:
            StagingError: The bucket does not exist, the role may not read it, or a key cannot be a file's path.
        """
        if not objects.has_bucket(self._role.account, self._bucket):
            raise StagingError(
                f"ClientError: Data upload failed:NoSuchBucket: The specified bucket does not exist: {self._bucket}"
            )
        if self._folder.is_dir() and any(self._folder.iterdir()):
            return 0  # the job goes on after a restart of the cloud, and its own files are newer than their copies
        self._folder.mkdir(parents=True, exist_ok=True)
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
        """Delete objects whose files are gone, then upload files that have changed.

        The oldest file goes first, since a checkpoint's newer files refer to its older ones.

        Raises:
            ServiceException: S3 refused a call.
            AccessDenied: The role's policies do not allow a call.
        """
        with self._copying:
            gone = [path for path in self._copied if not path.exists()] if self._folder.is_dir() else []
            for path in gone:
                self._role.delete(self._uri(path))
                del self._copied[path]
            changed = []
            for path in self._folder.rglob("*"):
                hidden = any(part.startswith(".") for part in path.relative_to(self._folder).parts)
                with contextlib.suppress(FileNotFoundError):  # the algorithm has just deleted it
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
            objects.delete(
                self._role.account, uri, version=earlier
            )  # saves space; AWS never does it, so it needs no permission

    def _uri(self, path: Path) -> str:
        return f"s3://{self._bucket}/{self._prefix}{path.relative_to(self._folder).as_posix()}"

    @contextlib.contextmanager
    def copied(self) -> Iterator[None]:
        """Copy every second while the block runs, and once more when it ends or fails.

        Raises:
            StagingError: The last copy failed.
        """
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(INTERVAL):
                with contextlib.suppress(ServiceException, AccessDenied):  # the last copy reports it
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
