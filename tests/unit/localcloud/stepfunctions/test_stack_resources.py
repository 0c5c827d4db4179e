"""CloudFormation's state machines and activities, through the API."""

from __future__ import annotations

import pytest
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError

from localcloud.stepfunctions import cloudformation

from .api.conftest import ACCOUNT, GROUP, HERE, PASS, REGION, ROLE, Refused, api  # noqa: F401 - a fixture

ARN = f"{HERE}:stateMachine:images"
PROPERTIES = {
    "StateMachineName": "images",
    "StateMachineType": "EXPRESS",
    "DefinitionString": PASS.replace('"Pass"', '"${kind}"'),
    "DefinitionSubstitutions": {"kind": "Pass"},
    "RoleArn": ROLE,
    "LoggingConfiguration": {
        "Level": "ALL",
        "IncludeExecutionData": "true",
        "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": GROUP}}],
    },
    "Tags": [{"Key": "project", "Value": "images"}],
}


def resource(kind, properties, *, of=None):
    """A resource that a stack makes, or changes if it is there already."""
    model = parsing.get_model_map()[f"AWS::StepFunctions::{kind}"]
    template = {"Properties": properties}
    if of is None:
        return model.create_from_cloudformation_json("stack-name-1", template, ACCOUNT, REGION)
    return model.update_from_cloudformation_json(of, "stack-name-2", template, ACCOUNT, REGION)


def delete(kind, of):
    model = parsing.get_model_map()[f"AWS::StepFunctions::{kind}"]
    model.delete_from_cloudformation_json(of.physical_resource_id, {}, ACCOUNT, REGION)


def test_a_stack_makes_changes_and_deletes_a_state_machine(api):  # noqa: F811
    cloudformation.install(api.table)
    made = resource("StateMachine", PROPERTIES)
    assert (made.physical_resource_id, made.get_cfn_attribute("Name")) == (ARN, "images")
    described = api("DescribeStateMachine", stateMachineArn=ARN)
    assert (described["definition"], described["type"]) == (PASS, "EXPRESS")
    assert described["loggingConfiguration"] == {
        "level": "ALL",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}],
    }
    assert api("ListTagsForResource", resourceArn=ARN) == {"tags": [{"key": "project", "value": "images"}]}
    changed = {**PROPERTIES, "RoleArn": f"{ROLE}2", "Tags": [{"Key": "team", "Value": "one"}]}
    assert resource("StateMachine", changed, of=made) is made
    assert api("DescribeStateMachine", stateMachineArn=ARN)["roleArn"] == f"{ROLE}2"
    assert api("ListTagsForResource", resourceArn=ARN) == {"tags": [{"key": "team", "value": "one"}]}
    renamed = resource("StateMachine", {**changed, "StateMachineName": "others"}, of=made)
    assert [one["name"] for one in api("ListStateMachines")["stateMachines"]] == ["others"]
    delete("StateMachine", renamed)
    assert api("ListStateMachines") == {"stateMachines": []}


def test_a_stack_makes_and_deletes_an_activity(api):  # noqa: F811
    cloudformation.install(api.table)
    made = resource("Activity", {"Name": "label"})
    assert api("DescribeActivity", activityArn=made.get_cfn_attribute("Arn"))["name"] == "label"
    delete("Activity", made)
    with pytest.raises(Refused, match="Activity Does Not Exist"):
        api("DescribeActivity", activityArn=made.physical_resource_id)


def test_a_resource_without_a_name_gets_the_stacks(api):  # noqa: F811
    cloudformation.install(api.table)
    assert resource("Activity", {}).physical_resource_id == f"{HERE}:activity:stack-name-1"


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"DefinitionString": "{}"}, "StateMachine: InvalidDefinition: Invalid State Machine Definition: "),
        ({"DefinitionS3Location": {}}, "the local cloud does not support DefinitionS3Location: use DefinitionString"),
    ],
)
def test_what_the_api_refuses_is_a_stacks_error(api, properties, words):  # noqa: F811
    cloudformation.install(api.table)
    with pytest.raises(ValidationError, match=words):
        resource("StateMachine", {**PROPERTIES, **properties})
