"""What the local cloud gives to its services: its folder, its endpoint, its child processes and its stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from localcloud import control
from localcloud.algorithm import Algorithm
from localcloud.children import Children
from localcloud.latency import NONE, Latency

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from localcloud.durability.backends import Backends
    from localcloud.durability.blobs import Blobs
    from localcloud.durability.database import Database
    from localcloud.durability.pickling import Pickling
    from localcloud.iam.registry import Registry
    from localcloud.iam.roles import Roles


class Measurement(Protocol):
    """One value of a metric, or several values of one moment."""

    @property
    def time(self) -> float:
        """Seconds since 1970."""

    @property
    def total(self) -> float:
        """The sum of the values."""


class MetricStore(Protocol):
    """Where services put their metrics and read them back.

    CloudWatch implements it (:mod:`localcloud.cloudwatch.store`).
    """

    def now(self) -> float:
        """The time of metrics and alarms, in seconds since 1970."""

    def put(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str = "None",
        *,
        account: str,
        region: str,
    ) -> None:
        """Put one value with the current time."""

    def put_all(
        self,
        namespace: str,
        dimensions: Mapping[str, str],
        values: Iterable[tuple[str, float, str]],
        *,
        account: str,
        region: str,
    ) -> None:
        """Put values of several metrics that have the same dimensions: names, values and units."""

    def between(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        begin: float,
        end: float,
        *,
        unit: str | None = None,
        account: str,
        region: str,
    ) -> Sequence[Measurement]:
        """A metric's data in a span of seconds since 1970.

        The span includes its begin and excludes its end.
        """

    def late(self, namespace: str, name: str, dimensions: Mapping[str, str], *, account: str, region: str) -> float:
        """How many seconds late the data of a metric are there."""

    def alarm_state(self, name: str, *, account: str, region: str) -> str | None:
        """An alarm's state; None if there is no such alarm."""


@dataclass(frozen=True)
class Context:
    """One running local cloud.

    Attributes:
        state: The cloud's folder, such as ``build/local``. It holds logs, unpacked functions and the jobs' working
            folders.
        endpoint: ``http://127.0.0.1:PORT``.
        children: The processes that the cloud has started.
        algorithm: Starts those of training jobs and containers.
        roles: Checks permissions before a service acts in a role's name.
        root_secret: The secret access key of the account's root user.
        metrics: The store of CloudWatch's metrics.
        database: Keeps what must outlive the process.
        pickling: How moto's objects are written into it.
        backends: Keeps moto's backends there.
        blobs: Keeps large bytes there.
        latency: How slow the cloud is on purpose.
        starting: Is called when everything that was kept is there again, before the first request.
        ending: Is called before the children end, so that nothing new begins.
        at_first: Is called before a service of moto answers its first request, by moto's name of the service. So a
            service that is seldom used need not be imported at the start.
        applications: The WSGI applications that are served instead of moto's, by moto's name of the service.
        shortcuts: What answers some requests of an operation instead of moto, by the operation: ``s3:GetObject``.
        actions: What services do for each other without a request, by the action's name in policies:
            ``states:StartExecution``.
    """

    state: Path
    endpoint: str
    children: Children
    algorithm: Algorithm
    roles: Roles
    root_secret: str = field(repr=False)
    metrics: MetricStore
    database: Database
    pickling: Pickling
    backends: Backends
    blobs: Blobs
    latency: Latency = NONE
    starting: list[Callable[[], None]] = field(default_factory=list)
    ending: list[Callable[[], None]] = field(default_factory=list)
    at_first: dict[str, list[Callable[[], None]]] = field(default_factory=dict)
    applications: dict[str, WSGIApplication] = field(default_factory=dict)
    shortcuts: dict[str, Callable[..., Any]] = field(default_factory=dict)
    actions: dict[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def registry(self) -> Registry:
        """The services' permission tables, resource policies and implied accesses."""
        return self.roles.registry

    def place(self, name: str) -> Path:
        """A file or folder in the cloud's folder. :func:`localcloud.control.reset` must know its name.

        Raises:
            ValueError: It does not, and would refuse the folder from now on.
        """
        if name not in control.OWN:
            raise ValueError(f"control.OWN does not name {name!r}")
        return self.state / name

    def begin(self) -> None:
        """Read what was kept, and go on with what was under way.

        Raises:
            Unreadable: It is damaged, or of another version.
        """
        self.backends.restore()
        self.blobs.drop_unused()
        for start in self.starting:
            start()

    def close(self) -> None:
        """End all children, and keep everything."""
        for end in self.ending:
            end()
        self.children.stop_all()
        self.algorithm.close()
        self.backends.close()
        self.database.close()
