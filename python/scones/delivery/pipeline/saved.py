"""Saved plans on their way from who plans to who applies: what is written beside them, and how they are checked.

Example::

    write(folder, [Saved("foundation", …), Saved("service", …)])     # the digest of them all
    read(folder, digest="9f86…")                                     # the same, or InputError

A folder holds, for every stack, ``<stack>.tfplan`` (the plan), ``<stack>.lock.hcl`` (the provider it was made with) and
``<stack>.json`` (what is said here of it), and one ``SHA256SUMS`` of all of them, as ``sha256sum --check`` reads it.
The SHA-256 of that file stands for them all: who applies compares it with the one that was reviewed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from imageclassification import files
from scones.errors import InputError
from scones.terraform import STACKS

SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Saved:
    """What is known of a stack's saved plan.

    Attributes:
        environment: Where it is to be applied.
        commit: The commit whose configuration it is of.
        tree: What names that commit's files (:func:`scones.revision.tree`).
        terraform: Who made it, such as ``Terraform 1.11.4``: no other version applies it.
        changes: Whether it changes anything, an output included.
        lineage: What names the state that it was made on; empty where there was none.
        serial: That state's version.
        reads: The SHA-256 of the outputs that it has read from the stack below; empty where it reads none.
        deferred: Why there is no plan yet; empty where there is one.
    """

    stack: str
    environment: str
    commit: str
    tree: str
    terraform: str
    changes: bool = False
    lineage: str = ""
    serial: int = 0
    reads: str = ""
    deferred: str = ""

    def plan(self, folder: Path) -> Path:
        """The saved plan's file."""
        return folder / f"{self.stack}.tfplan"

    def lock_file(self, folder: Path) -> Path:
        """The lock file that it was made with."""
        return folder / f"{self.stack}.lock.hcl"

    def description(self, folder: Path) -> Path:
        """The file of what is known of it."""
        return folder / f"{self.stack}.json"

    def files(self, folder: Path) -> list[Path]:
        """All the files that a folder has of it."""
        own = [] if self.deferred else [self.plan(folder), self.lock_file(folder)]
        return [*own, self.description(folder)]


def clear(folder: Path) -> None:
    """Remove the saved plans that a folder holds, and nothing else of it; it is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SUMS).unlink(missing_ok=True)  # first: without it nobody takes what is left for whole
    for name in STACKS:
        for path in Saved(name, environment="", commit="", tree="", terraform="").files(folder):
            path.unlink(missing_ok=True)


def write(folder: Path, plans: Sequence[Saved]) -> str:
    """Write what is known of plans that lie in a folder, and the sums of it all.

    Returns:
        The digest of them all: the SHA-256, hexadecimal, of the file of sums.
    """
    for plan in plans:
        files.write(plan.description(folder), json.dumps(asdict(plan), indent=2) + "\n")
    listed = sorted(path for plan in plans for path in plan.files(folder))
    sums = "".join(f"{_sha256(path)}  {path.name}\n" for path in listed)
    files.write(folder / SUMS, sums)
    return hashlib.sha256(sums.encode()).hexdigest()


def digest(folder: Path) -> str:
    """The digest of a folder's plans.

    Raises:
        InputError: there are none.
    """
    try:
        return _sha256(folder / SUMS)
    except FileNotFoundError:
        raise InputError(
            f"there are no saved plans: {folder / SUMS} is missing",
            hint="make them: invoke ci.pr, with the same --env and --out",
        ) from None


def read(folder: Path, *, expected: str | None = None) -> list[Saved]:
    """What is known of a folder's plans, once every file is proved to be what was written.

    Args:
        expected: The digest that was reviewed; None takes whatever the folder's own sums say.

    Raises:
        InputError: there are no plans, a file was changed, or they are not those that were reviewed.
    """
    found = digest(folder)
    if expected is not None and found != expected.strip().lower():
        raise InputError(
            f"these are not the plans that were reviewed: their SHA-256 is {found}, not {expected}",
            hint="apply the plans whose digest stands in the summary that you approved, or plan again",
        )
    plans = []
    sums = _sums(folder / SUMS)
    for name, wanted in sums.items():
        path = folder / name
        if Path(name).name != name or not path.is_file() or _sha256(path) != wanted:
            what = "was changed after it was written" if path.is_file() else "is missing"
            raise InputError(f"the saved plan is not whole: {path} {what}", hint="plan again: invoke ci.pr")
        if path.suffix == ".json":
            plans.append(_parse(path))
    if not plans:
        raise InputError(f"{folder / SUMS} names no stack's plan", hint="plan again: invoke ci.pr")
    for plan in plans:
        if lacking := [path.name for path in plan.files(folder) if path.name not in sums]:
            raise InputError(f"the saved plan is not whole: {folder / SUMS} does not name {', '.join(lacking)}")
    return plans


def _sums(path: Path) -> dict[str, str]:
    """The SHA-256 of each file that a file of sums names."""
    lines = [line.partition("  ") for line in path.read_text(errors="replace").splitlines()]
    if not all(name for _, _, name in lines):
        raise InputError(f"{path} is no list of SHA-256 sums and files", hint="plan again: invoke ci.pr")
    return {name: wanted for wanted, _, name in lines}


def _parse(path: Path) -> Saved:
    try:
        given = json.loads(path.read_text())
        found = Saved(**{field.name: given[field.name] for field in fields(Saved)})
        if found.stack not in STACKS or found.description(path.parent) != path:
            raise ValueError(f"its stack is {found.stack}")
        return found
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} does not describe a saved plan: {error!r}", hint="plan again: invoke ci.pr") from None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
