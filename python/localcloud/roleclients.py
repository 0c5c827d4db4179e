"""boto3's clients with which a service calls others in a role's name, over HTTP, so that the judge sees each request.

boto3: "Session objects are not thread safe", but clients are (boto3 documentation, Multithreading). A client takes
megabytes if its session is its own, so all share one session, which makes one client at a time.

Example::

    >>> from localcloud.iam.principals import Keys
    >>> clients = RoleClients("http://127.0.0.1:5566", Config(retries={"total_max_attempts": 1}))
    >>> queues = clients.of("sqs", "us-east-1", Keys("id", "secret", "token"))
    >>> queues is clients.of("sqs", "us-east-1", Keys("id", "secret", "token"))
    True
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.config import Config

from localcloud.iam.principals import Keys

MOST = 100


class RoleClients:
    """The clients of one caller: one for each service, region and keys. Those that were not used for longest go.

    Args:
        endpoint: The cloud's URL.
        config: The settings of each client.
        prepare: Is called with each new client.
    """

    def __init__(self, endpoint: str, config: Config, prepare: Callable[[Any], None] = lambda client: None) -> None:
        self._endpoint, self._config, self._prepare = endpoint, config, prepare
        self._lock = threading.Lock()
        self._session: botocore.session.Session | None = None
        self._clients: OrderedDict[tuple[str, str, Keys], Any] = OrderedDict()

    def of(self, service: str, region: str, keys: Keys) -> Any:
        """The client of a service in a region that signs with a role's keys."""
        which = (service, region, keys)
        with self._lock:
            if which in self._clients:
                self._clients.move_to_end(which)
                return self._clients[which]
            self._session = self._session or botocore.session.Session()
            client = self._session.create_client(
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                aws_session_token=keys.session_token,
                config=self._config,
            )
            self._prepare(client)
            self._clients[which] = client
            if len(self._clients) > MOST:
                self._clients.popitem(last=False)
            return client
