"""Every form of a function's name works in every operation.

``FunctionName`` is a name, ``name:qualifier``, a partial ARN such as ``123456789012:function:name``, or an ARN with or
without a qualifier. This package reads it before moto's operation does, and moto sees ``name`` or ``name:qualifier``.

moto: ``awslambda/responses.py`` takes the name as it is. A partial ARN, an ARN of another region and ``$LATEST`` in a
path each end otherwise than on AWS.

AWS: AWS Lambda API Reference, FunctionName and Qualifier of each operation. In its pattern, each part before the name
may be missing on its own: ``123456789012:filter`` and ``arn:aws:lambda:us-east-1:123456789012:filter`` are names too. A
text that can be read in two ways is read as the pattern reads it, from the left: ``function:filter`` is the function
``filter``. The reference does not document the answers to a qualifier that is not allowed, to two different qualifiers,
and to an ARN of another partition, region or account. Their codes and words here are not compared with AWS by any test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.awslambda import urls
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.core.utils import camelcase_to_underscores, get_service_model

from localcloud.arns import PARTITION
from localcloud.iam.principals import PRINCIPAL

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from moto.awslambda.responses import LambdaResponse

FORM = re.compile(
    r"(arn:(?P<partition>(aws[a-zA-Z-]*)?):lambda:)?"
    r"((?P<region>(eusc-)?[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d):)?((?P<account>\d{12}):)?(function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)(:(?P<qualifier>\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
# Operations without the parameter Qualifier that take a version or an alias nevertheless.
QUALIFIED = ("CreateEventSourceMapping", "InvokeAsync", "ListEventSourceMappings", "UpdateEventSourceMapping")
LATEST = "$LATEST"
_IN_PATH = 3  # the place of the name in /2015-03-31/functions/NAME/…, and of the ARN in /2017-03-31/tags/ARN


class _OtherRegion(LambdaClientError):
    code = 404


class _OtherPartition(LambdaClientError):
    code = 404


class _OtherAccount(LambdaClientError):
    code = 403


@dataclass(frozen=True)
class FunctionName:
    """A function's name in a request.

    Attributes:
        region: The region of an ARN. None if the request's region is meant.
        account: The account of an ARN. None if the caller's account is meant.
        qualifier: A version, an alias or ``$LATEST``. None if there is none.
        partition: The partition of an ARN. It is never that of a function here if it is not ``aws``.
    """

    name: str
    region: str | None = None
    account: str | None = None
    qualifier: str | None = None
    partition: str = PARTITION


@dataclass(frozen=True)
class NameSender:
    """Who sends a request: the region and the account of the request, and the ARN of its principal."""

    region: str
    account: str
    arn: str


@lru_cache(maxsize=1024)
def read(text: str) -> FunctionName | None:
    """Read any form of a function's name. None for a text of another form.

    Example::

        >>> read("filter:live")
        FunctionName(name='filter', region=None, account=None, qualifier='live', partition='aws')
        >>> read("123456789012:function:filter")
        FunctionName(name='filter', region=None, account='123456789012', qualifier=None, partition='aws')
        >>> read("us-east-1:123456789012:filter:live")
        FunctionName(name='filter', region='us-east-1', account='123456789012', qualifier='live', partition='aws')
        >>> read("arn:aws:lambda:eu-west-1:123456789012:function:filter:$LATEST").qualifier
        '$LATEST'
        >>> read("arn:aws:lambda:us-east-1:123456789012:function:filter:function:1") is None
        True
    """
    found = FORM.fullmatch(text)
    if found is None:
        return None
    partition = found["partition"]
    return FunctionName(
        found["name"],
        found["region"],
        found["account"],
        found["qualifier"],
        PARTITION if partition is None else partition,
    )


def read_inner(text: str) -> FunctionName | None:
    """Read a name as moto's operations see it: ``name``, ``name:qualifier``, or an ARN.

    Example::

        >>> read_inner("function:live")
        FunctionName(name='function', region=None, account=None, qualifier='live', partition='aws')
    """
    if text.startswith("arn:"):
        return read(text)
    name, _, qualifier = text.partition(":")
    return FunctionName(name, qualifier=qualifier or None)


def install() -> None:
    """Make moto's operations read names here. Call it after all other replacements of moto's operations."""
    from moto.awslambda.responses import LambdaResponse

    # A path may hold $LATEST. moto takes every $ out of a pattern, so it is written as \x24.
    paths = {path.replace(r"[\w_:%-]", r"[\w_:%\x24.-]"): handler for path, handler in urls.url_paths.items()}
    urls.url_paths.clear()
    urls.url_paths.update(paths)
    model = get_service_model("lambda")
    for operation in map(model.operation_model, model.operation_names):
        method = camelcase_to_underscores(operation.name)
        members = operation.input_shape.members if operation.input_shape else {}
        if hasattr(LambdaResponse, method) and {"FunctionName", "Resource"} & set(members):
            setattr(LambdaResponse, method, _reading(getattr(LambdaResponse, method), operation))


def _reading(method: Callable[[LambdaResponse], Any], operation: OperationModel) -> Callable[[LambdaResponse], Any]:
    """An operation that reads its function's name first."""
    members = operation.input_shape.members
    member = "FunctionName" if "FunctionName" in members else "Resource"
    place = members[member].serialization.get("location")
    takes_parameter = "Qualifier" in members

    def get(request: LambdaResponse) -> str | None:
        if place == "uri":
            return unquote(request.path.split("/")[_IN_PATH])
        if place == "querystring":
            return (request.querystring.get(member) or [None])[0]
        return json.loads(request.body).get(member)

    def put(request: LambdaResponse, name: str) -> None:
        if place == "uri":
            parts = request.path.split("/")
            request.path = "/".join([*parts[:_IN_PATH], name, *parts[_IN_PATH + 1 :]])
        elif place == "querystring":
            request.querystring[member] = [name]
        else:
            request.body = json.dumps({**json.loads(request.body), member: name})

    def run(self: LambdaResponse) -> Any:
        text = get(self) or ""
        of_another_kind = member == "Resource" and text.split(":")[5:6] != ["function"]
        found = None if of_another_kind else read(text)
        if found is None:  # no function's name, or none of a known form: moto's answer stands
            return method(self)
        sender = NameSender(self.region, self.current_account, self.headers.environ[PRINCIPAL].arn)
        check_place(sender, found, operation.name)
        given = (self.querystring.get("Qualifier") or [None])[0] if takes_parameter else None
        qualifier = qualifier_of(found, given)
        if qualifier and not takes_parameter and operation.name not in QUALIFIED:
            raise InvalidParameterValueException(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
                "operation. Please specify either a function name or an unqualified function ARN."
            )
        if qualifier == LATEST and operation.name == "DeleteFunction":
            raise InvalidParameterValueException("$LATEST version cannot be deleted without deleting the function.")
        if member == "FunctionName":
            put(self, f"{found.name}:{qualifier}" if qualifier else found.name)
        if takes_parameter and qualifier:
            self.querystring["Qualifier"] = [qualifier]
        return method(self)

    return run


