"""One line of a bill."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of a bill.

    Attributes:
        what: The name of the item, for people.
        quantity: The quantity in ``unit``.
        unit: Such as ``instance hours``.
        price: US dollars for one unit.
    """

    what: str
    quantity: float
    unit: str
    price: float

    @property
    def cost(self) -> float:
        """The cost in US dollars."""
        return self.quantity * self.price
