"""Step Functions calls other services in its state machine's role, with one client for each service and role.

moto: ``stepfunctions/parser/asl/utils/boto_client.py`` makes a new client for every task from boto3's default session.
That takes tens of milliseconds, and concurrent executions share the session although it is not thread-safe. The
client's keys belong to no role, and its endpoint is ``localhost``.

AWS: an execution has the permissions of its state machine's role, or of the role in a Task's Credentials (Step
Functions Developer Guide, "Service-linked integrations and IAM policies"). boto3: "Session objects are not thread
safe", but clients are (boto3 documentation, Multithreading).
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from localcloud.context import Context

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from localcloud.iam.principals import Keys

SERVICE = "states.amazonaws.com"


def install(context: Context) -> None:
    """Give the interpreter clients with the keys of the state machine's role."""
    from moto.stepfunctions.parser import models as _loads_the_interpreter  # noqa: F401

    clients: dict[tuple[str, str, Keys], BaseClient] = {}
    lock = threading.Lock()

    def boto_client_for(region: str, service: str, state_credentials: Any) -> BaseClient:
        keys = context.roles.mint(state_credentials.role_arn, SERVICE, "execution")
        with lock:
            if (service, region, keys) not in clients:
                clients[service, region, keys] = _client(service, region, context.endpoint, keys)
            return clients[service, region, keys]

    replace("moto.stepfunctions.parser", "boto_client_for", boto_client_for)


def _client(service: str, region: str, endpoint: str, keys: Keys) -> BaseClient:
    import boto3
    from botocore.config import Config

    config = Config(
        parameter_validation=False,
        retries={"total_max_attempts": 1},  # only the state machine's own Retry retries
        max_pool_connections=100,
        connect_timeout=10,
        read_timeout=1000,  # longer than the longest function; the interpreter handles a Task's TimeoutSeconds
    )
    return boto3.Session().client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token,
        config=config,
    )


def replace(package: str, name: str, new: Any) -> int:
    """Set ``name`` to ``new`` in every loaded module of ``package`` that has it, and return the number of modules.

    Raises:
        LookupError: No module has the name. moto has changed, and the gap must be reviewed.

    Example::

        >>> import json
        >>> replace("json", "JSONDecoder", json.JSONDecoder)
        2
        >>> replace("json", "YAMLDecoder", None)
        Traceback (most recent call last):
        ...
        LookupError: no module of json has YAMLDecoder
    """
    holders = [
        module
        for path, module in list(sys.modules.items())
        if (path == package or path.startswith(f"{package}.")) and name in vars(module)
    ]
    if not holders:
        raise LookupError(f"no module of {package} has {name}")
    for module in holders:
        setattr(module, name, new)
    return len(holders)
