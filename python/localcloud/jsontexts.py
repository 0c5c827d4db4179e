"""Compact JSON, written quickly.

Python makes an encoder for each text, also if a ``json.JSONEncoder`` is kept. An execution has forty short texts, and
that takes longer than to write them. Here the encoder is made once.

Example::

    >>> compact()({"a": [1, 2.5, None], "ü": True})
    '{"a":[1,2.5,null],"ü":true}'
    >>> compact(ascii_only=True)("ü")
    '"\\\\u00fc"'
"""

from __future__ import annotations

import json
from collections.abc import Callable
from json import encoder
from typing import Any

Write = Callable[[Any], str]


def compact(*, ascii_only: bool = False) -> Write:
    """A function that writes values without spaces. They hold no lists or objects that contain themselves.

    Args:
        ascii_only: Whether it writes other letters as escapes.
    """
    plain = json.JSONEncoder(ensure_ascii=ascii_only, separators=(",", ":"), check_circular=False)
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:  # a Python without the encoder in C
        return plain.encode
    quoted = getattr(encoder, "encode_basestring_ascii" if ascii_only else "encode_basestring")
    parts = make(None, plain.default, quoted, None, ":", ",", False, False, True)
    join = "".join
    return lambda value: join(parts(value, 0))
