"""Finds a log group that is only read or written to.

Whoever takes a backend out of moto's dictionary is thought to change it, so that all of its groups and streams are
pickled (:mod:`localcloud.durability.backends`). Events are not in the backend, so those who write only events take it
in another way.
"""

from __future__ import annotations

from moto.logs.models import LogGroup, LogsBackend, logs_backends


def backend_for_events(account: str, region: str) -> LogsBackend | None:
    """A backend of which nothing but events will change; None if nothing has used it yet."""
    # dict.get is not what moto's dictionary and the keeper of backends have replaced.
    return logs_backends[account].get(region)


def existing_group(account: str, region: str, name: str) -> LogGroup | None:
    """A log group, to which nothing but events will be added; None if there is none."""
    backend = backend_for_events(account, region)
    return backend.groups.get(name) if backend else None
