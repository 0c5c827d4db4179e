"""A failed call as the failure of a Task: AWS's error name, and AWS's cause."""

from __future__ import annotations

import base64
import re
import uuid

from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel

from localcloud.stepfunctions.integrations.names import Names, exception
from localcloud.stepfunctions.language.scope import EvaluationFailure, StateFailure

# AWS's recorded causes of S3 lack it. Those of other services have it since 2025.
WITHOUT_ATTEMPTS = ("S3",)
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def of_answer(error: ClientError, known: Names, operation: OperationModel, *, sdk: bool) -> StateFailure:
    """The failure for an error answer of a service."""
    about, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    return failure(
        known,
        operation,
        code=str(about.get("Code", "")),
        message=about.get("Message") or "null",
        status=int(meta.get("HTTPStatusCode", 400)),
        request_id=meta.get("RequestId"),
        extended_id=meta.get("HostId"),
        sdk=sdk,
    )


def failure(
    known: Names,
    operation: OperationModel,
    *,
    code: str,
    message: str,
    status: int,
    sdk: bool,
    request_id: str | None = None,
    extended_id: str | None = None,
) -> StateFailure:
    """The failure for an error of a service.

    Example::

        >>> from moto.core.utils import get_service_model
        >>> from localcloud.stepfunctions.integrations.names import names
        >>> about = {"code": "InvalidToken", "message": "Invalid Token", "status": 400}
        >>> about["request_id"] = str(uuid.UUID(int=0))
        >>> sends = get_service_model("stepfunctions").operation_model("SendTaskSuccess")
        >>> failed = failure(names("sfn", sdk=True), sends, sdk=True, **about)
        >>> failed.error, failed.cause
        ('Sfn.InvalidTokenException',
         'Invalid Token (Service: Sfn, Status Code: 400, Request ID: 0000...) (SDK Attempt Count: 1)')
        >>> failed = failure(names("states", sdk=False), sends, sdk=False, **about)
        >>> failed.error, failed.cause
        ('StepFunctions.InvalidTokenException',
         'Invalid Token (Service: AWSStepFunctions; Status Code: 400; Error Code: InvalidToken; Request ID: 0000...)')
    """
    s3 = known.boto == "s3"
    name = f"{known.prefix}.{exception(operation, code, sdk=sdk) or known.base}"
    if not (s3 and request_id) and not UUID.fullmatch(request_id or ""):
        request_id = str(uuid.uuid4())
    extended_id = extended_id or base64.b64encode(uuid.uuid4().bytes * 3).decode()
    if sdk:
        extended = f", Extended Request ID: {extended_id}" if s3 else ""
        cause = f"{message} (Service: {known.service}, Status Code: {status}, Request ID: {request_id}{extended})"
        if known.prefix not in WITHOUT_ATTEMPTS:
            cause += " (SDK Attempt Count: 1)"
    else:
        extended = f"; S3 Extended Request ID: {extended_id}" if s3 else ""
        cause = (
            f"{message} (Service: {known.service}; Status Code: {status}; Error Code: {code}; "
            f"Request ID: {request_id}{extended}; Proxy: null)"
        )
    return StateFailure(name, cause)


def null(known: Names, operation: OperationModel, member: str, *, sdk: bool) -> StateFailure:
    """The failure for a member that the operation needs and that is null: the service refuses the call."""
    if known.boto == "sqs":
        code, message = "MissingParameter", f"The request must contain the parameter {member}."
    else:
        shown = member[:1].lower() + member[1:]
        code = "ValidationException"
        message = (
            f"1 validation error detected: Value null at '{shown}' failed to satisfy constraint: "
            "Member must not be null"
        )
    return failure(known, operation, code=code, message=message, status=400, sdk=sdk)


def of_connection(error: BotoCoreError, known: Names) -> StateFailure:
    """The failure for a call that got no answer."""
    return unreachable(known, str(error))


def unreachable(known: Names, why: str) -> StateFailure:
    """The failure for a host that does not exist or does not answer."""
    return StateFailure(f"{known.prefix}.SdkClientException", f"Unable to execute HTTP request: {why}")


def unusable(parameters: str, problems: list[str]) -> StateFailure:
    """The failure for parameters that the action does not have. The engine puts the state's name before it."""
    return EvaluationFailure(
        "States.Runtime", f"The Parameters '{parameters}' could not be used to start the Task: [{', '.join(problems)}]"
    )


def not_assumable(role_arn: str) -> StateFailure:
    """The failure for a role that Step Functions may not assume."""
    return EvaluationFailure(
        "States.Runtime",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        f"provided role. ({role_arn})",
    )
