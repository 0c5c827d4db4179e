"""Who asks for an endpoint's status while it changes, so that a short status is not over before they hear of it.

On AWS, a rollback takes minutes, and everybody who polls sees RollingBack. Here the old processes never stopped, so it
would be over at once, and programs that cannot bear the status would not be found out.

Example::

    >>> watchers = Watchers()
    >>> watchers.asked("Terraform", "Updating")
    >>> watchers.hold("RollingBack", most=0.0)      # Terraform has not heard of it
    False
    >>> watchers.asked("Terraform", "RollingBack")
    >>> watchers.hold("RollingBack", most=0.0)
    True
"""

from __future__ import annotations

import threading


class Watchers:
    """The callers of DescribeEndpoint, by the name that their client gives itself (User-Agent)."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heard: dict[str, str] = {}

    def asked(self, who: str, status: str) -> None:
        """Note that a caller was told a status."""
        with self._changed:
            self._heard[who] = status
            self._changed.notify_all()

    def hold(self, status: str, *, most: float) -> bool:
        """Wait until everybody who has asked since :meth:`forget` was told a status. Returns False if some were not.

        Args:
            most: The longest wait, in seconds.
        """

        def told() -> bool:
            return bool(self._heard) and set(self._heard.values()) == {status}

        with self._changed:
            return self._changed.wait_for(told, timeout=most)

    def forget(self) -> None:
        """Begin anew, with the next change."""
        with self._changed:
            self._heard.clear()
