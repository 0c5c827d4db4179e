"""Random identifiers of requests, events and traces. They are no secrets.

``uuid.uuid4`` asks the operating system, and gives Python's interpreter lock to another thread meanwhile. An execution
needs twenty identifiers, so with many clients each of them would wait twenty times.

Example::

    >>> import uuid
    >>> len(hexadecimal(16)), int(hexadecimal(16), 16) < 2**64
    (16, True)
    >>> found = uuid.UUID(new_uuid())
    >>> found.version, found.variant == uuid.RFC_4122
    (4, True)
"""

from __future__ import annotations

import random

_bits = random.Random().getrandbits  # it is seeded by the operating system
#: The four bits of a UUID's version and the two of its variant.
_FIXED = 4 << 76 | 2 << 62
_RANDOM = ~(15 << 76 | 3 << 62)


def hexadecimal(digits: int) -> str:
    """So many random digits of ``0123456789abcdef``."""
    return f"{_bits(4 * digits):0{digits}x}"


def new_uuid() -> str:
    """A random UUID (RFC 9562, version 4)."""
    digits = f"{_bits(128) & _RANDOM | _FIXED:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
