"""GetExecutionHistory observes all its parameters. DescribeExecution, SendTaskFailure and StopExecution lose no field.

moto: ``stepfunctions/responses.py``, ``get_execution_history`` ignores maxResults, nextToken, reverseOrder and
includeExecutionData. ``describe_execution`` does not quote an output that is a string, and leaves out an output of null
and the stop date of a timed-out execution. ``send_task_failure`` drops the cause. ``stop_execution`` drops error and
cause.

AWS: a page has up to 1,000 events, 100 by default. reverseOrder lists the newest event first (AWS Step Functions API
Reference).
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.stepfunctions.exceptions import InvalidToken
from moto.stepfunctions.responses import StepFunctionResponse

DATA = ("input", "output")


def apply() -> None:
    """Replace moto's functions."""
    describe = StepFunctionResponse.describe_execution

    def get_execution_history(self: StepFunctionResponse) -> ActionResult:
        found = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
        events = list(found["events"])
        if self._get_param("reverseOrder"):
            events.reverse()
        if self._get_param("includeExecutionData") is False:
            events = [_without_data(event) for event in events]
        token, size = self._get_param("nextToken") or "0", int(self._get_param("maxResults") or 100)
        if not token.isdigit():
            raise InvalidToken()
        start = int(token)
        page: dict[str, Any] = {"events": events[start : start + size]}
        if start + size < len(events):
            page["nextToken"] = str(start + size)
        return ActionResult(page)

    def describe_execution(self: StepFunctionResponse) -> ActionResult:
        result = describe(self).result
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.status == "SUCCEEDED":
            result["output"] = json.dumps(execution.output, separators=(",", ":"), ensure_ascii=False, default=str)
        if execution.stop_date:
            result["stopDate"] = execution.stop_date
        return ActionResult(result)

    def send_task_failure(self: StepFunctionResponse) -> EmptyResult:
        self.stepfunction_backend.send_task_failure(
            self._get_param("taskToken"), error=self._get_param("error"), cause=self._get_param("cause")
        )
        return EmptyResult()

    def stop_execution(self: StepFunctionResponse) -> ActionResult:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.status == "RUNNING":
            execution.error, execution.cause = self._get_param("error"), self._get_param("cause")
            execution.stop(stop_date=utcnow(), error=execution.error, cause=execution.cause)
        return ActionResult({"stopDate": execution.stop_date or utcnow()})

    StepFunctionResponse.get_execution_history = get_execution_history
    StepFunctionResponse.describe_execution = describe_execution
    StepFunctionResponse.send_task_failure = send_task_failure
    StepFunctionResponse.stop_execution = stop_execution


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    return {
        key: {name: one for name, one in value.items() if name not in DATA} if isinstance(value, dict) else value
        for key, value in event.items()
    }
