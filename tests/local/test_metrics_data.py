"""PutMetricData's values come back from GetMetricStatistics, GetMetricData and ListMetrics as CloudWatch documents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import numbers

SPAN = timedelta(minutes=3)


@pytest.fixture(scope="module")
def begin() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) - SPAN


@pytest.fixture(scope="module")
def name(cloud: Any, begin: datetime) -> str:
    """A metric with the values 1 to 100 in the first minute, twice 7 in the second, and a set of values in the third.

    There is a value in seconds, too, and the same metric with a dimension.
    """
    name = f"Data{next(numbers)}"
    one = {"MetricName": name, "Unit": "Bytes"}
    minutes = [begin + timedelta(minutes=number, seconds=40) for number in range(3)]
    a_set = {"Sum": 10, "SampleCount": 4, "Minimum": 1, "Maximum": 4}
    cloud.client("cloudwatch").put_metric_data(
        Namespace="Tests",
        MetricData=[
            {**one, "Values": list(range(1, 101)), "Timestamp": minutes[0]},
            {**one, "Values": [7], "Counts": [2], "Timestamp": minutes[1]},
            {**one, "StatisticValues": a_set, "Timestamp": minutes[2]},
            {"MetricName": name, "Value": 1000, "Unit": "Seconds", "Timestamp": minutes[1]},
            {**one, "Value": 5, "Dimensions": [{"Name": "Which", "Value": "other"}], "Timestamp": minutes[0]},
        ],
    )
    return name


def test_statistics_are_of_each_period(cloud: Any, name: str, begin: datetime) -> None:
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="Tests",
        MetricName=name,
        StartTime=begin + timedelta(seconds=30),  # is rounded down to the minute
        EndTime=begin + SPAN,
        Period=60,
        Unit="Bytes",
        Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"],
        ExtendedStatistics=["p90"],
    )["Datapoints"]
    assert [one.pop("Timestamp") - begin for one in found] == [timedelta(minutes=number) for number in range(3)]
    assert [one.pop("Unit") for one in found] == ["Bytes"] * 3
    names = ("SampleCount", "Sum", "Average", "Minimum", "Maximum", "ExtendedStatistics")
    assert [tuple(one[name] for name in names) for one in found] == [
        (100.0, 5050.0, 50.5, 1.0, 100.0, {"p90": 90.0}),
        (2.0, 14.0, 7.0, 7.0, 7.0, {"p90": 7.0}),
        (4.0, 10.0, 2.5, 1.0, 4.0, {}),
    ]


def test_data_are_returned_with_percentiles_and_expressions(cloud: Any, name: str, begin: datetime) -> None:
    def query(which: str, stat: str, **given: Any) -> dict[str, Any]:
        metric = {"Namespace": "Tests", "MetricName": name}
        return {"Id": which, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat, "Unit": "Bytes"}, **given}

    found = cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            query("high", "p99"),
            query("sum", "Sum", ReturnData=False),
            {"Id": "half", "Expression": "sum / 2", "Label": "Half"},
        ],
        StartTime=begin,
        EndTime=begin + SPAN,
        ScanBy="TimestampAscending",
    )["MetricDataResults"]
    assert [(one["Id"], one["Label"], one["Values"]) for one in found] == [
        ("high", f"{name} p99", [99.0, 7.0]),
        ("half", "Half", [2525.0, 7.0, 5.0]),
    ]
    assert found[1]["Timestamps"] == [begin + timedelta(minutes=number) for number in range(3)]


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ({"Expression": "SELECT AVG(a) FROM b", "Period": 60}, "is not an expression"),
        (
            {"MetricStat": {"Metric": {"Namespace": "Tests", "MetricName": "a"}, "Period": 60, "Stat": "tm90"}},
            "statistic tm90",
        ),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused_by_name(
    cloud: Any, begin: datetime, query: dict[str, Any], what: str
) -> None:
    with pytest.raises(ClientError, match=what):
        cloud.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "a", **query}], StartTime=begin, EndTime=begin + SPAN
        )


def test_metrics_are_listed_once_by_name_dimension_and_page(cloud: Any, name: str) -> None:
    client = cloud.client("cloudwatch")
    found = client.list_metrics(Namespace="Tests", MetricName=name)["Metrics"]
    assert [one["Dimensions"] for one in found] == [[], [{"Name": "Which", "Value": "other"}]]
    assert client.list_metrics(MetricName=name, Dimensions=[{"Name": "Which"}])["Metrics"] == found[1:]
    assert client.list_metrics(MetricName=name, Dimensions=[{"Name": "Which", "Value": "no"}])["Metrics"] == []
    many = f"tests-many-{next(numbers)}"
    client.put_metric_data(
        Namespace=many, MetricData=[{"MetricName": f"m{number}", "Value": 1} for number in range(501)]
    )
    pages = client.get_paginator("list_metrics").paginate(Namespace=many)
    listed = [[one["MetricName"] for one in page["Metrics"]] for page in pages]
    assert [len(page) for page in listed] == [500, 1]
    assert len({one for page in listed for one in page}) == 501
