"""A service that is handed a role proves, before it keeps it, that it may take it on and can do its work with it.

moto checks at most that there is such a role. AWS, by the errors that its API references and troubleshooting pages
quote:

* Lambda, CreateFunction and UpdateFunctionConfiguration: "The role defined for the function cannot be assumed by
  Lambda"; and the role must allow what tracing and a VPC need of it.
* Step Functions, CreateStateMachine and UpdateStateMachine: "Neither the global service principal
  states.amazonaws.com, nor the regional one is authorized to assume the provided role"; "The state machine IAM Role is
  not authorized to access the Log Destination" (docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html).
* SageMaker, CreateModel, CreateTrainingJob and CreateHyperParameterTuningJob: "Could not assume role …".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud import network
from localcloud.access import Acting
from localcloud.authorization.roles import AccessDenied, CannotAssume, Roles
from localcloud.context import Context

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)


def install(context: Context) -> None:
    """Let Lambda, Step Functions and SageMaker refuse a role that they cannot use."""
    _install_lambda(context.roles)
    _install_states(context.roles)
    _install_sagemaker(context.roles)


def _install_lambda(roles: Roles) -> None:
    from moto.awslambda.exceptions import InvalidParameterValueException
    from moto.awslambda.models import LambdaBackend

    create, update = LambdaBackend.create_function, LambdaBackend.update_function_configuration

    def check(role: str, region: str, given: Mapping[str, Any]) -> None:
        try:
            roles.assume(role, "lambda.amazonaws.com")
        except (CannotAssume, IndexError):
            message = "The role defined for the function cannot be assumed by Lambda."
            raise InvalidParameterValueException(message) from None
        acting = Acting(roles, role, account=role.split(":")[4], region=region, session="awslambda")
        try:
            if (given.get("TracingConfig") or {}).get("Mode") == "Active":
                acting.require("xray:PutTraceSegments")
            if (vpc := given.get("VpcConfig") or {}).get("SubnetIds"):
                network.join(acting, vpc["SubnetIds"], vpc.get("SecurityGroupIds") or [], needs=network.LAMBDA)
        except AccessDenied as error:
            service, action = error.request.action.split(":")
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {action} on {service.upper()}"
            ) from None

    def create_function(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        check(spec["Role"], self.region_name, spec)
        return create(self, spec)

    def update_function_configuration(
        self: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]
    ) -> Any:
        if "Role" in body or "TracingConfig" in body or "VpcConfig" in body:
            role = body.get("Role") or self.get_function(function_name, qualifier).role
            check(role, self.region_name, body)
        return update(self, function_name, qualifier, body)

    LambdaBackend.create_function = create_function
    LambdaBackend.update_function_configuration = update_function_configuration


def _install_states(roles: Roles) -> None:
    from moto.core.exceptions import AWSError
    from moto.stepfunctions.responses import StepFunctionResponse

    class AccessDenied(AWSError):
        TYPE = "AccessDeniedException"

    def checked(action: Callable[[StepFunctionResponse], Any]) -> Callable[[StepFunctionResponse], Any]:
        def check(self: StepFunctionResponse) -> Any:
            role, logging = self._get_param("roleArn"), self._get_param("loggingConfiguration") or {}
            if arn := self._get_param("stateMachineArn"):
                role = role or self.stepfunction_backend.describe_state_machine(arn).roleArn
            try:
                roles.assume(role, "states.amazonaws.com")
            except CannotAssume:
                raise AccessDenied(
                    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to "
                    "assume the provided role."
                ) from None
            if logging.get("level", "OFF") != "OFF" and not all(
                roles.may(role, needed, session="logging").allowed for needed in LOG_DELIVERY
            ):
                raise AccessDenied("The state machine IAM Role is not authorized to access the Log Destination")
            return action(self)

        return check

    for name in ("create_state_machine", "update_state_machine"):
        setattr(StepFunctionResponse, name, checked(getattr(StepFunctionResponse, name)))


def _install_sagemaker(roles: Roles) -> None:
    from moto.sagemaker.exceptions import ValidationError
    from moto.sagemaker.responses import SageMakerResponse

    role_of: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
        "create_model": lambda given: given.get("ExecutionRoleArn"),
        "create_training_job": lambda given: given.get("RoleArn"),
        "create_hyper_parameter_tuning_job": lambda given: (given.get("TrainingJobDefinition") or {}).get("RoleArn"),
    }

    def checked(name: str, action: Callable[[SageMakerResponse], Any]) -> Callable[[SageMakerResponse], Any]:
        def check(self: SageMakerResponse) -> Any:
            role = role_of[name](self.params)
            try:
                # What is no ARN at all is refused by the action itself.
                if role and role.startswith("arn:"):
                    roles.assume(role, "sagemaker.amazonaws.com")
            except CannotAssume as error:
                raise ValidationError(str(error)) from None
            return action(self)

        return check

    for name in role_of:
        setattr(SageMakerResponse, name, checked(name, getattr(SageMakerResponse, name)))
