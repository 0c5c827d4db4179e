"""boto3's clients of the integrations, and the roles in whose names they call."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.context import Context
from localcloud.iam.principals import Keys
from localcloud.iam.roles import CannotAssume
from localcloud.roleclients import RoleClients
from localcloud.stepfunctions.integrations import failures
from localcloud.stepfunctions.integrations.answers import Caller

SERVICE = "states.amazonaws.com"
CONFIG = Config(
    parameter_validation=False,
    inject_host_prefix=False,  # the cloud has one host
    response_checksum_validation="when_required",  # else answers of S3 have members that nobody asked for
    retries={"total_max_attempts": 1},  # only the state machine's own Retry retries
    max_pool_connections=100,
    connect_timeout=10,
    read_timeout=1000,  # longer than the longest function; the runner handles a Task's TimeoutSeconds
)
_CALL: ContextVar[str | None] = ContextVar("call", default=None)
RENEWED = 3000.0  # seconds after which a role of a Task's Credentials is assumed again: its keys are valid for 3,600


class Clients:
    """The clients of one local cloud."""

    def __init__(self, context: Context, clock: Callable[[], float] = time.monotonic) -> None:
        """Args:
        context: Gives the roles and the endpoint.
        clock: Returns seconds that never go back.
        """
        self._context = context
        self._clock = clock
        self._clients = RoleClients(context.endpoint, CONFIG, _let_calls_have_names)
        self._assumed: dict[tuple[str, str], tuple[float, Keys]] = {}

    def of(self, service: str, caller: Caller) -> Any:
        """The client of a service for the role in whose name the Task calls.

        Raises:
            StateFailure: The role cannot be assumed.
        """
        return self._clients.of(service, caller.region, self.keys(caller))

    def keys(self, caller: Caller) -> Keys:
        """The keys of the role in whose name the Task calls.

        The state machine's role assumes the role of the Task's Credentials (Step Functions Developer Guide, "Accessing
        resources in other AWS accounts").
        """
        try:
            keys = self._context.roles.mint(caller.role_arn, SERVICE, "execution")
        except CannotAssume as cannot:
            raise failures.not_assumable(cannot.role_arn) from None
        wanted = caller.task_role_arn
        if wanted is None or wanted == caller.role_arn:
            return keys
        which = (caller.role_arn, wanted)
        known = self._assumed.get(which)
        if known is None or self._clock() - known[0] > RENEWED:
            known = self._clock(), self._assume(wanted, caller, keys)
            self._assumed[which] = known
        return known[1]

    def _assume(self, role_arn: str, caller: Caller, keys: Keys) -> Keys:
        sts = self._clients.of("sts", caller.region, keys)
        try:
            given = sts.assume_role(RoleArn=role_arn, RoleSessionName="execution")["Credentials"]
        except (ClientError, BotoCoreError):
            raise failures.not_assumable(role_arn) from None
        return Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


@contextlib.contextmanager
def same_call(name: str | None) -> Iterator[None]:
    """Let the requests of a block have a name, so that the cloud answers them again instead of carrying them out twice.

    Args:
        name: It takes the place of the id that boto3 makes for every request (:mod:`localcloud.lost_answers`).
    """
    token = _CALL.set(name)
    try:
        yield
    finally:
        _CALL.reset(token)


def _let_calls_have_names(client: Any) -> None:
    client.meta.events.register("before-send", _name_call)


def _name_call(request: Any, **_: Any) -> None:
    if name := _CALL.get():
        request.headers["amz-sdk-invocation-id"] = name
