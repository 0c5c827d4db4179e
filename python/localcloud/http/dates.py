"""The current moment as the header Date has it. It is written once a second, not once an answer.

Example::

    >>> date_of(0)
    'Thu, 01 Jan 1970 00:00:00 GMT'
"""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache


def current_date() -> str:
    """The current moment (RFC 9110, "Date")."""
    return date_of(int(time.time()))


@lru_cache(maxsize=1)
def date_of(second: int) -> str:
    """A moment, in seconds since 1970."""
    return formatdate(second, usegmt=True)
