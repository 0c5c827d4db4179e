"""If Lambda refuses an invocation, the state fails with Lambda's error, so that Retry and Catch can name it.

moto: ``stepfunctions/parser/asl/component/state/exec/state_task/state_task_lambda.py``, ``_from_error`` names every
such error ``Exception`` if the Resource is the function's ARN. ``.../service/state_task_service_lambda.py`` uses the
error's code for every error.

AWS: the names are ``Lambda.TooManyRequestsException``, ``Lambda.ServiceException`` and so on, for both kinds of
Resource (Step Functions Developer Guide, Handling errors). Errors without an exception of Lambda, such as a missing
permission, are ``Lambda.AWSLambdaException``.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser import models as _loads_the_interpreter  # noqa: F401
from moto.stepfunctions.parser.api import HistoryEventType, LambdaFunctionFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

NAMES = {"AccessDeniedException": "AWSLambdaException"}


def apply() -> None:
    """Replace moto's functions."""
    unnamed, named = StateTaskLambda._from_error, StateTaskServiceLambda._error_cause_from_client_error

    def _error_cause_from_client_error(client_error: ClientError) -> tuple[str, str]:
        error, cause = named(client_error)
        return _name(error.removeprefix("Lambda.")), cause

    def _from_error(self: StateTaskLambda, env: Any, ex: Exception) -> FailureEvent:
        if not isinstance(ex, ClientError):
            return unnamed(self, env, ex)
        code, cause = ex.response["Error"]["Code"], ex.response["Error"]["Message"]
        error = _name(code)
        details = EventDetails(
            lambdaFunctionFailedEventDetails=LambdaFunctionFailedEventDetails(error=error, cause=cause)
        )
        return FailureEvent(
            env=env,
            error_name=CustomErrorName(error),
            event_type=HistoryEventType.LambdaFunctionFailed,
            event_details=details,
        )

    StateTaskLambda._from_error = _from_error
    StateTaskServiceLambda._error_cause_from_client_error = staticmethod(_error_cause_from_client_error)


def _name(code: str) -> str:
    return f"Lambda.{NAMES.get(code, code)}"
