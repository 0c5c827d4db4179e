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
import os
import shutil
import stat
import tempfile
import threading
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from weakref import WeakValueDictionary

#: "The maximum size of a deployment package, unzipped, is 250 MB, layers included" (AWS Lambda Developer Guide,
#: "Lambda quotas"). CreateFunction's error gives the figure.
LARGEST = 262_144_000  # bytes
MOST_FILES = 65_535  # as many as a zip without the Zip64 extension has; each takes an inode
LONGEST_LINK = 4096  # bytes, Linux's limit for a path
MOST_LINKS = 40  # as many as Linux follows in one path
MOST_KNOWN = 256  # zips whose folder is remembered
SHIPPED = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


class BadPackage(ValueError):
    """Code that cannot be unpacked, or would leave its folder."""


class Unpacked:
    """The code of one cloud's functions on disk. It remembers what it has unpacked, because every call asks.

    Threads may call it at once. One of them unpacks, and the others wait for it: a large zip that nine executions ask
    for would else be written nine times.

    Args:
        folder: Where it is: code/, layers/ and runtime/ below it.

    Example::

        >>> buffer = io.BytesIO()
        >>> with zipfile.ZipFile(buffer, "w") as archive:
        ...     archive.writestr("handler.py", "def handler(event, context): ...")
        >>> Path(Unpacked(Path("functions")).function(buffer.getvalue())).parent
        PosixPath('functions/code')
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        #: By the identity of the bytes, which are kept so that it stays theirs.
        self._known: OrderedDict[tuple[str, int], tuple[bytes, str]] = OrderedDict()
        self._unpacking: WeakValueDictionary[tuple[str, int], threading.Lock] = WeakValueDictionary()
        self._guard = threading.Lock()

    @cached_property
    def runtime(self) -> str:
        """The folder with the packages of AWS's runtime."""
        return str(runtime(self._folder / "runtime"))

    def function(self, code: bytes) -> str:
        """The folder of a function's code."""
        return self._of("code", code)

    def layers(self, codes: Sequence[bytes]) -> str:
        """The folder with the content of a function's layers, a later one over an earlier one; empty if it has none."""
        if not codes:
            return ""
        return str(merged(self._folder / "merged", [Path(self._of("layers", code)) for code in codes]))

    def _of(self, kind: str, code: bytes) -> str:
        key = kind, id(code)
        if found := self._remembered(key, code):
            return found
        with self._guard:
            turn = self._unpacking.setdefault(key, threading.Lock())
        with turn:
            if found := self._remembered(key, code):
                return found
            found = str(unpacked(self._folder / kind, code))
            with self._guard:
                self._known[key] = code, found
                if len(self._known) > MOST_KNOWN:
                    self._known.popitem(last=False)
        return found

    def _remembered(self, key: tuple[str, int], code: bytes) -> str:
        known = self._known.get(key)
        return known[1] if known and known[0] is code else ""


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


def importable(runtime: str) -> tuple[str, ...]:
    """The folders of a layer that go to ``sys.path`` (AWS Lambda Developer Guide, Packaging your layer content).

    Example::

        >>> importable("python3.12")
        ('python/lib/python3.12/site-packages', 'python')
    """
    return f"python/lib/{runtime}/site-packages", "python"


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
        links = check(code)
        with _becoming(target) as part:
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                for entry in archive.infolist():
                    if not _is_link(entry):
                        archive.extract(entry, part)
            for path, place in links.items():  # last, so that no file is written through a link
                (part / path).parent.mkdir(parents=True, exist_ok=True)
                (part / path).symlink_to(place)
            _set_modes(part, code)
    return target


def merged(folder: Path, layers: Sequence[Path]) -> Path:
    """One folder below ``folder`` with the content of several, a later one over an earlier one.

    A later file takes the place of an earlier link, and nothing is written through one. The files are hard links.

    Example::

        >>> first, second = Path("layers/one"), Path("layers/two")
        >>> for layer in (first, second):
        ...     (layer / "python").mkdir(parents=True)
        ...     _ = (layer / "python" / "who.py").write_text(layer.name)
        >>> (merged(Path("merged"), [first, second]) / "python" / "who.py").read_text()
        'two'
    """
    if len(layers) == 1:
        return layers[0]
    target = folder / hashlib.sha256("/".join(one.name for one in layers).encode()).hexdigest()[:32]
    if not target.is_dir():
        with _becoming(target) as part:
            for layer in layers:
                _lay(layer, part)
            part.chmod(0o755)
    return target


