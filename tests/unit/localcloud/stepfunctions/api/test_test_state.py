"""TestState: one state by itself, with a real call or a mock, held against AWS's recorded answers."""

from __future__ import annotations

import json

import pytest
from moto.core.utils import get_service_model

from localcloud.stepfunctions.api.errors import ApiError
from localcloud.stepfunctions.api.testing.test_state import StateTests
from localcloud.stepfunctions.api.wire import Sender, call, rendered
from localcloud.stepfunctions.integrations import Answer
from localcloud.stepfunctions.language.scope import StateFailure

from .conftest import ACCOUNT, REGION, ROLE

MODEL = get_service_model("stepfunctions").operation_model("TestState")
NOW = 1_700_000_000.0
SEND = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Parameters": {"QueueUrl": "q", "MessageBody.$": "$.body"},
    "ResultSelector": {"id.$": "$.MessageId"},
    "ResultPath": "$.sent",
    "Next": "B",
}
START = {
    "Type": "Task",
    "QueryLanguage": "JSONata",
    "Resource": "arn:aws:states:::states:startExecution",
    "Arguments": {"StateMachineArn": "m"},
    "End": True,
}
INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}
RETRY = [{"ErrorEquals": ["Other"]}, {"ErrorEquals": ["Odd"], "IntervalSeconds": 1, "MaxAttempts": 5, "BackoffRate": 2}]
CATCH = [{"ErrorEquals": ["Other"], "Next": "C"}, {"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "D"}]
INSIDE = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
MAP = {
    "Type": "Map",
    "ItemsPath": "$.all",
    "MaxConcurrency": 2,
    "ToleratedFailureCount": 1,
    "ItemSelector": {"n.$": "$$.Map.Item.Value"},
    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **INSIDE},
    "End": True,
}
PARALLEL = {"Type": "Parallel", "ResultPath": "$.both", "Branches": [INSIDE, INSIDE], "End": True}


class NoRefusal:
    """Every Resource can be called, but those of DynamoDB."""

    def refusal(self, resource):
        return f"the local cloud does not support {resource.service}" if resource.service == "dynamodb" else None

    def reader_refusal(self, resource, config):
        return None

    def writer_refusal(self, resource):
        return None


class Integration:
    """Makes no call, and notes what is asked."""

    def __init__(self):
        self.asked = []
        self.answer = Answer({"MessageId": "1", "MD5OfMessageBody": "2"})

    def __call__(self, resource, arguments, caller):
        self.asked.append((resource.arn, arguments, caller))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def integration():
    return Integration()


@pytest.fixture
def run(integration):
    """``run({"Type": …}, given, mock=…)`` is one request. JSON texts of the answer are parsed."""
    operation = StateTests(integration, NoRefusal(), lambda: NOW).test_state

    def ask(definition, given=None, **more):
        request = {"definition": json.dumps(definition), **more}
        if given is not None:
            request["input"] = json.dumps(given)
        answer = call(operation, MODEL.input_shape, Sender(ACCOUNT, REGION), request)
        found = json.loads(rendered(MODEL.output_shape, answer))
        if "output" in found:
            found["output"] = json.loads(found["output"])
        if shown := found.get("inspectionData"):
            found["inspectionData"] = {k: json.loads(v) if isinstance(v, str) else v for k, v in shown.items()}
        return found

    return ask


def refusal(run, *given, **more):
    with pytest.raises(ApiError) as refused:
        run(*given, **more)
    return refused.value.code, str(refused.value)


def result(value, **more):
    return {"result": json.dumps(value), **more}


def error(name="Odd", cause="why"):
    return {"errorOutput": {"error": name, "cause": cause}}


def test_a_state_is_run_with_its_input_and_says_where_it_goes(run):
    state = {"Type": "Pass", "Parameters": {"b.$": "$.a"}, "ResultPath": "$.c", "Next": "Later"}
    assert run(state, {"a": 1}) == {
        "output": {"a": 1, "c": {"b": 1}},
        "nextState": "Later",
        "status": "SUCCEEDED",
    }


def test_debug_shows_the_input_on_its_way_through_the_fields(run):
    state = {"Type": "Pass", "InputPath": "$.a", "Parameters": {"b.$": "$"}, "ResultPath": "$.c", "End": True}
    assert run(state, {"a": 1}, inspectionLevel="DEBUG")["inspectionData"] == {
        "input": {"a": 1},
        "afterInputPath": 1,
        "afterParameters": {"b": 1},
        "afterResultSelector": {"b": 1},
        "afterResultPath": {"a": 1, "c": {"b": 1}},
    }


def test_a_pass_state_with_a_result_shows_no_input_path(run):
    shown = run({"Type": "Pass", "Result": 2, "End": True}, {}, inspectionLevel="TRACE")["inspectionData"]
    assert shown == {"input": {}, "result": 2, "afterResultSelector": 2, "afterResultPath": 2}


def test_a_random_value_of_a_result_selector_is_the_one_in_the_output(run):
    state = {**SEND, "ResultSelector": {"id.$": "States.UUID()"}}
    found = run(state, {"body": "b"}, mock=result({}), inspectionLevel="DEBUG")
    assert found["inspectionData"]["afterResultSelector"] == found["output"]["sent"]


def test_a_wait_goes_on_at_once_and_a_choice_says_what_it_chose(run):
    assert run({"Type": "Wait", "Seconds": 3600, "Next": "B"}, {"a": 1})["output"] == {"a": 1}
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "One"}], "Default": "Other"}
    assert run(choice, {"n": 1})["nextState"] == "One"
    assert run(choice, {"n": 2})["nextState"] == "Other"


