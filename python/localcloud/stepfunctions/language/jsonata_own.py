"""The functions that Step Functions adds to JSONata.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html. What AWS does with odd
arguments was measured by floci's authors (https://github.com/floci-io/floci, docs/services/step-functions.md).
"""

import hashlib
import json
import math
import random
import uuid
from typing import Any

from jsonata.jexception import JException
from jsonata.utils import Utils

from localcloud.stepfunctions.language.jsonata_messages import LONG, LimitExceeded
from localcloud.stepfunctions.language.jsonata_values import TOO_LARGE, json_value, whole

MAX_RANGE = 360_145  # the elements that $range may make


_HASHES = {"SHA-1": "sha1", "SHA-384": "sha384", "SHA-256": "sha256", "SHA-512": "sha512", "MD5": "md5"}


def _refused(name: str, argument: int) -> JException:
    return JException("T0410", -1, argument, name)


def _own_error(message: str) -> JException:
    return JException("D3137", -1, message)


def _integer(value: Any, name: str, argument: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        raise _refused(name, argument)
    return int(max(-LONG, min(LONG - 1, value)))  # towards zero, as Java's cast


def _at_most(arguments: tuple[Any, ...], name: str, most: int) -> list[Any]:
    if len(arguments) > most:
        raise _refused(name, most + 1)
    return [*arguments, *[None] * (most - len(arguments))]


def parse(*arguments: Any) -> Any:
    """``$parse(text)``: the JSON value of ``text``."""
    (text,) = _at_most(arguments, "parse", 1)
    if text is None:
        return None
    if not isinstance(text, str):
        raise _refused("parse", 1)

    def invalid(*_: Any) -> Any:
        raise ValueError

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        return found if len(found) == len(pairs) else invalid()

    def finite(digits: str) -> float:
        number = whole(float(digits) if "." in digits or "e" in digits.lower() else int(digits))
        return number if math.isfinite(number) else invalid()

    try:
        value = json.loads(text, parse_constant=invalid, object_pairs_hook=unique, parse_float=finite, parse_int=finite)
    except (ValueError, RecursionError) as error:
        raise _own_error("Invalid JSON") from error
    return json_value(value)


def partition(*arguments: Any) -> Any:
    """``$partition(array, size)``: chunks of ``size`` elements; the last one holds the rest."""
    array, size = _at_most(arguments, "partition", 2)
    if array is None or array == []:
        return None
    if not isinstance(array, list):
        raise JException("T0412", -1, 1, "partition", "?")
    count = len(array) if size is None else _integer(size, "partition", 2)
    if count < 0:
        raise _own_error("Second argument must be zero or greater")
    return [array[at : at + count] for at in range(0, len(array), count)] if count else None


def numbers(*arguments: Any) -> Any:
    """``$range(start, end, step)``: the numbers from ``start`` to ``end``, both included."""
    first, last, by = _at_most(arguments, "range", 3)
    start, end = _integer(first, "range", 1), _integer(last, "range", 2)
    step = 0 if by is None else _integer(by, "range", 3)
    if step == 0:
        return None
    found = range(start, end + (1 if step > 0 else -1), step)
    if (end - start) // step >= MAX_RANGE:
        raise LimitExceeded(TOO_LARGE)
    return Utils.create_sequence_from_iter(found)


def digest(*arguments: Any) -> Any:
    """``$hash(text, algorithm)``: the digest in hexadecimal."""
    text, algorithm = _at_most(arguments, "hash", 2)
    if not isinstance(text, str):
        raise _refused("hash", 1)
    if algorithm is None:
        return None
    if not isinstance(algorithm, str):
        raise _refused("hash", 2)
    if algorithm not in _HASHES:
        raise _own_error(f"Hash algorithm '{algorithm}' must be one of {', '.join(_HASHES)}")
    return hashlib.new(_HASHES[algorithm], text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def uniform(*arguments: Any) -> float:
    """``$random(seed)``: a number from 0 up to 1. With a seed it is java.util.Random's first one, as on AWS."""
    (seed,) = _at_most(arguments, "random", 1)
    if seed is None:
        return random.random()
    state = (_integer(seed, "random", 1) ^ 0x5DEECE66D) & (2**48 - 1)
    draws = []
    for bits in (26, 27):
        state = (state * 0x5DEECE66D + 0xB) & (2**48 - 1)
        draws.append(state >> (48 - bits))
    return ((draws[0] << 27) + draws[1]) / 2**53


def unique_id(*arguments: Any) -> str:
    """``$uuid()``: a random UUID (version 4)."""
    _at_most(arguments, "uuid", 0)
    return str(uuid.uuid4())


OWN = {
    "parse": parse,
    "partition": partition,
    "range": numbers,
    "hash": digest,
    "random": uniform,
    "uuid": unique_id,
}
