"""Step Functions' wire protocol: JSON 1.0 with the operation in X-Amz-Target.

A request's answer is compact JSON with the model's members in the model's order. A moment is written as Java writes a
double: ``1.7E9`` (recorded: StartExecution's answer has 161 bytes).

Example::

    >>> from moto.core.utils import get_service_model
    >>> shape = get_service_model("stepfunctions").operation_model("StopExecution").output_shape
    >>> rendered(shape, {"stopDate": 1717171717.1234})
    '{"stopDate":1.717171717123E9}'
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any

from botocore.model import Shape
from moto.core.utils import get_service_model

from localcloud import incoming, log
from localcloud.iam.principals import PRINCIPAL
from localcloud.identifiers import new_uuid
from localcloud.jsontexts import compact
from localcloud.stepfunctions.api import shapes
from localcloud.stepfunctions.api.errors import ApiError

CONTENT_TYPE = "application/x-amz-json-1.0"
Answer = dict[str, Any]
_ENCODE = compact()
_PLACE = itemgetter(0)


@dataclass(frozen=True)
class Sender:
    """Who asks: the account and the region of a request, and its trace header if it has one."""

    account: str
    region: str
    trace_header: str | None = None


Operation = Callable[[Sender, dict[str, Any]], Answer]
Operations = Mapping[str, Operation]


class Application:
    """The WSGI application of Step Functions.

    Args:
        operations: What carries out each operation. Another operation is refused by its name.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._model = get_service_model("stepfunctions")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        try:
            status, error, body = "200 OK", None, self._answer(name, environ)
        except ApiError as refused:
            log.line(f"refused ({refused.code}): {refused}")
            status, error, body = "400 Bad Request", refused.code, _failed(refused.code, str(refused))
        except Exception as failure:  # noqa: BLE001 - the client gets an answer, and the log has the traceback
            log.failure(failure)
            words = f"the local cloud failed at stepfunctions:{name}: {type(failure).__name__}: {failure}"
            status, error, body = "500 Internal Server Error", "InternalFailure", _failed("InternalFailure", words)
        sent = body.encode("utf-8", "backslashreplace")  # a lone surrogate becomes JSON's escape for it
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Content-Length": str(len(sent)),
            "x-amzn-RequestId": new_uuid(),
            **({"x-amzn-errortype": error} if error else {}),
        }
        start_response(status, list(headers.items()))
        return [sent]

    def _answer(self, name: str, environ: dict[str, Any]) -> str:
        operation = self._operations.get(name)
        if operation is None:
            raise ApiError("NotImplemented", f"the local cloud does not support stepfunctions:{name}")
        model = self._model.operation_model(name)
        given = _parsed(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        answer = call(operation, model.input_shape, _sender(environ), given)
        return rendered(model.output_shape, answer)


def call(operation: Operation, shape: Shape, sender: Sender, given: dict[str, Any]) -> Answer:
    """Check a request and carry it out.

    Raises:
        ApiError: The request is wrong, or the operation refuses it.
    """
    present = shapes.without_nulls(given)
    shapes.check(shape, present)
    return operation(sender, present)


def rendered(shape: Any, value: Any) -> str:
    """A value as AWS writes it. A structure's members that are missing or None are left out."""
    return _writer(shape)(value)


@lru_cache(maxsize=1024)
def _writer(shape: Any) -> Callable[[Any], str]:
    """What writes values of a shape. A history has thousands of events, so a shape is looked at once."""
    kind = shape.type_name if shape else ""
    if kind == "structure":
        return _structure(shape)
    if kind == "map":
        of = _writer(shape.value)
        return lambda value: _object([f"{_text(name)}:{of(item)}" for name, item in value.items() if item is not None])
    if kind == "list":
        return lambda value: f"[{','.join(map(_writer(shape.member), value))}]"
    return {"timestamp": _moment, "string": _string}.get(kind, _text)


def _structure(shape: Any) -> Callable[[Any], str]:
    known: dict[str, tuple[int, str, Callable[[Any], str]]] = {}

    def write(value: Any) -> str:
        if not known:  # now, because a structure may have itself as a member
            for place, (name, of) in enumerate(shape.members.items()):
                known[name] = place, f"{_text(name)}:", _writer(of)
        # An event has four of the model's 45 members, so what it has is put into the model's order.
        given = [(*known[name], item) for name, item in value.items() if item is not None and name in known]
        return _object([f"{name}{of(item)}" for _, name, of, item in sorted(given, key=_PLACE)])

    return write


def _object(members: list[str]) -> str:
    return f"{{{','.join(members)}}}"


def _text(value: Any) -> str:
    return _ENCODE(value)


def _string(value: Any) -> str:
    """A string as JSON. Most members are strings, and this takes a third of the time of what writes any value."""
    return encode_basestring(value) if isinstance(value, str) else _text(value)


def _moment(seconds: float) -> str:
    whole, _, part = f"{seconds:.3f}".partition(".")
    digits = f"{whole[1:]}{part}".rstrip("0") or "0"
    return f"{whole[0]}.{digits}E{len(whole) - 1}"


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode() or "{}", parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ApiError("SerializationException", "Could not parse request body into json") from None
    if not isinstance(found, dict):
        raise ApiError("SerializationException", "Unexpected field type")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _failed(code: str, words: str) -> str:
    return _text({"__type": code, "message": words})


def _sender(environ: Mapping[str, Any]) -> Sender:
    region, _ = incoming.scope(environ) or ("us-east-1", "states")
    return Sender(environ[PRINCIPAL].account, region, environ.get("HTTP_X_AMZN_TRACE_ID"))
