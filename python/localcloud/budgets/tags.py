"""The tags of budgets, for policies."""

from __future__ import annotations

from moto.budgets.models import budgets_backends


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """A budget's tags; none if there is no such budget."""
    budget = budgets_backends[account]["aws"].budgets[account].get(arn.split(":", 5)[5].removeprefix("budget/"))
    return dict(getattr(budget, "tags", {}))
