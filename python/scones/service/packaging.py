"""Lambda functions as zips that are the same bytes on every machine: a plan shows a change only where there is one.

Example::

    package(Path("lambdas"), Path("build/lambdas"))     # [Package('classify_image', 'classify_image.zip', …), …]

A zip's bytes depend on its ``*.py`` files' names and text alone: entries are sorted, dated 1 January 1980 (the format's
first day), of mode 0644, made "on Unix", with LF line ends, and stored without compression, since zlib's output differs
between its versions. ``event.json``, tests' leavings and ``__pycache__`` stay out.

Format: PKWARE's APPNOTE.TXT, sections 4.3 and 4.4.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from imageclassification import files
from scones.errors import PackagingError

MAX_BYTES = 10_000
# What a function may import: the runtime has boto3, and anything more would have to be carried along.
RUNTIME = frozenset(sys.stdlib_module_names) | {"boto3", "botocore"}
FIRST_DAY = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Package:
    """One function's zip.

    Attributes:
        name: The function's folder, such as ``classify_image``.
    """

    name: str
    zip: str
    sha256: str
    bytes: int


def package(functions: Path, out: Path) -> list[Package]:
    """Write ``<name>.zip`` for every folder of ``functions``, and ``manifest.json``, into ``out``.

    Zips of functions that are no more are removed; a file that would not change is left alone. The manifest comes last
    and names the zips that are there: ``{"<name>": {"zip": …, "sha256": …, "bytes": …}}``.

    Raises:
        PackagingError: a function has no ``handler(event, context)``, imports what the runtime lacks, or is too large.
    """
    folders = sorted(path.parent for path in functions.glob("*/handler.py"))
    if not folders:
        raise PackagingError(f"{functions} holds no function", hint="a function is a folder with a handler.py")
    built = {folder.name: build(folder) for folder in folders}
    out.mkdir(parents=True, exist_ok=True)
    packages = []
    for name, content in built.items():
        _keep(out / f"{name}.zip", content)
        packages.append(Package(name, f"{name}.zip", hashlib.sha256(content).hexdigest(), len(content)))
    for stale in set(out.glob("*.zip")) - {out / found.zip for found in packages}:
        stale.unlink()
    manifest = {found.name: {"zip": found.zip, "sha256": found.sha256, "bytes": found.bytes} for found in packages}
    _keep(out / "manifest.json", json.dumps(manifest, indent=2).encode() + b"\n")
    return packages


def build(folder: Path) -> bytes:
    """One function's zip, from its folder; raises PackagingError as :func:`package` does."""
    paths = [
        path for path in folder.rglob("*.py") if not any(p.startswith(".") for p in path.relative_to(folder).parts)
    ]
    sources = {path.relative_to(folder).as_posix(): path.read_bytes().replace(b"\r\n", b"\n") for path in paths}
    _check(folder, sources)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(sources):
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_STORED
            archive.writestr(entry, sources[name])
    content = buffer.getvalue()
    if len(content) > MAX_BYTES:
        raise PackagingError(
            f"{folder.name}'s zip would have {len(content):,} bytes; a function here has at most {MAX_BYTES:,}",
            hint="a function is a few lines over boto3; move the rest out of it",
        )
    return content


def _check(folder: Path, sources: dict[str, bytes]) -> None:
    own = {name.partition("/")[0].removesuffix(".py") for name in sources}
    for name, source in sources.items():
        try:
            tree = ast.parse(source, filename=f"{folder.name}/{name}")
        except (SyntaxError, ValueError) as error:
            raise PackagingError(f"{folder.name}/{name} is not Python: {error}") from None
        for imported, line in _imports(tree):
            if imported not in RUNTIME | own:
                raise PackagingError(
                    f"{folder.name}/{name}, line {line}, imports '{imported}', which Lambda's Python runtime lacks",
                    hint="a function uses the standard library and boto3 only",
                )
        if name == "handler.py" and not any(isinstance(n, ast.FunctionDef) and n.name == "handler" for n in tree.body):
            raise PackagingError(
                f"{folder.name}/handler.py has no function 'handler'", hint="def handler(event, context)"
            )


def _imports(tree: ast.Module) -> list[tuple[str, int]]:
    """The first names of all imported modules, each with its line; a relative import is the function's own."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name.partition(".")[0], node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module.partition(".")[0], node.lineno))
    return found


def _keep(path: Path, content: bytes) -> None:
    if not (path.is_file() and path.read_bytes() == content):
        files.write(path, content)
