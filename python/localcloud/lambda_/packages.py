"""Puts a function's code, its layers and the packages of AWS's runtime on disk.

AWS's Python runtime has the standard library, boto3 and the packages that boto3 needs, and nothing else (AWS Lambda
Developer Guide, Building Lambda functions with Python). The local cloud offers the same: a handler that imports NumPy
fails here as it fails on AWS.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import shutil
import tempfile
import zipfile
from pathlib import Path

SHIPPED = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


def runtime(folder: Path) -> Path:
    """Fill a folder with links to the installed packages that AWS's runtime ships. Threads may call it at once.

    Example::

        >>> sorted(path.name for path in runtime(Path("runtime")).iterdir())
        ['boto3', 'botocore', 'dateutil', 'jmespath', 's3transfer', 'six.py', 'urllib3']
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in SHIPPED:
        found = importlib.util.find_spec(name)
        assert found is not None  # each is a dependency of boto3, and boto3 is one of this project
        place = found.submodule_search_locations[0] if found.submodule_search_locations else found.origin
        assert place is not None  # each is made of files
        origin = Path(place)
        with contextlib.suppress(FileExistsError):  # an earlier or concurrent call made the link
            (folder / origin.name).symlink_to(origin)
    return folder


def unpacked(folder: Path, code: bytes) -> Path:
    """Unpack a zip into a folder of its own below ``folder``. The same bytes are unpacked only once.

    The folder appears complete or not at all: the files are unpacked beside it and the result is renamed.

    Example::

        >>> buffer = io.BytesIO()
        >>> with zipfile.ZipFile(buffer, "w") as archive:
        ...     archive.writestr("handler.py", "def handler(event, context): ...")
        >>> first = unpacked(Path("code"), buffer.getvalue())
        >>> [path.name for path in first.iterdir()]
        ['handler.py']
        >>> unpacked(Path("code"), buffer.getvalue()) == first
        True
    """
    target = folder / hashlib.sha256(code).hexdigest()[:32]
    if not target.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=folder))
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(part)
        part.chmod(0o755)
        try:
            part.rename(target)
        except OSError:  # a concurrent call was faster
            shutil.rmtree(part)
    return target
