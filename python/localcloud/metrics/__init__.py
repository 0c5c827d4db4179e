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
the functions of metric math that :mod:`localcloud.metrics.expressions` does not name are refused.

So that a test need not wait for a period to pass either, a number of seconds in the file ``alarm-clock`` of the cloud's
folder sets the clock of metrics and alarms, and of nothing else, that far ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.metrics.store import Metrics

if TYPE_CHECKING:
    from localcloud.context import Context

__all__ = ["Metrics", "install"]


def install(context: Context) -> None:
    """Let this cloud's services report, its log metric filters count, and its alarms be evaluated."""
    from localcloud.metrics import executions, logfilters, requests, watch

    context.metrics.install(clock=context.state / "alarm-clock")
    executions.install(context.metrics)
    logfilters.install(context.metrics)
    requests.install(context.metrics)
    watch.install(context.metrics, context.roles)
