"""Budgets, cost allocation tags, saved queries and S3's metrics configurations, which moto lacks, work as on AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import eventually, numbers

ACCOUNT = "123456789012"
ALERT = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
ME = {"SubscriptionType": "EMAIL", "Address": "you@example.com"}


@pytest.fixture
def budget(cloud: Any) -> Any:
    """The name of a budget of 100 dollars a month with one alert and one tag."""
    client, name = cloud.client("budgets"), f"tests-budget-{next(numbers)}"
    limit = {"Amount": "100", "Unit": "USD"}
    client.create_budget(
        AccountId=ACCOUNT,
        Budget={"BudgetName": name, "BudgetLimit": limit, "TimeUnit": "MONTHLY", "BudgetType": "COST"},
        NotificationsWithSubscribers=[{"Notification": ALERT, "Subscribers": [ME]}],
        ResourceTags=[{"Key": "Workload", "Value": "tests"}],
    )
    yield name
    client.delete_budget(AccountId=ACCOUNT, BudgetName=name)


def test_a_budget_is_changed_in_place(cloud: Any, budget: str) -> None:
    client = cloud.client("budgets")
    changed = {"BudgetName": budget, "BudgetLimit": {"Amount": "90", "Unit": "USD"}, "TimeUnit": "MONTHLY"}
    client.update_budget(AccountId=ACCOUNT, NewBudget={**changed, "BudgetType": "COST"})
    found = client.describe_budget(AccountId=ACCOUNT, BudgetName=budget)["Budget"]
    assert found["BudgetLimit"]["Amount"] == "90"
    assert len(client.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName=budget)["Notifications"]) == 1


def test_a_budget_says_who_is_told_and_how_it_is_tagged(cloud: Any, budget: str) -> None:
    client, whose = cloud.client("budgets"), {"AccountId": ACCOUNT, "BudgetName": budget}
    found = client.describe_subscribers_for_notification(**whose, Notification=ALERT)
    assert found["Subscribers"] == [ME]
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/{budget}"
    client.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "Stack", "Value": "service"}])
    client.untag_resource(ResourceARN=arn, ResourceTagKeys=["Workload"])
    assert client.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "Stack", "Value": "service"}]
    # A notification's values identify it, whether its defaults are written out or left out.
    client.delete_notification(**whose, Notification={**ALERT, "ThresholdType": "PERCENTAGE"})
    assert client.describe_notifications_for_budget(**whose)["Notifications"] == []


def test_a_key_becomes_a_cost_allocation_tag(cloud: Any) -> None:
    client, key = cloud.client("ce"), f"Tests{next(numbers)}"
    client.update_cost_allocation_tags_status(CostAllocationTagsStatus=[{"TagKey": key, "Status": "Active"}])
    found = client.list_cost_allocation_tags(TagKeys=[key], Status="Active")["CostAllocationTags"]
    assert [(one["TagKey"], one["Status"]) for one in found] == [(key, "Active")]
    assert client.list_cost_allocation_tags(TagKeys=[key], Status="Inactive")["CostAllocationTags"] == []


def test_a_query_is_saved_changed_listed_and_deleted(cloud: Any) -> None:
    client, name = cloud.client("logs"), f"tests/{next(numbers)}"
    made = client.put_query_definition(name=name, queryString="fields @message", logGroupNames=["a"])
    query = made["queryDefinitionId"]
    client.put_query_definition(queryDefinitionId=query, name=name, queryString="fields @timestamp")
    (found,) = client.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"]
    assert (found["queryDefinitionId"], found["queryString"]) == (query, "fields @timestamp")
    client.delete_query_definition(queryDefinitionId=query)
    assert client.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"] == []
    with pytest.raises(ClientError, match="does not exist"):
        client.delete_query_definition(queryDefinitionId=query)


def test_objects_put_under_a_metrics_configurations_prefix_are_counted(cloud: Any) -> None:
    s3, bucket = cloud.client("s3"), f"tests-counted-{next(numbers)}"
    s3.create_bucket(Bucket=bucket)
    configuration = {"Id": "captures", "Filter": {"Prefix": "captures/"}}
    s3.put_bucket_metrics_configuration(Bucket=bucket, Id="captures", MetricsConfiguration=configuration)
    assert s3.get_bucket_metrics_configuration(Bucket=bucket, Id="captures")["MetricsConfiguration"] == configuration
    assert s3.list_bucket_metrics_configurations(Bucket=bucket)["MetricsConfigurationList"] == [configuration]
    for key in ("captures/a", "captures/b", "models/c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    def counted() -> float:
        dimensions = [{"Name": "BucketName", "Value": bucket}, {"Name": "FilterId", "Value": "captures"}]
        return sum(
            one["Sum"]
            for one in cloud.client("cloudwatch").get_metric_statistics(
                Namespace="AWS/S3",
                MetricName="PutRequests",
                Dimensions=dimensions,
                StartTime=datetime(2020, 1, 1, tzinfo=UTC),
                EndTime=datetime(2100, 1, 1, tzinfo=UTC),
                Period=86400 * 36500,
                Statistics=["Sum"],
            )["Datapoints"]
        )

    eventually(lambda: counted() == 2)
    s3.delete_bucket_metrics_configuration(Bucket=bucket, Id="captures")
    with pytest.raises(ClientError, match="NoSuchConfiguration"):
        s3.get_bucket_metrics_configuration(Bucket=bucket, Id="captures")
    assert s3.head_bucket(Bucket=bucket)  # plain moto deletes it with its configuration
    by_tag = {"Id": "tagged", "Filter": {"Tag": {"Key": "a", "Value": "b"}}}
    with pytest.raises(ClientError, match="metrics configuration by Tag"):
        s3.put_bucket_metrics_configuration(Bucket=bucket, Id="tagged", MetricsConfiguration=by_tag)
