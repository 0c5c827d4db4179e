"""Reports the metrics of executions.

AWS: AWS/States with the dimension StateMachineArn: ExecutionsStarted, ExecutionsSucceeded, ExecutionsFailed,
ExecutionsTimedOut, ExecutionsAborted, and ExecutionTime in milliseconds (Step Functions Developer Guide, Monitoring
Step Functions metrics using Amazon CloudWatch).
"""

from __future__ import annotations

from localcloud.context import MetricStore
from localcloud.stepfunctions.language.scope import Json
from localcloud.stepfunctions.models import Execution

ENDED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


class ExecutionMetrics:
    """Puts the metrics of executions. The executions of a Map run have none, as on AWS."""

    def __init__(self, metrics: MetricStore) -> None:
        self._metrics = metrics

    def started(self, execution: Execution) -> None:
        """An execution has started."""
        if execution.redrive_count:
            self._put(execution, ("ExecutionsRedriven", 1, "Count"))
        else:
            self._put(execution, ("ExecutionsStarted", 1, "Count"))

    def ended(self, execution: Execution) -> None:
        """An execution has ended."""
        seconds = (execution.stopped or execution.started) - execution.started
        took = ("ExecutionTime", seconds * 1000, "Milliseconds")
        self._put(execution, (ENDED[execution.status], 1, "Count"), took)

    def wrote(self, execution: Execution, events: list[dict[str, Json]]) -> None:
        """Events are not measured."""

    def header(self, execution: Execution, state: str) -> str | None:
        """Metrics pass no header on."""
        return None

    def _put(self, execution: Execution, *values: tuple[str, float, str]) -> None:
        if execution.map_run_arn:
            return
        region, account = execution.arn.split(":")[3:5]
        machine = {"StateMachineArn": execution.machine_arn}
        self._metrics.put_all("AWS/States", machine, values, account=account, region=region)
