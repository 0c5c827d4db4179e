"""Reads the values of a task's options from their text.

Example::

    >>> whole_number("8", "--workers")
    8
    >>> whole_number("x", "--workers")
    Traceback (most recent call last):
    scones.errors.InputError: --workers must be a whole number from 1 on, not 'x'
    >>> pairs(["epochs=30", "optimizer=nag"])
    {'epochs': '30', 'optimizer': 'nag'}

If an option's default is a number, Invoke converts the text itself and shows a traceback for other text. So a task's
default is None, and ``default`` is given here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, overload

from scones.errors import InputError

if TYPE_CHECKING:
    from scones.dataset.standing import OtherOption

#: The help of the options that :func:`other` reads.
OTHER = {
    "other": "also a class 'other', of images that are of none of the classes; as for invoke etl",
    "no-other": "no class 'other', though the environment has it",
    "other-folder": "a folder with the pictures for 'other' (default: the source's other classes)",
}


@overload
def whole_number(given: str, option: str, *, least: int = 1, most: int | None = None) -> int: ...


@overload
def whole_number(given: str | None, option: str, *, default: int, least: int = 1, most: int | None = None) -> int: ...


@overload
def whole_number(given: str | None, option: str, *, least: int = 1, most: int | None = None) -> int | None: ...


def whole_number(
    given: str | None, option: str, *, default: int | None = None, least: int = 1, most: int | None = None
) -> int | None:
    """An integer from ``least`` to ``most``, or ``default`` if ``given`` is None.

    Raises:
        InputError: the text is not such an integer.
    """
    if given is None:
        return default
    try:
        value: int | None = int(given)
    except ValueError:
        value = None
    if value is None or value < least or (most is not None and value > most):
        span = f"from {least} on" if most is None else f"from {least} to {most}"
        raise InputError(f"{option} must be a whole number {span}, not '{given}'")
    return value


def number(given: str, option: str) -> float:
    """A number.

    Raises:
        InputError: the text is not a number.
    """
    try:
        return float(given)
    except ValueError:
        raise InputError(f"{option} must be a number, not '{given}'") from None


def seconds_of_a_round(given: str | None, *, default: float) -> float:
    """How long a benchmark measures at once: the value of ``--seconds``, more than 0 and at most 600.

    Raises:
        InputError: the text is not such a number.
    """
    if not given:
        return default
    found = number(given, "--seconds")
    if not 0 < found <= 600:
        raise InputError(f"--seconds must be more than 0 and at most 600, not {given}")
    return found


def share(given: str, option: str) -> float:
    """A number from 0 to 1.

    Raises:
        InputError: the text is not such a number.
    """
    found = number(given, option)
    if not 0 <= found <= 1:
        raise InputError(f"{option} must be from 0 to 1, not {given}", hint="80 percent is 0.8")
    return found


def file(given: str, option: str) -> Path:
    """A file that is going to be written, checked before the work begins. Missing folders are made later.

    Raises:
        InputError: it cannot be written there.
    """
    return _place(Path(given).expanduser(), option, is_folder=False)


def folder(given: str, option: str) -> Path:
    """A folder that is going to be written into, checked before the work begins. It may be missing.

    Raises:
        InputError: nothing can be written there.
    """
    return _place(Path(given).expanduser(), option, is_folder=True)


def _place(path: Path, option: str, *, is_folder: bool) -> Path:
    there = path if is_folder else path.parent
    if not is_folder and path.is_dir():
        raise InputError(f"{option} {path} is a folder", hint=f"give a file, such as {path / 'FILE'}")
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise InputError(f"{option} {path} cannot be written: {there} is no folder", hint=f"give another {option}")
    if not os.access(there, os.W_OK | os.X_OK) or (path.is_file() and not os.access(path, os.W_OK)):
        raise InputError(f"{option} {path} cannot be written: you may not write there", hint=f"give another {option}")
    return path


def other(wanted: bool, unwanted: bool, folder: str | None) -> OtherOption:
    """What ``--other``, ``--no-other`` and ``--other-folder`` say of the class ``other``.

    Raises:
        InputError: they contradict one another.
    """
    if unwanted and (wanted or folder):
        raise InputError(
            f"--no-other and --other{'-folder' if folder else ''} contradict each other", hint="leave one of them out"
        )
    from scones.dataset.standing import OtherOption

    given = False if unwanted else True if wanted or folder else None
    return OtherOption(given, Path(folder).expanduser() if folder else None)


def names(given: str | None) -> tuple[str, ...]:
    """The names in ``a,b,c``, or none if ``given`` is None."""
    return tuple(name.strip() for name in given.split(",") if name.strip()) if given else ()


def pairs(given: Iterable[str] | None) -> dict[str, str]:
    """``--set`` options as a mapping.

    Raises:
        InputError: one is not NAME=VALUE, or a name is given twice.
    """
    found: dict[str, str] = {}
    for text in given or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise InputError(f"--set {text} is not NAME=VALUE", hint="for instance: --set epochs=30")
        if name in found:
            raise InputError(f"--set {name} is given twice: {found[name]} and {value}")
        found[name] = value
    return found


def refuse_with(option: str, does: str, others: Mapping[str, object]) -> None:
    """Refuse options that would have no effect beside another one.

    Args:
        option: The option that makes them useless, such as ``--attach``.
        does: What it does, to explain why.
        others: The values of the other options, by name. A false value means that the option is not given.

    Raises:
        InputError: one of the others is given.

    Example::

        >>> refuse_with("--attach", "follows a job that has been started", {"--set": [], "--seed": "7"})
        Traceback (most recent call last):
        scones.errors.InputError: --attach follows a job that has been started: --seed would change nothing
        leave out --attach or the others
    """
    useless = [other for other, value in others.items() if value]
    if useless:
        raise InputError(
            f"{option} {does}: {', '.join(useless)} would change nothing", hint=f"leave out {option} or the others"
        )
