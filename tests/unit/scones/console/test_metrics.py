"""The charts of the page Endpoint, and what it says while the endpoint changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from scones import settings
from scones.console import metrics
from scones.console.desk import Desk
from scones.console.page import Page
from scones.console.pages import endpoint
from scones.console.serving import Stages

NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


class CloudWatch:
    """Answers in two pages, newest first, as CloudWatch does."""

    def get_paginator(self, name: str) -> CloudWatch:
        assert name == "get_metric_data"
        return self

    def paginate(self, MetricDataQueries: list[dict[str, Any]], **period: Any) -> list[dict[str, Any]]:
        self.queries = MetricDataQueries
        minute = NOW.replace(second=0)
        return [
            {"MetricDataResults": [{"Id": "m0", "Timestamps": [minute], "Values": [7.0]}]},
            {
                "MetricDataResults": [
                    {"Id": "m0", "Timestamps": [minute - timedelta(minutes=1)], "Values": [2.0]},
                    {"Id": "m3", "Timestamps": [minute], "Values": [12_500.0]},
                ]
            },
        ]


def test_charts_have_a_value_for_each_minute_of_three_hours() -> None:
    cloudwatch = CloudWatch()
    found = metrics.read(cloudwatch, "scones-dev", ["AllTraffic", "Candidate"], NOW)
    minutes, answered, other = found["requests"]["columns"]
    assert (len(minutes), minutes[-1]) == (180, int(NOW.replace(second=0).timestamp()))
    assert answered[-3:] == [0.0, 2.0, 7.0], "a minute without requests is 0"
    assert set(other) == {0.0}
    assert found["latency"]["columns"][1][-2:] == [None, 12.5], "a minute without requests has no latency; in ms"
    assert found["requests"]["labels"] == ["AllTraffic", "Candidate"]
    assert found["errors"]["labels"] == ["AllTraffic 4xx", "AllTraffic 5xx", "Candidate 4xx", "Candidate 5xx"]
    dimensions = cloudwatch.queries[0]["MetricStat"]["Metric"]["Dimensions"]
    assert [one["Value"] for one in dimensions] == ["scones-dev", "AllTraffic"]


def test_without_variants_nothing_is_asked() -> None:
    assert metrics.read(None, "scones-dev", [], NOW) == {}


def shown(status: str, *stages: str) -> dict[str, Any]:
    variants = [{"stages": [{"status": stage} for stage in stages]}]
    return {"status": status, "kind": "run", "changed": NOW, "pending": {"variants": variants, "since": NOW}}


def test_stages_are_kept_in_their_order_with_their_begin() -> None:
    stages = Stages()
    later = [NOW + timedelta(seconds=number) for number in range(5)]
    stages.take(shown("Updating", "Creating"), later[1])
    stages.take(shown("Updating", "Creating"), later[2])
    stages.take(shown("Updating", "Creating", "Baking"), later[3])
    found = stages.take({"status": "InService", "kind": "good", "changed": NOW, "pending": None}, later[4])
    assert [(one["name"], one["since"]) for one in found] == [
        ("Updating: Creating", NOW),
        ("Updating: Baking", later[3]),
        ("InService", later[4]),
    ]


class SageMaker:
    """An endpoint that is made, and is gone."""

    class exceptions:
        ClientError = ClientError

    there = True

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if not self.there:
            message = f'Could not find endpoint "{EndpointName}".'
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "DescribeEndpoint")
        return {"EndpointName": EndpointName, "EndpointStatus": "Creating", "LastModifiedTime": NOW}


def test_the_page_is_told_only_what_is_new_and_that_an_endpoint_is_gone() -> None:
    sagemaker = SageMaker()
    outputs = {"endpoint_name": "scones-dev"}
    desk = Desk(settings.load("dev", variables={}), lambda name: sagemaker, lambda stack: outputs, may_write=False)
    look = endpoint.following(Page(desk), now=lambda: NOW)
    (first,) = look()
    assert (first["endpoint"]["status"], first["endpoint"]["variants"]) == ("Creating", [])
    assert list(look()) == []
    sagemaker.there = False
    assert list(look()) == [{"gone": True}]