@contextlib.contextmanager
def _becoming(target: Path) -> Iterator[Path]:
    """A new folder that the block fills, and that then appears whole as ``target``. Threads may fill it at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        yield part
        part.rename(target)
    except OSError:
        shutil.rmtree(part)
        if not target.is_dir():  # a concurrent call may have been faster
            raise


def _lay(source: Path, target: Path) -> None:
    for one in source.iterdir():
        place = target / one.name
        folder = one.is_dir() and not one.is_symlink()
        if place.is_symlink() or place.is_file() or (place.exists() and not folder):
            shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()
        if folder:
            place.mkdir(exist_ok=True)
            place.chmod(0o755)
            _lay(one, place)
        else:
            os.link(one, place, follow_symlinks=False)


def _set_modes(folder: Path, code: bytes) -> None:
    """Make folders and files readable for everybody, programs executable, and files read-only.

    A function runs as a user of its own, and does not write where its code is.
    """
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        programs = {one.filename for one in archive.infolist() if one.external_attr >> 16 & 0o111}
    for base, _, files in os.walk(folder):
        here = Path(base)
        here.chmod(0o755)
        for name in files:
            path = here / name
            if not path.is_symlink():
                path.chmod(0o555 if path.relative_to(folder).as_posix() in programs else 0o444)


def check(code: bytes) -> Mapping[PurePosixPath, str]:
    """Read a zip to its end, and return its symbolic links with their targets.

    Raises:
        BadPackage: It is no zip, is empty or damaged, is too large when it is unpacked, holds a path or a link that
            leads out of its folder, or holds a file below a link.

    Example::

        >>> check(b"no zip")
        Traceback (most recent call last):
        ...
        localcloud.lambda_.packages.BadPackage: File is not a zip file
    """
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            entries = archive.infolist()
            _check_size(entries)
            links = {PurePosixPath(one.filename): archive.read(one).decode() for one in entries if _is_link(one)}
            if damaged := archive.testzip():
                raise BadPackage(f"'{damaged}' is damaged")
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, UnicodeDecodeError) as error:
        raise BadPackage(str(error)) from None
    if not entries:
        raise BadPackage("the zip is empty")
    seen: set[PurePosixPath] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts:
            raise BadPackage(f"'{path}' leads out of the zip")
        if path in links and path in seen:
            raise BadPackage(f"'{path}' is there twice")
        seen.add(path)
    files = {PurePosixPath(one.filename) for one in entries if not one.is_dir()}  # links too
    for path in seen:
        if above := next((parent for parent in path.parents if parent in files), None):
            raise BadPackage(f"'{path}' is below '{above}', which is a {'link' if above in links else 'file'}")
    for path, place in links.items():
        if not place or "\0" in place or _leads_out(path, links):
            raise BadPackage(f"the link '{path}' leads out of the zip: {place!r}")
    return links


def _check_size(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Check sizes before anything is unpacked. zipfile never unpacks more of a file than its entry says."""
    if len(entries) > MOST_FILES:
        raise BadPackage(f"the zip has {len(entries):,} files, and {MOST_FILES:,} are allowed")
    if (size := sum(entry.file_size for entry in entries)) > LARGEST:
        raise BadPackage(f"Unzipped size must be smaller than {LARGEST} bytes, and it is {size}")
    for entry in entries:
        if _is_link(entry) and entry.file_size > LONGEST_LINK:
            raise BadPackage(f"the link '{entry.filename}' has a target of {entry.file_size} bytes")


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _leads_out(link: PurePosixPath, links: Mapping[PurePosixPath, str]) -> bool:
    """Whether a link leaves the zip's folder, by itself or through other links.

    Links that lead in a circle lead nowhere, so they do not lead out.
    """
    at, todo, followed = PurePosixPath(), list(link.parts), 0
    while todo:
        part = todo.pop(0)
        if part == "..":
            if at == PurePosixPath():
                return True
            at = at.parent
            continue
        at /= part
        if at in links:
            followed += 1
            if followed > MOST_LINKS:
                return False
            place = PurePosixPath(links[at])
            if place.is_absolute():
                return True
            at, todo = at.parent, [*place.parts, *todo]
    return False
