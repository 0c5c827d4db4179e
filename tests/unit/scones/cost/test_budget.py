"""invoke budget: what keeps a budget from telling anybody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones import settings
from scones.cost import budget
from scones.errors import CloudError

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


class Explorer:
    """Cost Explorer, with the tags of an account."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, *, pays: bool = True, used: bool = True) -> None:
        self.pays, self.used = pays, used
        self.active: list[str] = []

    def update_cost_allocation_tags_status(self, CostAllocationTagsStatus: list[dict[str, str]]) -> dict[str, Any]:
        if not self.pays:
            refusal = {"Code": "AccessDeniedException", "Message": "Linked account doesn't have access."}
            raise ClientError({"Error": refusal}, "UpdateCostAllocationTagsStatus")
        if not self.used:
            return {"Errors": [{"TagKey": "Workload", "Code": "TagKeysNotFoundException", "Message": "not found"}]}
        self.active += [one["TagKey"] for one in CostAllocationTagsStatus if one["Status"] == "Active"]
        return {"Errors": []}


def test_the_tag_is_activated_for_the_account() -> None:
    explorer = Explorer()
    budget.activate(DEV, client=lambda *_: explorer)
    assert explorer.active == ["Workload"]


@pytest.mark.parametrize(
    ("explorer", "said", "hint"),
    [
        (Explorer(pays=False), "this account may not activate", "only the management account can"),
        (Explorer(used=False), "the tag Workload was not activated: not found", "up to a day after"),
    ],
)
def test_a_tag_that_cannot_be_activated_says_why_and_what_to_do(explorer: Explorer, said: str, hint: str) -> None:
    with pytest.raises(CloudError, match=said) as refusal:
        budget.activate(DEV, client=lambda *_: explorer)
    assert hint in (refusal.value.hint or "")


def test_nothing_of_terraform_holds_the_accounts_tag() -> None:
    """The tag's key is every environment's. Terraform deactivates what it destroys, so `invoke down` of one environment
    would silence the budgets of all others."""
    held = [path for path in (DEV.root / "terraform").rglob("*.tf") if 'resource "aws_ce_' in path.read_text()]
    assert held == []
