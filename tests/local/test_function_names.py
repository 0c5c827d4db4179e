"""Every form of a function's name works in every operation of the local cloud's Lambda."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import ended, package

WHO = "def handler(event, context): return [context.function_version, context.invoked_function_arn]"
ACCOUNT, REGION = "123456789012", "us-east-1"
FORMS = {
    "name": "{name}",
    "function:name": "function:{name}",
    "partial ARN": f"{ACCOUNT}:function:{{name}}",
    "partial ARN with a region": f"{REGION}:{ACCOUNT}:function:{{name}}",
    "ARN": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "account and name": f"{ACCOUNT}:{{name}}",
    "ARN without function:": f"arn:aws:lambda:{REGION}:{ACCOUNT}:{{name}}",
}
PERMISSION = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}

# Operations of the whole function, in an order in which each can follow the one before.
WHOLE: dict[str, Callable[[Any, str], Any]] = {
    "UpdateFunctionConfiguration": lambda c, name: c.update_function_configuration(FunctionName=name, Timeout=9),
    "UpdateFunctionCode": lambda c, name: c.update_function_code(FunctionName=name, ZipFile=package(WHO)),
    "PublishVersion": lambda c, name: c.publish_version(FunctionName=name),
    "ListVersionsByFunction": lambda c, name: c.list_versions_by_function(FunctionName=name)["Versions"][0],
    "CreateAlias": lambda c, name: c.create_alias(FunctionName=name, Name="again", FunctionVersion="1"),
    "GetAlias": lambda c, name: c.get_alias(FunctionName=name, Name="again"),
    "UpdateAlias": lambda c, name: c.update_alias(FunctionName=name, Name="again", FunctionVersion="$LATEST"),
    "ListAliases": lambda c, name: c.list_aliases(FunctionName=name)["Aliases"][0],
    "DeleteAlias": lambda c, name: c.delete_alias(FunctionName=name, Name="again"),
    "PutFunctionConcurrency": lambda c, name: c.put_function_concurrency(
        FunctionName=name, ReservedConcurrentExecutions=2
    ),
    "GetFunctionConcurrency": lambda c, name: c.get_function_concurrency(FunctionName=name),
    "DeleteFunctionConcurrency": lambda c, name: c.delete_function_concurrency(FunctionName=name),
    "GetFunctionCodeSigningConfig": lambda c, name: c.get_function_code_signing_config(FunctionName=name),
    "ListFunctionEventInvokeConfigs": lambda c, name: c.list_function_event_invoke_configs(FunctionName=name),
}
# Operations that take a version or an alias.
QUALIFIED: dict[str, Callable[..., Any]] = {
    "GetFunction": lambda c, **named: c.get_function(**named),
    "GetFunctionConfiguration": lambda c, **named: c.get_function_configuration(**named),
    "AddPermission": lambda c, **named: c.add_permission(StatementId="one", **named, **PERMISSION),
    "GetPolicy": lambda c, **named: c.get_policy(**named),
    "RemovePermission": lambda c, **named: c.remove_permission(StatementId="one", **named),
    "PutFunctionEventInvokeConfig": lambda c, **named: c.put_function_event_invoke_config(
        MaximumRetryAttempts=1, **named
    ),
    "UpdateFunctionEventInvokeConfig": lambda c, **named: c.update_function_event_invoke_config(
        MaximumRetryAttempts=0, **named
    ),
    "GetFunctionEventInvokeConfig": lambda c, **named: c.get_function_event_invoke_config(**named),
    "DeleteFunctionEventInvokeConfig": lambda c, **named: c.delete_function_event_invoke_config(**named),
}
# $LATEST has no policy of its own.
POLICIES = ("AddPermission", "GetPolicy", "RemovePermission")


@pytest.fixture(scope="module")
def client(cloud: Any) -> Any:
    return cloud.client("lambda")


@pytest.fixture
def named(client: Any, function: Any) -> str:
    """The name of a function with version 1 and the alias live."""
    name = function(WHO).rpartition(":")[2]
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return str(name)


def invoked(client: Any, **asked: Any) -> Any:
    return json.loads(client.invoke(**asked)["Payload"].read())


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_works_in_every_operation(client: Any, named: str, form: str) -> None:
    text = form.format(name=named)
    arn = FORMS["ARN"].format(name=named)
    for ask in WHOLE.values():
        ask(client, text)
    for ask in QUALIFIED.values():
        ask(client, FunctionName=text)
    assert client.get_function_configuration(FunctionName=text)["FunctionArn"] == arn
    assert invoked(client, FunctionName=text) == ["$LATEST", arn]
    for qualifier, version in (("1", "1"), ("live", "1"), ("$LATEST", "$LATEST")):
        for given in (
            {"FunctionName": f"{text}:{qualifier}"},
            {"FunctionName": text, "Qualifier": qualifier},
            {"FunctionName": f"{text}:{qualifier}", "Qualifier": qualifier},
        ):
            assert invoked(client, **given) == [version, f"{arn}:{qualifier}"]
            for operation, ask in QUALIFIED.items():
                if qualifier == "$LATEST" and operation in POLICIES:
                    with pytest.raises(ClientError, match=r"for \$LATEST|does not exist|No policy"):
                        ask(client, **given)
                else:
                    ask(client, **given)
            assert client.get_function_configuration(**given)["Version"] == version


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_function_is_created_and_deleted_by_every_form(client: Any, role: str, form: str) -> None:
    text = form.format(name="tests-created")
    given = {"Runtime": "python3.13", "Handler": "handler.handler", "Role": role, "Code": {"ZipFile": package(WHO)}}
    assert client.create_function(FunctionName=text, **given)["FunctionName"] == "tests-created"
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.create_function(FunctionName=text, **given)
    client.publish_version(FunctionName=text)
    client.delete_function(FunctionName=f"{text}:1")
    assert [one["Version"] for one in client.list_versions_by_function(FunctionName=text)["Versions"]] == ["$LATEST"]
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=r"\$LATEST version cannot be deleted"):
        client.delete_function(FunctionName=text, Qualifier="$LATEST")
    client.delete_function(FunctionName=text)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName="tests-created")


@pytest.mark.parametrize("operation", ["Invoke", *QUALIFIED])
def test_two_qualifiers_that_contradict_each_other_are_refused(client: Any, named: str, operation: str) -> None:
    ask = QUALIFIED.get(operation, lambda c, **given: c.invoke(**given))
    for text in (f"{named}:live", f"{FORMS['ARN'].format(name=named)}:$LATEST"):
        with pytest.raises(client.exceptions.InvalidParameterValueException, match="The derived qualifier"):
            ask(client, FunctionName=text, Qualifier="1")


@pytest.mark.parametrize("operation", WHOLE)
def test_a_qualifier_is_refused_where_the_whole_function_is_meant(client: Any, named: str, operation: str) -> None:
    for text in (f"{named}:live", f"{FORMS['partial ARN'].format(name=named)}:1"):
        with pytest.raises(ClientError, match="Please specify either a function name or an unqualified") as refused:
            WHOLE[operation](client, text)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


OPERATIONS = {
    **WHOLE,
    **{operation: (lambda c, name, ask=ask: ask(c, FunctionName=name)) for operation, ask in QUALIFIED.items()},
    "Invoke": lambda c, name: c.invoke(FunctionName=name),
    "DeleteFunction": lambda c, name: c.delete_function(FunctionName=name),
    "ListTags": lambda c, name: c.list_tags(Resource=name),
    "TagResource": lambda c, name: c.tag_resource(Resource=name, Tags={"a": "b"}),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_function_of_another_region_or_account_is_refused(client: Any, named: str, operation: str) -> None:
    elsewhere = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{named}"
    with pytest.raises(ClientError, match="Functions from 'eu-west-1' are not reachable in this region") as refused:
        OPERATIONS[operation](client, elsewhere)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError, match="no resource-based policy allows the lambda:") as refused:
        OPERATIONS[operation](client, f"arn:aws:lambda:{REGION}:210987654321:function:{named}")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"eu-west-1:{ACCOUNT}:{{name}}", "ResourceNotFoundException"),
        (f"arn:aws-cn:lambda:{REGION}:{ACCOUNT}:function:{{name}}", "ResourceNotFoundException"),
        (f"{ACCOUNT}:nonsense:x", "ResourceNotFoundException"),
        (f"arn:aws:lambda::{ACCOUNT}:function:{{name}}", "ValidationException"),
        (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}:function:1", "ValidationException"),
    ],
)
def test_what_is_no_function_of_here_is_refused_by_lambda_and_in_a_state_machine(
    client: Any, named: str, executed: Any, text: str, code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        client.get_function(FunctionName=text.format(name=named))
    assert refused.value.response["Error"]["Code"] == code
    found = executed(text.format(name=named), "*")
    shown = "ResourceNotFoundException" if code == "ResourceNotFoundException" else "AWSLambdaException"
    assert (found["status"], found["error"]) == ("FAILED", f"Lambda.{shown}")


def test_a_function_called_function_runs_its_alias(client: Any, function: Any) -> None:
    arn = function(WHO, FunctionName="function")
    client.publish_version(FunctionName="function")
    client.create_alias(FunctionName="function", Name="live", FunctionVersion="1")
    assert invoked(client, FunctionName="function", Qualifier="live") == ["1", f"{arn}:live"]
    assert invoked(client, FunctionName="function:function:live") == ["1", f"{arn}:live"]
    client.put_function_event_invoke_config(FunctionName="function", Qualifier="live", MaximumRetryAttempts=1)
    found = client.get_function_event_invoke_config(FunctionName=f"{arn}:live")
    assert found["FunctionArn"] == f"{arn}:live"


def test_an_event_source_mapping_takes_every_form(cloud: Any, client: Any, named: str) -> None:
    queue = cloud.client("sqs").create_queue(QueueName="tests-names")["QueueUrl"]
    source = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.rpartition('/')[2]}"
    for form in FORMS.values():
        text = form.format(name=named)
        made = client.create_event_source_mapping(FunctionName=text, EventSourceArn=source, Enabled=False)
        found = client.list_event_source_mappings(FunctionName=text)["EventSourceMappings"]
        assert [one["UUID"] for one in found] == [made["UUID"]]
        assert made["FunctionArn"] == FORMS["ARN"].format(name=named)
        client.delete_event_source_mapping(UUID=made["UUID"])


@pytest.fixture
def executed(cloud: Any) -> Any:
    """Runs a Task of ``lambda:invoke`` once, in a role that allows these resources, and returns its end."""

    def run(function_name: str, *resources: str, resource: str = "lambda:invoke") -> dict[str, Any]:
        states, name = cloud.client("stepfunctions"), f"tests-names-{uuid.uuid4().hex[:8]}"
        allowed = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": list(resources)}
        task = {
            "Type": "Task",
            "Resource": f"arn:aws:states:::{resource}",
            "Parameters": {"FunctionName": function_name, "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "End": True,
        }
        machine = states.create_state_machine(
            name=name,
            roleArn=cloud.role(name, allowed),
            definition=json.dumps({"StartAt": "A", "States": {"A": task}}),
        )["stateMachineArn"]
        found = ended(states, states.start_execution(stateMachineArn=machine)["executionArn"])
        states.delete_state_machine(stateMachineArn=machine)
        return found

    return run


@pytest.mark.parametrize("name", ["tests-my-function", "function", "tests-function-function"])
def test_a_name_that_ends_in_function_is_read_by_its_place_in_the_arn(function: Any, executed: Any, name: str) -> None:
    arn = function(WHO, FunctionName=name)
    found = executed(f"{arn}:$LATEST", arn, f"{arn}:*")
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", ["$LATEST", f"{arn}:$LATEST"])


@pytest.mark.parametrize("form", ["{account}:function:{name}", "{account}:function:{name}:live", "{account}:{name}"])
@pytest.mark.parametrize("resource", ["lambda:invoke", "aws-sdk:lambda:invoke"])
def test_a_task_takes_a_partial_arn(named: str, executed: Any, resource: str, form: str) -> None:
    arn = FORMS["ARN"].format(name=named)
    found = executed(form.format(account=ACCOUNT, name=named), arn, f"{arn}:*", resource=resource)
    assert found["status"] == "SUCCEEDED", found
    answer = json.loads(found["output"])
    live = form.endswith(":live")
    wanted = ["1", f"{arn}:live"] if live else ["$LATEST", arn]
    assert (json.loads(answer) if isinstance(answer, str) else answer) == wanted


@pytest.mark.parametrize(
    ("region", "account", "error", "words"),
    [
        ("ap-southeast-2", "999999999999", "Lambda.AWSLambdaException", "is not authorized to perform"),
        (REGION, "999999999999", "Lambda.AWSLambdaException", "is not authorized to perform"),
        ("ap-southeast-2", ACCOUNT, "Lambda.ResourceNotFoundException", "are not reachable in this region"),
    ],
)
def test_a_function_of_another_account_or_region_is_not_the_one_of_that_name_here(
    function: Any, executed: Any, region: str, account: str, error: str, words: str
) -> None:
    own = function(WHO)
    arn = f"arn:aws:lambda:{region}:{account}:function:{own.split(':')[6]}"
    found = executed(f"{arn}:$LATEST", "*")
    assert (found["status"], found["error"]) == ("FAILED", error)
    assert words in found["cause"]
    # A role that may invoke only the function here may not invoke the other one.
    refused = executed(arn, own, f"{own}:*")
    assert (refused["status"], refused["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert f"resource: {arn} because no" in refused["cause"]
