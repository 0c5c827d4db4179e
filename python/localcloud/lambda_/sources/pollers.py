"""The pollers of all event source mappings of a cloud: started, woken, and ended with it."""

from __future__ import annotations

import threading
import time

from localcloud.context import Context
from localcloud.lambda_.sources.mappings import QueueMapping, held_by
from localcloud.lambda_.sources.poller import Deliver, Poller, Surroundings


class Pollers:
    """A poller for each mapping.

    Args:
        deliver: Invokes a function.
    """

    def __init__(self, context: Context, deliver: Deliver) -> None:
        self.lock = threading.RLock()
        self._cloud = Surroundings(context.roles, context.backends, deliver, self.lock, time.time)
        self._pollers: dict[str, Poller] = {}

    def begin(self) -> None:
        """Go on with every mapping that was kept."""
        from moto.awslambda.models import lambda_backends

        with self._cloud.backends.look():
            backends = [one for regions in list(lambda_backends.values()) for one in list(regions.values())]
            mappings = [mapping for backend in backends for mapping in list(held_by(backend).values())]
        for mapping in mappings:
            self.look_at(mapping)

    def look_at(self, mapping: QueueMapping) -> None:
        """A mapping is new or has changed."""
        with self.lock:
            poller = self._pollers.get(mapping.uuid)
            if poller is None:
                poller = self._pollers[mapping.uuid] = Poller(mapping, self._cloud, lambda: self._drop(mapping.uuid))
                poller.start()
        poller.wake()

    def wake(self, queue_arn: str | None = None) -> None:
        """Something has happened to a queue, or to a function."""
        for poller in list(self._pollers.values()):
            if queue_arn in (None, poller.source_arn):
                poller.wake()

    def stop(self) -> None:
        """Receive nothing more."""
        for poller in list(self._pollers.values()):
            poller.stop()

    def _drop(self, uuid: str) -> None:
        with self.lock:
            self._pollers.pop(uuid, None)
