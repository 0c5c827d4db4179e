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

A function may import its neighbours, the other functions, by their folders' names: ``import serialize_image_data``. Its
zip then also has the neighbour's ``handler.py`` as ``serialize_image_data.py``, and the neighbour's other modules.

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

MAX_BYTES = 10_000  # for each function in a zip
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
    paths = sources(folder)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(paths):
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_STORED
            archive.writestr(entry, _text(paths[name]))
    content = buffer.getvalue()
    functions = {path.parent for path in paths.values() if path.name == "handler.py"}
    most = MAX_BYTES * len(functions)
    if len(content) > most:
        raise PackagingError(
            f"{folder.name}'s zip would have {len(content):,} bytes; {_counted(len(functions))} at most {most:,}",
            hint="a function is a few lines over boto3; move the rest out of it",
        )
    return content


def sources(folder: Path) -> dict[str, Path]:
    """The files of one function's zip, by their names in it: the function's own, and those of its neighbours.

    Example: ``{"handler.py": …/classify_batch/handler.py, "serialize_image_data.py": …/serialize_image_data/handler.py,
    "address.py": …/serialize_image_data/address.py}``

    Raises:
        PackagingError: a function has no ``handler(event, context)``, imports what the runtime lacks, or has a module
            with the name of a neighbour's.
    """
    found = _own(folder)
    waiting = _check(folder, found)
    added: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in added:
            continue
        added.add(name)
        own = _own(folder.parent / name)
        waiting |= _check(folder.parent / name, own)
        for module, path in own.items():
            module = f"{name}.py" if module == "handler.py" else module
            if module in found:
                both = f"{folder.parent.name}/{path.relative_to(folder.parent)}", found[module].parent.name
                raise PackagingError(
                    f"{folder.name} imports {name}, and {both[0]} would have the name of a module of {both[1]}",
                    hint=f"modules of functions in one zip have different names; rename {both[0]}",
                )
            found[module] = path
    return found


def _own(folder: Path) -> dict[str, Path]:
    paths = {path.relative_to(folder): path for path in folder.rglob("*.py")}
    return {
        name.as_posix(): path for name, path in paths.items() if not any(part.startswith(".") for part in name.parts)
    }


def _text(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")


def _counted(functions: int) -> str:
    return "a function here has" if functions == 1 else f"{functions} functions here have"


def _check(folder: Path, paths: dict[str, Path]) -> set[str]:
    """Check a function's files, and return the neighbours that they import."""
    own = {name.partition("/")[0].removesuffix(".py") for name in paths}
    beside = {path.parent.name for path in folder.parent.glob("*/handler.py")} - own - RUNTIME - {folder.name}
    neighbours: set[str] = set()
    for name, path in paths.items():
        try:
            tree = ast.parse(_text(path), filename=f"{folder.name}/{name}")
        except (SyntaxError, ValueError) as error:
            raise PackagingError(f"{folder.name}/{name} is not Python: {error}") from None
        for imported, line in _imports(tree):
            if imported in beside:
                neighbours.add(imported)
            elif imported not in RUNTIME | own:
                raise PackagingError(
                    f"{folder.name}/{name}, line {line}, imports '{imported}', which Lambda's Python runtime lacks",
                    hint="a function uses the standard library, boto3 and other functions only",
                )
        if name == "handler.py" and not any(isinstance(n, ast.FunctionDef) and n.name == "handler" for n in tree.body):
            raise PackagingError(
                f"{folder.name}/handler.py has no function 'handler'", hint="def handler(event, context)"
            )
    return neighbours


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
