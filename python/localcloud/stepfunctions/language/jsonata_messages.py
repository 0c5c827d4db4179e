"""The texts of JSONata's errors, as AWS prints them.

The library's catalogue has the right sentences with three faults: it writes "Object" for "function", it quotes no
value, and some of its errors carry other values than their sentence names. AWS prints what JSONata's own implementation
in JavaScript does:
``T2001: The left side of the "+" operator must evaluate to a number``.
"""

import json
import math
import re
from typing import Any

from jsonata.jexception import JException
from jsonata.utils import Utils

LONG = 2**63  # AWS keeps a whole number exact while it fits in 64 bits
_PLACE = re.compile(r"{{{(\w+)}}}|{{(\w+)}}")
_TYPES = {"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings"}
# The library raises these with their text in the place of the code.
_UNCODED = {
    "Second argument of replace function cannot be an empty string": "D3010",
    "Fourth argument of replace function must evaluate to a positive number": "D3011",
}


class LimitExceeded(JException):
    """An evaluation went on for too long, too deep or too large. AWS gives these no code."""

    def __init__(self, message: str) -> None:
        super().__init__("limit", -1)
        self.message = message


def number_text(number: float, *, exact: bool = False) -> str:
    """``number`` as JavaScript prints it, a fraction with JSONata's 15 significant digits or with all that it has.

    >>> number_text(1e20), number_text(1e21), number_text(0.1 + 0.2), number_text(1e-7)
    ('100000000000000000000', '1e+21', '0.3', '1e-7')
    """
    if isinstance(number, int) and abs(number) < LONG:
        return str(number)
    number = float(number)
    if math.isnan(number) or math.isinf(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if not number.is_integer() and not exact:
        number = float(f"{number:.15g}")
    mantissa, _, exponent = f"{number!r}".partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).rstrip("0") if number.is_integer() else whole + fraction
    point = len(whole) + int(exponent or 0)  # where the point stands, counted from the first digit
    leading = len(digits) - len(digits.lstrip("0"))
    digits, point = digits[leading:], point - leading
    if not digits:
        return "0"
    if -6 < point <= 21:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        digits = digits.ljust(point, "0")
        return sign + digits[:point] + (f".{digits[point:]}" if digits[point:] else "")
    return f"{sign}{digits[0]}{'.' + digits[1:] if digits[1:] else ''}e{point - 1:+d}"


def json_text(value: Any, indent: int = 0, level: int = 0) -> str:
    """``value`` as ``$string`` writes it: a function is an empty string.

    >>> json_text({"a": [1.0, True, None], "b": "é"})
    '{"a":[1,true,null],"b":"é"}'
    """
    if value is None or value is Utils.NULL_VALUE:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        colon = ": " if indent else ":"
        parts = [f"{json_text(k)}{colon}{json_text(v, indent, level + 1)}" for k, v in value.items()]
    elif isinstance(value, list):
        parts = [json_text(item, indent, level + 1) for item in value]
    else:
        return '""'
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    if not indent or not parts:
        return opening + ",".join(parts) + closing
    margin = "\n" + " " * indent * level
    step = margin + " " * indent
    return f"{opening}{step}{f',{step}'.join(parts)}{margin}{closing}"


def coded(error: JException) -> tuple[str, str]:
    """The code of ``error`` and its sentence; the code is empty where AWS gives none."""
    code = _UNCODED.get(error.error, error.error)
    if isinstance(error, LimitExceeded):
        return "", error.message
    values = [error.current, error.expected, error.extra]
    if code == "D1002":  # the library puts the operator first
        values = [error.expected]
    elif code == "D1001":  # JSON has no infinity
        values = [Utils.NULL_VALUE]
    elif code == "D3100":  # … and the radix in the place of the position
        values = [error.location]
    elif code == "T0412":
        values[2] = _TYPES.get(str(error.extra), "undefined")
    elif code == "S0301" and error.current is not None:  # it gives a bad escape this code
        code, values = "S0103", [error.current]
    template = JException.error_codes.get(str(code))
    if template is None:
        return "", str(code)
    remaining = iter(values)

    def value(place: re.Match[str]) -> str:
        found = next(remaining, None)
        return _raw(found) if place[1] else _quoted(found)

    return code, _PLACE.sub(value, template.replace("Object", "function").replace('"', "'"))


def named(text: str) -> JException:
    """The error whose sentence is ``text``: the library raises some as a RuntimeError of Python."""
    for code, template in JException.error_codes.items():
        if text in (
            template,
            template.replace('"', "'"),
            _PLACE.sub("%s", template),
            _PLACE.sub("%s", template).replace('"', "'"),
        ):
            return JException(code, -1)
    return JException(text, -1)


def _raw(value: Any) -> str:
    return value if isinstance(value, str) else _quoted(value)


def _quoted(value: Any) -> str:
    if isinstance(value, float):
        return number_text(value, exact=True)
    return "undefined" if value is None else json_text(value)
