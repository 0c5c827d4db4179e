"""The interpreter's own calls share one client a service, on the address that the server listens on.

moto: ``stepfunctions/parser/asl/utils/boto_client.py`` makes a client for every task from boto3's default session,
which is slow (tens of milliseconds) and not safe in several threads, as concurrent executions are; and it says
``localhost``.

boto3: "Session objects are not thread safe"; clients are (boto3 documentation, Multithreading).
"""

from __future__ import annotations

import threading
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from moto.settings import moto_server_port
from moto.stepfunctions.parser import models as _loads_the_interpreter  # noqa: F401

from scones.localcloud.patching import replace


def apply() -> None:
    clients: dict[tuple[str, str], BaseClient] = {}
    lock = threading.Lock()

    def boto_client_for(region: str, service: str, state_credentials: Any = None) -> BaseClient:
        with lock:
            if (service, region) not in clients:
                clients[service, region] = _client(service, region)
            return clients[service, region]

    replace("moto.stepfunctions.parser", "boto_client_for", boto_client_for)


def _client(service: str, region: str) -> BaseClient:
    import boto3

    config = Config(
        parameter_validation=False,
        retries={"total_max_attempts": 1},  # the state machine's own Retry is what retries
        max_pool_connections=100,
        connect_timeout=10,
        read_timeout=1000,  # longer than any function may run; a Task's TimeoutSeconds is the interpreter's
    )
    return boto3.Session().client(
        service,
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{moto_server_port()}",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=config,
    )