def test_a_fail_state_fails(run):
    assert run({"Type": "Fail", "Error": "E", "Cause": "C"}) == {"error": "E", "cause": "C", "status": "FAILED"}


def test_a_task_makes_its_call_as_the_role(run, integration):
    found = run(SEND, {"body": "b"}, roleArn=ROLE, inspectionLevel="DEBUG")
    assert found["output"] == {"body": "b", "sent": {"id": "1"}}
    assert found["inspectionData"]["afterParameters"] == {"QueueUrl": "q", "MessageBody": "b"}
    ((arn, arguments, caller),) = integration.asked
    assert (arn, arguments) == (SEND["Resource"], {"QueueUrl": "q", "MessageBody": "b"})
    assert (caller.role_arn, caller.account, caller.region) == (ROLE, ACCOUNT, REGION)


def test_a_call_that_fails_fails_the_state(run, integration):
    integration.answer = StateFailure("SQS.QueueDoesNotExistException", "no queue")
    found = run(SEND, {"body": "b"}, roleArn=ROLE)
    assert found == {"error": "SQS.QueueDoesNotExistException", "cause": "no queue", "status": "FAILED"}
    integration.answer = OSError("broken")
    assert "failed to call arn:aws:states:::sqs:sendMessage: OSError" in run(SEND, {"body": 1}, roleArn=ROLE)["cause"]


def test_a_mock_stands_for_the_call_and_needs_no_role(run, integration):
    found = run(SEND, {"body": "b"}, mock=result({"MessageId": "mocked"}))
    assert found["output"] == {"body": "b", "sent": {"id": "mocked"}}
    assert integration.asked == []


def test_a_failure_in_the_parameters_is_the_states_whatever_the_mock_says(run):
    found = run(SEND, {}, mock=result({}), inspectionLevel="DEBUG")
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
    assert found["inspectionData"] == {"input": {}, "afterInputPath": {}}


@pytest.mark.parametrize(
    ("count", "status", "details"),
    [
        (4, "RETRIABLE", {"retryIndex": 1, "retryBackoffIntervalSeconds": 16}),
        (5, "CAUGHT_ERROR", {"retryIndex": 1, "catchIndex": 1}),
    ],
)
def test_an_error_is_retried_as_often_as_retry_says_and_then_caught(run, count, status, details):
    state = {**INVOKE, "Retry": RETRY, "Catch": CATCH, "End": True}
    configured = {"retrierRetryCount": count}
    found = run(state, {}, mock=error(), stateConfiguration=configured, inspectionLevel="DEBUG")
    assert (found["status"], found["inspectionData"]["errorDetails"]) == (status, details)
    assert (found["error"], found["cause"]) == ("Odd", "why")
    if status == "CAUGHT_ERROR":
        assert (found["nextState"], found["output"]) == ("D", {"e": {"Error": "Odd", "Cause": "why"}})


