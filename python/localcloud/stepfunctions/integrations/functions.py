"""Lambda: a function's ARN as the Resource, ``lambda:invoke`` and ``aws-sdk:lambda:invoke``.

The local cloud's Lambda is called in this process. It checks the role's permission as it does for a call over HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import OperationModel
from moto.awslambda.exceptions import LambdaClientError
from moto.core.utils import get_service_model

from localcloud.iam.roles import AccessDenied, CannotAssume
from localcloud.identifiers import hexadecimal, new_uuid
from localcloud.stepfunctions.integrations import failures, shapes
from localcloud.stepfunctions.integrations.answers import Caller
from localcloud.stepfunctions.integrations.metadata import function_headers, with_metadata
from localcloud.stepfunctions.integrations.names import names
from localcloud.stepfunctions.language import values
from localcloud.stepfunctions.language.scope import Json, StateFailure

#: Invokes a function: status, headers with names in lower case, and the payload.
Invoke = Callable[..., tuple[int, Mapping[str, str], bytes]]
NOT_FOUND = "Function not found: "
UNQUALIFIED = 7  # the fields of a function's ARN without a version or an alias
UNKNOWN = "The cause could not be determined because Lambda did not return an error type. Returned payload: "


class Functions:
    """Calls the local cloud's functions."""

    def __init__(self, invoke: Invoke, assume: Callable[[Caller], object]) -> None:
        """Args:
        invoke: ``context.actions["lambda:InvokeFunction"]``.
        assume: Fails if the caller's role cannot be assumed (:meth:`Clients.keys`).
        """
        self._invoke, self._assume = invoke, assume

    def plain(self, arn: str, event: Json, caller: Caller) -> Json:
        """The result of the function whose ARN is the Resource.

        Raises:
            StateFailure: The function failed, or Lambda refused the call.
        """
        _, _, payload = self._answered({"FunctionName": arn, "Payload": shapes.text_of(event)}, caller, sdk=False)
        return _parsed(payload)

    def optimized(self, arguments: Json, caller: Caller) -> dict[str, Json]:
        """The answer of ``lambda:invoke``."""
        given = dict(arguments) if isinstance(arguments, Mapping) else {}
        payload = given.pop("Payload", None)
        _checked(given)
        text = payload if isinstance(payload, str) else "" if payload is None else shapes.text_of(payload)
        status, headers, answered = self._answered({**given, "Payload": text}, caller, sdk=False, compact=True)
        version, log_result = headers.get("x-amz-executed-version"), headers.get("x-amz-log-result")
        request_id = new_uuid()
        output: dict[str, Json] = {"ExecutedVersion": version} if version else {}
        if log_result:
            output["LogResult"] = log_result
        output["Payload"] = _parsed(answered) if answered else ""
        trace = caller.trace_header or f"Root=1-{hexadecimal(8)}-{hexadecimal(24)};Sampled=0"
        http = function_headers(request_id, version, answered, trace, log_result)
        whole = with_metadata(output, http, request_id)
        whole["SdkHttpMetadata"]["HttpStatusCode"] = status
        return {**whole, "StatusCode": status}

    def sdk(self, arguments: Json, caller: Caller) -> dict[str, Json]:
        """The answer of ``aws-sdk:lambda:invoke``. A function's error is part of the answer, not a failure."""
        given = dict(arguments) if isinstance(arguments, Mapping) else {}
        payload = given.pop("Payload", None)
        _checked(given)
        text = "" if payload is None else shapes.text_of(payload)
        status, headers, answered = self._answered({**given, "Payload": text}, caller, sdk=True)
        output: dict[str, Json] = {
            "ExecutedVersion": headers.get("x-amz-executed-version"),
            "FunctionError": headers.get("x-amz-function-error"),
            "LogResult": headers.get("x-amz-log-result"),
            "Payload": answered.decode("utf-8", "replace"),
            "StatusCode": status,
        }
        return {name: value for name, value in output.items() if value is not None}

    def _answered(
        self, parameters: Mapping[str, Any], caller: Caller, *, sdk: bool, compact: bool = False
    ) -> tuple[int, Mapping[str, str], bytes]:
        self._assume(caller)
        role = caller.task_role_arn or caller.role_arn
        try:
            answered = self._invoke(
                role, parameters, account=caller.account, region=caller.region, trace_header=caller.trace_header
            )
        except CannotAssume as cannot:
            raise failures.not_assumable(cannot.role_arn) from None
        except AccessDenied as denied:
            raise _failure("AccessDeniedException", str(denied), 403, sdk=sdk) from None
        except LambdaClientError as error:
            message = _shown(error.message, parameters)
            raise _failure(error.error_type, message, int(error.code), sdk=sdk) from None
        if answered[1].get("x-amz-function-error") and not sdk:
            raise function_failure(answered[2], compact=compact)
        return answered


def function_failure(payload: bytes, *, compact: bool) -> StateFailure:
    """The failure of a Task whose function failed.

    Args:
        payload: What the function answered.
        compact: Whether the cause is written anew without spaces, as ``lambda:invoke`` does (AWS's recorded histories).

    Example::

        >>> function_failure(b'{"errorType": "KeyError", "errorMessage": "a"}', compact=False)
        StateFailure('KeyError', '{"errorType": "KeyError", "errorMessage": "a"}')
        >>> function_failure(b'{"errorMessage": "Task timed out"}', compact=False).error
        'Lambda.Unknown'
    """
    parsed = _parsed(payload)
    text = shapes.text_of(parsed) if compact else payload.decode("utf-8", "replace")
    kind = parsed.get("errorType") if isinstance(parsed, dict) else None
    return StateFailure(kind, text) if kind else StateFailure("Lambda.Unknown", f"{UNKNOWN}{text}")


def _parsed(payload: bytes) -> Json:
    try:
        return values.parsed(payload or b"null")
    except ValueError:
        return payload.decode("utf-8", "replace")


def _checked(given: Mapping[str, Json]) -> None:
    """Check the parameters but for the payload, which each integration reads in its own way."""
    _, problems = shapes.parameters(_operation().input_shape, given)
    if problems:
        raise failures.unusable(shapes.text_of(given), problems)


def _shown(message: str, parameters: Mapping[str, Any]) -> str:
    """AWS names the version that it looked for (its recorded histories)."""
    bare = message.startswith(NOT_FOUND) and len(message.removeprefix(NOT_FOUND).split(":")) == UNQUALIFIED
    return f"{message}:$LATEST" if bare and not parameters.get("Qualifier") else message


def _operation() -> OperationModel:
    return get_service_model("lambda").operation_model("Invoke")


def _failure(code: str, message: str, status: int, *, sdk: bool) -> StateFailure:
    known = names("lambda", sdk=sdk)
    assert known is not None
    return failures.failure(known, _operation(), code=code, message=message, status=status, sdk=sdk)
