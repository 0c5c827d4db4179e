"""The execution role of notebooks, made on the local cloud, and its session."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from scones import aws, settings
from scones.errors import CloudError, InputError
from scones.notebook import identity


@pytest.fixture(scope="module")
def environment(cloud: Any) -> settings.Environment:
    return dataclasses.replace(settings.load("local", variables={}), cloud_path=cloud.state / "cloud.json")


def test_a_notebook_is_a_session_of_a_role_that_sagemaker_may_take_for_jobs(environment: settings.Environment) -> None:
    arn = identity.role(environment, None)
    assert identity.role(environment, None) == arn  # once
    assert arn == "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole-notebook"
    keys = identity.session(environment, arn)
    notebook = dataclasses.replace(environment, credentials=keys)
    caller = aws.client(notebook, "sts").get_caller_identity()["Arn"]
    assert caller == "arn:aws:sts::123456789012:assumed-role/AmazonSageMaker-ExecutionRole-notebook/SageMaker"
    s3 = aws.client(notebook, "s3")
    s3.create_bucket(Bucket="tests-notebook")
    s3.put_object(Bucket="tests-notebook", Key="a", Body=b"b")
    with pytest.raises(Exception, match="AccessDenied"):
        aws.client(notebook, "iam").create_user(UserName="tests-notebook")


def test_a_given_role_is_found_by_its_name(environment: settings.Environment, cloud: Any) -> None:
    arn = cloud.role("tests-notebook-given")
    assert identity.role(environment, "tests-notebook-given") == arn
    assert identity.role(dataclasses.replace(environment, notebook_role="tests-notebook-given"), None) == arn
    with pytest.raises(InputError, match="there is no role 'tests-notebook-missing'"):
        identity.role(environment, "tests-notebook-missing")


def test_a_role_that_trusts_only_services_cannot_be_had(environment: settings.Environment, cloud: Any) -> None:
    arn = cloud.role("tests-notebook-trust")
    keys = identity.session(environment, identity.role(environment, None))  # the account's root user may take any role
    with pytest.raises(CloudError, match="its trust policy must allow sts:AssumeRole"):
        identity.session(dataclasses.replace(environment, credentials=keys), arn)


def test_on_aws_a_role_must_be_named() -> None:
    with pytest.raises(InputError, match="environment 'dev' names no role for notebooks"):
        identity.role(settings.load("dev", variables={}), None)


@pytest.mark.parametrize("given", ["arn:nonsense", "bad name!", "arn:aws:sqs:us-east-1:123456789012:queue"])
def test_what_is_no_role_is_refused_before_it_is_looked_for(environment: settings.Environment, given: str) -> None:
    with pytest.raises(InputError, match="is neither a role's name nor its ARN"):
        identity.role(environment, given)


@pytest.mark.parametrize("arn", ["arn:aws:iam::123456789012:role/nobody", "arn:aws:iam::999999999999:role/x"])
def test_a_role_that_does_not_exist_cannot_be_had(environment: settings.Environment, arn: str) -> None:
    with pytest.raises(CloudError, match=f"the notebook cannot have the role {arn}"):
        identity.session(environment, identity.role(environment, arn))
