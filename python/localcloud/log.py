"""The cloud's log, ``cloud.log``. Lines stay whole even when several threads write at once.

Example::

    >>> line("refused (NotImplemented): the local cloud does not support eks:CreateCluster")
    refused (NotImplemented): the local cloud does not support eks:CreateCluster
"""

from __future__ import annotations

import contextlib
import sys
import traceback

LONGEST = 4_000  # characters in a line; a request's path may be longer


def line(text: str) -> None:
    """Write one line.

    A line that cannot be written is lost, because a full disk must not fail the request.
    """
    _write(f"{_printable(text)}\n")


def failure(error: BaseException) -> None:
    """Write an error with its traceback. Use this for errors that no caller sees."""
    _write("".join(f"{_printable(part)}\n" for part in "".join(traceback.format_exception(error)).splitlines()))


def _printable(text: str) -> str:
    """The text, at most ``LONGEST`` characters of it, with its control characters escaped.

    So a request can neither forge a line nor drive a terminal, and its line has a bounded length.
    """
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} ... ({len(text):,} characters)"
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _write(text: str) -> None:
    # One call, because `print` writes a line and its end separately, and another thread may write in between.
    with contextlib.suppress(OSError):
        sys.stdout.write(text)
        sys.stdout.flush()
