"""Which data to use when nobody says: the best that can be had, and how that was decided.

Example::

    ensured = ensure(("bicycle", "motorcycle"), Path("build/dataset"), cache=Path("build/downloads"))
    ensured.dataset.size("train")      # 900
    ensured.drawn, ensured.reason      # (True, 'CIFAR-100 cannot be fetched: …')
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scones.dataset import labels, stored
from scones.dataset.archive import Archive
from scones.dataset.download import Download
from scones.dataset.records import write_records
from scones.dataset.sample import CLASSES, Sample
from scones.dataset.stored import Dataset
from scones.dataset.writer import build
from scones.errors import DatasetError

if TYPE_CHECKING:
    from rich.progress import Progress

# The variable that names an archive on this machine.
VARIABLE = "CIFAR100_ARCHIVE"

# A machine without a network must not keep a person waiting.
PATIENCE = 4.0


@dataclass(frozen=True)
class ChosenSource:
    """A source, and why it was chosen, for a person to read."""

    source: Archive | Download | Sample
    reason: str


@dataclass(frozen=True)
class Ensured:
    """A data set, and how it came about.

    Attributes:
        title: What its images are, for a person to read.
        reason: Why these and no others.
    """

    dataset: Dataset
    title: str
    reason: str

    @property
    def drawn(self) -> bool:
        """Whether they are the drawn sample instead of photographs."""
        return self.dataset.kind == "sample"


def choose(
    classes: Sequence[str],
    cache: Path,
    *,
    variables: Mapping[str, str] = os.environ,
    download: Download | None = None,
    progress: Progress | None = None,
) -> ChosenSource:
    """The archive that ``CIFAR100_ARCHIVE`` names, else CIFAR-100 as fetched before or now, else the drawn sample.

    Args:
        classes: The classes wanted: the sample has bicycle and motorcycle only.
        cache: Where a fetched archive is kept.
        variables: The process's variables.
        download: The download to try; the University of Toronto's, with little patience, where it is not given.
        progress: Where to show progress; None for nowhere.

    Raises:
        DatasetError: CIFAR-100 cannot be had and the sample lacks a class.
    """
    named = variables.get(VARIABLE)
    if named:
        return ChosenSource(Archive(Path(named).expanduser()), f"{VARIABLE} names it")
    download = download or Download(cache, patience=PATIENCE, progress=progress)
    if download.cached:
        return ChosenSource(download, f"fetched before, kept in {download.cache}")
    try:
        download.fetch()
    except DatasetError as error:
        foreign = [name for name in classes if name not in CLASSES]
        if not foreign:
            return ChosenSource(Sample(), f"CIFAR-100 is not on this machine: {error.message}")
        need = f"give CIFAR-100's archive: --archive FILE, or set {VARIABLE}"
        raise DatasetError(
            f"there are no images of {labels.join(foreign)}: CIFAR-100 is not on this machine, the drawn sample has "
            f"bicycle and motorcycle only, and {error.message}",
            hint="\n".join([*labels.nearest(foreign, CLASSES), need]),
        ) from None
    return ChosenSource(download, "fetched just now")


def ensure(
    classes: Sequence[str],
    out: Path,
    *,
    cache: Path,
    reuse: bool = False,
    variables: Mapping[str, str] = os.environ,
    download: Download | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    recordio: bool = False,
    progress: Progress | None = None,
) -> Ensured:
    """Have a data set of ``classes`` in ``out``, from the best source there is (see :func:`choose`).

    Args:
        reuse: Take a data set of these classes that is in ``out``, whatever its source and seed, unless
            ``CIFAR100_ARCHIVE`` names one: what training wants after someone ran ``invoke etl``.
        options: ``seed``, ``skip_bad`` and ``recordio``, as for :func:`build`. Of a data set that is reused, RecordIO
            files are made where they are asked for and missing.

    Raises:
        DatasetError: no data set of these classes can be had.
    """
    if reuse and not variables.get(VARIABLE):
        try:
            there = stored.load(out)
        except DatasetError:
            there = None
        if there and there.classes == tuple(classes):
            if recordio and not there.recordio:
                write_records(there, progress=progress)
            return Ensured(there, there.source, f"it is in {out}")
    choice = choose(classes, cache, variables=variables, download=download, progress=progress)
    return _built(choice, classes, out, seed=seed, skip_bad=skip_bad, recordio=recordio, progress=progress)


def ensure_others(
    classes: Sequence[str],
    out: Path,
    *,
    cache: Path,
    recordio: bool = False,
    variables: Mapping[str, str] = os.environ,
    download: Download | None = None,
    progress: Progress | None = None,
) -> Ensured:
    """Have a data set of every class but ``classes`` in ``out``: what a backbone learns from.

    Raises:
        DatasetError: there is no archive, or it has no two other classes.
    """
    choice = choose(classes, cache, variables=variables, download=download, progress=progress)
    if isinstance(choice.source, Sample):
        raise DatasetError(
            f"a backbone learns from the archive's other classes, and the drawn sample has none; {choice.reason}",
            hint=f"give CIFAR-100's archive: set {VARIABLE} to cifar-100-python.tar.gz, or run: invoke etl --download",
        )
    others = [name for name in choice.source.classes(progress=progress) if name not in classes]
    if len(others) < 2:
        raise DatasetError(
            f"{choice.source.title} has {len(others)} classes beside {labels.join(classes)}; a backbone needs two",
            hint=f"set {VARIABLE} to the whole of CIFAR-100, cifar-100-python.tar.gz",
        )
    return _built(choice, others, out, recordio=recordio, progress=progress)


def _built(
    choice: ChosenSource,
    classes: Sequence[str],
    out: Path,
    *,
    seed: int = 0,
    skip_bad: bool = False,
    recordio: bool,
    progress: Progress | None,
) -> Ensured:
    dataset = build(choice.source, classes, out, seed=seed, skip_bad=skip_bad, recordio=recordio, progress=progress)
    return Ensured(dataset, choice.source.title, choice.reason)
