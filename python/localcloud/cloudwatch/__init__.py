"""CloudWatch that measures: the services' own metrics, log metric filters, and alarms that change their state.

moto stores the data of PutMetricData and does nothing else (``cloudwatch/models.py``). Its services report no metrics,
its log metric filters count nothing, and its alarms stay OK. Here Lambda, Step Functions, EventBridge, S3 and SageMaker
hosting report the metrics that AWS documents. Every alarm is evaluated once a second, and a change of state is
published to the alarm's topics.

Example (not run: it needs a running cloud)::

    whose = {"account": "123456789012", "region": "us-east-1"}
    context.metrics.put("AWS/SageMaker", "Invocations", {"EndpointName": "scones"}, 1, **whose)
    context.metrics.alarm_state("scones-local-endpoint-5xx", **whose)       # 'ALARM'

AWS: Amazon CloudWatch User Guide, Using Amazon CloudWatch alarms. There are three differences from AWS. Periods end now
and not at whole minutes, so an alarm changes without a wait. The services' metrics are visible at once. The local cloud
refuses composite alarms, anomaly detection, and functions of metric math that :mod:`localcloud.cloudwatch.expressions`
lacks.

A test need not wait for a period either. It writes a number of seconds into the file ``alarm-clock`` in the cloud's
folder. The clock of metrics and alarms is then ahead by that much. No other clock changes.
"""

from __future__ import annotations

from localcloud.cloudwatch import permissions, watch
from localcloud.cloudwatch.store import Metrics
from localcloud.context import Context
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Register the permissions that the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register the permissions, store the metrics and evaluate the alarms."""
    register(context.registry)
    assert isinstance(context.metrics, Metrics)
    context.metrics.install(clock=context.state / "alarm-clock")
    watch.install(context.metrics, context.roles)
