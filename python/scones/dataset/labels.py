"""Class names: what a user wrote, checked against what there is.

Example::

    parse("bicycle, motorcycle")                        # ('bicycle', 'motorcycle')
    check_known(("bycicle",), names, "cifar.tar.gz")    # DatasetError: … did you mean bicycle?
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from scones.errors import DatasetError


def parse(written: str) -> tuple[str, ...]:
    """Split ``a,b,c``.

    Raises:
        DatasetError: fewer than two, or one twice.
    """
    return check(tuple(name.strip() for name in written.split(",") if name.strip()))


def check(classes: Sequence[str]) -> tuple[str, ...]:
    """The classes, if they are two or more different ones.

    Raises:
        DatasetError: fewer than two, or one twice.
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


def check_known(classes: Sequence[str], known: Sequence[str], origin: str) -> None:
    """Refuse classes that ``known`` lacks, naming the nearest ones.

    Args:
        origin: Where ``known`` comes from, for the message.

    Raises:
        DatasetError: a class is not known.
    """
    unknown = [name for name in classes if name not in known]
    if not unknown:
        return
    hints = nearest(unknown, known)
    if len(hints) < len(unknown):
        hints.append(f"there are: {', '.join(sorted(known))}")
    raise DatasetError(f"{origin} has no class {join(unknown)}", hint="\n".join(hints))


def nearest(unknown: Iterable[str], known: Sequence[str]) -> list[str]:
    """A line for each unknown name that resembles known ones, with up to three of them."""
    near = {name: get_close_matches(name.lower(), known, n=3, cutoff=0.5) for name in unknown}
    return [f"nearest to '{name}': {', '.join(found)}" for name, found in near.items() if found]


def join(names: Iterable[str]) -> str:
    """``'a', 'b' and 'c'``."""
    *most, last = [f"'{name}'" for name in names]
    return f"{', '.join(most)} and {last}" if most else last