def test_a_state_that_goes_back_to_itself_is_run_once(run):
    machine = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Next": "C"},
            "C": {**INVOKE, "Next": "E", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}]},
            "E": {"Type": "Succeed"},
        },
    }
    assert run(machine, {}, stateName="C", mock=error())["nextState"] == "C"


def test_a_state_of_a_whole_definition_is_found_inside_of_a_map(run):
    machine = {"StartAt": "M", "States": {"M": MAP}}
    assert run(machine, {"a": 1}, stateName="I")["output"] == {"a": 1}
    assert refusal(run, machine, {}, stateName="N") == ("ValidationException", "State not found in definition")


def test_the_items_of_a_map_are_shown_and_none_is_run(run, integration):
    found = run(MAP, {"all": [1, 2]}, mock=result(["a", "b"]), inspectionLevel="DEBUG")
    assert found["output"] == ["a", "b"]
    assert found["inspectionData"] == {
        "input": {"all": [1, 2]},
        "afterInputPath": {"all": [1, 2]},
        "afterItemsPath": [1, 2],
        "afterItemSelector": [{"n": 1}, {"n": 2}],
        "afterResultSelector": ["a", "b"],
        "afterResultPath": ["a", "b"],
        "maxConcurrency": 2,
        "toleratedFailureCount": 1,
    }
    assert integration.asked == []


def test_a_map_tolerates_as_many_failed_iterations_as_it_says(run):
    def failed(count, definition=MAP):
        more = {"stateConfiguration": {"mapIterationFailureCount": count}, "mock": result([0, 0, 0])}
        return run(definition, {"all": [1, 2, 3]}, **more)

    assert failed(1)["status"] == "SUCCEEDED"
    assert failed(2) == {
        "error": "States.ExceedToleratedFailureThreshold",
        "cause": "The specified tolerated failure threshold was exceeded",
        "status": "FAILED",
    }
    share = {name: value for name, value in MAP.items() if name != "ToleratedFailureCount"}
    assert failed(1, {**share, "ToleratedFailurePercentage": 30})["status"] == "FAILED"
    assert failed(3, share)["status"] == "SUCCEEDED"  # as on AWS
    with pytest.raises(ApiError, match="must be less than or equal to the number of Map iterations"):
        failed(4)


def test_item_reader_data_stands_for_the_file(run):
    reader = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    state = {**{name: value for name, value in MAP.items() if name != "ItemsPath"}, "ItemReader": reader}
    state["ItemReader"]["ReaderConfig"] = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
    configured = {"mapItemReaderData": "x,y\n1,2\n"}
    found = run(state, {}, mock=result([1]), stateConfiguration=configured, inspectionLevel="DEBUG")
    assert found["inspectionData"]["afterItemSelector"] == [{"n": {"x": "1", "y": "2"}}]
    assert (
        "MapItemReaderData only for a Map state"
        in refusal(run, MAP, {"all": []}, mock=result([]), stateConfiguration=configured)[1]
    )


def test_an_error_inside_of_a_map_fails_it(run):
    more = {"mock": error(), "stateConfiguration": {"errorCausedByState": "I", "mapIterationFailureCount": 2}}
    found = run(MAP, {"all": [1, 2]}, **more)
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "Odd", "why")
    more["stateConfiguration"] = {"errorCausedByState": "nowhere"}
    assert "the name of a state inside" in refusal(run, MAP, {"all": []}, **more)[1]


def test_a_parallel_state_has_a_result_for_each_branch(run):
    found = run(PARALLEL, {"a": 1}, mock=result([1, 2]), inspectionLevel="DEBUG")
    assert found["output"] == {"a": 1, "both": [1, 2]}
    assert found["inspectionData"] == {
        "input": {"a": 1},
        "afterResultSelector": [1, 2],
        "afterResultPath": {"a": 1, "both": [1, 2]},
    }


