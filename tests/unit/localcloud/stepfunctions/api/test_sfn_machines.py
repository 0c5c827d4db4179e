"""State machines, versions, aliases, tags and definitions, held against AWS's recorded answers."""

from __future__ import annotations

import json

import pytest

from .conftest import GROUP, HERE, PASS, ROLE, Refused

ARN = f"{HERE}:stateMachine:images"
OTHER = PASS.replace("Pass", "Succeed")


def refusal(api, operation, **given):
    with pytest.raises(Refused) as refused:
        api(operation, **given)
    return refused.value.code, str(refused.value)


def routes(*weights, first=1):
    return [{"stateMachineVersionArn": f"{ARN}:{n}", "weight": w} for n, w in enumerate(weights, first)]


@pytest.fixture
def versions(api):
    """A state machine with three versions."""
    api.machine(publish=True)
    for n in (2, 3):
        api("UpdateStateMachine", stateMachineArn=ARN, definition=PASS.replace('"A"', f'"A{n}"'), publish=True)
    return ARN


def test_a_new_state_machine_is_described_with_its_defaults(api):
    api.machine(tags=[{"key": "project", "value": "images"}])
    assert api("DescribeStateMachine", stateMachineArn=ARN) == {
        "stateMachineArn": ARN,
        "name": "images",
        "status": "ACTIVE",
        "definition": PASS,
        "roleArn": ROLE,
        "type": "STANDARD",
        "creationDate": 1.7e9,
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    assert api("ListTagsForResource", resourceArn=ARN) == {"tags": [{"key": "project", "value": "images"}]}


def test_without_data_a_description_has_an_empty_definition(api):
    api.machine(definition=json.dumps({**json.loads(PASS), "Reads": 1}))
    assert api("DescribeStateMachine", stateMachineArn=ARN)["variableReferences"] == {"A": ["one"]}
    described = api("DescribeStateMachine", stateMachineArn=ARN, includedData="METADATA_ONLY")
    assert described["definition"] == "{}"
    assert "variableReferences" not in described


def test_the_same_creation_again_answers_the_same(api):
    first = api("CreateStateMachine", name="images", definition=PASS, roleArn=ROLE)
    api.clock[0] += 10
    again = api(
        "CreateStateMachine", name="images", definition=PASS, roleArn=f"{ROLE}2", tags=[{"key": "a", "value": "b"}]
    )
    assert again == first
    assert api("ListTagsForResource", resourceArn=ARN) == {"tags": []}
    assert api("DescribeStateMachine", stateMachineArn=ARN)["roleArn"] == ROLE


@pytest.mark.parametrize(
    "other",
    [
        {"definition": PASS.replace(" ", "")},
        {"type": "EXPRESS"},
        {"tracingConfiguration": {"enabled": True}},
        {"publish": True},
        {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/states"}},
        {
            "loggingConfiguration": {
                "level": "ALL",
                "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}],
            }
        },
    ],
)
def test_another_creation_by_the_name_is_refused(api, other):
    api.machine()
    assert refusal(api, "CreateStateMachine", **{"name": "images", "definition": PASS, "roleArn": ROLE, **other}) == (
        "StateMachineAlreadyExists",
        f"State Machine Already Exists: '{ARN}'",
    )


@pytest.mark.parametrize("name", ["a name", "a<", "a:b", "a/b", "\x00a", "a\x7f", "a~", "a$"])
def test_a_name_with_a_forbidden_character_is_refused(api, name):
    expected = ("InvalidName", f"Invalid Name: '{name}'")
    assert refusal(api, "CreateStateMachine", name=name, definition=PASS, roleArn=ROLE) == expected
    assert refusal(api, "CreateActivity", name=name) == expected


def test_a_wrong_definition_is_refused_with_its_findings(api):
    assert refusal(api, "CreateStateMachine", name="a", definition='{"StartAt": "A"}', roleArn=ROLE) == (
        "InvalidDefinition",
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
    )


def test_an_update_makes_a_revision_and_an_update_of_nothing_does_not(api):
    api.machine()
    first = api("UpdateStateMachine", stateMachineArn=ARN, definition=OTHER)
    again = api("UpdateStateMachine", stateMachineArn=ARN, definition=OTHER, roleArn=ROLE)
    described = api("DescribeStateMachine", stateMachineArn=ARN)
    assert first["revisionId"] == again["revisionId"] == described["revisionId"]
    assert described["definition"] == OTHER
    other = api("UpdateStateMachine", stateMachineArn=ARN, roleArn=f"{ROLE}2")
    assert other["revisionId"] != first["revisionId"]


def test_an_update_without_a_change_is_refused(api):
    api.machine()
    words = (
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
    )
    assert refusal(api, "UpdateStateMachine", stateMachineArn=ARN) == ("MissingRequiredParameter", words)


def test_a_version_cannot_be_updated(api, versions):
    code, words = refusal(api, "UpdateStateMachine", stateMachineArn=f"{ARN}:2", definition=OTHER)
    assert (code, words) == ("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{ARN}:2'")


def test_an_update_that_publishes_and_changes_nothing_has_no_revision(api):
    api.machine()
    for _ in range(2):
        answer = api("UpdateStateMachine", stateMachineArn=ARN, definition=PASS, publish=True)
        assert answer == {"updateDate": 1.7e9, "stateMachineVersionArn": f"{ARN}:1"}


def test_a_running_execution_keeps_its_revision(api):
    execution = api.started(api.machine())
    api("UpdateStateMachine", stateMachineArn=ARN, definition=OTHER)
    described = api("DescribeStateMachineForExecution", executionArn=execution.arn)
    assert (described["definition"], described["name"], described["updateDate"]) == (PASS, "images", 1.7e9)
    assert "revisionId" not in described


def test_machines_are_listed_by_name_in_pages(api):
    for name in ("c", "a", "b"):
        api.machine(name)
    first = api("ListStateMachines", maxResults=2)
    assert [one["name"] for one in first["stateMachines"]] == ["a", "b"]
    rest = api("ListStateMachines", nextToken=first["nextToken"])
    assert [one["name"] for one in rest["stateMachines"]] == ["c"]
    assert "nextToken" not in rest
    code, words = refusal(api, "ListActivities", nextToken=first["nextToken"])
    assert (code, words) == ("InvalidToken", "Invalid Token: 'Invalid token'")


def test_a_deleted_machine_takes_its_executions_along(api):
    execution = api.started(api.machine())
    assert api("DeleteStateMachine", stateMachineArn=ARN) == {}
    assert api("DeleteStateMachine", stateMachineArn=ARN) == {}
    assert execution.status == "ABORTED"
    assert refusal(api, "StartExecution", stateMachineArn=ARN)[0] == "StateMachineDoesNotExist"
    assert refusal(api, "DescribeExecution", executionArn=execution.arn)[0] == "ExecutionDoesNotExist"


def test_arns_of_another_form_are_refused(api):
    words = "Invalid Arn: 'Invalid ARN prefix: not_an_arn'"
    assert refusal(api, "DescribeStateMachine", stateMachineArn="not_an_arn") == ("InvalidArn", words)
    words = "Invalid Arn: 'Resource type not valid in this context: express'"
    assert refusal(api, "StopExecution", executionArn=f"{HERE}:express:images:a:b") == ("InvalidArn", words)


def test_versions_are_numbered_and_listed_newest_first(api, versions):
    listed = api("ListStateMachineVersions", stateMachineArn=ARN)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in listed] == [f"{ARN}:{n}" for n in (3, 2, 1)]
    assert api("PublishStateMachineVersion", stateMachineArn=ARN)["stateMachineVersionArn"] == f"{ARN}:3"
    api("DeleteStateMachineVersion", stateMachineVersionArn=f"{ARN}:3")
    api("DeleteStateMachineVersion", stateMachineVersionArn=f"{ARN}:3")
    assert api("PublishStateMachineVersion", stateMachineArn=ARN)["stateMachineVersionArn"] == f"{ARN}:4"


def test_a_version_is_described_as_it_was_published(api):
    api.machine(publish=True, versionDescription="first")
    api("UpdateStateMachine", stateMachineArn=ARN, definition=OTHER)
    described = api("DescribeStateMachine", stateMachineArn=f"{ARN}:1")
    assert (described["definition"], described["description"]) == (PASS, "first")
    assert described["stateMachineArn"] == f"{ARN}:1"


def test_only_the_current_revision_can_be_published(api):
    api.machine()
    old = api("UpdateStateMachine", stateMachineArn=ARN, definition=OTHER)["revisionId"]
    new = api("UpdateStateMachine", stateMachineArn=ARN, definition=PASS)["revisionId"]
    assert refusal(api, "PublishStateMachineVersion", stateMachineArn=ARN, revisionId=old) == (
        "ConflictException",
        f"Failed to publish the State Machine version for revision {old}. The current State Machine revision is {new}.",
    )


def test_a_description_without_a_version_is_refused(api):
    words = "Version description can only be set when publish is true"
    given = {"name": "a", "definition": PASS, "roleArn": ROLE, "versionDescription": "first"}
    assert refusal(api, "CreateStateMachine", **given) == ("ValidationException", words)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            [{"stateMachineVersionArn": ARN, "weight": 100}],
            f"Routing configuration must contain state machine version ARNs. Received: [{ARN}]",
        ),
        (
            [{"stateMachineVersionArn": f"{ARN}:1", "weight": 50}] * 2,
            f"Routing configuration must contain distinct state machine version ARNs. Received: [{ARN}:1, {ARN}:1]",
        ),
        (routes(70, 29), "Sum of routing configuration weights must equal 100. Received: [70, 29]"),
    ],
)
def test_a_wrong_route_is_refused(api, versions, given, words):
    expected = ("ValidationException", words)
    assert refusal(api, "CreateStateMachineAlias", name="live", routingConfiguration=given) == expected


