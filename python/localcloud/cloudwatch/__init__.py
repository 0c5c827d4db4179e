"""CloudWatch that measures: the services' own metrics, log metric filters, and alarms that change their state.

moto stores the data of PutMetricData and does nothing else (``cloudwatch/models.py``). Its services report no metrics,
its log metric filters count nothing, and its alarms stay OK. Here Lambda, Step Functions, EventBridge, S3 and SageMaker
hosting report the metrics that AWS documents. Metrics are kept in the cloud's database. An alarm is evaluated within a
second of a change of its metrics, and a change of state is published to the alarm's topics.

Example (not run: it needs a running cloud)::

    whose = {"account": "123456789012", "region": "us-east-1"}
    context.metrics.put("AWS/SageMaker", "Invocations", {"EndpointName": "scones"}, 1, **whose)
    context.metrics.alarm_state("scones-local-endpoint-5xx", **whose)       # 'ALARM'

AWS: Amazon CloudWatch User Guide, Using Amazon CloudWatch alarms. There are three differences from AWS. Periods end now
and not at whole minutes, so an alarm changes without a wait. The services' metrics are visible at once, unless the
cloud is slow on purpose (:mod:`localcloud.latency`). The local cloud refuses composite alarms, anomaly detection, and
functions of metric math that :mod:`localcloud.cloudwatch.expressions` lacks.

A test need not wait for a period either. It writes a number of seconds into the file ``alarm-clock`` in the cloud's
folder. The clock of metrics and alarms is then ahead by that much. No other clock changes.
"""

from __future__ import annotations

from localcloud.cloudwatch import data, permissions, tags, watch
from localcloud.cloudwatch.store import Metrics
from localcloud.context import Context
from localcloud.durability import upkeep
from localcloud.iam.registry import Registry

ROLL_UP_SECONDS = 600.0


def register(registry: Registry) -> None:
    """Register the permissions that the operations need, and the tags of resources."""
    registry.permissions(permissions.TABLES)
    registry.tags("cloudwatch", tags.tags_of)


def install(context: Context) -> None:
    """Register the permissions, answer from the store of metrics, and evaluate the alarms."""
    register(context.registry)
    assert isinstance(context.metrics, Metrics)
    data.install(context.metrics)
    watch.install(context.metrics, context.roles)
    upkeep.every(ROLL_UP_SECONDS, context.metrics.roll_up)