def test_tasks_that_wait_and_activities_take_a_mock(run):
    waits = {**SEND, "Resource": f"{SEND['Resource']}.waitForTaskToken"}
    waits["Parameters"] = {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"}
    found = run(
        waits,
        {},
        mock=result({"MessageId": "m"}),
        context=json.dumps({"Task": {"Token": "t"}}),
        inspectionLevel="DEBUG",
    )
    assert found["inspectionData"]["afterParameters"]["MessageBody"] == "t"
    activity = {"Type": "Task", "Resource": f"arn:aws:states:{REGION}:{ACCOUNT}:activity:a", "End": True}
    assert run(activity, {}, mock=result(1))["output"] == 1
    for state in (waits, activity):
        code, words = refusal(run, state, {}, roleArn=ROLE)
        assert code == "InvalidDefinition"
        assert "only when a mock is specified" in words


def test_variables_are_read_assigned_and_shown(run):
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $n + 1 %}", "Assign": {"m": 5}, "End": True}
    found = run(state, {}, variables='{"n": 1}', inspectionLevel="DEBUG")
    assert (found["output"], found["inspectionData"]) == (2, {"input": {}, "variables": {"n": 1, "m": 5}})


def test_the_context_object_is_an_executions_or_the_one_of_the_request(run):
    state = {**INVOKE, "ResultSelector": {"it.$": "$$"}, "End": True}
    own = run(state, {"a": 1}, mock=result({}))["output"]["it"]
    assert own["Execution"]["Id"].startswith(
        f"arn:aws:states:{REGION}:{ACCOUNT}:express:{own['StateMachine']['Name']}:"
    )
    assert (own["Execution"]["Input"], own["Execution"]["RoleArn"]) == ({"a": 1}, None)
    assert own["State"] == {"Name": "StateName", "EnteredTime": "2023-11-14T22:13:20.000Z", "RetryCount": 0}
    given = {"State": {"RetryCount": 3}}
    assert run(state, {}, mock=result({}), context=json.dumps(given))["output"] == {"it": given}


@pytest.mark.parametrize(
    ("context", "why"),
    [
        ('{"Execution": {"Id": 1}}', "Execution.Id must be a string"),
        ('{"State": {"RetryCount": "1"}}', "State.RetryCount must be a number"),
        ('{"State": 1}', "State must be an object"),
        ('{"Map": {}}', "'Map' field is not supported when mocking a Context object"),
        ('{"Execution": {"pokemon": "squirtle"}}', "Field 'pokemon' is not allowed"),
        ('{"Pokedex": {}}', "Field 'Pokedex' is not allowed"),
        ("no", "Context object must be valid JSON"),
        ("[]", "Context object must be a JSON object"),
        (
            '{"Task": {"Token": "t"}}',
            "Context object contains 'Task' when state is not a Task state with a '.sync' or "
            "'.waitForTaskToken' service integration pattern",
        ),
    ],
)
def test_a_wrong_context_object_is_refused(run, context, why):
    found = refusal(run, {**INVOKE, "End": True}, {}, mock=result({}), context=context)
    assert found == ("ValidationException", f"Invalid Context object provided: {why}")


