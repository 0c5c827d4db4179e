"""Parses class names and checks them against the known ones.

Example::

    >>> parse("bicycle, motorcycle")
    ('bicycle', 'motorcycle')
    >>> nearest(["bycicle"], ["bicycle", "motorcycle", "bus"])
    ["nearest to 'bycicle': bicycle"]
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from scones.errors import DatasetError

FEW = 20  # classes, that a hint names all

#: The class of images that are none of the others. A model that has it refuses such images by its name.
OTHER = "other"


def parse(written: str) -> tuple[str, ...]:
    """Split ``a,b,c`` into names.

    Raises:
        DatasetError: there are fewer than two names, or a name occurs twice.
    """
    return check(tuple(name.strip() for name in written.split(",") if name.strip()))


def check(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the classes if there are two or more, all different.

    Raises:
        DatasetError: there are fewer than two classes, or a class occurs twice.
    """
    repeated = sorted({name for name in classes if list(classes).count(name) > 1})
    if repeated:
        raise DatasetError(f"each class counts once, but {join(repeated)} is named more than once in: {join(classes)}")
    if len(classes) < 2:
        raise DatasetError(
            f"a classifier needs two classes or more, not {len(classes)}" + (f" ({classes[0]})" if classes else ""),
            hint="name them in label order, with commas: --classes bicycle,motorcycle",
        )
    return tuple(classes)


def complete(classes: Sequence[str], *, other: bool) -> tuple[str, ...]:
    """The labels of a data set of these classes.

    Args:
        other: Whether it has the class :data:`OTHER`, which is then the last.

    Raises:
        DatasetError: that class is among them already.

    Example::

        >>> complete(("bicycle", "motorcycle"), other=True)
        ('bicycle', 'motorcycle', 'other')
    """
    if other and OTHER in classes:
        raise DatasetError(
            f"the class '{OTHER}' is named in {join(classes)}, and asked for with --{OTHER} too",
            hint=f"leave one of the two out: --{OTHER} makes it of images of anything else",
        )
    return (*classes, OTHER) if other else tuple(classes)


def wanted(classes: Sequence[str]) -> tuple[str, ...]:
    """The classes without :data:`OTHER`.

    Example::

        >>> wanted(("bicycle", "motorcycle", "other"))
        ('bicycle', 'motorcycle')
    """
    return tuple(name for name in classes if name != OTHER)


def place_of_other(classes: Sequence[str]) -> int | None:
    """The label of :data:`OTHER`. None if the classes do not have it.

    Example::

        >>> place_of_other(("bicycle", "motorcycle", "other")), place_of_other(("bicycle", "motorcycle"))
        (2, None)
    """
    return tuple(classes).index(OTHER) if OTHER in classes else None


def check_known(classes: Sequence[str], known: Sequence[str], origin: str) -> None:
    """Refuse classes that are not in ``known``.

    Args:
        origin: The source of ``known``, for the message.

    Raises:
        DatasetError: a class is not known. The hint has the nearest names.
    """
    unknown = [name for name in classes if name not in known]
    if not unknown:
        return
    hints = nearest(unknown, known)
    if len(hints) < len(unknown):
        hints.append(f"there are: {', '.join(sorted(known))}")
    if meant := _meant(classes, known):
        hints.append(f"for instance: {option(meant)}")
    if OTHER in unknown:
        hints.append(f"for a class of whatever is none of the others: --{OTHER}")
    raise DatasetError(f"{origin} has no class {join(unknown)}", hint="\n".join(hints))


def option(classes: Iterable[str]) -> str:
    """The options that name the labels of a data set, to be copied.

    Example::

        >>> option(["cross", "round one"])
        "--classes 'cross,round one'"
        >>> option(["bicycle", "motorcycle", "other"])
        '--classes bicycle,motorcycle --other'
    """
    return shlex.join(options(classes))


def options(classes: Iterable[str]) -> list[str]:
    """The options that name the labels of a data set, as words."""
    given = list(classes)
    return ["--classes", ",".join(wanted(given)), *([f"--{OTHER}"] if OTHER in given else [])]


def _meant(classes: Sequence[str], known: Sequence[str]) -> list[str]:
    """The classes that were probably meant: the nearest ones, or all of a few. Empty if they cannot be told."""
    near = [
        name if name in known else next(iter(get_close_matches(name.lower(), known, n=1, cutoff=0.5)), None)
        for name in classes
    ]
    found = [name for name in near if name is not None]
    if len(found) == len(near) and len(set(found)) == len(found):
        return found
    return sorted(known) if 2 <= len(known) <= FEW else []


def nearest(unknown: Iterable[str], known: Sequence[str]) -> list[str]:
    """A line for each unknown name, with up to three similar known names. A name without one gets no line."""
    near = {name: get_close_matches(name.lower(), known, n=3, cutoff=0.5) for name in unknown}
    return [f"nearest to '{name}': {', '.join(found)}" for name, found in near.items() if found]


def join(names: Iterable[str]) -> str:
    """Join names for a message: ``'a', 'b' and 'c'``."""
    *most, last = [f"'{name}'" for name in names]
    return f"{', '.join(most)} and {last}" if most else last
