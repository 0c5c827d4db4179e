"""Builds a local cloud: its context, its services and its HTTP server.

Import this module after :func:`localcloud.server.set_variables`, because moto reads its environment variables when it
is imported.
"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

from werkzeug.serving import BaseWSGIServer
from werkzeug.serving import make_server as make_wsgi_server

from localcloud import services
from localcloud.application import RequestHandler, application
from localcloud.cloudwatch.store import Metrics
from localcloud.context import Children, Context
from localcloud.door import Door
from localcloud.iam.principals import ROOT_KEY
from localcloud.iam.record import Record
from localcloud.iam.registry import Registry
from localcloud.iam.roles import Roles
from localcloud.limits import Limits, allow_descriptors, limited
from localcloud.requestlog import RequestLog


def make_context(state: Path, endpoint: str, root_secret: str) -> Context:
    """The context of a new cloud.

    Args:
        state: The cloud's folder.
        endpoint: The cloud's URL, ``http://127.0.0.1:PORT``.
        root_secret: The secret access key of the account's root user.
    """
    return Context(
        state=state,
        endpoint=endpoint,
        children=Children(),
        roles=Roles(Record(state), Registry()),
        root_secret=root_secret,
        metrics=Metrics(),
    )


def make_server(listener: socket.socket, context: Context) -> BaseWSGIServer:
    """A threaded HTTP server on ``listener`` with all services installed."""
    os.environ.update(AWS_ACCESS_KEY_ID=ROOT_KEY, AWS_SECRET_ACCESS_KEY=context.root_secret)
    services.install(context)
    allow_descriptors()
    host, port = listener.getsockname()
    folders = [context.state, Path(tempfile.gettempdir())]  # moto keeps large objects in the second
    return make_wsgi_server(
        host,
        port,
        RequestLog(Door(Limits(application(context.roles, context.root_secret, context.applications, folders)))),
        threaded=True,
        request_handler=limited(RequestHandler),
        fd=listener.fileno(),
    )
