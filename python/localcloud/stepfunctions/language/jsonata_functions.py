"""The functions of an expression: those that Step Functions adds, and corrections of the library's own.

AWS's functions: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html. What AWS does with odd
arguments was measured by floci's authors (https://github.com/floci-io/floci, docs/services/step-functions.md).
JSONata's functions: https://docs.jsonata.org.

Arguments come as the library has them: None is "nothing", NULL_VALUE is JSON's null.
"""

import copy
import functools
import hashlib
import itertools
import json
import math
import random
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NoReturn

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.signature import Signature
from jsonata.utils import Utils

from localcloud.stepfunctions.language.jsonata_messages import LONG, LimitExceeded, json_text

MAX_BYTES = 6_990_256  # what one value may hold: a number counts 8, a character 1
MAX_RANGE = 360_145  # the elements that $range may make
TOO_LARGE = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
_TIMESTAMP = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(T\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:?\d\d|Z)?)?)?)?", re.ASCII)
_HASHES = {"SHA-1": "sha1", "SHA-384": "sha384", "SHA-256": "sha256", "SHA-512": "sha512", "MD5": "md5"}


def hold(size: float) -> None:
    """Raises :class:`LimitExceeded` if a value of ``size`` bytes is too large."""
    if size > MAX_BYTES:
        raise LimitExceeded(TOO_LARGE)


def json_value(value: Any) -> Any:
    """JSON's ``value`` as the library reads it: a copy, null as NULL_VALUE, a whole number as an int.

    >>> json_value({"a": [1.0, None, 2**63]})
    {'a': [1, null, 9.223372036854775e+18]}
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


# From here on: functions of JSONata that the library gets wrong.


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
        return Functions.datetime_to_millis(text, picture)
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


def matches(pattern: Any, text: str, name: str) -> Iterator[dict[str, Any]]:
    """The matches of a regular expression, or of a function that plays one: objects with match, start, end, groups."""
    if Functions.is_regex(pattern):
        for found in pattern.finditer(text):
            yield {"match": found[0], "start": found.start(), "end": found.end(), "groups": [*found.groups()]}
        return
    found = Functions.func_apply(pattern, [text])
    while found is not None:
        if not isinstance(found, dict) or not {"match", "start", "end", "groups", "next"} <= found.keys():
            raise JException("T1010", -1, name)
        yield found
        found = Functions.func_apply(found["next"], [])


def contains(text: Any, pattern: Any) -> bool | None:
    """``$contains``, also with a function as its pattern."""
    if text is None or pattern is None:
        return None
    return pattern in text if isinstance(pattern, str) else next(matches(pattern, text, "contains"), None) is not None


def match(text: Any, pattern: Any, limit: Any) -> Any:
    """``$match``, also with a function as its pattern."""
    if text is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3040", -1, limit)
    found = itertools.islice(matches(pattern, text, "match"), None if limit is None else math.ceil(limit))
    return Utils.create_sequence_from_iter(
        {"match": each["match"], "index": each["start"], "groups": each["groups"]} for each in found
    )


def split(text: Any, pattern: Any, limit: Any) -> Any:
    """``$split``, also with a function as its pattern."""
    if text is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3020", -1)
    if isinstance(pattern, str):
        parts = text.split(pattern) if pattern else list(text)
        limit = limit if limit is None else math.floor(limit)
    else:
        parts, start = [], 0
        for found in matches(pattern, text, "split"):
            parts.append(text[start : found["start"]])
            start = found["end"]
        parts.append(text[start:])
    return parts if limit is None else parts[: math.ceil(limit)]


def replace(text: Any, pattern: Any, replacement: Any, limit: Any) -> str | None:
    """``$replace``: the library counts a limit wrong and reads ``$`` in a replacement otherwise than JSONata."""
    if text is None:
        return None
    if pattern == "":
        raise JException("D3010", -1)
    if limit is not None and limit < 0:
        raise JException("D3011", -1)
    most = None if limit is None else math.ceil(limit)
    if isinstance(pattern, str):
        if isinstance(replacement, str):
            hold(len(text) + text.count(pattern) * len(replacement))
            return text.replace(pattern, replacement, -1 if most is None else most)
        found: Iterator[dict[str, Any]] = _literal_matches(pattern, text)
    else:
        found = matches(pattern, text, "replace")
    parts, start, size = [], 0, len(text)
    for each in itertools.islice(found, most):
        if isinstance(replacement, str):
            new = _expanded(replacement, each)
        else:
            new = Functions.func_apply(replacement, [{key: each[key] for key in each if key != "next"}])
            if not isinstance(new, str):
                raise JException("D3012", -1, new)
        parts += [text[start : each["start"]], new]
        start, size = each["end"], size + len(new)
        hold(size)
    return "".join([*parts, text[start:]])


def _literal_matches(pattern: str, text: str) -> Iterator[dict[str, Any]]:
    start = text.find(pattern)
    while start >= 0:
        end = start + len(pattern)
        yield {"match": pattern, "start": start, "end": end, "groups": []}
        start = text.find(pattern, end)


def _expanded(replacement: str, found: dict[str, Any]) -> str:
    """``$1`` is a group, ``$0`` the match, ``$$`` a dollar; a number has as many digits as there are groups for."""
    groups = found["groups"]
    result, rest = "", replacement
    while True:
        before, dollar, rest = rest.partition("$")
        result += before
        if not dollar:
            return result
        if rest[:1] == "$":
            result, rest = result + "$", rest[1:]
        elif rest[:1] == "0":
            result, rest = result + found["match"], rest[1:]
        elif rest[:1] in tuple("123456789"):
            width = len(str(len(groups))) if groups else 1
            digits = "".join(itertools.takewhile(lambda c: c in "0123456789", rest[:width]))
            if width > 1 and int(digits) > len(groups):
                digits = digits[: width - 1]
            result += (groups[int(digits) - 1] or "") if groups and int(digits) <= len(groups) else ""
            rest = rest[len(digits) :]
        else:
            result += "$"


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


_OWN = {
    "parse": parse,
    "partition": partition,
    "range": numbers,
    "hash": digest,
    "random": uniform,
    "uuid": unique_id,
}
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
    "formatNumber": format_number,
    "encodeUrl": _url("encodeUrl", Functions.encode_url),
    "encodeUrlComponent": _url("encodeUrlComponent", Functions.encode_url_component),
    "decodeUrl": _url("decodeUrl", Functions.decode_url),
    "decodeUrlComponent": _url("decodeUrlComponent", Functions.decode_url_component),
    "distinct": distinct,
    "sort": sort,
    "contains": contains,
    "match": match,
    "split": split,
    "replace": replace,
    "clone": lambda value: None if value is None else copy.deepcopy(value),
}


class Function(Jsonata.JFunction):
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


def _functions() -> dict[str, Function]:
    found = {}
    for name, native in Jsonata.static_frame.bindings.items():
        call = _CORRECTED.get(name, native.method)
        variadic = name == "zip"
        found[name] = Function(name, call, native.signature, 0 if variadic else native.nargs)
    del found["eval"]  # AWS has $parse in its place
    one = Signature("<x?:x>", "")
    return found | {name: Function(name, call, one, None) for name, call in _OWN.items()}


FUNCTIONS = _functions()
