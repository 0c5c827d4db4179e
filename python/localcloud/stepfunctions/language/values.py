"""JSON values as Step Functions reads and writes them."""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

from localcloud.jsontexts import compact
from localcloud.stepfunctions.language.scope import Json

#: The most bytes of a state's input or result (Step Functions Developer Guide, "Service quotas").
LIMIT = 262_144


def text(value: Json) -> str:
    """A value as compact JSON.

    Example::

        >>> text({"a": [1, 2.5, None], "ü": True})
        '{"a":[1,2.5,null],"ü":true}'
    """
    return _ENCODE(value)


_ENCODE = compact()


def parsed(written: str | bytes) -> Json:
    """The value of a JSON text. A half of a surrogate pair becomes ``?``, as in the UTF-8 that Java writes.

    Raises:
        ValueError: The text is not JSON, or has a number that no double holds. NaN and Infinity are not JSON.

    Example::

        >>> parsed("NaN")
        Traceback (most recent call last):
        ...
        ValueError: NaN is not JSON
    """
    if not isinstance(written, str):
        written = written.decode(json.detect_encoding(written), "surrogatepass")
    try:
        found = _DECODE(written)
        if _SURROGATE.search(written):
            found = json.loads(text(found).encode(errors="replace"))
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    return found


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
#: The most digits of an integer that every double can hold.
_MOST_DIGITS = 308


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _MOST_DIGITS:
        raise ValueError(f"the number {digits[:20]}... has more than {_MOST_DIGITS} digits: write it as a string")
    return int(digits)


def _fraction(digits: str) -> float:
    found = float(digits)
    if math.isinf(found):
        raise ValueError(f"the number {digits[:20]} is larger than a double can be: write it as a string")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


#: ``json.loads`` makes a decoder at each call.
_DECODE = json.JSONDecoder(parse_constant=_refuse, parse_int=_integer, parse_float=_fraction).decode


def size(value: Json) -> int:
    """The bytes of a value as compact JSON in UTF-8. Half of a surrogate pair counts as one, as in Java.

    Example::

        >>> size("ü"), size({"a": 1}), size(parsed('"\\\\ud800"'))
        (4, 7, 3)
    """
    return len(text(value).encode(errors="replace"))


def too_large(value: Json) -> bool:
    """Whether a value takes more bytes than a state may carry.

    Example::

        >>> too_large("x" * 262_142), too_large("x" * 262_143)
        (False, True)
    """
    return size(value) > LIMIT


def kind(value: Json) -> str:
    """The JSON type's name, as AWS writes it.

    Example::

        >>> [kind(value) for value in (None, True, 1, 1.5, "a", [], {})]
        ['null', 'boolean', 'number', 'number', 'string', 'array', 'object']
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def is_number(value: Json) -> bool:
    """Whether a value is a JSON number; true and false are none.

    Example::

        >>> is_number(1.5), is_number(True)
        (True, False)
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def whole(value: Json) -> int | None:
    """A number without a fraction as an integer. None for everything else.

    Example::

        >>> whole(3), whole(3.0), whole(1.5), whole("3"), whole(True)
        (3, 3, None, None, None)
    """
    if not is_number(value) or (isinstance(value, float) and (not math.isfinite(value) or not value.is_integer())):
        return None
    return int(value)


def same(a: Json, b: Json) -> bool:
    """Whether two JSON values are equal. 1 equals 1.0, and true is not 1.

    Example::

        >>> same(1, 1.0), same(True, 1), same([1], [True])
        (True, False, False)
    """
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return kind(a) == kind(b) and bool(a == b)