def test_an_alias_lives(api, versions):
    alias = f"{ARN}:live"
    given = {"name": "live", "description": "one", "routingConfiguration": routes(100)}
    first = api("CreateStateMachineAlias", **given)
    api.clock[0] += 1
    assert api("CreateStateMachineAlias", **given) == first == {"stateMachineAliasArn": alias, "creationDate": 1.7e9}
    words = (
        "Failed to create alias because an alias with the same name and a different routing configuration "
        "already exists."
    )
    other = {**given, "description": "two"}
    assert refusal(api, "CreateStateMachineAlias", **other) == ("ConflictException", words)
    api("UpdateStateMachineAlias", stateMachineAliasArn=alias, routingConfiguration=routes(50, 50))
    described = api("DescribeStateMachineAlias", stateMachineAliasArn=alias)
    assert described == {
        "stateMachineAliasArn": alias,
        "name": "live",
        "description": "one",
        "routingConfiguration": routes(50, 50),
        "creationDate": 1.7e9,
        "updateDate": 1.7e9 + 1,
    }
    assert refusal(api, "DeleteStateMachineVersion", stateMachineVersionArn=f"{ARN}:2") == (
        "ConflictException",
        "Version to be deleted must not be referenced by an alias. "
        "Current list of aliases referencing this version: [live]",
    )
    listed = api("ListStateMachineAliases", stateMachineArn=f"{ARN}:2")["stateMachineAliases"]
    assert [one["stateMachineAliasArn"] for one in listed] == [alias]
    api("DeleteStateMachineAlias", stateMachineAliasArn=alias)
    api("DeleteStateMachineAlias", stateMachineAliasArn=alias)
    assert refusal(api, "UpdateStateMachineAlias", stateMachineAliasArn=alias, description="") == (
        "ResourceNotFound",
        "Request references a resource that does not exist.",
    )