def qualifier_of(found: FunctionName, given: str | None) -> str | None:
    """The qualifier of a request: its name's, or its parameter's.

    Raises:
        InvalidParameterValueException: They are two different ones.
    """
    if given and found.qualifier and given != found.qualifier:
        raise InvalidParameterValueException(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return given or found.qualifier


def check_place(sender: NameSender, found: FunctionName, operation: str) -> None:
    """Refuse the ARN of a function in another partition, region or account.

    Raises:
        LambdaClientError: It is one.
    """
    if found.partition != PARTITION:
        arn = f"arn:{found.partition}:lambda:{found.region or sender.region}:{found.account or sender.account}"
        raise _OtherPartition("ResourceNotFoundException", f"Function not found: {arn}:function:{found.name}")
    if found.account and found.account != sender.account:
        action = "lambda:InvokeFunction" if operation == "Invoke" else f"lambda:{operation}"
        arn = f"arn:aws:lambda:{found.region or sender.region}:{found.account}:function:{found.name}"
        raise _OtherAccount(
            "AccessDeniedException",
            f"User: {sender.arn} is not authorized to perform: {action} on resource: {arn} "
            f"because no resource-based policy allows the {action} action",
        )
    if found.region and found.region != sender.region:
        raise _OtherRegion(
            "ResourceNotFoundException",
            f"Functions from '{found.region}' are not reachable in this region ('{sender.region}')",
        )
