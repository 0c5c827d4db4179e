"""The data set that stands in a folder: whether a job may train on it, and whether another one may replace it.

Example::

    >>> from pathlib import Path
    >>> from scones.dataset import Sample, build
    >>> dataset = build(Sample(train=4, test=1), ("bicycle", "motorcycle"), Path("build/dataset"), seed=7)
    >>> agreeing(Path("build/dataset"), named=("motorcycle", "bicycle"), own=dataset.classes, task="invoke train",
    ...          environment="local")
    Traceback (most recent call last):
    scones.errors.DatasetError: build/dataset holds a data set of 'bicycle' and 'motorcycle' (two-wheelers drawn by
    code, seed 7), but --classes names 'motorcycle' and 'bicycle'
    to train on what stands there: invoke train --classes bicycle,motorcycle --env local
    to build the other: invoke etl --sample --classes motorcycle,bicycle --seed 7

``dataset.json`` says where the classes come from. If a person named them (``classes_from`` is ``option``), they hold
for the jobs that follow. If they are an environment's, they must still be that environment's.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scones.dataset import labels, stored
from scones.dataset.archive import VARIABLE
from scones.dataset.contents import SIDE, Source
from scones.dataset.other import TIMES, LooseFolder, WithOther
from scones.dataset.sample import CLASSES
from scones.dataset.stored import DESCRIPTION, Dataset
from scones.errors import DatasetError

# The folder of invoke etl and invoke train, in an environment's build folder.
FOLDER = "dataset"


@dataclass(frozen=True)
class OtherOption:
    """Whether a data set is to have the class ``other``.

    Attributes:
        given: What a person has asked for: True with it, False without it. None if nobody has said.
        folder: Where its pictures are to be from. None for the source's other classes.
        without: What none of its pictures is to show.
        times: How many times as many training images it is to have as a wanted class.
        own: The environment's setting, which holds if nobody has said anything.
    """

    given: bool | None = None
    folder: Path | None = None
    own: bool = False
    without: tuple[str, ...] = ()
    times: int = TIMES

    def over(self, source: Source) -> Source:
        """The source, with the class ``other`` if it is asked for."""
        return WithOther(source, self.folder, self.without, self.times) if self.asked else source

    @property
    def asked(self) -> bool:
        """Whether a new data set gets it."""
        return self.own if self.given is None else self.given


#: Nobody has said anything, and the environment neither.
NOBODY = OtherOption()


def standing(out: Path) -> Dataset | None:
    """The data set in ``out``. None if there is none.

    Raises:
        DatasetError: there is one, and it cannot be used.
    """
    return stored.load(out) if (out / DESCRIPTION).exists() else None


def agreeing(
    out: Path,
    *,
    named: Sequence[str] | None,
    own: Sequence[str],
    task: str,
    environment: str,
    other: OtherOption = NOBODY,
    variables: Mapping[str, str] = os.environ,
) -> Dataset | None:
    """The data set in ``out`` for a job. None if there is none.

    Args:
        named: The classes that the job's options name, in label order. None if they name none.
        own: The environment's classes, without ``other``.
        task: The task that starts the job, for the message: ``invoke train``.
        environment: The environment's name, for the message.
        other: Whether the class ``other`` is asked for.
        variables: The environment variables.

    Raises:
        DatasetError: the data set cannot be used, or its classes are not those that are named. Without named classes:
            it was built for the environment's classes, and these are others now. The hint has the command that trains
            on it and the one that builds the other data set.
    """
    there = standing(out)
    if there is None:
        return None
    base = tuple(named or (own if there.classes_from == "environment" else labels.wanted(there.classes)))
    follows = bool(named) or there.classes_from == "environment"
    has_other = other.asked if follows or other.given is not None else labels.OTHER in there.classes
    wanted = base if labels.OTHER in base else labels.complete(base, other=has_other)
    folder = other.folder if wanted == there.classes else None
    if wanted == there.classes and (folder is None or _is_of(there, folder)):
        return there
    who = "--classes names" if named else f"--{labels.OTHER} makes" if other.given else "the environment has"
    by = f"the pictures of '{labels.OTHER}' are to be of {folder}" if folder else f"{who} {labels.join(wanted)}"
    keeping = [*task.split(), *labels.options(there.classes), "--env", environment]
    building = etl(
        _source(there, labels.wanted(wanted), variables),
        out,
        classes=wanted if named or other.given is not None else None,
        seed=there.seed,
        environment=environment,
        other_folder=other.folder,
    )
    raise DatasetError(
        f"{out} holds {described(there)}, but {by}",
        hint=f"to train on what stands there: {shlex.join(keeping)}\nto build the other: {building}",
    )


def _is_of(there: Dataset, folder: Path) -> bool:
    """Whether a data set's class ``other`` was made of the pictures in a folder."""
    found = LooseFolder(folder).identity()
    return there.description.get("other_from", {}).get("sha256") == found.sha256


def described(dataset: Dataset) -> str:
    """A data set in words: its classes, source and seed."""
    return f"a data set of {labels.join(dataset.classes)} ({dataset.origin}, seed {dataset.seed})"


def etl(
    source: Sequence[str],
    out: Path,
    *,
    classes: Sequence[str] | None = None,
    seed: int = 0,
    recordio: bool = False,
    skip_bad: bool = False,
    environment: str | None = None,
    other_folder: Path | None = None,
) -> str:
    """The command line that builds a data set in ``out``.

    Args:
        classes: None for those of the environment.
        environment: The environment whose classes are meant. None for the default one.
        other_folder: The pictures for the class ``other``.

    Example::

        >>> etl(["--folder", "my photos"], Path("build/dataset"), classes=("cross", "round"), seed=7)
        "invoke etl --folder 'my photos' --classes cross,round --seed 7"
    """
    words = ["invoke", "etl", *source]
    if classes:
        words += labels.options(classes)
    elif environment:
        words += ["--env", environment]
    words += ["--other-folder", str(other_folder)] if other_folder else []
    words += ["--seed", str(seed)] if seed else []
    words += [option for option, given in (("--recordio", recordio), ("--skip-bad", skip_bad)) if given]
    words += ["--out", str(out)] if out.parts[-2:] != ("build", FOLDER) else []
    return shlex.join(words)


def default_source(variables: Mapping[str, str]) -> list[str]:
    """The option that names CIFAR-100 on this machine, or its download."""
    return ["--archive", variables[VARIABLE]] if variables.get(VARIABLE) else ["--download"]


def _source(dataset: Dataset, classes: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    """The option that names the data set's own source, if that can have these classes."""
    if dataset.kind == "folder" and set(classes) & set(dataset.classes):
        size = ["--size", str(dataset.side)] if dataset.side != SIDE else []
        return ["--folder", _place(dataset.origin_name), *size, *(["--fit", dataset.fit] if dataset.fit else [])]
    if dataset.kind == "sample" and set(classes) <= set(CLASSES):
        return ["--sample"]
    if dataset.kind == "archive" and not variables.get(VARIABLE):
        return ["--archive", _place(dataset.origin_name)]
    return default_source(variables)


def _place(name: str) -> str:
    """A source's name, if it is here. A data set keeps no more of the path: it may be copied to another machine."""
    return name if Path(name).exists() else f"PATH/TO/{name}"
