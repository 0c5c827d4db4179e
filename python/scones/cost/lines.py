"""Computes a bill's lines from the usage and the table of prices."""

from __future__ import annotations

from scones.cost import arrival
from scones.cost.arrival import IMAGES
from scones.cost.line import Line
from scones.cost.prices import Prices
from scones.cost.usage import HOURS_A_MONTH, Usage


def at_rest(usage: Usage, prices: Prices) -> list[Line]:
    """The cost of a month without requests. Lines with a quantity of 0 are left out.

    Raises:
        InputError: the table has no price for the endpoint's instance type.
    """
    hour = prices.instance_hour("hosting_hour", usage.instance_type)
    hours = usage.instances * usage.endpoint_hours
    found = [
        Line(f"endpoint: {usage.instances} x {usage.instance_type}", hours, "instance hours", hour),
        Line(
            "interface endpoints",
            usage.interface_endpoints * HOURS_A_MONTH,
            "hours",
            prices.of("interface_endpoint_hour"),
        ),
        Line("KMS keys", usage.keys, "keys", prices.of("kms_key_month")),
        Line("dashboards", usage.dashboards, "dashboards", prices.of("dashboard_month")),
        Line("metrics that are counted for alarms", usage.custom_metrics, "metrics", prices.of("custom_metric_month")),
        Line("metrics that alarms watch", usage.alarm_metrics, "metrics", prices.of("alarm_metric_month")),
        *arrival.at_rest(usage.queues, prices),
        Line("objects in S3, every version", usage.stored_gb, "GB", prices.of("s3_gb_month")),
    ]
    return [line for line in found if line.quantity]


def per_thousand(usage: Usage, prices: Prices) -> list[Line]:
    """The cost of 1,000 images, each in an execution that passes."""
    seconds = [function.memory_mb / 1024 * function.seconds for function in usage.functions]
    arriving = sum(function.memory_mb / 1024 * function.seconds for function in usage.arrival)
    return [
        Line("state transitions", usage.transitions * IMAGES, "transitions", prices.of("state_transition")),
        Line("calls of functions", len(usage.functions) * IMAGES, "calls", prices.of("function_request")),
        Line("functions' time", sum(seconds) * IMAGES, "GB-seconds", prices.of("function_arm_gb_second")),
        Line("images read from S3", IMAGES, "requests", prices.of("s3_get")),
        Line("logs", usage.log_kb_per_image * IMAGES / 1e6, "GB", prices.of("log_gb")),
        Line("traces, if every one is kept", IMAGES, "traces", prices.of("trace")),
        *(arrival.per_thousand(arriving, prices) if usage.arrival else []),
    ]
