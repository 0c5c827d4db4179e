"""The functions of an expression: the library's, those that it gets wrong corrected, and AWS's own.

Source: https://docs.jsonata.org. Arguments come as the library has them: None is "nothing", NULL_VALUE is JSON's null.
"""

import functools
import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.signature import Signature
from jsonata.utils import Utils

from localcloud.stepfunctions.language import jsonata_patterns
from localcloud.stepfunctions.language.jsonata_messages import json_text
from localcloud.stepfunctions.language.jsonata_own import OWN
from localcloud.stepfunctions.language.jsonata_values import hold, whole

_TIMESTAMP = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(T\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:?\d\d|Z)?)?)?)?", re.ASCII)


def string(value: Any, prettify: Any) -> str | None:
    """``$string``: the library writes whole numbers from 2^63 on, infinity and indented objects otherwise than AWS."""
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, (bool, int, float, list, dict)) and value is not Utils.NULL_VALUE:
        return ""  # a function
    return json_text(value, 2 if prettify is True else 0)


def number(value: Any) -> float | None:
    """``$number``: the library fails with Python's own error on a text that is no number, and takes ``1_000``."""
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        return int(value)
    try:
        if not value.isascii() or "_" in value or value != value.strip():
            raise ValueError(value)
        base = {"0x": 16, "0b": 2, "0o": 8}.get(value[:2].lower())
        if base is None and not (value[:1].isdigit() or value[:1] == "-"):
            raise ValueError(value)
        result = whole(int(value, base) if base else float(value))
    except ValueError as error:
        raise JException("D3030", -1, value) from error
    if not math.isfinite(result):
        raise JException("D3030", -1, value)
    return result


def rounded(value: Any, precision: Any) -> float | None:
    """``$round``: half to even; the library fails on a fractional precision and on infinity."""
    if value is None or not math.isfinite(value):
        return value
    return Functions.round(value, int(precision or 0))


def power(base: Any, exponent: Any) -> float | None:
    """``$power``: the library fails with Python's errors where the result is too large or no number."""
    if base is None or exponent is None:
        return None
    try:
        return math.pow(base, exponent)
    except (OverflowError, ValueError) as error:
        raise JException("D3061", -1, base, exponent) from error


def average(values: Any) -> float | None:
    """``$average``: as floats, so that large whole numbers do not change the answer."""
    return math.fsum(values) / len(values) if values else None


def pad(text: Any, width: Any, filler: Any) -> str | None:
    """``$pad``: the library makes a text of any length."""
    if text is None or width is None:
        return text
    hold(abs(width))
    return Functions.pad(text, int(width), filler)


