"""Reports the metrics of executions. moto's interpreter reports none.

AWS: AWS/States with the dimension StateMachineArn: ExecutionsStarted, ExecutionsSucceeded, ExecutionsFailed,
ExecutionsTimedOut, ExecutionsAborted, and ExecutionTime in milliseconds (Step Functions Developer Guide, Monitoring
Step Functions metrics using Amazon CloudWatch).
"""

from __future__ import annotations

from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

from localcloud.context import MetricStore

ENDED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


def install(metrics: MetricStore) -> None:
    """Make executions report their start, their end and their duration."""
    start, terminated = Execution.start, BaseExecutionWorkerCommunication.terminated

    def put(execution: Execution, name: str, value: float, unit: str) -> None:
        # An execution of a version counts for the state machine.
        machine = ":".join(execution.state_machine_arn.split(":")[:7])
        metrics.put(
            "AWS/States",
            name,
            {"StateMachineArn": machine},
            value,
            unit,
            account=execution.account_id,
            region=execution.region_name,
        )

    def measured_start(self: Execution) -> None:
        put(self, "ExecutionsStarted", 1, "Count")
        start(self)

    def measured_end(self: BaseExecutionWorkerCommunication) -> None:
        terminated(self)
        execution = self.execution
        put(execution, ENDED[execution.exec_status.value], 1, "Count")
        seconds = (execution.stop_date - execution.start_date).total_seconds()
        put(execution, "ExecutionTime", seconds * 1000, "Milliseconds")

    Execution.start = measured_start
    BaseExecutionWorkerCommunication.terminated = measured_end
