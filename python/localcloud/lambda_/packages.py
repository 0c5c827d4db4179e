"""Where a function's code and what AWS's runtime ships beside it lie on disk.

AWS's Python runtime has the standard library, boto3 and what boto3 needs, and nothing else (AWS Lambda Developer
Guide, Building Lambda functions with Python). So has the local cloud's: a handler that imports NumPy fails here as it
would there.
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
    """A folder that holds the packages of AWS's runtime, as links to those installed here; safe in several threads."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SHIPPED:
        found = importlib.util.find_spec(name)
        origin = Path(found.submodule_search_locations[0] if found.submodule_search_locations else found.origin)
        with contextlib.suppress(FileExistsError):  # an earlier call made it, or one at the same time
            (folder / origin.name).symlink_to(origin)
    return folder


def unpacked(folder: Path, code: bytes) -> Path:
    """The folder that holds a zip's files; the same bytes are unpacked once. Appears whole or not at all."""
    target = folder / hashlib.sha256(code).hexdigest()[:32]
    if not target.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=folder))
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            archive.extractall(part)
        part.chmod(0o755)
        try:
            part.rename(target)
        except OSError:  # another call was faster
            shutil.rmtree(part)
    return target
