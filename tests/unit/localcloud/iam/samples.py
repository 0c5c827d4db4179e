"""Sample requests: for every operation of the tables, parameters that its botocore model allows.

``everything`` gives every parameter, so that every permission is needed. ``required`` gives only the required ones.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import botocore.session
from botocore.model import Shape

from localcloud.iam import derivation
from localcloud.services import registered

#: The services' permission tables, and the derivation made from them.
REGISTRY = registered()
TABLES = REGISTRY.tables
derive = functools.partial(derivation.derive, REGISTRY)

ACCOUNT, REGION = "123456789012", "us-east-1"
HERE = f"{REGION}:{ACCOUNT}"
KEY = f"arn:aws:kms:{HERE}:key/0a1b2c3d-0000-4000-8000-000000000001"

# Parameters that are ARNs or identifiers: by name, or by service and name if services differ.
VALUES: dict[str, str] = {
    "AccountId": ACCOUNT,
    "AWSServiceName": "autoscaling.amazonaws.com",
    "AliasName": "alias/sample",
    "DestinationArn": f"arn:aws:sqs:{HERE}:sample",
    "SourceArn": f"arn:aws:sqs:{HERE}:sample",
    "AssociationId": "rtbassoc-0001",
    "CopySource": "samples/source.png",
    "DeliverLogsPermissionArn": f"arn:aws:iam::{ACCOUNT}:role/sample",
    "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/sample",
    "GroupId": "sg-0001",
    "Groups": "sg-0001",
    "KMSKeyArn": KEY,
    "KeyId": KEY,
    "Layers": f"arn:aws:lambda:{HERE}:layer:sample:1",
    "ModelPackageArn": f"arn:aws:sagemaker:{HERE}:model-package/samples/1",
    "NetworkInterfaceId": "eni-0001",
    "OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/tokens.example",
    "Path": "/",
    "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/sample",
    "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:role/sample",
    "PrefixListId": "pl-0001",
    "QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/sample",
    "ResourceId": "endpoint/sample/variant/AllTraffic",
    "ResourceIds": "vpc-0001",
    "Resources": "vpc-0001",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/sample",
    "RouteTableId": "rtb-0001",
    "RuleARN": f"arn:aws:xray:{HERE}:sampling-rule/sample",
    "GroupARN": f"arn:aws:xray:{HERE}:group/sample/1",
    "ServiceNamespace": "sagemaker",
    "SubnetId": "subnet-0001",
    "TargetKeyId": KEY,
    "TopicArn": f"arn:aws:sns:{HERE}:sample",
    "Url": "https://tokens.example",
    "VpcEndpointId": "vpce-0001",
    "VpcId": "vpc-0001",
    "activityArn": f"arn:aws:states:{HERE}:activity:sample",
    "executionArn": f"arn:aws:states:{HERE}:execution:sample:1",
    "level": "ALL",
    "mapRunArn": f"arn:aws:states:{HERE}:mapRun:sample/label:1",
    "roleArn": f"arn:aws:iam::{ACCOUNT}:role/sample",
    "stateMachineAliasArn": f"arn:aws:states:{HERE}:stateMachine:sample:live",
    "stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:sample",
    "stateMachineVersionArn": f"arn:aws:states:{HERE}:stateMachine:sample:1",
    "Role": f"arn:aws:iam::{ACCOUNT}:role/sample",
    "AddRouteTableIds": "rtb-0001",
    "AddSecurityGroupIds": "sg-0001",
    "AddSubnetIds": "subnet-0001",
    "FlowLogIds": "fl-0001",
    "RemoveRouteTableIds": "rtb-0001",
    "RemoveSecurityGroupIds": "sg-0001",
    "RemoveSubnetIds": "subnet-0001",
    "RouteTableIds": "rtb-0001",
    "SecurityGroupIds": "sg-0001",
    "SecurityGroupRuleId": "sgr-0001",
    "SubnetIds": "subnet-0001",
    "VpcEndpointIds": "vpce-0001",
}
# boto3 sends this only with an extra library: a global endpoint of EventBridge.
UNSENT = ("EndpointId",)
RESOURCES = {
    "applicationautoscaling": f"arn:aws:application-autoscaling:{HERE}:scalable-target/0001",
    "budgets": f"arn:aws:budgets::{ACCOUNT}:budget/sample",
    "cloudwatch": f"arn:aws:cloudwatch:{HERE}:alarm:sample",
    "events": f"arn:aws:events:{HERE}:rule/sample",
    "lambda": f"arn:aws:lambda:{HERE}:function:sample",
    "logs": f"arn:aws:logs:{HERE}:log-group:/aws/lambda/sample",
    "s3control": "arn:aws:s3:::samples",
    "sagemaker": f"arn:aws:sagemaker:{HERE}:endpoint/sample",
    "scheduler": f"arn:aws:scheduler:{HERE}:schedule-group/sample",
    "sns": f"arn:aws:sns:{HERE}:sample",
    "stepfunctions": f"arn:aws:states:{HERE}:stateMachine:sample",
    "xray": f"arn:aws:xray:{HERE}:sampling-rule/sample",
}


@functools.cache
def model(table: str) -> Any:
    """botocore's model of a table's service."""
    session = botocore.session.get_session()
    names = {re.sub(r"[^a-z0-9]", "", name): name for name in session.get_available_services()}
    return session.get_service_model(names[table])


def operations() -> list[tuple[str, str]]:
    """Every table's every operation."""
    return [(table, name) for table, entries in TABLES.items() for name in entries]


def parameters(table: str, operation: str, *, everything: bool) -> dict[str, Any]:
    """Parameters of an operation: all of them, or those that are required."""
    shape = model(table).operation_model(operation).input_shape
    return _sample(table, "", shape, everything) if shape else {}


def _sample(table: str, name: str, shape: Shape, everything: bool, depth: int = 0) -> Any:
    if shape.type_name == "structure":
        required = shape.metadata.get("required", [])
        names = [one for one in shape.members if one in required or (everything and depth < 4 and one not in UNSENT)]
        return {one: _sample(table, one, shape.members[one], everything, depth + 1) for one in names}
    if shape.type_name == "list":
        return [_sample(table, name, shape.member, everything, depth)]
    if shape.type_name == "map":
        return {"sample": _sample(table, name, shape.value, everything, depth)}
    if shape.type_name == "blob":
        return b"sample"
    if shape.type_name in ("integer", "long", "float", "double"):
        return 1
    if shape.type_name == "boolean":
        return True
    if shape.type_name == "timestamp":
        return 1
    return _text(table, name, shape)


def _text(table: str, name: str, shape: Shape) -> str:
    if name in ("Resource", "ResourceARN", "ResourceArn", "resourceArn") and table in RESOURCES:
        return RESOURCES[table]
    if table != "ec2" and name in ("GroupId", "Groups", "Resources"):
        return "sample"
    if name in VALUES:
        return VALUES[name]
    return shape.enum[0] if getattr(shape, "enum", None) else "sample"
