"""Builds a local cloud: its context, its services and its HTTP server.

Import this module after :func:`localcloud.server.set_variables`, because moto reads its environment variables when it
is imported.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from localcloud import holdings, services
from localcloud.algorithm import Algorithm
from localcloud.application import application
from localcloud.children import Children
from localcloud.cloudwatch.clock import Clock
from localcloud.cloudwatch.store import Metrics
from localcloud.context import Context
from localcloud.door import Door
from localcloud.durability.backends import Backends
from localcloud.durability.blobs import Blobs
from localcloud.durability.database import Database
from localcloud.durability.pickling import Pickling
from localcloud.http.server import HttpServer
from localcloud.iam.principals import ROOT_KEY
from localcloud.iam.propagation import LateIdentities, Propagation, held
from localcloud.iam.record import Record
from localcloud.iam.registry import Registry
from localcloud.iam.roles import Roles
from localcloud.latency import NONE, Latency
from localcloud.limits import Limits, allow_descriptors
from localcloud.requestlog import RequestLog


def make_context(state: Path, endpoint: str, root_secret: str, latency: Latency = NONE) -> Context:
    """The context of a new cloud.

    Args:
        state: The cloud's folder.
        endpoint: The cloud's URL, ``http://127.0.0.1:PORT``.
        root_secret: The secret access key of the account's root user.
        latency: How slow it is on purpose.
    """
    database = Database(state / "cloud.sqlite")
    pickling = Pickling()
    backends = Backends(database, pickling, holdings.held)
    record, registry = Record(state), Registry()
    starting: list[Callable[[], None]] = []
    if latency.iam_seconds:
        propagation = Propagation(latency.iam_seconds, held)
        backends.after(lambda service, account: propagation.changed(account) if service == "iam" else None)
        starting.append(propagation.begin)
        roles = Roles(record, registry, lambda: backends.changes + propagation.count(), LateIdentities(propagation))
    else:
        roles = Roles(record, registry, lambda: backends.changes)
    children = Children()
    return Context(
        state=state,
        endpoint=endpoint,
        children=children,
        algorithm=Algorithm(children),
        roles=roles,
        root_secret=root_secret,
        metrics=Metrics(database, Clock(state / "alarm-clock"), latency),
        database=database,
        pickling=pickling,
        backends=backends,
        blobs=Blobs(database),
        latency=latency,
        starting=starting,
    )


def make_server(listener: socket.socket, context: Context) -> HttpServer:
    """An HTTP server on ``listener`` with all services installed."""
    os.environ.update(AWS_ACCESS_KEY_ID=ROOT_KEY, AWS_SECRET_ACCESS_KEY=context.root_secret)
    for name, value in (("context", context), ("roles", context.roles), ("blobs", context.blobs)):
        context.pickling.fix(name, value)
    context.backends.install()
    services.install(context)
    context.begin()
    allow_descriptors()
    folders = [context.state, Path(tempfile.gettempdir())]  # functions write to the second
    return HttpServer(listener, RequestLog(Door(Limits(application(context, folders)))))
