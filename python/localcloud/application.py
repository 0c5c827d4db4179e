"""The local cloud as a WSGI application: moto and the services of its own, with a permission check in front of them.

An operation that the local cloud does not really do (:mod:`localcloud.fidelity`) is refused before anything else looks
at it. moto answers what it lacks with status 500, and AWS's clients retry a 500 for minutes. Here the answer to both is
a 400 in the service's own error format, so boto3 raises::

    ClientError: An error occurred (NotImplemented) when calling the CreateCluster operation: the local cloud does not
    support eks:CreateCluster
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication
from xml.parsers.expat import ExpatError

from flask import Flask, Response, request
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.core.routing import get_service_router
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException, NotFound

from localcloud import catalogue, fidelity, incoming, log
from localcloud.acknowledgement import Acknowledged
from localcloud.constraints import MALFORMED
from localcloud.context import Context
from localcloud.control import IDENTITY_PATH, SPARE
from localcloud.direct import Shortcut, given
from localcloud.diskspace import DiskSpace, Spare
from localcloud.http.requests import UNDERSCORED
from localcloud.iam.enforcement import BOTO3_NAMES, OPERATION, Enforcement
from localcloud.lost_answers import KeptAnswers, LostAnswers
from localcloud.refusals import form_of, refusal
from localcloud.s3.integrity import Integrity
from localcloud.throttling import Throttle

#: Where a request's WSGI environment has its service, once somebody has asked.
SERVICE = "localcloud.service"
#: The services of paths whose last part says more than the signature, which is for SageMaker. moto knows the others.
_IN_PATH = {"invocations-response-stream": "sagemakerruntime", "BatchGetMetrics": "sagemakermetrics"}
#: Hosts whose service is remembered, such as ``states.us-east-1.amazonaws.com``.
MOST_HOSTS = 1024


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher without moto's own pages and without the EC2 instance metadata service.

    Every path belongs to an AWS service.

    Args:
        applications: The WSGI applications that are served instead of moto's, by moto's name of the service, or for one
            operation: ``lambda:Invoke``.
        shortcuts: What answers some requests of an operation instead of moto.
        at_first: Is called before a service of moto answers its first request.
    """

    def __init__(
        self,
        applications: Mapping[str, WSGIApplication],
        shortcuts: Mapping[str, Shortcut],
        at_first: Mapping[str, Sequence[Callable[[], None]]],
    ) -> None:
        super().__init__(_backend_app)
        self._applications, self._shortcuts, self._at_first = applications, shortcuts, at_first
        # moto lists its folders for every request, to find out whether a host is the name of a service.
        self.get_backend_for_host = lru_cache(MOST_HOSTS)(super().get_backend_for_host)

    def service(self, environ: dict[str, Any]) -> str:
        """moto's name of the service that a request is for. The judge asks, and then the dispatcher.

        A service that the local cloud does not have is called as boto3 calls it. The judge refuses it.
        """
        if SERVICE not in environ and (elsewhere := catalogue.service_of(environ)):
            environ[SERVICE] = elsewhere
        if SERVICE not in environ:
            host = self.infer_service_region_host(environ, environ.get("PATH_INFO", ""))
            found = _IN_PATH.get(environ.get("PATH_INFO", "").rpartition("/")[2]) or self.get_backend_for_host(host)
            environ[SERVICE] = found if found and found not in ("moto_api", "instance_metadata") else "s3"
        return str(environ[SERVICE])

    def get_application(self, environ: dict[str, Any]) -> WSGIApplication:
        name, parameters = environ.get(OPERATION, ("", {}))
        if found := self._applications.get(name):
            return found
        if name in self._shortcuts and (answer := self._shortcuts[name](environ, parameters)):
            return given(answer)
        with self.lock:
            service = self.service(environ)
            if service in self._applications:
                return self._applications[service]
            if service not in self.app_instances:
                for prepare in self._at_first.get(service, ()):
                    prepare()
                self.app_instances[service] = self.create_app(service)
            return self.app_instances[service]


