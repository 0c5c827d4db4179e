"""Packages the Lambda functions as zips with the same bytes on every machine.

Example::

    >>> folder = Path("lambdas/greet")
    >>> folder.mkdir(parents=True)
    >>> _ = (folder / "handler.py").write_text("def handler(event, context): return event")
    >>> [found.zip for found in package(Path("lambdas"), Path("build/lambdas"))]
    ['greet.zip']

So Terraform plans a change only if a function has changed. A zip's bytes depend only on the names and text of its
``*.py`` files. Entries are sorted, dated 1 January 1980 (the format's first day), of mode 0644, made "on Unix", and
have LF line ends. They are stored without compression, because zlib's output differs between its versions.
``event.json``, hidden files and ``__pycache__`` are left out.

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
# What a function may import. Lambda's runtime has boto3; other libraries would have to be packaged too.
RUNTIME = frozenset(sys.stdlib_module_names) | {"boto3", "botocore"}
FIRST_DAY = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Package:
    """One function's zip.

    Attributes:
        name: The function's folder, such as ``classify_image``.
        zip: The zip's file name.
        bytes: The zip's size.
    """

    name: str
    zip: str
    sha256: str
    bytes: int


def package(functions: Path, out: Path) -> list[Package]:
    """Write ``<name>.zip`` for each folder of ``functions`` into ``out``, then ``manifest.json``.

    Zips of removed functions are deleted. An unchanged file is not written again. The manifest lists the zips:
    ``{"<name>": {"zip": …, "sha256": …, "bytes": …}}``.

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
    """The bytes of one function's zip. Raises PackagingError as :func:`package` does."""
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
    """The top-level names of all imported modules, each with its line, without relative imports."""
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
