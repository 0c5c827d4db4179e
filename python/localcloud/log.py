"""The cloud's log, ``cloud.log``: whole lines, however many threads write at once.

Example::

    >>> line("refused (NotImplemented): the local cloud does not support eks:CreateCluster")
    refused (NotImplemented): the local cloud does not support eks:CreateCluster
"""

from __future__ import annotations

import contextlib
import sys
import traceback


def line(text: str) -> None:
    """Write one line. What cannot be written is lost: a full disk must not fail the request that the line is about."""
    _write(f"{text}\n")


def failure(error: BaseException) -> None:
    """Write an error that nobody else will see, with its traceback."""
    _write("".join(traceback.format_exception(error)))


def _write(text: str) -> None:
    # In one call: `print` writes a line and its end apart, and another thread's line comes between the two.
    with contextlib.suppress(OSError):
        sys.stdout.write(text)
        sys.stdout.flush()
