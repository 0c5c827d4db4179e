"""Checks a request against what the API's model demands: members, ranges, sizes, enums, lengths and patterns.

botocore's clients check types and minimum lengths. They leave the other constraints to the service. The local cloud is
that service, and it uses names as paths, so it checks every value at any depth.

Example::

    >>> from moto.core.utils import get_service_model
    >>> shape = get_service_model("sagemaker").operation_model("DeleteEndpoint").input_shape
    >>> [str(one) for one in violations(shape, {"EndpointName": "../x"})]
    ["Value '../x' at 'endpointName' failed to satisfy constraint: Member must satisfy regular expression pattern: ..."]
    >>> [str(one) for one in violations(shape, {})]
    ["Value null at 'endpointName' failed to satisfy constraint: Member must not be null"]

The messages are those of AWS's services. The patterns are Java's, and the package ``regex`` reads nearly all of them. A
value of a wrong type is left to whoever reads it next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import regex
from botocore.model import Shape

#: A slower match counts as no match. Some patterns take exponential time on some strings.
LONGEST_MATCH = 0.5  # seconds
LONGEST_REMEMBERED = 256  # characters of a value whose match is remembered
SHOWN = 4096  # characters of a value in a message; AWS shows a token of 3,097 characters whole
#: Larger blobs are whole requests. Their services have words of their own for what is too large.
LARGEST_BLOB = 100_000
NUMBERS = ("integer", "long", "float", "double")
#: S3's words for a body that is no XML, or other XML (Amazon S3 API Reference, "Error responses").
MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"
#: The codes of services that have their own for a constraint (their API references, "Common errors").
CODES = {
    "logs": "InvalidParameterException",
    "resourcegroupstaggingapi": "InvalidParameterException",
    "xray": "InvalidRequestException",
}
#: The shapes of enums whose values the services check themselves: they take more values than the models say, or have
#: words of their own. S3 takes ``Prefix`` and answers with it (aws/aws-sdk, issue 389). SQS receives messages with
#: attributes that the model has only for queues.
OWN_ENUMS = {
    "s3": frozenset({"Event", "FilterRuleName"}),
    "sqs": frozenset({"QueueAttributeName"}),
}
#: The services whose page tokens are numbers here, and what they answer to another token: the parameter, the code and
#: the words.
NUMBERED = {
    "application-autoscaling": ("NextToken", "InvalidNextTokenException", "The next token supplied is not valid."),
    "iam": ("Marker", "ValidationError", "Invalid Marker."),
    "sns": ("NextToken", "InvalidParameter", "Invalid parameter: NextToken"),
}
#: The orders in which enums are listed, and the enums that are not checked: see :func:`violations`.
_Enums = tuple[Mapping[str, Sequence[str]], Set[str]]


@dataclass(frozen=True)
class Violation:
    """A constraint that a request breaks.

    Attributes:
        place: Where the value is, as AWS's messages write it: ``inputDataConfig.1.member.channelName``.
        kind: What the value is: missing, not in the enum, or otherwise not allowed.
        shown: The value, as AWS's messages write it.
        must: What the value must do: ``not be null``.
    """

    place: str
    kind: Literal["missing", "enum", "other"]
    shown: str
    must: str

    def __str__(self) -> str:
        value = self.shown if self.kind == "missing" else f"'{self.shown}'"
        return f"Value {value} at '{self.place}' failed to satisfy constraint: Member must {self.must}"


def message(found: Sequence[Violation | str]) -> str:
    """AWS's sentence for one or more violations.

    Example::

        >>> message(["Value '' at 'name' failed to satisfy constraint: Member must not be empty"])
        "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must not be empty"
    """
    texts = "; ".join(map(str, found))
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {texts}"


def violations(
    shape: Shape | None,
    value: Any,
    orders: Mapping[str, Sequence[str]] | None = None,
    *,
    own: Set[str] = frozenset(),
) -> list[Violation]:
    """The constraints that a value breaks: first those of strings, then the others.

    Args:
        shape: The value's shape in the API's model. Without a shape there are no constraints.
        value: The parsed value. A structure is a dict by member names, and may lack members.
        orders: The order in which a message lists the values of an enum, where it is not the model's.
        own: The names of enums that are not checked: :data:`OWN_ENUMS`.
    """
    if shape is None:
        return []
    return [*_strings(shape, value, ""), *_others(shape, value, "", (orders or {}, own))]


def wrong_token(service: str, parameters: Mapping[str, Any]) -> tuple[str, str] | None:
    """The error code and the message for a page token that no answer has given; None if there is none.

    Example::

        >>> wrong_token("iam", {"Marker": "zz"})
        ('ValidationError', 'Invalid Marker.')
        >>> wrong_token("iam", {"Marker": "100"}) is None, wrong_token("s3", {"Marker": "zz"}) is None
        (True, True)
    """
    name, code, words = NUMBERED.get(service, ("", "", ""))
    token = parameters.get(name)
    good = not token or (isinstance(token, str) and token.isascii() and token.isdecimal() and len(token) < 10)
    return None if good else (code, words)


def refused_as(service: str, protocol: str, shape: Shape, found: Sequence[Violation]) -> tuple[str, str]:
    """The error code and the message with which a service refuses a request.

    Sources: the services' API references, "Common errors" and "Error responses".

    Args:
        service: boto3's name.
        protocol: The protocol of the request's errors.
        shape: The shape of the operation's input.
        found: The violations, at least one.

    Example::

        >>> from moto.core.utils import get_service_model
        >>> shape = get_service_model("ec2").operation_model("DeleteVpc").input_shape
        >>> refused_as("ec2", "ec2", shape, violations(shape, {}))
        ('MissingParameter', 'The request must contain the parameter vpcId')
    """
    first = found[0]
    name = first.place.rpartition(".")[2]
    if service == "s3":
        return _by_s3(shape, first)
    if service in ("ec2", "sqs"):
        if first.kind == "missing":
            shown = name if service == "ec2" else f"{name[:1].upper()}{name[1:]}."
            return "MissingParameter", f"The request must contain the parameter {shown}"
        return "InvalidParameterValue", f"Value ({first.shown}) for parameter {name} is invalid. It must {first.must}."
    if service == "sns" and first.kind != "missing":
        return "InvalidParameter", f"Invalid parameter: {name}"
    if service == "lambda" and first.place == "runtime":
        words = f"Value {first.shown} at 'runtime' failed to satisfy constraint: Member must {first.must}"
        return "InvalidParameterValueException", f"{words} or be a valid ARN"
    code = CODES.get(service) or ("ValidationException" if "json" in protocol else "ValidationError")
    return code, message(found)


def _by_s3(shape: Shape, first: Violation) -> tuple[str, str]:
    members = {_shown(name): member for name, member in shape.members.items()}
    place = members[first.place.partition(".")[0]].serialization.get("location")
    if first.place.endswith("locationConstraint"):
        return "InvalidLocationConstraint", "The specified location-constraint is not valid"
    if place is None:
        return "MalformedXML", MALFORMED
    if first.place == "storageClass":
        return "InvalidStorageClass", "The storage class you specified is not valid"
    return "InvalidArgument", f"Invalid argument: {first}"


def _strings(shape: Shape, value: Any, place: str) -> Iterator[Violation]:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _strings(member, value[name], _within(place, name))
    elif shape.type_name == "list" and isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _strings(shape.member, item, f"{place}.{number}.member")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, item in value.items():  # of keys, the services have rules and words of their own
            yield from _strings(shape.value, item, f"{place}.{key}.member")
    elif shape.type_name == "string" and isinstance(value, str) and (must := _broken(shape, value)):
        yield Violation(place, "other", value[:SHOWN], must)


def _broken(shape: Shape, value: str) -> str | None:
    """The constraint that a string breaks; None if it breaks none."""
    limits = shape.metadata
    if len(value) > limits.get("max", len(value)):
        return f"have length less than or equal to {limits['max']}"
    if len(value) < limits.get("min", 0):
        return f"have length greater than or equal to {limits['min']}"
    pattern = limits.get("pattern")
    fits = _fits if len(value) <= LONGEST_REMEMBERED else _fits.__wrapped__
    try:
        if not pattern or fits(pattern, value):
            return None
    except TimeoutError:
        pass
    return f"satisfy regular expression pattern: {pattern}"


def _others(shape: Shape, value: Any, place: str, enums: _Enums) -> Iterator[Violation]:
    """The constraints of everything but strings' lengths and patterns."""
    if must := _must(shape, value, *enums):
        yield Violation(place, "enum" if "enum" in must else "other", _java(shape, value)[:SHOWN], must)
    if shape.type_name == "structure" and isinstance(value, dict):
        for name in shape.metadata.get("required", []):
            if value.get(name) is None:
                yield Violation(_within(place, name), "missing", "null", "not be null")
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _others(member, value[name], _within(place, name), enums)
    elif shape.type_name == "list" and isinstance(value, list) and not must:
        for number, item in enumerate(value, start=1):
            yield from _others(shape.member, item, f"{place}.{number}.member", enums)
    elif shape.type_name == "map" and isinstance(value, dict) and not must:
        empty: dict[str, Any] | None = (
            {} if shape.value.type_name == "structure" else None
        )  # in a form, nothing is left of it, and moto's parser puts an object without a type in its place
        for key, item in value.items():
            nothing = item is None or type(item) is object
            yield from _others(shape.value, empty if nothing else item, f"{place}.{key}.member", enums)