@pytest.mark.parametrize(
    ("state", "more", "words"),
    [
        ({**INVOKE, "End": True}, {}, "RoleArn must be specified when testing a Task state"),
        ({"Type": "Pass", "End": True}, {"mock": result({})}, "State type 'Pass' is not supported when a mock is"),
        (INVOKE, {"mock": {**result({}), **error()}}, "A test mock should have only one of the following fields: "),
        (INVOKE, {"mock": {}}, "A test mock should have one of the following fields: [result, errorOutput]."),
        (INVOKE, {"mock": result({}), "revealSecrets": True}, "TestState does not support RevealSecrets when a mock"),
        (MAP, {"stateConfiguration": {"mapIterationFailureCount": 0}}, "TestState does not support MapIterationFail"),
        (INVOKE, {"context": "{}"}, "TestState does not support Context when a mock is not specified."),
        ({**INVOKE, "End": True}, {"mock": {"result": "no"}}, "Mocked result must be valid JSON"),
        ({**INVOKE, "End": True}, {"mock": {"errorOutput": {}}}, "A mocked error output must have an error."),
        ({**INVOKE, "End": True}, {"mock": result({}), "variables": "1"}, "Variables must be a JSON object"),
        (MAP, {"mock": result({})}, "Mocked result must be an array."),
        ({**MAP, "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}},
         {"mock": result([])}, "Mocked result must be a JSON object."),
        (PARALLEL, {"mock": result([1])}, "Mocked result must contain the same number of items as "),
    ],
)  # fmt: skip
def test_a_request_whose_parts_do_not_go_together_is_refused(run, state, more, words):
    code, found = refusal(run, state, {"all": []}, **more)
    assert code == "ValidationException"
    assert found.startswith(words)


def test_a_definition_with_errors_is_refused(run):
    code, words = refusal(run, {**PARALLEL, "Branches": []}, {}, mock=result([]))
    assert code == "InvalidDefinition"
    assert words.endswith("SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/StateName/Branches'")
    assert refusal(run, [], {})[0] == "InvalidDefinition"
    assert "does not support Map or Parallel states" in refusal(run, MAP, {})[1]
    assert refusal(run, {"Type": "Succeed"}, input="{")[0] == "InvalidExecutionInput"


def test_what_the_cloud_does_not_have_is_refused_without_a_mock_only(run):
    put = {**INVOKE, "Resource": "arn:aws:states:::dynamodb:putItem", "End": True}
    code, words = refusal(run, put, {}, roleArn=ROLE)
    assert code == "InvalidDefinition"
    assert "the local cloud does not support dynamodb at /States/StateName/Resource" in words
    assert run(put, {}, mock=result({}))["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("state", "mocked", "why"),
    [
        (START, {}, "Required field 'ExecutionArn' is missing"),
        (START, {"executionArn": "a", "startDate": "b"}, "Required field 'ExecutionArn' is missing"),
        (START, {"ExecutionArn": "a", "StartDate": True}, "Field 'StartDate' must be a string"),
        ("events:putEvents", {"Entries": "one"}, "Field 'Entries' must be an array"),
        ("events:putEvents", {"Entries": [{}, {"EventId": []}]}, "Field 'EventId' must be a string"),
        ("lambda:invoke", {"StatusCode": "200"}, "Field 'StatusCode' must be a number"),
        ("dynamodb:putItem", {"ConsumedCapacity": {"CapacityUnits": "1"}}, "Field 'CapacityUnits' must be a number"),
        ("aws-sdk:s3:getObject", {"StorageClass": "Papyrus"}, "Field 'StorageClass' is not an expected value"),
        ("aws-sdk:kms:encrypt", {"CiphertextBlob": ""}, "Field 'CiphertextBlob' is smaller than the minimum length"),
        ("aws-sdk:lambda:getFunction", {"Configuration": {"MemorySize": 127}},
         "Field 'MemorySize' is less than the minimum value"),
    ],
)  # fmt: skip
def test_a_mocked_result_has_the_form_of_the_apis_answer(run, state, mocked, why):
    if isinstance(state, str):
        state = {"Type": "Task", "Resource": f"arn:aws:states:::{state}", "End": True}
    found = refusal(run, state, {}, mock=result(mocked))
    assert found == ("ValidationException", f"Mock result schema validation error: {why}")
    assert run(state, {}, mock=result(mocked, fieldValidationMode="NONE"))["output"] == mocked
    if why.startswith("Required"):
        assert run(state, {}, mock=result(mocked, fieldValidationMode="PRESENT"))["output"] == mocked


def test_a_field_that_the_model_does_not_have_is_accepted(run):
    state = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "End": True}
    assert run(state, {}, mock=result({"random": "json"}))["output"] == {"random": "json"}
