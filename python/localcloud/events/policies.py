"""The policies of event buses."""

from __future__ import annotations

from moto.events.models import events_backends

from localcloud.iam.policies import Statement, read


def policy_of(account: str, region: str, arn: str) -> tuple[Statement, ...] | None:
    """A bus's policy; None if it has none."""
    bus = events_backends[account][region].event_buses.get(arn.rpartition("/")[2])
    return read(bus.policy, f"bus/{bus.name}") if bus and bus.policy else None
