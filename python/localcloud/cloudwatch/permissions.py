"""The permissions of CloudWatch's operations."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.iam.needs import Asked, Given, Need, on

ALARM = "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}"
ALARMS = "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmNames}"
DASHBOARD = "arn:aws:cloudwatch::{account}:dashboard/{DashboardName}"


def _described(asked: Asked) -> Iterable[str]:
    """The ARNs of the alarms that a request names. All alarms, if it names none or asks for composite alarms.

    Source: CloudWatch API Reference, DescribeAlarms: composite alarms need a permission on ``*``.
    """
    base = f"arn:aws:cloudwatch:{asked.region}:{asked.account}:alarm:"
    names = asked.values("AlarmNames")
    if not names or "CompositeAlarm" in asked.values("AlarmTypes"):
        return [f"{base}*"]
    return [f"{base}{name}" for name in names]


def _acting(asked: Asked) -> Given:
    """The condition key of what an alarm does."""
    paths = ("AlarmActions", "InsufficientDataActions", "OKActions")
    found = tuple(dict.fromkeys(arn for path in paths for arn in asked.values(path)))
    return {"cloudwatch:alarmactions": found} if found else {}


TABLE = {
    **{
        name: (Need(f"cloudwatch:{name}", (ALARM,), _acting), Need("cloudwatch:TagResource", (ALARM,), when="Tags"))
        for name in ("PutMetricAlarm", "PutCompositeAlarm")
    },
    **on(ALARMS, "cloudwatch", "DeleteAlarms", "DisableAlarmActions", "EnableAlarmActions"),
    **on(ALARM, "cloudwatch", "DescribeAlarmHistory", "SetAlarmState"),
    "DescribeAlarms": (Need("cloudwatch:DescribeAlarms", (_described,)),),
    **on(DASHBOARD, "cloudwatch", "GetDashboard", "PutDashboard", tagged=False),
    "DeleteDashboards": (
        Need("cloudwatch:DeleteDashboards", ("arn:aws:cloudwatch::{account}:dashboard/{DashboardNames}",)),
    ),
    "PutMetricData": (Need("cloudwatch:PutMetricData", context={"cloudwatch:namespace": "{Namespace}"}),),
    **on("{ResourceARN}", "cloudwatch", "ListTagsForResource", "TagResource", "UntagResource"),
    **on(
        "*",
        "cloudwatch",
        "DescribeAlarmsForMetric",
        "GetMetricData",
        "GetMetricStatistics",
        "ListDashboards",
        "ListMetrics",
    ),
}

TABLES = {"cloudwatch": TABLE}
