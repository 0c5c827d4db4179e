"""Saves descriptions of plans and their checksums, and checks them before an apply.

Example::

    >>> folder = Path("plans")
    >>> clear(folder)
    >>> plan = Saved("service", "dev", commit="4f2a", tree="9be1", terraform="Terraform 1.11.4", deferred="no model")
    >>> found = write(folder, [plan])
    >>> read(folder, expected=found) == [plan]
    True

For each stack, the folder has ``<stack>.tfplan`` (the plan), ``<stack>.lock.hcl`` (its provider's version) and
``<stack>.json`` (:class:`Saved`). ``SHA256SUMS`` has the checksums of these files, in the format of
``sha256sum --check``. The SHA-256 of ``SHA256SUMS`` is the digest of all plans. A reviewer approves this digest, and
``invoke ci.merge --sha256`` compares it before it applies.
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
    """The description of a stack's saved plan.

    Attributes:
        commit: The commit of the planned configuration.
        tree: The git tree of that commit's files (:func:`scones.revision.tree`).
        terraform: The product and version that made the plan, such as ``Terraform 1.11.4``. Only this version can apply
            the plan.
        changes: True if the plan changes a resource or an output.
        lineage: The lineage of the planned state; empty without a state.
        serial: The serial of the planned state.
        reads: The SHA-256 of the outputs that the plan reads from the stack below; empty if it reads none.
        deferred: Why there is no plan yet; empty if there is a plan.
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
        """The lock file of the provider that made the plan."""
        return folder / f"{self.stack}.lock.hcl"

    def description(self, folder: Path) -> Path:
        """The file of this description."""
        return folder / f"{self.stack}.json"

    def files(self, folder: Path) -> list[Path]:
        """All files of this plan in a folder."""
        own = [] if self.deferred else [self.plan(folder), self.lock_file(folder)]
        return [*own, self.description(folder)]


def clear(folder: Path) -> None:
    """Delete the saved plans of a folder and leave its other files. Create the folder if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SUMS).unlink(missing_ok=True)  # first, because read() refuses a folder without it
    for name in STACKS:
        for path in Saved(name, environment="", commit="", tree="", terraform="").files(folder):
            path.unlink(missing_ok=True)


def write(folder: Path, plans: Sequence[Saved]) -> str:
    """Write the descriptions of a folder's plans, and the checksums of all files.

    Returns:
        The digest of the plans: the SHA-256 of ``SHA256SUMS``, in hexadecimal.
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
        InputError: the folder has no saved plans.
    """
    try:
        return _sha256(folder / SUMS)
    except FileNotFoundError:
        raise InputError(
            f"there are no saved plans: {folder / SUMS} is missing",
            hint="make them: invoke ci.pr, with the same --env and --out",
        ) from None


def read(folder: Path, *, expected: str | None = None) -> list[Saved]:
    """Check all files of a folder's plans against their checksums, and read their descriptions.

    Args:
        expected: The digest of the reviewed plans. None accepts the folder's own digest.

    Raises:
        InputError: there are no plans, a file was changed, or they are not the reviewed plans.
    """
    found = digest(folder)
    if expected is not None and found != expected.strip().lower():
        raise InputError(
            f"these are not the plans that were reviewed: their SHA-256 is {found}, not {expected}",
            hint="apply the plans with the digest of the summary that you approved, or plan again",
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
    """The files that a ``SHA256SUMS`` lists, each with its SHA-256."""
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
