"""Reads the table of prices, which has a date, a region, and the source of each price."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones.errors import InputError

TABLE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Prices:
    """Prices in US dollars, before free tier, discounts and tax.

    Attributes:
        gathered: The date of the table, ISO 8601.
        entries: The table's JSON.
    """

    gathered: str
    region: str
    entries: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path = TABLE) -> Prices:
        """Read a table."""
        found = json.loads(path.read_text())
        return cls(found["gathered"], found["region"], found)

    def of(self, name: str) -> float:
        """The price of one unit of ``name``."""
        return float(self.entries[name]["price"])

    def instance_hour(self, kind: str, instance_type: str) -> float:
        """An instance's price for an hour.

        Args:
            kind: ``hosting_hour``, ``training_hour`` or ``transform_hour``.
            instance_type: Such as ``ml.m5.large``.

        Raises:
            InputError: the table has no price for it.
        """
        known = self.entries[kind]["prices"]
        if instance_type not in known:
            raise InputError(
                f"the table of prices has no price for {instance_type}; it has: {', '.join(known)}",
                hint=f"look it up at {self.entries[kind]['source']} and add it to {TABLE.name}, with today's date",
            )
        return float(known[instance_type])
