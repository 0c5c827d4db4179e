"""Breaks each constraint of an operation's model in a good request, and counts what is refused as on AWS.

Example::

    >>> from botocore.session import Session
    >>> operation = Session().get_service_model("sagemaker").operation_model("DeleteEndpoint")
    >>> [(one.rule, one.request) for one in broken(operation)][:2]
    [('EndpointName: required', {}), ('EndpointName: max 63', {'EndpointName': 'aaa...'})]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.model import OperationModel, Shape

from localcloud import fidelity
from scones.delivery.checks.calls import good
from scones.delivery.checks.calls.sending import Answered, sent

#: The codes with which AWS's services refuse a request that breaks a constraint.
CODES = frozenset(
    {
        *("InvalidArgument", "InvalidAttributeName", "InvalidLocationConstraint", "InvalidParameter"),
        *("InvalidParameterException", "InvalidParameterValue", "InvalidParameterValueException"),
        *("InvalidRequestException", "InvalidStorageClass", "MalformedXML"),
        *("MissingParameter", "ValidationError", "ValidationException"),
    }
)
DEEPEST = 6
LONGEST = 100_000  # characters or items; what is longer is refused for the size of the request


@dataclass(frozen=True)
class BrokenCall:
    """A request that breaks one constraint.

    Attributes:
        rule: The member and its constraint: ``EndpointName: max 63``.
        request: The request by botocore's names.
    """

    rule: str
    request: dict[str, Any]


@dataclass
class Tally:
    """What came of a service's requests.

    Attributes:
        tried: How many were sent.
        rest: Those that were not refused as AWS refuses them, each with its answer.
        unsent: How many botocore could not send: a path without its name.
    """

    tried: int = 0
    rest: list[tuple[str, str, Answered]] = field(default_factory=list)
    unsent: int = 0


def measure(client: Any, service: str) -> Tally:
    """Send every broken request of every operation of a service that is not refused.

    Args:
        client: boto3's client, with :data:`~.sending.AS_IT_IS` and :func:`~.sending.prepare`.
    """
    tally = Tally()
    for name, kind in fidelity.operations(service).items():
        if kind == "refused":
            continue
        operation = client.meta.service_model.operation_model(name)
        for one in broken(operation):
            answered = sent(client, operation, one.request)
            if answered.unsent:
                tally.unsent += 1
                continue
            tally.tried += 1
            without_body = operation.http["method"] == "HEAD" and answered.status == 400
            if not without_body and answered.code not in CODES and answered.code != "NotImplemented":
                tally.rest.append((name, one.rule, answered))
    return tally


def broken(operation: OperationModel) -> Iterator[BrokenCall]:
    """A request for each constraint of an operation, which breaks it and keeps the others.

    What says which operation is meant cannot be left out: a part of the path, and in S3 also of the query and
    the headers. A request to EC2 cannot say that a list is empty.
    """
    if operation.input_shape is None:
        return
    places = ("uri", "querystring", "header") if operation.service_model.service_name == "s3" else ("uri",)
    named = [one for one, member in operation.input_shape.members.items() if _location(member) in places]
    for rule, value in _values(operation.input_shape, "", ()):
        if operation.service_model.protocol == "ec2" and rule.endswith(": min 1") and _has_no_items(value):
            continue
        if not any(value.get(one) in (None, "") for one in named if one in operation.input_shape.required_members):
            yield BrokenCall(rule, value)


def _has_no_items(value: Any) -> bool:
    """Whether there is an empty list somewhere in a value."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value == [] or any(_has_no_items(one) for one in inside)


def _location(member: Shape) -> str | None:
    found = member.serialization.get("location")
    return str(found) if found else None


def _values(shape: Shape, name: str, above: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The values of a shape that break one constraint, each with the constraint."""
    if shape.name in above or len(above) > DEEPEST:
        return
    inside = (*above, shape.name)
    if shape.type_name == "structure" and not shape.is_document_type:
        whole = good.value(shape, name)
        for one in shape.required_members:
            yield f"{one}: required", {key: value for key, value in whole.items() if key != one}
        for one, member in shape.members.items():
            for rule, value in _values(member, one, inside):
                yield rule, {**whole, one: value}
    elif shape.type_name == "list":
        yield from ((f"{name}: {rule}", value) for rule, value in _sizes(shape, good.item(shape.member)))
        for rule, value in _values(shape.member, name, inside):
            yield rule, [value] * max(1, shape.metadata.get("min", 1))
    elif shape.type_name == "map":
        key = next(iter(good.value(shape)))
        for rule, value in _values(shape.value, name, inside):
            yield rule, {key: value}
    else:
        yield from ((f"{name}: {rule}", value) for rule, value in _scalars(shape))


def _sizes(shape: Shape, item: Any) -> Iterator[tuple[str, list[Any]]]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", LONGEST)
    if least > 0:
        yield f"min {least}", [item] * (least - 1)
    if most < 1000:
        yield f"max {most}", [item] * (most + 1)


def _scalars(shape: Shape) -> Iterator[tuple[str, Any]]:
    limits, kind = shape.metadata, shape.type_name
    least, most = limits.get("min"), limits.get("max")
    if kind == "string":
        if shape.enum:
            yield "enum", "no-such-value"
            return
        right = good.value(shape)
        if least:
            yield f"min {least}", right[: least - 1]
        if most is not None and most < LONGEST:
            yield f"max {most}", (right or "a") + (right or "a")[-1] * (most + 1 - len(right or "a"))
        if pattern := limits.get("pattern"):
            for wrong in ("\n", " ?*\n", "é§", "-", "a b", "?", "::", "1"):
                if (least or 0) <= len(wrong) <= (most or LONGEST) and not good.keeps(pattern, wrong):
                    yield f"pattern {pattern}", wrong
                    break
    elif kind in ("integer", "long", "float", "double"):
        if least is not None and kind != "long":
            yield f"min {least}", least - 1
        if most is not None and kind != "long":
            yield f"max {most}", most + 1
    elif kind == "blob":
        if least:
            yield f"min {least}", b"a" * (least - 1)
        if most is not None and most < LONGEST:
            yield f"max {most}", b"a" * (most + 1)
