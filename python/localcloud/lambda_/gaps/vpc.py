"""A function's VpcConfig names the VPC of its subnets. Missing subnets and security groups are refused.

moto: ``awslambda/models.py``, ``LambdaFunction.vpc_config`` answers ``vpc-123abc`` for any subnets. moto never checks
that the subnets exist.

AWS: GetFunctionConfiguration answers with the VPC of the subnets. CreateFunction and UpdateFunctionConfiguration check
subnets and groups, and answer InvalidParameterValueException with EC2's code and message (AWS Lambda API Reference,
VpcConfigResponse, InvalidParameterValueException).
"""

from __future__ import annotations

from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.ec2.exceptions import EC2ClientError

from localcloud.ec2.networks import vpc_of


def apply() -> None:
    """Replace moto's functions."""
    create, update = LambdaBackend.create_function, LambdaBackend.update_function_configuration

    def create_function(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        _check(self, spec)
        return create(self, spec)

    def update_function_configuration(
        self: LambdaBackend, function_name: str, qualifier: str, body: dict[str, Any]
    ) -> Any:
        _check(self, body)
        return update(self, function_name, qualifier, body)

    LambdaBackend.create_function = create_function
    LambdaBackend.update_function_configuration = update_function_configuration
    LambdaFunction.vpc_config = property(described)


def described(function: LambdaFunction) -> dict[str, Any] | None:
    """The function's VpcConfigResponse. None if the function never had a VpcConfig."""
    if not (given := function._vpc_config):
        return None
    subnets, groups = given.get("SubnetIds") or [], given.get("SecurityGroupIds") or []
    try:
        vpc = vpc_of(subnets, groups, account=function.account_id, region=function.region) if subnets else ""
    except EC2ClientError:  # the subnets or groups have been deleted since
        vpc = ""
    dual_stack = given.get("Ipv6AllowedForDualStack", False)
    return {"SubnetIds": subnets, "SecurityGroupIds": groups, "VpcId": vpc, "Ipv6AllowedForDualStack": dual_stack}


def _check(backend: LambdaBackend, given: dict[str, Any]) -> None:
    vpc = given.get("VpcConfig") or {}
    if not vpc.get("SubnetIds"):
        return
    try:
        vpc_of(
            vpc["SubnetIds"], vpc.get("SecurityGroupIds") or [], account=backend.account_id, region=backend.region_name
        )
    except EC2ClientError as error:
        raise InvalidParameterValueException(
            f"Error occurred while describing the VPC's parts. EC2 Error Code: {error.code}. "
            f"EC2 Error Message: {error.message}"
        ) from None
