"""Values as the library has them: None is "nothing", NULL_VALUE is JSON's null, and no value is too large."""

import math
from typing import Any

from jsonata.utils import Utils

from localcloud.stepfunctions.language.jsonata_messages import LONG, LimitExceeded

MAX_BYTES = 6_990_256  # what one value may hold: a number counts 8, a character 1


TOO_LARGE = "Expression evaluation memory limit exceeded: Check for excessive memory usage"


def hold(size: float) -> None:
    """Raises :class:`LimitExceeded` if a value of ``size`` bytes is too large."""
    if size > MAX_BYTES:
        raise LimitExceeded(TOO_LARGE)


def json_value(value: Any) -> Any:
    """JSON's ``value`` as the library reads it: a copy, null as NULL_VALUE, a whole number as an int.

    >>> json_value({"a": [1.0, None, 2**63]})
    {'a': [1, null, 9.223372036854776e+18]}
    """
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_value(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return whole(value)
    return value


def whole(number: float) -> float:
    """``number``, an int if it is a whole number of 64 bits, else a float (infinite if it is larger than one holds)."""
    if isinstance(number, int):
        if -LONG <= number < LONG:
            return number
        try:
            return float(number)
        except OverflowError:
            return math.copysign(math.inf, number)
    return int(number) if math.isfinite(number) and number.is_integer() and abs(number) < LONG else number
