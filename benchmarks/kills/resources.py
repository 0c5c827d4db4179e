"""The resources that are made and changed in each service."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.kills.machines import packaged
from benchmarks.kills.subjects import Changing, Growing, Next, Subject
from benchmarks.kills.victim import ACCOUNT, REGION, Victim

NAMESPACE, PACKAGES = "Kills", "kills"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def _code(number: int) -> bytes:
    return packaged(f"def handler(event, context):\n    return {number}\n")


def function(victim: Victim, role: str, chance: random.Random) -> Subject:
    """The code of a function, which is invoked."""

    def make() -> None:
        victim.ask(
            "lambda", "create_function",
            FunctionName="kills-function", Runtime="python3.13", Role=role, Handler="handler.handler", Timeout=60,
            Code={"ZipFile": _code(0)},
        )  # fmt: skip

    def write(number: int) -> None:
        victim.ask("lambda", "update_function_code", FunctionName="kills-function", ZipFile=_code(number))

    def read() -> Any:
        return json.load(victim.sure("lambda", "invoke", FunctionName="kills-function")["Payload"])

    return Changing("lambda UpdateFunctionCode", write, read, make, first=0)


def functions(victim: Victim, role: str, chance: random.Random) -> Subject:
    """Functions."""
    prefix = "kills-many-"

    def add(names: list[str]) -> None:
        victim.ask(
            "lambda", "create_function",
            FunctionName=prefix + names[0].replace(".", "-"), Runtime="python3.13", Role=role,
            Handler="handler.handler", Code={"ZipFile": _code(1)},
        )  # fmt: skip

    def read() -> Iterable[str]:
        pages = victim.client("lambda").get_paginator("list_functions").paginate()
        names = [one["FunctionName"] for page in pages for one in page["Functions"]]
        return [name.removeprefix(prefix).replace("-", ".") for name in names if name.startswith(prefix)]

    return Growing("lambda CreateFunction", add, read, most=30)


def role_policy(victim: Victim, role: str, chance: random.Random) -> Subject:
    """A policy of a role."""
    named = {"RoleName": "kills-changing", "PolicyName": "changing"}

    def make() -> None:
        victim.ask("iam", "create_role", RoleName="kills-changing", AssumeRolePolicyDocument=TRUST)

    def write(number: int) -> None:
        allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{number}/*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        victim.ask("iam", "put_role_policy", **named, PolicyDocument=document)

    def read() -> Any:
        try:
            document = victim.sure("iam", "get_role_policy", **named)["PolicyDocument"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            return None
        return int(document["Statement"][0]["Resource"].removeprefix("arn:aws:s3:::").removesuffix("/*"))

    return Changing("iam PutRolePolicy", write, read, make)


def roles(victim: Victim, role: str, chance: random.Random) -> Subject:
    """Roles."""

    def add(names: list[str]) -> None:
        victim.ask("iam", "create_role", RoleName=f"kills-role-{names[0]}", AssumeRolePolicyDocument=TRUST)

    def read() -> Iterable[str]:
        pages = victim.client("iam").get_paginator("list_roles").paginate()
        names = [one["RoleName"] for page in pages for one in page["Roles"]]
        return [name.removeprefix("kills-role-") for name in names if name.startswith("kills-role-")]

    return Growing("iam CreateRole", add, read, most=60)


def alarm(victim: Victim, role: str, chance: random.Random) -> Subject:
    """The threshold of an alarm."""

    def write(number: int) -> None:
        victim.ask(
            "cloudwatch", "put_metric_alarm",
            AlarmName="kills", Namespace=NAMESPACE, MetricName="asked", Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=10**6 + number, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip

    def read() -> Any:
        found = victim.sure("cloudwatch", "describe_alarms", AlarmNames=["kills"])["MetricAlarms"]
        return round(found[0]["Threshold"]) - 10**6 if found else None

    return Changing("cloudwatch PutMetricAlarm", write, read)


def _package_of(victim: Victim, description: str, **more: Any) -> Any:
    container = {"Image": f"811284229777.dkr.ecr.{REGION}.amazonaws.com/image-classification:1"}
    kinds = {"SupportedContentTypes": ["application/x-image"], "SupportedResponseMIMETypes": ["application/json"]}
    return victim.ask(
        "sagemaker", "create_model_package",
        ModelPackageDescription=description, InferenceSpecification={"Containers": [container], **kinds}, **more,
    )  # fmt: skip


def packages(victim: Victim, role: str, chance: random.Random) -> Subject:
    """Versions of a model package group."""

    def make() -> None:
        victim.ask("sagemaker", "create_model_package_group", ModelPackageGroupName=PACKAGES)

    def read() -> Iterable[str]:
        pages = victim.client("sagemaker").get_paginator("list_model_packages")
        for page in pages.paginate(ModelPackageGroupName=PACKAGES):
            yield from (one["ModelPackageDescription"] for one in page["ModelPackageSummaryList"])

    def add(names: list[str]) -> None:
        _package_of(victim, names[0], ModelPackageGroupName=PACKAGES)

    return Growing("sagemaker CreateModelPackage", add, read, make, most=60)


def approval(victim: Victim, role: str, chance: random.Random) -> Subject:
    """The approval of a model package: its status and its description go together."""
    arn: list[str] = []

    def make() -> None:
        victim.ask("sagemaker", "create_model_package_group", ModelPackageGroupName=f"{PACKAGES}-approval")
        made = _package_of(victim, "one", ModelPackageGroupName=f"{PACKAGES}-approval")
        arn.append(made["ModelPackageArn"])

    def write(number: int) -> None:
        status = {"ModelApprovalStatus": ("Approved", "Rejected")[number % 2], "ApprovalDescription": str(number)}
        victim.ask("sagemaker", "update_model_package", ModelPackageArn=arn[0], **status)

    def read() -> Any:
        found = victim.sure("sagemaker", "describe_model_package", ModelPackageName=arn[0])
        number = found.get("ApprovalDescription")
        if number is None:
            return None
        right = found["ModelApprovalStatus"] == ("Approved", "Rejected")[int(number) % 2]
        return int(number) if right else "a half"

    return Changing("sagemaker UpdateModelPackage", write, read, make)


def state_machine(victim: Victim, role: str, chance: random.Random) -> Subject:
    """The definition of a state machine."""
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:kills"

    def definition(number: int) -> str:
        return json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": number, "End": True}}})

    def make() -> None:
        victim.ask("stepfunctions", "create_state_machine", name="kills", definition=definition(0), roleArn=role)

    def write(number: int) -> None:
        victim.ask("stepfunctions", "update_state_machine", stateMachineArn=arn, definition=definition(number))

    def read() -> Any:
        found = victim.sure("stepfunctions", "describe_state_machine", stateMachineArn=arn)["definition"]
        return json.loads(found)["States"]["P"]["Result"]

    return Changing("stepfunctions UpdateStateMachine", write, read, make, first=0)


def topic(victim: Victim, role: str, chance: random.Random) -> Subject:
    """The name that a topic shows."""
    named = {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:kills", "AttributeName": "DisplayName"}

    def read() -> Any:
        found = victim.sure("sns", "get_topic_attributes", TopicArn=named["TopicArn"])["Attributes"]["DisplayName"]
        return int(found) if found else None

    return Changing(
        "sns SetTopicAttributes",
        lambda number: victim.ask("sns", "set_topic_attributes", **named, AttributeValue=str(number)),
        read,
        lambda: victim.ask("sns", "create_topic", Name="kills"),
    )


def rule(victim: Victim, role: str, chance: random.Random) -> Subject:
    """The description of a rule."""

    def read() -> Any:
        found = victim.sure("events", "list_rules", NamePrefix="kills")["Rules"]
        return int(found[0]["Description"]) if found else None

    rule = {"Name": "kills", "ScheduleExpression": "rate(1 day)"}
    return Changing(
        "events PutRule", lambda number: victim.ask("events", "put_rule", **rule, Description=str(number)), read
    )


def retention(victim: Victim, role: str, chance: random.Random) -> Subject:
    """The retention of a log group."""
    days = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400]
    group = {"logGroupName": "/kills/retention"}

    def read() -> Any:
        found = victim.sure("logs", "describe_log_groups", logGroupNamePrefix="/kills/retention")["logGroups"]
        return found[0].get("retentionInDays")

    class Days(Changing):
        def next(self) -> Next:
            words, setting, number, _ = super().next()
            day = days[number % len(days)]
            return words, setting, day, lambda: victim.ask("logs", "put_retention_policy", **group, retentionInDays=day)

    make = lambda: victim.ask("logs", "create_log_group", **group)  # noqa: E731
    return Days("logs PutRetentionPolicy", lambda number: None, read, make)


def description_of_a_key(victim: Victim, role: str, chance: random.Random) -> Subject:
    """The description of a key."""
    key: list[str] = []

    def make() -> None:
        key.append(victim.ask("kms", "create_key", Description="0")["KeyMetadata"]["KeyId"])

    def read() -> Any:
        return int(victim.sure("kms", "describe_key", KeyId=key[0])["KeyMetadata"]["Description"])

    return Changing(
        "kms UpdateKeyDescription",
        lambda number: victim.ask("kms", "update_key_description", KeyId=key[0], Description=str(number)),
        read,
        make,
        first=0,
    )
