"""Answers one operation without moto's responses: what they prepare for every request costs more than the operation.

Example::

    >>> def answer(environ, parameters):
    ...     return 200, {"Content-Type": "application/json"}, b"{}"
    >>> environ = {OPERATION: ("lambda:Invoke", {"FunctionName": "f"})}
    >>> directly(answer)(environ, lambda status, headers: print(status))
    200 OK
    [b'{}']

Only a request that was allowed has an operation. Errors are JSON, as in the protocol rest-json.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError

from localcloud import log
from localcloud.iam.enforcement import OPERATION

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

#: Status, headers and body.
DirectAnswer = tuple[int, Mapping[str, str], bytes]
#: Takes the WSGI environment and the operation's parameters.
AnswerDirectly = Callable[[Mapping[str, Any], Mapping[str, Any]], DirectAnswer]
#: The same for some requests of an operation. None: this one is moto's.
Shortcut = Callable[[Mapping[str, Any], Mapping[str, Any]], DirectAnswer | None]


def directly(answer: AnswerDirectly) -> WSGIApplication:
    """The WSGI application of one operation, for ``context.applications["SERVICE:OPERATION"]``."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name, parameters = environ[OPERATION]
        try:
            status, headers, body = answer(environ, parameters)
        except JsonRESTError as refused:
            status, headers, body = _refused(int(refused.code), refused.error_type, refused.message)
        except Exception as error:  # noqa: BLE001 - the client gets an answer, and the log has the traceback
            log.failure(error)
            words = f"the local cloud failed at {name}: {type(error).__name__}: {error}"
            status, headers, body = _refused(500, "InternalFailure", words)
        return given((status, headers, body))(environ, start_response)

    return application


def given(answer: DirectAnswer) -> WSGIApplication:
    """The WSGI application that gives one answer."""
    status, headers, body = answer

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))
        return [body]

    return application


def _refused(status: int, code: str, message: str) -> tuple[int, Mapping[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
    return status, headers, json.dumps({"__type": code, "message": message}).encode()