def join(texts: Any, separator: Any) -> str | None:
    """``$join``: the library makes a text of any length."""
    if texts is None:
        return None
    between = separator or ""
    hold(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def parse_integer(text: Any, picture: Any) -> Any:
    """``$parseInteger``: AWS answers NaN for a text that the picture cannot read."""
    if text is None or picture is None:
        return None
    try:
        found = Functions.parse_integer(text, picture)
    except (ValueError, KeyError, TypeError):
        return math.nan
    return math.nan if found is None else found


def to_millis(text: Any, picture: Any) -> int | None:
    """``$toMillis``: the library fails with Python's own error on a text that is no timestamp."""
    if text is None:
        return None
    if picture is not None:
        return _with_picture(Functions.datetime_to_millis, text, picture)
    try:
        written = _TIMESTAMP.fullmatch(text)
        if written is None:
            raise ValueError(text)
        year, month, day, rest = written.groups()
        moment = datetime.fromisoformat(f"{year}-{month or '01'}-{day or '01'}{rest or ''}")
    except ValueError as error:
        raise JException("D3110", -1, text) from error
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def from_millis(millis: Any, picture: Any, zone: Any) -> Any:
    """``$fromMillis``: the library fails with Python's own error on a picture that it cannot read."""
    return _with_picture(Functions.datetime_from_millis, millis, picture, zone)


def _with_picture(call: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except KeyError as error:  # the letter of a component that there is none of
        raise JException("D3132", -1, error.args[0]) from error


def clone(value: Any) -> Any:
    """``$clone``: the library loses digits and nulls."""
    if isinstance(value, dict):
        return {key: clone(item) for key, item in value.items()}
    return [clone(item) for item in value] if isinstance(value, list) else value


def distinct(values: Any) -> Any:
    """``$distinct``: the library takes 1 and true for the same, and compares each with each."""
    if not isinstance(values, list) or len(values) <= 1:
        return values
    kept = list({_key(value): value for value in reversed(values)}.items())
    return Utils.create_sequence_from_iter(value for _, value in sorted(kept, key=_first_of(values)))


def _first_of(values: list[Any]) -> Callable[[tuple[str, Any]], int]:
    places: dict[str, int] = {}
    for place, value in enumerate(values):
        places.setdefault(_key(value), place)
    return lambda entry: places[entry[0]]


def _key(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_key(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_key, value)) + "]"
    return json_text(value) if value is Utils.NULL_VALUE or isinstance(value, (str, int, float)) else str(id(value))


def sort(values: Any, comparator: Any) -> Any:
    """``$sort``: the library turns equal elements around."""
    if values is None or len(values) <= 1:
        return values
    if comparator is None:
        if all(isinstance(value, str) for value in values) or all(map(_is_number, values)):
            return sorted(values)
        raise JException("D3070", -1)

    def compare(left: Any, right: Any) -> int:  # sorted() asks only whether left is less
        return -1 if Jsonata.boolize(Functions.func_apply(comparator, [right, left])) else 0

    return sorted(values, key=functools.cmp_to_key(compare))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _url(name: str, of_library: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of URLs: the library fails with Python's own error on what is none."""

    def call(text: Any) -> Any:
        try:
            return of_library(text)
        except UnicodeError as error:
            raise JException("D3140", -1, name, text) from error

    return call


def format_number(value: Any, picture: Any, options: Any) -> Any:
    """``$formatNumber``: AWS has D3086 for a picture without any digit, where the library has D3085."""
    try:
        return Functions.format_number(value, picture, options)
    except JException as error:
        if error.error == "D3085" and not options and not set(picture) & set("0123456789#.,;%‰"):
            raise JException("D3086", -1) from error
        raise


class _Signature(Signature):
    """A signature that tells null from nothing. The library takes a null for an argument that is left out."""

    @classmethod
    def of(cls, original: Signature) -> "_Signature":
        found = cls.__new__(cls)
        found.__dict__.update(original.__dict__)
        return found

    def get_symbol(self, value: Any) -> str:
        return "l" if value is Utils.NULL_VALUE else super().get_symbol(value)

    def throw_validation_error(self, bad_args: Any, bad_sig: Any, function_name: Any) -> NoReturn:
        """The library always blames the first argument."""
        pattern, good = "", 0
        for parameter in self._params:
            pattern += parameter.regex
            found = re.match(pattern, bad_sig)
            if found is None:
                break
            good = found.end()
        raise JException("T0410", -1, good + 1, function_name)


def checked(signature: Any, arguments: Any, context: Any, name: str | None) -> Any:
    """``arguments`` as ``signature`` has them; an error names the function ``name``."""
    try:
        return _Signature.of(signature).validate(arguments, context)
    except JException as error:
        if error.error == "T0411":  # the library gives the context for the number, and no name
            raise JException("T0411", -1, error.expected, name) from error
        raise JException(error.error, -1, error.current, name, error.extra) from error


_CORRECTED = {
    "string": string,
    "number": number,
    "round": rounded,
    "power": power,
    "average": average,
    "pad": pad,
    "join": join,
    "parseInteger": parse_integer,
    "toMillis": to_millis,
    "fromMillis": from_millis,
    "formatNumber": format_number,
    "encodeUrl": _url("encodeUrl", Functions.encode_url),
    "encodeUrlComponent": _url("encodeUrlComponent", Functions.encode_url_component),
    "decodeUrl": _url("decodeUrl", Functions.decode_url),
    "decodeUrlComponent": _url("decodeUrlComponent", Functions.decode_url_component),
    "distinct": distinct,
    "sort": sort,
    "contains": jsonata_patterns.contains,
    "match": jsonata_patterns.match,
    "split": jsonata_patterns.split,
    "replace": jsonata_patterns.replace,
    "clone": clone,
}


class LibraryFunction(Jsonata.JFunction):
    """A function that the library calls as one of its own."""

    def __init__(self, name: str, call: Callable[..., Any], signature: Any, most: int | None) -> None:
        self.function_name, self.signature, self._call, self._most = name, signature, call, most

    def call(self, input: Any, args: Any) -> Any:
        arguments = list(args)
        if self._most is not None:
            arguments += [None] * (self._most - len(arguments))
        result = self._call(*arguments)
        return whole(result) if _is_number(result) else result

    def validate(self, args: Any, context: Any) -> Any:
        return args if self._most is None else checked(self.signature, args, context, self.function_name)

    def get_number_of_args(self) -> int:
        return 1 if self._most is None else self._most


def _functions() -> dict[str, LibraryFunction]:
    found = {}
    for name, native in Jsonata.static_frame.bindings.items():
        call = _CORRECTED.get(name, native.method)
        variadic = name == "zip"
        found[name] = LibraryFunction(name, call, native.signature, 0 if variadic else native.nargs)
    del found["eval"]  # AWS has $parse in its place
    one = Signature("<x?:x>", "")
    return found | {name: LibraryFunction(name, call, one, None) for name, call in OWN.items()}


FUNCTIONS = _functions()