def test_tags_are_added_replaced_and_removed(api):
    api.machine()
    for key, value in (("a", "1"), ("b", "2"), ("a", "3")):
        api("TagResource", resourceArn=ARN, tags=[{"key": key, "value": value}])
    api("UntagResource", resourceArn=ARN, tagKeys=["b", "c"])
    assert api("ListTagsForResource", resourceArn=ARN) == {"tags": [{"key": "a", "value": "3"}]}
    tags = [{"key": str(n), "value": ""} for n in range(51)]
    assert refusal(api, "TagResource", resourceArn=ARN, tags=tags)[0] == "TooManyTags"


def test_a_version_has_no_tags(api):
    api.machine(publish=True)
    assert refusal(api, "TagResource", resourceArn=f"{ARN}:1", tags=[{"key": "a", "value": "b"}]) == (
        "ResourceNotFound",
        f"Resource not found: '{ARN}:1'",
    )


def test_findings_are_counted_by_severity_and_cut(api):
    assert api("ValidateStateMachineDefinition", definition=PASS) == {
        "result": "OK",
        "diagnostics": [],
        "truncated": False,
    }
    odd = json.dumps({"Odd": [1, 2]})
    error = {
        "severity": "ERROR",
        "code": "SCHEMA_VALIDATION_FAILED",
        "message": "These fields are required: [States, StartAt]",
        "location": "/",
    }
    found = api("ValidateStateMachineDefinition", definition=odd)
    assert found == {"result": "FAIL", "diagnostics": [error], "truncated": False}
    found = api("ValidateStateMachineDefinition", definition=odd, severity="WARNING", maxResults=2)
    assert ([one["severity"] for one in found["diagnostics"]], found["truncated"]) == (["WARNING"] * 2, True)
