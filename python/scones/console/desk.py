"""What the pages need of an environment: its clients, its applied stacks, and whether changes are allowed.

Example (not run: it needs a running cloud)::

    desk = Desk.of(settings.load("local"))
    desk.client("stepfunctions").list_executions(stateMachineArn=desk.service()["state_machine_arn"])
"""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scones import aws
from scones.errors import SconesError
from scones.settings import Environment
from scones.terraform import Stack

CONNECTIONS = 16  # of one client: the pages' requests come from several threads


class NotApplied(SconesError):
    """A stack that a page needs is not applied."""


@dataclass
class Desk:
    """One environment, as the pages see it. Threads may share it.

    Attributes:
        environment: The environment.
        make: Makes the client of a service, by boto3's name.
        read: Reads the outputs of an applied stack.
        may_write: Whether the pages may change anything.
    """

    environment: Environment
    make: Callable[[str], Any]
    read: Callable[[str], Mapping[str, Any]]
    may_write: bool
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @classmethod
    def of(cls, environment: Environment, *, write: bool = False) -> Desk:
        """The desk of an environment. Where nothing costs money, changes need no permission.

        Args:
            write: Allow changes where they cost money.
        """

        def make(service: str) -> Any:
            return aws.client(environment, service, max_connections=CONNECTIONS)

        def read(stack: str) -> Mapping[str, Any]:
            return Stack(environment, stack).outputs()

        return cls(environment, make, read, write or not environment.costs_money)

    def client(self, service: str) -> Any:
        """The client of a service. boto3 makes clients in one thread at a time only."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self.make(service)
            return self._clients[service]

    def outputs(self, stack: str) -> Mapping[str, Any]:
        """The outputs of an applied stack. They are read once, because Terraform takes a second for them.

        Raises:
            NotApplied: The stack has no outputs.
        """
        with self._lock:
            if stack not in self._outputs:
                try:
                    found = self.read(stack)
                except SconesError as error:
                    raise NotApplied(str(error), hint=error.hint) from None
                if not found:
                    raise NotApplied(
                        f"the stack '{stack}' of environment '{self.environment.name}' is not applied",
                        hint=f"apply it: invoke tf.apply --stack {stack} --env {self.environment.name}",
                    )
                self._outputs[stack] = found
            return self._outputs[stack]

    def service(self) -> Mapping[str, Any]:
        """The outputs of the stack ``service``. See :meth:`outputs`."""
        return self.outputs("service")

    def endpoint(self) -> str | None:
        """The endpoint's name. None as long as the stack ``service`` is not applied."""
        try:
            return str(self.service()["endpoint_name"])
        except NotApplied:
            return None

    def client_of(self, environment: Environment, service: str, **options: Any) -> Any:
        """The client of a service, for functions that take ``client`` in the form of :func:`scones.aws.client`."""
        return self.client(service)

    def command(self, service: str, operation: str, **options: str) -> str:
        """The AWS CLI's command for an operation, to copy.

        Example::

            >>> from scones import settings
            >>> desk = Desk.of(settings.load("dev"))
            >>> desk.command("stepfunctions", "stop-execution", execution_arn="arn:aws:states:…")
            "aws stepfunctions stop-execution --execution-arn 'arn:aws:states:…' --region us-east-1"
        """
        given = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
        where = ["--region", self.environment.region]
        if endpoint := self.environment.endpoint_url():
            where += ["--endpoint-url", endpoint]
        return shlex.join(["aws", service, operation, *given, *where])
