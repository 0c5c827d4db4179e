"""Whether an environment's budget can tell anybody anything: what it counts, what it has counted, and who hears of it.

Example (not run: it needs an AWS account)::

    found = read(settings.load("dev"))
    found.counts            # 'the whole account'
    found.faults            # ('nobody hears of it: you@example.com has not confirmed the subscription',)

AWS: AWS Billing User Guide, "Activating user-defined cost allocation tags": a budget that filters by a tag counts
nothing until the tag is active, and nothing from before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scones import aws
from scones.errors import CloudError
from scones.settings import PROJECT, Environment

WORKLOAD = "Workload"
_TAG_FILTER = "TagKeyValue"
_PENDING = "PendingConfirmation"
_REFUSED = ("AccessDenied", "AccessDeniedException")


@dataclass(frozen=True)
class BudgetCheck:
    """What is known of a budget.

    Attributes:
        name: Its name.
        limit_usd: Its limit for a month.
        spent_usd: What it has counted this month.
        counts: What it counts, for people.
        faults: Why it would stay silent, for people. Empty if it works.
    """

    name: str
    limit_usd: float
    spent_usd: float
    counts: str
    faults: tuple[str, ...]


def read(environment: Environment, *, client: Callable[..., Any] = aws.client) -> BudgetCheck:
    """Read an environment's budget, its tag and its subscribers.

    Args:
        client: Makes boto3 clients.

    Raises:
        CloudError: there is no budget.
    """
    name, account = f"{PROJECT}-{environment.name}", client(environment, "sts").get_caller_identity()["Account"]
    budgets = client(environment, "budgets")
    try:
        budget = budgets.describe_budget(AccountId=account, BudgetName=name)["Budget"]
    except budgets.exceptions.NotFoundException:
        raise CloudError(
            f"environment '{environment.name}' has no budget '{name}'",
            hint=f"set monthly_budget_usd in {environment.folder / 'service.tfvars.json'}, and apply: "
            f"invoke tf.apply --env {environment.name}",
        ) from None
    spent = float(budget.get("CalculatedSpend", {}).get("ActualSpend", {}).get("Amount", 0))
    tags = [value.split("$")[0].removeprefix("user:") for value in budget.get("CostFilters", {}).get(_TAG_FILTER, ())]
    faults = [fault for tag in tags for fault in _tag_faults(client(environment, "ce"), tag, spent)]
    which = {"AccountId": account, "BudgetName": name}
    return BudgetCheck(
        name,
        float(budget["BudgetLimit"]["Amount"]),
        spent,
        f"only what has the tag {', '.join(tags)} of this environment" if tags else "the whole account",
        (*faults, *_credit_faults(environment, budget), *_hearing_faults(budgets, which, client(environment, "sns"))),
    )


def activate(environment: Environment, *, client: Callable[..., Any] = aws.client) -> None:
    """Make the tag Workload a cost allocation tag of the account.

    All environments share the tag's key, so nothing deactivates it: no apply, no destroy, no ``invoke down``.

    Args:
        client: Makes boto3 clients.

    Raises:
        CloudError: the account may not activate it, or no resource has had the tag for a day.
    """
    explorer = client(environment, "ce")
    wanted = [{"TagKey": WORKLOAD, "Status": "Active"}]
    try:
        errors = explorer.update_cost_allocation_tags_status(CostAllocationTagsStatus=wanted).get("Errors", [])
    except explorer.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            raise
        raise CloudError(
            f"this account may not activate the cost allocation tag {WORKLOAD}: {error.response['Error']['Message']}",
            hint="in an organisation, only the management account can: run this with its credentials, or use its "
            "console under Billing, Cost allocation tags",
        ) from None
    if errors:
        raise CloudError(
            f"the tag {WORKLOAD} was not activated: {errors[0]['Message']}",
            hint="AWS knows a tag up to a day after a resource got it; try again then",
        )


def _tag_faults(explorer: Any, tag: str, spent: float) -> Iterator[str]:
    way = "until then use budget_scope account, which counts from the first hour"
    try:
        found = explorer.list_cost_allocation_tags(TagKeys=[tag])["CostAllocationTags"]
    except explorer.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            raise
        if not spent:
            yield (
                f"it has counted nothing, and this account may not see whether tag {tag} is a cost allocation tag: "
                f"look in the account that pays (Billing, Cost allocation tags); {way}"
            )
        return
    if not any(one["Status"] == "Active" for one in found):
        yield (
            f"it counts nothing: tag {tag} is no active cost allocation tag; activate it a day after its first use "
            f"(invoke budget --activate, with credentials of the account that pays), and wait another day; {way}"
        )


def _credit_faults(environment: Environment, budget: Mapping[str, Any]) -> Iterator[str]:
    """Why credits would hide what is used. AWS takes them off by default (AWS Budgets API Reference, CostTypes)."""
    if budget.get("CostTypes", {}).get("IncludeCredit", True):
        yield (
            "it takes credits off what is used, so it counts nothing while they burn; it was applied by an earlier "
            f"version: invoke tf.apply --env {environment.name}"
        )


def _hearing_faults(budgets: Any, which: Mapping[str, str], sns: Any) -> Iterator[str]:
    """Why nobody would hear of the budget. Nothing if somebody would."""
    notifications = budgets.describe_notifications_for_budget(**which).get("Notifications", [])
    if not notifications:
        yield "it has no notification"
        return
    pending = set()
    for notification in notifications:
        asked = {name: value for name, value in notification.items() if name != "NotificationState"}
        for one in budgets.describe_subscribers_for_notification(**which, Notification=asked)["Subscribers"]:
            if one["SubscriptionType"] == "EMAIL":
                return
            pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=one["Address"])
            for subscription in [found for page in pages for found in page["Subscriptions"]]:
                if subscription["SubscriptionArn"].startswith("arn:"):
                    return
                if subscription["SubscriptionArn"] == _PENDING:  # else it is "Deleted", and is listed for a while yet
                    pending.add(subscription["Endpoint"])
    if pending:
        yield f"nobody hears of it: {', '.join(sorted(pending))} has not confirmed the subscription; see SNS's mail"
    else:
        yield "nobody hears of it: the alarms' topic has no subscriber; set alarm_emails, or subscribe to the topic"
