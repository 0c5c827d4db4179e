"""Budgets can be changed, and their subscribers and tags can be read.

moto: ``budgets/responses.py`` has no UpdateBudget, UpdateNotification, DescribeSubscribersForNotification and no action
on tags. Terraform calls all of them.
DescribeNotificationsForBudget fails for a budget that does not exist.

AWS: a notification is identified by its type, comparison and threshold (AWS Billing and Cost Management API Reference,
Notification). Tags belong to a budget, and its ARN identifies it.
"""

from __future__ import annotations

import json
from typing import Any

from moto.budgets.exceptions import NotFoundException
from moto.budgets.models import Budget, BudgetsBackend, Notification
from moto.budgets.responses import BudgetsResponse
from moto.core.utils import unix_time

IDENTITY = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")


def apply() -> None:
    create = BudgetsResponse.create_budget

    def create_budget(self: BudgetsResponse) -> str:
        answer = create(self)
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags") or []}
        _find(self.backend, self._get_param("AccountId"), self._get_param("Budget")["BudgetName"]).tags = tags
        return answer

    def update_budget(self: BudgetsResponse) -> str:
        asked = self._get_param("NewBudget")
        found = _find(self.backend, self._get_param("AccountId"), asked["BudgetName"])
        found.budget = {"TimePeriod": found.budget["TimePeriod"], **asked, "LastUpdatedTime": unix_time()}
        return "{}"

    def update_notification(self: BudgetsResponse) -> str:
        _notification(self, "OldNotification").details = self._get_param("NewNotification")
        return "{}"

    def describe_subscribers_for_notification(self: BudgetsResponse) -> str:
        return json.dumps({"Subscribers": _notification(self, "Notification").subscribers})

    def describe_notifications_for_budget(self: BudgetsResponse) -> str:
        found = _find(self.backend, self._get_param("AccountId"), self._get_param("BudgetName"))
        return json.dumps({"Notifications": list(found.get_notifications()), "NextToken": None})

    def delete_notification(self: Budget, details: dict[str, Any]) -> None:
        self.notifications = [one for one in self.notifications if _identity(one.details) != _identity(details)]

    def list_tags_for_resource(self: BudgetsResponse) -> str:
        tags = _tagged(self).tags
        return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def tag_resource(self: BudgetsResponse) -> str:
        found = _tagged(self)
        found.tags = {**found.tags, **{tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags")}}
        return "{}"

    def untag_resource(self: BudgetsResponse) -> str:
        found, gone = _tagged(self), set(self._get_param("ResourceTagKeys"))
        found.tags = {key: value for key, value in found.tags.items() if key not in gone}
        return "{}"

    Budget.delete_notification = delete_notification
    for action in (
        create_budget,
        update_budget,
        update_notification,
        describe_notifications_for_budget,
        describe_subscribers_for_notification,
        list_tags_for_resource,
        tag_resource,
        untag_resource,
    ):
        setattr(BudgetsResponse, action.__name__, action)


def _find(backend: BudgetsBackend, account: str, name: str) -> Budget:
    found = backend.budgets[account].get(name)
    if found is None:
        raise NotFoundException(f"Unable to get budget: {name} - the budget doesn't exist.")
    found.tags = getattr(found, "tags", {})
    return found


def _tagged(response: BudgetsResponse) -> Budget:
    # arn:aws:budgets::ACCOUNT:budget/NAME
    arn = response._get_param("ResourceARN")
    account, name = (arn.split(":", 5) + [""] * 6)[4:6]
    return _find(response.backend, account, name.removeprefix("budget/"))


def _notification(response: BudgetsResponse, parameter: str) -> Notification:
    budget = _find(response.backend, response._get_param("AccountId"), response._get_param("BudgetName"))
    wanted = response._get_param(parameter)
    for one in budget.notifications:
        if _identity(one.details) == _identity(wanted):
            return one
    raise NotFoundException("Unable to find the notification in this budget.")


def _identity(details: dict[str, Any]) -> tuple[Any, ...]:
    return tuple({"ThresholdType": "PERCENTAGE", **details}.get(name) for name in IDENTITY)
