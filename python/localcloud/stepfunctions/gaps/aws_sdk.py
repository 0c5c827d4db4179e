"""``aws-sdk`` integrations convert JSON to boto3's parameters, and boto3's answers to JSON, for every service.

moto: ``.../state_task/service/state_task_service.py``, ``_normalise_parameters`` and ``_normalise_response`` do
nothing. A JSON body is refused, and streams and dates break the execution. ``state_task_service_aws_sdk.py`` knows the
error names of two services only. It does not know services that boto3 names differently (``sagemakerruntime``).

AWS: Step Functions Developer Guide, Using AWS SDK service integrations. Parameters are in Pascal case. A stream's
content is text. Dates are ISO 8601. Errors begin with the service's name in the SDK for Java
(``S3.NoSuchKeyException``).
"""

from __future__ import annotations

import datetime
import functools
from typing import Any

from botocore import xform_name
from botocore.model import OperationModel
from moto.core.utils import get_service_model
from moto.stepfunctions.parser import models as _loads_the_interpreter  # noqa: F401
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_aws_sdk as sdk
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService

BOTO_NAMES = {"sagemakerruntime": "sagemaker-runtime", "cloudwatchlogs": "logs", "eventbridge": "events"}
ERROR_NAMES = {
    "cloudwatch": "CloudWatch",
    "cloudwatchlogs": "CloudWatchLogs",
    "eventbridge": "EventBridge",
    "lambda": "Lambda",
    "s3": "S3",
    "sagemaker": "SageMaker",
    "sagemakerruntime": "SageMakerRuntime",
    "sns": "Sns",
    "sqs": "Sqs",
}


def apply() -> None:
    """Replace moto's functions."""
    StateTaskService._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES.update(BOTO_NAMES)
    sdk._SERVICE_ERROR_NAMES.update(ERROR_NAMES)

    def _normalise_parameters(
        self: StateTaskService,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        model = _operation(
            self._get_boto_service_name(boto_service_name), self._get_boto_service_action(service_action_name)
        )
        if model is not None and model.input_shape is not None:
            self._to_boto_request(parameters, model.input_shape)

    run = sdk.StateTaskServiceAwsSdk._eval_service_task

    def _eval_service_task(self: Any, env: Any, *args: Any, **kwargs: Any) -> None:
        run(self, env, *args, **kwargs)
        env.stack[-1] = plain(env.stack[-1])

    StateTaskService._normalise_parameters = _normalise_parameters
    sdk.StateTaskServiceAwsSdk._eval_service_task = _eval_service_task


def plain(value: Any) -> Any:
    """Convert an answer of boto3 to values that JSON has.

    Example::

        >>> import io
        >>> plain({"Body": io.BytesIO(b"[0.1, 0.9]"), "When": datetime.datetime(2026, 1, 28, tzinfo=datetime.UTC)})
        {'Body': '[0.1, 0.9]', 'When': '2026-01-28T00:00:00Z'}
    """
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    return value


@functools.cache
def _operation(service: str, action: str) -> OperationModel | None:
    model = get_service_model(service)
    name = next((name for name in model.operation_names if xform_name(name) == action), None)
    return model.operation_model(name) if name else None