def _must(shape: Shape, value: Any, orders: Mapping[str, Sequence[str]], own: Set[str]) -> str | None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
        if most is not None and value > most:
            return f"have value less than or equal to {most}"
        if least is not None and value < least:
            return f"have value greater than or equal to {least}"
    elif _is_sized(shape, value):
        if most is not None and len(value) > most and not _is_request(shape):
            return f"have length less than or equal to {most}"
        if least is not None and len(value) < least:
            return f"have length greater than or equal to {least}"
    elif (enum := getattr(shape, "enum", None)) and isinstance(value, str) and value not in enum:
        if shape.name in own:
            return None
        return f"satisfy enum value set: [{', '.join(orders.get(shape.name, enum))}]"
    return None


def _is_sized(shape: Shape, value: Any) -> bool:
    """Whether a value has a size that the model limits: a list, a map, or bytes."""
    return isinstance(value, {"blob": bytes, "list": list, "map": dict}.get(shape.type_name, ()))


def _is_request(shape: Shape) -> bool:
    """Whether a value may be so large that it is a whole request."""
    return shape.type_name == "blob" and shape.metadata.get("max", 0) > LARGEST_BLOB


def _java(shape: Shape, value: Any) -> str:
    """A value as Java prints it: ``[RoutingConfigurationListItem(weight=1)]``."""
    if shape.type_name == "list" and isinstance(value, list):
        return f"[{', '.join(_java(shape.member, item) for item in value)}]"
    if shape.type_name == "structure" and isinstance(value, dict):
        members = (f"{name}={_java(member, value.get(name))}" for name, member in shape.members.items())
        return f"{shape.name}({', '.join(members)})"
    if shape.type_name == "blob":
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    return "null" if value is None else f"{value}".lower() if isinstance(value, bool) else f"{value}"


@lru_cache(maxsize=4096)
def _fits(pattern: str, value: str) -> bool:
    """Whether a value is as a pattern demands. The names of what is there come again and again.

    Raises:
        TimeoutError: The match takes too long. That is not remembered.
    """
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value, timeout=LONGEST_MATCH) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> regex.Pattern[str] | None:
    """A pattern of the model, compiled; None for a pattern that only Java can read.

    There are few of these, and all of them are for free text.
    """
    # Java writes the characters above U+FFFF as surrogate pairs.
    readable = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    try:
        return regex.compile(readable, regex.VERSION0)
    except regex.error:
        return None


def _within(place: str, name: str) -> str:
    return f"{place}.{_shown(name)}" if place else _shown(name)


def _shown(name: str) -> str:
    """A member's name as AWS's messages write it: ``endpointName``."""
    return name[:1].lower() + name[1:]
