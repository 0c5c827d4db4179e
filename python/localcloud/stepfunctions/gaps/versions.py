"""Adds four actions that Terraform calls on plan and apply.

moto: ``stepfunctions/responses.py`` lacks ValidateStateMachineDefinition, ListStateMachineVersions,
PublishStateMachineVersion and DeleteStateMachineVersion.

AWS: AWS Step Functions API Reference, under these names. Publishing an unchanged state machine returns the existing
version. Versions are listed newest first.
"""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse


def apply() -> None:
    """Add the actions to moto."""
    StepFunctionResponse.validate_state_machine_definition = validate_state_machine_definition
    StepFunctionResponse.list_state_machine_versions = list_state_machine_versions
    StepFunctionResponse.publish_state_machine_version = publish_state_machine_version
    StepFunctionResponse.delete_state_machine_version = delete_state_machine_version


def validate_state_machine_definition(self: StepFunctionResponse) -> ActionResult:
    """ValidateStateMachineDefinition."""
    diagnostics = []
    try:
        StepFunctionsParserBackend._validate_definition(self._get_param("definition"))
    except InvalidDefinition as error:
        message = (error.message or "")[:500]
        diagnostics = [
            {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": message, "location": "/"},
        ]
    return ActionResult({"result": "FAIL" if diagnostics else "OK", "diagnostics": diagnostics, "truncated": False})


def list_state_machine_versions(self: StepFunctionResponse) -> ActionResult:
    """ListStateMachineVersions."""
    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    versions = sorted(machine.versions.values(), key=lambda version: version.version, reverse=True)
    return ActionResult(
        {
            "stateMachineVersions": [
                {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date} for version in versions
            ]
        }
    )


def publish_state_machine_version(self: StepFunctionResponse) -> ActionResult:
    """PublishStateMachineVersion."""
    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    if not _is_published(machine):
        machine.publish(self._get_param("description"))
    latest = machine.latest_version
    return ActionResult({"stateMachineVersionArn": latest.arn, "creationDate": latest.creation_date})


def delete_state_machine_version(self: StepFunctionResponse) -> EmptyResult:
    """DeleteStateMachineVersion."""
    arn, _, number = self._get_param("stateMachineVersionArn").rpartition(":")
    self.stepfunction_backend.describe_state_machine(arn).versions.pop(int(number), None)
    return EmptyResult()


def _is_published(machine: StateMachine) -> bool:
    latest = machine.versions.get(machine.latest_version_number)
    return latest is not None and (latest.definition, latest.roleArn) == (machine.definition, machine.roleArn)
