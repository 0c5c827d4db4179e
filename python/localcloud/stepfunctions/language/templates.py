"""Payload templates: JSON whose keys that end with ``.$`` have a path or an intrinsic function as value.

Source: Step Functions Developer Guide, "Manipulate parameters in Step Functions workflows".

Example::

    >>> Payload({"fixed": 1, "inside": [{"name.$": "$.who"}]}).evaluate(Scope({"who": "Ada"}))
    {'fixed': 1, 'inside': [{'name': 'Ada'}]}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.intrinsics import Call
from localcloud.stepfunctions.language.jsonpath import NoResults, Path
from localcloud.stepfunctions.language.scope import EvaluationFailure, Json, Scope

MARK = ".$"


def reading(written: str) -> Path | Call:
    """A path or a call of an intrinsic function.

    Raises:
        InvalidPath: The text is no path.
        InvalidCall: The text begins with ``States.`` and is no call.
    """
    if written.startswith("States."):
        return Call.read(written)
    path = Path(written)
    _ = path.steps
    return path


def read(source: Path | Call, scope: Scope, field: str) -> Json:
    """What a path or a call gives.

    Args:
        field: The field's name, for the cause of a failure.

    Raises:
        EvaluationFailure: The path finds nothing, or the function fails.
    """
    if isinstance(source, Call):
        return source.evaluate(scope)
    try:
        return source.read(scope)
    except NoResults:
        raise EvaluationFailure(
            "States.Runtime",
            f"The JSONPath '{source.text}' specified for the field '{field}' could not be found in the input "
            f"'{values.text(scope.value)}'",
        ) from None


@dataclass(frozen=True)
class Payload:
    """A payload template.

    Attributes:
        template: The template as it is written.
    """

    template: Json

    @cached_property
    def compiled(self) -> Json:
        """The template with a path or a call in place of each text behind a ``.$``.

        Raises:
            InvalidPath, InvalidCall: A value behind a ``.$`` is neither.
        """
        return _compiled(self.template)

    def evaluate(self, scope: Scope) -> Json:
        """The template with its values.

        Raises:
            EvaluationFailure: A path finds nothing, or a function fails.
        """
        return _filled(self.compiled, scope)


@dataclass(frozen=True)
class _Marked:
    field: str
    source: Path | Call


def _compiled(value: Json) -> Json:
    if isinstance(value, dict):
        return {
            key: _Marked(key, reading(inside)) if key.endswith(MARK) and isinstance(inside, str) else _compiled(inside)
            for key, inside in value.items()
        }
    if isinstance(value, list):
        return [_compiled(inside) for inside in value]
    return value


def _filled(value: Json, scope: Scope) -> Json:
    if isinstance(value, dict):
        return {
            key.removesuffix(MARK) if isinstance(inside, _Marked) else key: _filled(inside, scope)
            for key, inside in value.items()
        }
    if isinstance(value, list):
        return [_filled(inside, scope) for inside in value]
    return read(value.source, scope, value.field) if isinstance(value, _Marked) else value


def marked(template: Json, at: str = "") -> Iterator[tuple[str, str, Json]]:
    """Every value behind a ``.$``, with where it stands and its key.

    Example::

        >>> list(marked({"a": [{"b.$": "$.c"}]}, "/Parameters"))
        [('/Parameters/a[0]', 'b.$', '$.c')]
    """
    if isinstance(template, dict):
        for key, inside in template.items():
            if key.endswith(MARK):
                yield at, key, inside
            else:
                yield from marked(inside, f"{at}/{key}")
    elif isinstance(template, list):
        for number, inside in enumerate(template):
            yield from marked(inside, f"{at}[{number}]")
