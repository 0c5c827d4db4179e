"""CloudWatch that measures: the services' own metrics, log metric filters, and alarms that go off and back.

moto keeps what PutMetricData gives, and nothing else: no service reports its metrics, a log metric filter counts
nothing, and an alarm is OK for ever (``cloudwatch/models.py``). Here Lambda, Step Functions, EventBridge and SageMaker
hosting report what AWS documents, and every alarm is evaluated once a second: a change of its state is told to its
topics.

Example::

    context.metrics.put("AWS/SageMaker", "Invocations", {"EndpointName": "scones"}, 1, "None", account=…, region=…)
    context.metrics.alarm_state("scones-local-endpoint-5xx", account=…, region=…)       # 'ALARM'

AWS: Amazon CloudWatch User Guide, Using Amazon CloudWatch alarms. Otherwise than on AWS: periods end now, not at whole
minutes, so that nobody waits for one; metrics of services are there at once; composite alarms, anomaly detection and
the functions of metric math that :mod:`localcloud.cloudwatch.expressions` does not name are refused.

So that a test need not wait for a period to pass either, a number of seconds in the file ``alarm-clock`` of the cloud's
folder sets the clock of metrics and alarms, and of nothing else, that far ahead.
"""

from __future__ import annotations

from localcloud.cloudwatch import permissions, watch
from localcloud.cloudwatch.store import Metrics
from localcloud.context import Context
from localcloud.iam.registry import Registry


def register(registry: Registry) -> None:
    """Tell the judge which permissions the operations need."""
    registry.permissions(permissions.TABLES)


def install(context: Context) -> None:
    """Register, keep what is measured, and evaluate alarms."""
    register(context.registry)
    assert isinstance(context.metrics, Metrics)
    context.metrics.install(clock=context.state / "alarm-clock")
    watch.install(context.metrics, context.roles)
