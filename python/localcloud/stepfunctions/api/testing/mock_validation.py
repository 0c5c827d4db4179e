"""The check of a mocked result against the API that the Task calls.

The models are botocore's. The names of members are in Pascal case, as Step Functions shows them. Members that the
model does not have are accepted.

Example::

    >>> from localcloud.stepfunctions.language.resources import resource
    >>> shape = output_shape(resource("arn:aws:states:::states:startExecution"))
    >>> problem(shape, {"StartDate": 5}, whole=False)
    "Field 'StartDate' must be a string"
    >>> problem(shape, {}, whole=True), problem(shape, {}, whole=False)
    ("Required field 'ExecutionArn' is missing", None)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from botocore.exceptions import UnknownServiceError
from botocore.model import Shape
from moto.core.utils import get_service_model

from localcloud.stepfunctions.api.errors import invalid
from localcloud.stepfunctions.integrations.names import capitalized, names
from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.program import State
from localcloud.stepfunctions.language.resources import Resource
from localcloud.stepfunctions.language.scope import Json

#: What each of the model's types must be in a mock.
TYPES: dict[str, tuple[str, Callable[[Json], bool]]] = {
    "structure": ("an object", lambda value: isinstance(value, dict)),
    "map": ("an object", lambda value: isinstance(value, dict)),
    "list": ("an array", lambda value: isinstance(value, list)),
    "boolean": ("a boolean", lambda value: isinstance(value, bool)),
    **dict.fromkeys(("integer", "long", "float", "double"), ("a number", values.is_number)),
    **dict.fromkeys(("string", "character", "blob", "timestamp"), ("a string", lambda value: isinstance(value, str))),
}


def result(text: str, state: State, mode: str) -> Json:
    """A request's mocked result.

    Args:
        text: ``mock.result``.
        mode: ``STRICT``, ``PRESENT`` or ``NONE``.

    Raises:
        ApiError: ValidationException: the state cannot have this result.
    """
    try:
        found = values.parsed(text)
    except ValueError:
        raise invalid("Mocked result must be valid JSON") from None
    if state.kind == "Task":
        shape = output_shape(state.resource) if mode != "NONE" and state.resource else None
        wrong = problem(shape, found, whole=mode == "STRICT") if shape is not None else None
        if wrong:
            raise invalid(f"Mock result schema validation error: {wrong}")
    elif state.writer is not None:
        if not isinstance(found, dict):
            raise invalid("Mocked result must be a JSON object.")
    elif not isinstance(found, list):
        raise invalid("Mocked result must be an array.")
    elif state.kind == "Parallel" and len(found) != len(state.branches):
        raise invalid("Mocked result must contain the same number of items as number of Parallel branches.")
    return found


def output_shape(called: Resource) -> Shape | None:
    """The answer's shape in the model of the API that a Task calls. None: there is no such model.

    A Task that waits has the result of its job or of whoever has its token, so no model describes it.

    Example::

        >>> from localcloud.stepfunctions.language.resources import resource
    >>> output_shape(resource("arn:aws:states:::dynamodb:putItem")).name
        'PutItemOutput'
        >>> output_shape(resource("arn:aws:states:::apigateway:invoke"))
        >>> output_shape(resource("arn:aws:states:::sagemaker:createTrainingJob.sync"))
    """
    if called.kind != "service" or called.waits:
        return None
    known = names(called.service, sdk=called.sdk)
    try:
        model = get_service_model(known.boto if known else called.service)
    except UnknownServiceError:
        return None
    operation = capitalized(called.action)
    return model.operation_model(operation).output_shape if operation in model.operation_names else None


def problem(shape: Shape, value: Json, *, whole: bool) -> str | None:
    """What is wrong with a result, in AWS's words. None: nothing is.

    Args:
        whole: Whether the members that the model requires must be there.
    """
    if not isinstance(value, dict):
        return "Mocked result must be an object"
    return next(_members(shape, value, whole), None)


def _members(shape: Shape, value: dict[str, Json], whole: bool) -> Iterator[str]:
    shown = {capitalized(name): member for name, member in shape.members.items()}
    for name in map(capitalized, shape.required_members):
        if whole and name not in value:
            yield f"Required field '{name}' is missing"
    for name, member in shown.items():
        if name in value:
            yield from _field(member, value[name], name, whole)


def _field(shape: Shape, value: Json, name: str, whole: bool) -> Iterator[str]:
    kind = shape.type_name
    what, fits = TYPES[kind]
    if getattr(shape, "is_document_type", False):
        return
    if not fits(value):
        yield f"Field '{name}' must be {what}"
    elif kind == "structure":
        yield from _members(shape, value, whole)
    elif kind == "map":
        for one in value.values():
            yield from _field(shape.value, one, name, whole)
    elif kind == "list":
        for one in value:
            yield from _field(shape.member, one, name, whole)
    else:
        yield from _range(shape, value, name)


def _range(shape: Shape, value: Json, name: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, str):
        if value not in (getattr(shape, "enum", None) or [value]):
            yield f"Field '{name}' is not an expected value"
        if least is not None and len(value) < least:
            yield f"Field '{name}' is smaller than the minimum length"
        if most is not None and len(value) > most:
            yield f"Field '{name}' exceeds the maximum length"
    elif values.is_number(value):
        if least is not None and value < least:
            yield f"Field '{name}' is less than the minimum value"
        if most is not None and value > most:
            yield f"Field '{name}' exceeds the maximum value"
