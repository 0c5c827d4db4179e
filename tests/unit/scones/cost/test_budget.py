"""invoke budget: what keeps a budget from telling anybody."""

from __future__ import annotations

from typing import Any

import pytest

from scones import settings
from scones.cost import budget

DEV = settings.load("dev", variables={})
ALERT = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}


class Account:
    """Every client in one: a budget of the whole account, whose topic has one subscription."""

    def __init__(self, subscription: str, **budget: Any) -> None:
        self.subscription = {"SubscriptionArn": subscription, "Endpoint": "you@example.com"}
        self.budget = {"BudgetLimit": {"Amount": "150"}, **budget}

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}

    def describe_budget(self, **_: Any) -> dict[str, Any]:
        return {"Budget": self.budget}

    def describe_notifications_for_budget(self, **_: Any) -> dict[str, Any]:
        return {"Notifications": [ALERT]}

    def describe_subscribers_for_notification(self, **_: Any) -> dict[str, Any]:
        return {"Subscribers": [{"SubscriptionType": "SNS", "Address": "arn:aws:sns:us-east-1:123456789012:alarms"}]}

    def get_paginator(self, _: str) -> Account:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Subscriptions": [self.subscription]}]


CONFIRMED = "arn:aws:sns:us-east-1:123456789012:alarms:0a1b2c3d"
USED = {"IncludeCredit": False, "IncludeRefund": False}


def faults(account: Account) -> tuple[str, ...]:
    return budget.read(DEV, client=lambda *_: account).faults


def test_a_budget_of_what_is_used_that_somebody_hears_of_is_without_fault() -> None:
    assert faults(Account(CONFIRMED, CostTypes=USED)) == ()


@pytest.mark.parametrize("types", [{}, {"CostTypes": {"IncludeCredit": True}}])
def test_a_budget_that_takes_credits_off_says_so(types: dict[str, Any]) -> None:
    [fault] = faults(Account(CONFIRMED, **types))
    assert fault.startswith("it takes credits off what is used")
    assert "invoke tf.apply --env dev" in fault


@pytest.mark.parametrize(
    ("subscription", "said"),
    [("PendingConfirmation", "you@example.com has not confirmed"), ("Deleted", "the alarms' topic has no subscriber")],
)
def test_a_subscription_that_is_not_confirmed_or_deleted_hears_nothing(subscription: str, said: str) -> None:
    [fault] = faults(Account(subscription, CostTypes=USED))
    assert said in fault