def application(context: Context, folders: Sequence[Path]) -> WSGIApplication:
    """The WSGI application: it checks the permissions of every request, calls the service, and keeps what has changed.

    A request that comes too fast is refused, if the cloud is slow on purpose (:mod:`localcloud.latency`).

    The path ``IDENTITY_PATH`` is the exception. It answers with the process's id, without a check.

    Args:
        folders: The folders to which the services write. While their disk is full, nothing is changed.
    """
    dispatch = Dispatcher(context.applications, context.shortcuts, context.at_first)
    enforcement = Enforcement(dispatch.service, fidelity.refusal, context.roles, context.root_secret)
    throttle = Throttle(context.latency)

    def service_of(environ: dict[str, Any]) -> str:
        found = dispatch.service(environ)
        return BOTO3_NAMES.get(found, found)

    answers = KeptAnswers(context.database)
    kept = Acknowledged(Integrity(dispatch, service_of), service_of, context.backends, answers)
    carry_out = LostAnswers(DiskSpace(kept, service_of, folders, spare=Spare(context.place(SPARE))), answers)
    identity = json.dumps({"pid": os.getpid()}).encode()

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == IDENTITY_PATH:
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(identity)))])
            return [identity]
        if UNDERSCORED in environ:
            _keep_names(environ)
        try:
            refused = enforcement.refuse(environ) or throttle.refuse(environ)
        except Exception as error:  # noqa: BLE001 - a request is refused when its check fails
            log.failure(error)
            asked, why = incoming.asked(environ), f"{type(error).__name__}: {error}"
            words = f"the local cloud failed to check the permissions of {asked}: {why}"
            service = asked.partition(" ")[0]
            refused = refusal(service, "InternalFailure", words, form=form_of(environ))
        return (refused or carry_out)(environ, start_response)

    return answer


def _keep_names(environ: dict[str, Any]) -> None:
    """Give moto the headers with an underscore in their name, as its own server does: S3's metadata may have one."""
    names: dict[str, str] = {}
    for name, value in environ[UNDERSCORED]:
        key = environ_key_for_header(name)
        if not should_preserve_original_header_name(name) or (key in environ and key not in names):
            continue
        environ[key] = f"{environ[key]},{value}" if key in names else value
        names.setdefault(key, name)
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = names


def _backend_app(service: Any) -> Flask:
    app = create_backend_app(service)
    app.debug = False  # to help with errors, Flask makes a class a request, which holds the body until a collection
    name = BOTO3_NAMES.get(service, service)

    def refuse(error: Exception) -> Response:
        return _refused(name, "NotImplemented", f"the local cloud does not support {name}:{_action(name)}")

    def fail(error: Exception) -> Response | HTTPException:
        if isinstance(error, HTTPException):  # moto refuses with these: the error is the answer
            return error
        if name == "s3" and isinstance(error, ExpatError):
            return _refused(name, "MalformedXML", MALFORMED)
        log.failure(error)
        message = f"the local cloud failed at {name}:{_action(name)}: {type(error).__name__}: {error}"
        return _refused(name, "InternalFailure", message, status=500)

    app.register_error_handler(NotImplementedError, refuse)
    app.register_error_handler(NotFound, refuse)  # a path that moto has no route for
    app.register_error_handler(Exception, fail)
    return app


def _action(service: str) -> str:
    """The action of the current request, from its header, its form or its path."""
    target = request.headers.get("X-Amz-Target", "").rpartition(".")[2] or request.values.get("Action")
    if target:
        return target
    try:
        operation, _ = get_service_router(service).match(request)
        return operation.name
    except Exception:  # noqa: BLE001 - the router does not know the request: show method and path
        return f"{request.method} {request.path}"


def _refused(service: str, code: str, message: str, *, status: int = 400) -> Response:
    return refusal(service, code, message, status=status, form=form_of(request.environ))
