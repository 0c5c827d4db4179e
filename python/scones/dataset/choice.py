"""Chooses the source of the images when the user names none.

Example::

    >>> variables = {"CIFAR100_ARCHIVE": "/data/cifar-100-python.tar.gz"}
    >>> found = choose(("bicycle", "motorcycle"), Path("build/downloads"), variables=variables)
    >>> found.source.title, found.reason
    ('the CIFAR-100 archive cifar-100-python.tar.gz', 'CIFAR100_ARCHIVE names it')

:func:`ensure` chooses a source and builds the data set from it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

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

# The environment variable with the path of an archive on this machine.
VARIABLE = "CIFAR100_ARCHIVE"

# Seconds. Without a network, the sample is used after this time.
PATIENCE = 4.0


class BuildOptions(TypedDict, total=False):
    """Options of :func:`build` that :func:`ensure` passes on."""

    seed: int
    skip_bad: bool
    recordio: bool


@dataclass(frozen=True)
class ChosenSource:
    """A source, and the reason for choosing it, for a message."""

    source: Archive | Download | Sample
    reason: str


@dataclass(frozen=True)
class Ensured:
    """A data set, and where it comes from.

    Attributes:
        title: The source's name in messages.
        reason: Why this source was chosen, for a message.
    """

    dataset: Dataset
    title: str
    reason: str

    @property
    def drawn(self) -> bool:
        """Whether the images are the drawn sample, not photographs."""
        return self.dataset.kind == "sample"


def choose(
    classes: Sequence[str],
    cache: Path,
    *,
    variables: Mapping[str, str] = os.environ,
    download: Download | None = None,
    progress: Progress | None = None,
) -> ChosenSource:
    """Choose the first source that works.

    They are tried in this order: the archive in ``CIFAR100_ARCHIVE``, an archive that was downloaded before, a
    download, the drawn sample.

    Args:
        classes: The classes that the source must have. The sample has bicycle and motorcycle only.
        cache: The folder for a downloaded archive.
        variables: The environment variables.
        download: The download to try. By default, CIFAR-100 from the University of Toronto with a short timeout.
        progress: Shows progress bars. None shows nothing.

    Raises:
        DatasetError: CIFAR-100 cannot be downloaded, and the sample lacks a class.
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
    progress: Progress | None = None,
    **options: Unpack[BuildOptions],
) -> Ensured:
    """Build a data set of ``classes`` in ``out``, from the source that :func:`choose` finds.

    Args:
        reuse: Keep a data set of these classes that is already in ``out``, with any source and seed.
            ``CIFAR100_ARCHIVE`` overrides this. ``invoke train`` sets it, so that it uses the data set of
            ``invoke etl``.
        options: ``seed``, ``skip_bad`` and ``recordio``, as for :func:`build`. A data set that is kept gets RecordIO
            files if ``recordio`` is set and they are missing.

    Raises:
        DatasetError: no source has these classes, or the data set cannot be built.
    """
    if reuse and not variables.get(VARIABLE):
        try:
            there = stored.load(out)
        except DatasetError:
            there = None
        if there and there.classes == tuple(classes):
            if options.get("recordio") and not there.recordio:
                write_records(there, progress=progress)
            return Ensured(there, there.source, f"it is in {out}")
    choice = choose(classes, cache, variables=variables, download=download, progress=progress)
    return _built(choice, classes, out, progress, **options)


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
    """Build a data set of the archive's other classes in ``out``. A backbone is trained on it.

    Args:
        classes: The classes to leave out.

    Raises:
        DatasetError: there is no archive, or it has fewer than two other classes.
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
    return _built(choice, others, out, progress, recordio=recordio)


def _built(
    choice: ChosenSource,
    classes: Sequence[str],
    out: Path,
    progress: Progress | None,
    **options: Unpack[BuildOptions],
) -> Ensured:
    dataset = build(choice.source, classes, out, progress=progress, **options)
    return Ensured(dataset, choice.source.title, choice.reason)
