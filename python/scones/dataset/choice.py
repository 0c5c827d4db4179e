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
from typing import TYPE_CHECKING, TypedDict, Unpack, cast

from scones.dataset import labels, standing
from scones.dataset.archive import VARIABLE, Archive
from scones.dataset.beside import Beside
from scones.dataset.download import Download
from scones.dataset.records import write_records
from scones.dataset.sample import CLASSES, Sample
from scones.dataset.standing import NOBODY, OtherOption
from scones.dataset.stored import Dataset
from scones.dataset.writer import build
from scones.errors import DatasetError

if TYPE_CHECKING:
    from rich.progress import Progress

# Seconds. Without a network, the sample is used after this time.
PATIENCE = 4.0


class BuildOptions(TypedDict, total=False):
    """Options of :func:`build` that :func:`ensure` passes on."""

    seed: int
    skip_bad: bool
    recordio: bool
    classes_from: str


class EnsureOptions(BuildOptions, total=False):
    """Options of :func:`ensure`: also whether there is the class ``other``."""

    other: OtherOption


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
    replace: bool = False,
    variables: Mapping[str, str] = os.environ,
    download: Download | None = None,
    progress: Progress | None = None,
    **options: Unpack[EnsureOptions],
) -> Ensured:
    """Build a data set of ``classes`` in ``out``, from the source that :func:`choose` finds.

    Args:
        replace: Replace a data set of another source. Without it, such a data set is left alone.
        options: ``seed``, ``skip_bad``, ``recordio`` and ``classes_from``, as for :func:`build`; and ``other``, whether
            the data set gets that class too.

    Raises:
        DatasetError: no source has these classes, the data set cannot be built, or ``out`` has a data set of another
            source.
    """
    there = None if replace else _usable(out)
    if there is not None and there.kind == "folder":
        raise _another(there, classes, options, variables)
    download = download or Download(cache, patience=PATIENCE, progress=progress)
    drawn = there is not None and there.kind == "sample" and set(classes) <= set(CLASSES)
    if drawn and not variables.get(VARIABLE) and not download.cached:
        # A download would only be refused then.
        choice = ChosenSource(Sample(), f"drawn images stand in {out}; for photographs: invoke etl --download")
    else:
        choice = choose(classes, cache, variables=variables, download=download, progress=progress)
    if there is not None and choice.source.identity().sha256 != there.description["source"]["sha256"]:
        raise _another(there, classes, options, variables)
    return _built(choice, classes, out, progress, **options)


def taken(
    dataset: Dataset,
    own: Sequence[str],
    *,
    recordio: bool = False,
    variables: Mapping[str, str] = os.environ,
    progress: Progress | None = None,
) -> Ensured:
    """Take a data set as it stands, and say what it is. It gets RecordIO files if these are wanted and missing.

    Args:
        own: The environment's classes.
    """
    if recordio and not dataset.recordio:
        write_records(dataset, progress=progress)
    reason = [f"it stands in {dataset.root}: {', '.join(dataset.classes)}; seed {dataset.seed}"]
    if dataset.classes != tuple(own):
        reason.append(f"these are not the environment's classes, {', '.join(own)}")
    if variables.get(VARIABLE) and dataset.kind in ("folder", "sample"):
        command = standing.etl(standing.default_source(variables), dataset.root)
        reason.append(f"the archive that {VARIABLE} names is not read; for a data set of it: {command}")
    return Ensured(dataset, dataset.origin, "\n".join(reason))


def _usable(out: Path) -> Dataset | None:
    """The data set in ``out``. None also for one that cannot be read: it is to be built again."""
    try:
        return standing.standing(out)
    except DatasetError:
        return None


def _another(
    there: Dataset, classes: Sequence[str], options: EnsureOptions, variables: Mapping[str, str]
) -> DatasetError:
    other = options.get("other", NOBODY)
    command = standing.etl(
        standing.default_source(variables),
        there.root,
        classes=labels.complete(classes, other=other.asked)
        if options.get("classes_from", "option") == "option"
        else None,
        other_folder=other.folder,
        seed=options.get("seed", 0),
        recordio=options.get("recordio", False),
        skip_bad=options.get("skip_bad", False),
    )
    return DatasetError(
        f"{there.root} holds {standing.described(there)}, and no source is named: it would be replaced by one of "
        "another source",
        hint=f"to keep it, and train on it: invoke train\nto replace it: {command}",
    )


def ensure_others(
    classes: Sequence[str],
    out: Path,
    *,
    cache: Path,
    variables: Mapping[str, str] = os.environ,
    download: Download | None = None,
    progress: Progress | None = None,
) -> Ensured:
    """Build a data set of the archive's other classes in ``out``, with RecordIO files. A backbone is trained on them.

    Images that cannot be told apart from those of ``classes`` or from test images, or that have two labels, are left
    out. ``dataset.json`` lists them under ``skipped``.

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
    source = Beside.of(choice.source, classes, progress=progress)
    if len(source.classes) < 2:
        raise DatasetError(
            f"{source.title} has {len(source.classes)} classes beside {labels.join(classes)}; a backbone needs two",
            hint=f"set {VARIABLE} to the whole of CIFAR-100, cifar-100-python.tar.gz",
        )
    dataset = build(source, source.classes, out, skip_bad=True, recordio=True, progress=progress)
    without = f"its {len(source.classes)} classes beside {labels.join(classes)}"
    skipped = len(dataset.description["skipped"])
    left = f"; {skipped} images are left out, which stand twice or have two labels" if skipped else ""
    return Ensured(dataset, source.title, f"{choice.reason}\n{without}{left}")


def _built(
    choice: ChosenSource,
    classes: Sequence[str],
    out: Path,
    progress: Progress | None,
    **options: Unpack[EnsureOptions],
) -> Ensured:
    other = options.get("other", NOBODY)
    rest = cast(BuildOptions, {name: value for name, value in options.items() if name != "other"})
    dataset = build(other.over(choice.source), classes, out, progress=progress, **rest)
    return Ensured(dataset, choice.source.title, choice.reason)
