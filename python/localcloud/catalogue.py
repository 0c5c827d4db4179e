"""Which service and operation of AWS a request is for, when the local cloud has no such service. It is refused by name.

A request says it with its signature's service, with X-Amz-Target, with an Action and a Version, or with its path.
Several services of AWS share a name in the signature, and botocore's models tell them apart. RDS, DocumentDB and
Neptune have the same requests, and all are called RDS. The begins of the models are read once, when somebody asks for a
service that is not there.

Example::

    >>> import io
    >>> environ = {
    ...     "HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=local/20260102/us-east-1/dynamodb/aws4_request",
    ...     "HTTP_X_AMZ_TARGET": "DynamoDB_20120810.ListTables", "REQUEST_METHOD": "POST", "PATH_INFO": "/",
    ...     "wsgi.input": io.BytesIO(),
    ... }
    >>> service_of(environ)
    'dynamodb'
    >>> asked_of(HttpRequest(environ))
    ('dynamodb', 'ListTables')
    >>> service_of({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=local/20260102/us-east-1/s3/aws4_request"})
"""

from __future__ import annotations

import functools
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore
from moto.core.request import Request as HttpRequest
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from localcloud import incoming

#: The services that the local cloud has, as signatures name them. S3 has several names.
SIGNED_FOR = frozenset(
    {
        "application-autoscaling",
        "budgets",
        "ce",
        "ec2",
        "events",
        "iam",
        "kms",
        "lambda",
        "logs",
        "monitoring",
        "s3",
        "s3-object-lambda",
        "s3express",
        "sagemaker",
        "scheduler",
        "servicequotas",
        "sns",
        "sqs",
        "states",
        "sts",
        "tagging",
        "xray",
    }
)
#: A path of Smithy's RPC v2 protocol: what X-Amz-Target has in other protocols.
_OPERATION_PATH = re.compile(r"/service/([^/]+)/operation/(\w+)")
_LABEL = re.compile(r"\{[^}+]+(\+?)\}")
_BEGIN = 8192  # bytes of a model, in which its metadata is
#: Services whose requests have paths and no signature: sign-in, with nothing or with a bearer token.
WITHOUT_SIGNATURE = ("account-access-runtime", "codecatalyst", "signin", "sso", "sso-oidc")


@dataclass(frozen=True)
class Model:
    """The begin of one of botocore's models.

    Attributes:
        name: boto3's name of the service.
        signed_for: Its name in a signature.
        target: What X-Amz-Target has before the operation; empty if the service does not use it.
        version: The Version in a form.
    """

    name: str
    signed_for: str
    target: str
    version: str


def service_of(environ: Mapping[str, Any]) -> str | None:
    """boto3's name of the service that a request is for; None if the local cloud may have it.

    What is signed for a service that AWS does not have is called as the signature calls it.
    """
    signed = incoming.scope(environ)
    if signed is not None:
        name = signed[1].lower()
        return None if name in SIGNED_FOR else next((one.name for one in _candidates(environ)), name)
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    found = next(iter(_candidates(environ)), None) if target else None
    return found.name if found and found.signed_for not in SIGNED_FOR else None


def asked_of(request: HttpRequest) -> tuple[str, str] | None:
    """boto3's name of a service and the operation's name, by botocore's models.

    An operation that no model has is named by the request: its target, or its method and path. None if the request
    names no service.
    """
    environ = request.environ
    candidates = list(_candidates(environ))
    if found := _best(candidates, request) or (None if candidates else unsigned(request)):
        return found
    name = service_of(environ) or (candidates[0].name if candidates else None)
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2] or request.values.get("Action")
    return (name, target or f"{request.method} {request.path}") if name else None


def unsigned(request: HttpRequest) -> tuple[str, str] | None:
    """A service and an operation that a request without a signature asks for; None if it is S3's, or nobody's."""
    version = request.values.get("Version")
    if version and request.values.get("Action"):
        return _best([one for one in models() if one.version == version], request)
    return _best([one for one in models() if one.name in WITHOUT_SIGNATURE], request)


def _best(candidates: Iterable[Model], request: HttpRequest) -> tuple[str, str] | None:
    """The service and the operation that a request fits best.

    moto's router lets a path's last label be any number of its parts.
    """
    version = request.values.get("Version") if request.values.get("Action") else None
    found = [
        (
            version not in (None, one.version),
            _parts(one.name, operation) != request.path.strip("/").count("/"),
            one.name,
            operation,
        )
        for one in candidates
        if (operation := _operation(one, request))
    ]
    return min(found, key=lambda one: one[:2])[2:] if found else None


def _parts(service: str, operation: str) -> int:
    """How many slashes the path of an operation has between its parts."""
    path = get_service_model(service).operation_model(operation).http["requestUri"]
    return str(path).partition("?")[0].strip("/").count("/")


def _operation(model: Model, request: HttpRequest) -> str | None:
    """The operation of a service that a request is for; None if it is for another service."""
    by_path = _OPERATION_PATH.fullmatch(request.path)
    target = ".".join(by_path.groups()) if by_path else request.headers.get("X-Amz-Target")
    if target and model.target:
        prefix, _, operation = target.rpartition(".")
        names = get_service_model(model.name).operation_names
        return operation if prefix == model.target and operation in names else None
    if operation_there := _by_path(model.name, request):
        return operation_there
    try:
        found, _ = get_service_router(model.name).match(request)
    except (HTTPException, NotImplementedError):
        return None
    return str(found.name)


def _by_path(service: str, request: HttpRequest) -> str | None:
    """The operation whose method and path a request has, whatever else it lacks; None if none has them."""
    known, found = get_service_model(service), None
    for name in known.operation_names:
        http = known.operation_model(name).http
        path, _, query = str(http["requestUri"]).partition("?")
        if path.strip("/") == "" or http["method"] != request.method:
            continue
        if re.fullmatch(_LABEL.sub(lambda label: ".+" if label[1] else "[^/]+", path), request.path):
            literal = [part.partition("=") for part in query.split("&") if query]
            if all(request.args.get(one, "") == value for one, _, value in literal):
                found = name if found is None or query else found
    return found


def _candidates(environ: Mapping[str, Any]) -> Iterator[Model]:
    """The services that a request may be for. First the one whose own name its signature has."""
    signed = incoming.scope(environ)
    if signed is not None:
        name = signed[1].lower()
        found = [one for one in models() if one.signed_for.lower() == name]
    else:
        target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[0]
        name, found = "", [one for one in models() if target and one.target == target]
    yield from sorted(found, key=lambda one: one.name != name)


@functools.cache
def models() -> tuple[Model, ...]:
    """The services of botocore's models, by the begin of each model's newest version."""
    found = []
    for folder in sorted((Path(botocore.__file__).parent / "data").iterdir()):
        paths = sorted(folder.glob("*/service-2.json.gz"))
        if not paths:
            continue
        with gzip.open(paths[-1]) as model:
            begin = model.read(_BEGIN).decode(errors="ignore").partition('"operations"')[0]
        prefix = _member(begin, "endpointPrefix")
        signed_for, target = _member(begin, "signingName") or prefix, _member(begin, "targetPrefix")
        found.append(Model(folder.name, signed_for, target, _member(begin, "apiVersion")))
    return tuple(found)


def _member(begin: str, name: str) -> str:
    found = re.search(rf'"{name}"\s*:\s*"([^"]*)"', begin)
    return found[1] if found else ""
