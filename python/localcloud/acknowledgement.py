"""Answers a request only when what it has changed is kept.

Example::

    >>> changes("sqs", "SendMessage"), changes("sqs", "GetQueueUrl"), changes("sts", "GetSessionToken")
    (True, False, True)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from localcloud import incoming, log
from localcloud.durability.backends import Backends
from localcloud.durability.errors import NotKept
from localcloud.iam.enforcement import OPERATION
from localcloud.lost_answers import KeptAnswers, whole
from localcloud.refusals import form_of, refusal

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

#: Services of this cloud's own, which keep what they change themselves, and operations that do.
OWN_SERVICES = frozenset({"stepfunctions", "sagemaker-runtime"})
OWN_OPERATIONS = frozenset({("lambda", "Invoke")})


class Acknowledged:
    """A WSGI application around another one.

    Args:
        service_of: moto's name of the service that a request is for.
        answers: What is kept of the answers, with what they acknowledge.
    """

    def __init__(
        self,
        application: WSGIApplication,
        service_of: Callable[[dict[str, Any]], str],
        backends: Backends,
        answers: KeptAnswers,
    ) -> None:
        self._application, self._service_of = application, service_of
        self._backends, self._answers = backends, answers

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        service = self._service_of(environ)
        operation = environ[OPERATION][0].rpartition(":")[2] if OPERATION in environ else None
        own = service in OWN_SERVICES or (service, operation) in OWN_OPERATIONS
        if own and not (service == "stepfunctions" and operation and changes(service, operation)):
            return self._application(environ, start_response)
        if operation is not None and not changes(service, operation):
            with self._backends.look():
                return self._application(environ, start_response)
        begun: list[tuple[Any, ...]] = []

        def remember(*given: Any) -> Any:
            begun.append(given)

        try:
            with self._backends.change(service) as also:
                answer = whole(self._application(environ, remember))
                status, headers = begun[-1][:2]
                also += self._answers.changes(environ, status, headers, answer)
        except (sqlite3.Error, NotKept) as error:
            log.failure(error)
            words = f"the local cloud cannot keep what {incoming.asked(environ)} changes: {error}"
            asked_for = (incoming.scope(environ) or ("", service))[1]
            refused = refusal(asked_for, "InternalFailure", words, status=500, form=form_of(environ))
            return refused(environ, start_response)
        start_response(*begun[-1])
        return [answer]


def changes(service: str, operation: str) -> bool:
    """Whether an operation may change something."""
    return service == "sts" or not incoming.reads(operation)
