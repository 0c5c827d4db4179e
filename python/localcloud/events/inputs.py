"""What a rule's target receives: a constant, a part of the event, a filled template, or the whole event.

AWS: EventBridge User Guide, "Amazon EventBridge input transformation".

Example::

    >>> event = {"time": "2026-01-02T03:04:05Z", "detail": {"object": {"key": "a.png"}}}
    >>> transformer = {"InputPathsMap": {"key": "$.detail.object.key"}, "InputTemplate": '{"s3_key": <key>}'}
    >>> transformed(transformer, event, "arn:aws:events:us-east-1:123456789012:rule/uploads")
    '{"s3_key": "a.png"}'
"""

from __future__ import annotations

import json
import re
from typing import Any

#: The variables that every template has.
OWN_VARIABLES = frozenset(
    {
        "aws.events.rule-arn",
        "aws.events.rule-name",
        "aws.events.event.ingestion-time",
        "aws.events.event",
        "aws.events.event.json",
    }
)
_PATH = re.compile(r"\$(\.[^.\[\]'\s]+|\[\d+\]|\['[^']+'\])*")
_TOKENS = re.compile(r'\\.|"|<(?P<name>[\w.-]+)>')


def input_of(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """The text that a target receives."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(at(event, target["InputPath"]))
    if "InputTransformer" in target:
        return transformed(target["InputTransformer"], event, rule_arn)
    return json.dumps(event)


def transformed(transformer: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """An input template with its ``<variables>`` filled in.

    Inside a quoted string a value is inserted as text, and elsewhere as JSON. A path that the event lacks becomes an
    empty text, or null.
    """
    plain = {key: value for key, value in event.items() if key != "detail"}
    values = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event.get("time"),
        "aws.events.event": plain,
        "aws.events.event.json": event,
    }
    values |= {name: at(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    quoted = False

    def fill(match: re.Match[str]) -> str:
        nonlocal quoted
        if match.group() == '"':
            quoted = not quoted
        if match.group("name") is None or match.group("name") not in values:
            return match.group()
        value = values[match.group("name")]
        if not quoted:
            return json.dumps(value)
        text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
        return json.dumps(text)[1:-1]

    return _TOKENS.sub(fill, transformer["InputTemplate"])


def variables(template: str) -> list[str]:
    """The names of the variables in a template.

    Example::

        >>> variables('{"at": "<time>", "what": <detail>}')
        ['time', 'detail']
    """
    return [match["name"] for match in _TOKENS.finditer(template) if match["name"]]


def is_path(text: str) -> bool:
    """Whether a text is a JSON path that :func:`at` reads.

    Example::

        >>> [is_path(text) for text in ("$", "$.detail.a-b[0]['c d']", "detail", "$.[", "$.a..b")]
        [True, True, False, False, False]
    """
    return _PATH.fullmatch(text) is not None


def template_flaw(transformer: dict[str, Any]) -> str | None:
    """Why a template gives no JSON, whatever its variables are; None if it does. What follows a first value is text.

    Example::

        >>> paths = {"InputPathsMap": {"x": "$.a"}}
        >>> template_flaw({**paths, "InputTemplate": '{"a": <x>, "b": "<x>"}'}) is None
        True
        >>> template_flaw({**paths, "InputTemplate": "hello <x>"})
        'Expecting value: line 1 column 1 (char 0)'
    """
    try:
        json.JSONDecoder().raw_decode(transformed(transformer, {}, "").lstrip())
    except (ValueError, RecursionError) as error:
        return str(error)
    return None


def at(event: Any, path: str) -> Any:
    """The value at a JSON path with dots and brackets; None if there is none.

    Example::

        >>> at({"detail": {"object": {"key": "a.png"}}}, "$.detail.object.key")
        'a.png'
    """
    for name, index, key in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]", path):
        try:
            event = event[int(index)] if index else event[name or key]
        except (KeyError, IndexError, TypeError):
            return None
    return event
