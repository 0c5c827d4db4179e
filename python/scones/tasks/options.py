"""What a person typed for a task's option, as a value.

Example::

    whole_number("8", "--workers")          # 8
    whole_number("x", "--workers")          # InputError: --workers must be a whole number from 1 on, not 'x'

Invoke would turn the text into a number by itself where an option's default is one, and shows a traceback where it is
none: so a task's default is None, and the number that stands for it is given here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import overload

from scones.errors import InputError


@overload
def whole_number(given: str, option: str, *, least: int = 1, most: int | None = None) -> int: ...


@overload
def whole_number(given: str | None, option: str, *, default: int, least: int = 1, most: int | None = None) -> int: ...


@overload
def whole_number(given: str | None, option: str, *, least: int = 1, most: int | None = None) -> int | None: ...


def whole_number(
    given: str | None, option: str, *, default: int | None = None, least: int = 1, most: int | None = None
) -> int | None:
    """An integer of at least ``least`` and at most ``most``; ``default`` where none is given.

    Raises:
        InputError: it is none, or outside.
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
        InputError: it is none.
    """
    try:
        return float(given)
    except ValueError:
        raise InputError(f"{option} must be a number, not '{given}'") from None


def share(given: str, option: str) -> float:
    """A number from 0 to 1.

    Raises:
        InputError: it is none, or outside.
    """
    found = number(given, option)
    if not 0 <= found <= 1:
        raise InputError(f"{option} must be from 0 to 1, not {given}", hint="80 percent is 0.8")
    return found


def names(given: str | None) -> tuple[str, ...]:
    """The names in ``a,b,c``; none where nothing is given."""
    return tuple(name.strip() for name in given.split(",") if name.strip()) if given else ()


def pairs(given: Iterable[str] | None) -> dict[str, str]:
    """``--set`` options as a mapping.

    Raises:
        InputError: one is not NAME=VALUE, or a name comes twice.
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
