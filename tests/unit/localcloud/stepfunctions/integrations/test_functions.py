"""Calls of functions: payloads, answers, and the names of errors."""

from __future__ import annotations

from typing import Any

import pytest
from moto.awslambda.exceptions import LambdaClientError

from localcloud.iam.evaluation import Access, Decision, Principal
from localcloud.iam.roles import AccessDenied
from localcloud.stepfunctions.integrations import Caller
from localcloud.stepfunctions.integrations.functions import Functions
from localcloud.stepfunctions.language.scope import StateFailure

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:images"
ROLE, OTHER = "arn:aws:iam::123456789012:role/states", "arn:aws:iam::123456789012:role/other"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:machine:one"
CALLER = Caller(ROLE, "123456789012", "us-east-1", EXECUTION, trace_header="Root=1-2;Sampled=1")
VERSION = {"x-amz-executed-version": "$LATEST"}
ERROR = b'{"errorMessage": "a", "errorType": "CustomException", "requestId": "b"}'


class Lambda:
    """Answers every Invoke with one answer, and keeps what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, []

    def __call__(self, role_arn: str, parameters: dict[str, Any], **about: Any) -> Any:
        self.asked.append((role_arn, parameters, about))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def functions(answer: Any) -> tuple[Functions, Lambda]:
    service = Lambda(answer)
    return Functions(service, lambda caller: None), service


class NotFound(LambdaClientError):
    code = 404


def test_a_plain_function_gets_the_input_and_gives_its_payload():
    found, service = functions((200, VERSION, b'{"a": 0.0}'))
    assert found.plain(FUNCTION, {"é": None}, CALLER) == {"a": 0.0}
    role, parameters, about = service.asked[0]
    assert (role, parameters) == (ROLE, {"FunctionName": FUNCTION, "Payload": '{"é":null}'})
    assert about == {"account": "123456789012", "region": "us-east-1", "trace_header": "Root=1-2;Sampled=1"}


@pytest.mark.parametrize(
    ("payload", "sent"), [({"a": 1}, '{"a":1}'), ("0.0", "0.0"), ('"text"', '"text"'), (None, ""), ([], "[]")]
)
def test_an_optimized_payload_that_is_text_is_the_event_itself(payload, sent):
    found, service = functions((200, VERSION, b"null"))
    output = found.optimized({"FunctionName": "images", "Payload": payload}, CALLER)
    assert service.asked[0][1]["Payload"] == sent
    assert (output["Payload"], output["ExecutedVersion"], output["StatusCode"]) == (None, "$LATEST", 200)
    headers = output["SdkHttpMetadata"]["HttpHeaders"]
    assert headers["Content-Length"] == "4"
    assert headers["X-Amzn-Trace-Id"] == "Root=1-2;Sampled=1"
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200


def test_an_event_invocation_answers_without_waiting():
    found, service = functions((202, {}, b""))
    output = found.optimized({"FunctionName": "images", "InvocationType": "Event"}, CALLER)
    assert output["StatusCode"] == output["SdkHttpMetadata"]["HttpStatusCode"] == 202
    assert "ExecutedVersion" not in output
    assert service.asked[0][1]["InvocationType"] == "Event"


def test_the_sdk_shows_a_function_error_in_its_answer():
    found, _ = functions((200, {**VERSION, "x-amz-function-error": "Unhandled"}, ERROR))
    assert found.sdk({"FunctionName": "images", "Payload": {}}, CALLER) == {
        "ExecutedVersion": "$LATEST",
        "FunctionError": "Unhandled",
        "Payload": ERROR.decode(),
        "StatusCode": 200,
    }


@pytest.mark.parametrize("call", ["plain", "optimized"])
def test_a_function_error_is_the_tasks(call):
    found, _ = functions((200, {**VERSION, "x-amz-function-error": "Unhandled"}, ERROR))
    with pytest.raises(StateFailure) as failed:
        found.plain(FUNCTION, {}, CALLER) if call == "plain" else found.optimized({"FunctionName": "f"}, CALLER)
    cause = ERROR.decode() if call == "plain" else ERROR.decode().replace(": ", ":").replace(", ", ",")
    assert (failed.value.error, failed.value.cause) == ("CustomException", cause)


@pytest.mark.parametrize(
    ("answer", "error", "cause"),
    [
        (
            NotFound("ResourceNotFoundException", f"Function not found: {FUNCTION}"),
            "Lambda.ResourceNotFoundException",
            f"Function not found: {FUNCTION}:$LATEST (Service: AWSLambda; Status Code: 404; "
            "Error Code: ResourceNotFoundException; Request ID: ",
        ),
        (
            AccessDenied(
                Access("lambda:InvokeFunction", (FUNCTION,), {}).by(Principal("a", "", "service")),
                Decision(False, "because no identity-based policy allows it"),
            ),
            "Lambda.AWSLambdaException",
            "User: a is not authorized to perform: lambda:InvokeFunction",
        ),
    ],
)
def test_lambdas_refusal_has_lambdas_name(answer, error, cause):
    found, _ = functions(answer)
    with pytest.raises(StateFailure) as failed:
        found.plain(FUNCTION, {}, CALLER)
    assert failed.value.error == error
    assert failed.value.cause.startswith(cause)


def test_the_role_of_the_credentials_invokes():
    found, service = functions((200, VERSION, b"{}"))
    found.plain(FUNCTION, {}, Caller(ROLE, "123456789012", "us-east-1", EXECUTION, task_role_arn=OTHER))
    assert service.asked[0][0] == OTHER


def test_a_role_that_cannot_be_assumed_invokes_nothing():
    service = Lambda((200, VERSION, b"{}"))

    def refuse(caller: Caller) -> None:
        raise StateFailure("States.Runtime", "no")

    with pytest.raises(StateFailure, match=r"States\.Runtime"):
        Functions(service, refuse).plain(FUNCTION, {}, CALLER)
    assert service.asked == []
