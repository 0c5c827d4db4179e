"""CSV files as items: one object for each row, and every value is text.

AWS: Step Functions Developer Guide, "ItemReader (Map)" and "How Step Functions parses input CSV files". Its recorded
histories have the rows with too few and too many fields, the causes, and the order of an item's keys, which is Java's.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from localcloud.stepfunctions.language.scope import Json, StateFailure

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


def rows(text: str, config: Mapping[str, Json]) -> Iterator[dict[str, str]]:
    r"""The items of a CSV file.

    Args:
        text: The file.
        config: ReaderConfig: CSVHeaderLocation, CSVHeaders, CSVDelimiter.

    Raises:
        StateFailure: Two columns have one name.

    Example::

        >>> list(rows("a,b\n1,2,3\n4\n", {"CSVHeaderLocation": "FIRST_ROW"}))
        [{'a': '1', 'b': '2'}, {'a': '4', 'b': ''}]
        >>> list(rows("1|2\n", {"CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x"], "CSVDelimiter": "PIPE"}))
        [{'x': '1'}]
        >>> list(rows('name\nC:\\\\My\\App\n', {}))  # a backslash stands for what follows it
        [{'name': 'C:\\MyApp'}]
        >>> list(rows("a,a\n", {}))
        Traceback (most recent call last):
        ...
        localcloud.stepfunctions.language.scope.StateFailure: ('States.ItemReaderFailed',
        'CSV headers cannot contain duplicates.')
    """
    delimiter = DELIMITERS.get(str(config.get("CSVDelimiter", "COMMA")).upper(), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, escapechar="\\")
    lines = (line for line in reader if line)
    given = config.get("CSVHeaderLocation") == "GIVEN"
    headers = list(config.get("CSVHeaders") or []) if given else next(lines, [])
    if len(set(headers)) < len(headers):
        raise StateFailure("States.ItemReaderFailed", "CSV headers cannot contain duplicates.")
    places = [(name, headers.index(name)) for name in java_order(headers)]
    for line in lines:
        yield {name: line[place] if place < len(line) else "" for name, place in places}


def java_order(keys: Sequence[str]) -> list[str]:
    """Keys in the order in which Java's HashMap has them: the texts of items show it.

    Example::

        >>> java_order(["0", "True", "{}"])
        ['0', '{}', 'True']
    """
    size = 16
    while len(keys) > size * 0.75:
        size *= 2
    return sorted(keys, key=lambda key: _bucket(key, size))


def _bucket(key: str, size: int) -> int:
    """``String.hashCode`` and ``HashMap.hash`` of Java's class library."""
    code = 0
    units = key.encode("utf-16-be", "surrogatepass")
    for place in range(0, len(units), 2):
        code = (code * 31 + int.from_bytes(units[place : place + 2], "big")) & 0xFFFFFFFF
    return (code ^ code >> 16) & (size - 1)
