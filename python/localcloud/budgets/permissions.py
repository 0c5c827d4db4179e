"""The permissions of AWS Budgets' operations."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Need, on


def budget(asked: Asked) -> Iterable[str]:
    """The ARN of the budget that a request names."""
    paths = ("BudgetName", "Budget.BudgetName", "NewBudget.BudgetName")
    name = next((value for path in paths for value in asked.values(path)), "*")
    return [f"arn:aws:budgets::{asked.account}:budget/{name}"]


# Two actions cover most operations (service authorization reference, AWS Budget Service).
TABLE = {
    "CreateBudget": (
        Need("budgets:ModifyBudget", (budget,)),
        Need("budgets:TagResource", (budget,), when="ResourceTags"),
    ),
    **{
        name: (Need("budgets:ModifyBudget", (budget,)),)
        for name in (
            "CreateNotification",
            "CreateSubscriber",
            "DeleteBudget",
            "DeleteNotification",
            "DeleteSubscriber",
            "UpdateBudget",
            "UpdateNotification",
            "UpdateSubscriber",
        )
    },
    **{
        name: (Need("budgets:ViewBudget", (budget,)),)
        for name in (
            "DescribeBudget",
            "DescribeBudgets",
            "DescribeNotificationsForBudget",
            "DescribeSubscribersForNotification",
        )
    },
    **on("{ResourceARN}", "budgets", "ListTagsForResource", "TagResource", "UntagResource"),
}

TABLES = {"budgets": TABLE}
