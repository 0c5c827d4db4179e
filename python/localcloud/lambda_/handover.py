"""CreateFunction and UpdateFunctionConfiguration check the function's role.

Lambda must be able to assume the role, and the role must allow the calls that active tracing, a VPC and a dead-letter
queue need. moto checks at most that the role exists. AWS refuses such a role when the function is created or updated:
"The role defined for the function cannot be assumed by Lambda" (AWS Lambda Developer Guide, troubleshooting).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend

from localcloud.ec2 import networks
from localcloud.iam.acting import Acting
from localcloud.iam.roles import AccessDenied, CannotAssume, Roles
from localcloud.lambda_.later import deliveries

#: The parameters that the role must fit.
CHECKED = {"Role", "TracingConfig", "VpcConfig", "DeadLetterConfig"}


def install(roles: Roles) -> None:
    """Make CreateFunction and UpdateFunctionConfiguration refuse a role that Lambda cannot use."""
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
                networks.join(acting, vpc["SubnetIds"], vpc.get("SecurityGroupIds") or [], needs=networks.LAMBDA)
            if target := (given.get("DeadLetterConfig") or {}).get("TargetArn"):
                _check_dead_letters(target, acting.account)
                deliveries.permit_configured(acting, target)
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
        if CHECKED & set(body):
            function = self.get_function(function_name, qualifier)
            # Another role must fit what the function has already.
            has = {"DeadLetterConfig": function.kept.get("DeadLetterConfig")} if "Role" in body else {}
            check(body.get("Role") or function.role, self.region_name, has | body)
        return update(self, function_name, qualifier, body)

    LambdaBackend.create_function = create_function
    LambdaBackend.update_function_configuration = update_function_configuration


def _check_dead_letters(arn: str, account: str) -> None:
    """Refuse a dead-letter queue that is neither a standard queue nor a standard topic, or is not there.

    Raises:
        InvalidParameterValueException: It is neither, or does not exist. AWS documents the rule and not its words.
    """
    if deliveries.service_of(arn) not in deliveries.DEAD_LETTERS or arn.endswith(".fifo"):
        raise InvalidParameterValueException(
            f"The dead-letter target must be a standard queue of SQS or a standard topic of SNS: {arn}"
        )
    if not deliveries.exists(arn, account=account):
        raise InvalidParameterValueException(f"The dead-letter target {arn} does not exist.")
