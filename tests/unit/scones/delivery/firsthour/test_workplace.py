"""The steps work in a copy of the project, an environment of its own, with the permissions of the pipeline's role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scones import revision, settings
from scones.delivery.firsthour import borrowed, workplace
from scones.errors import InputError
from scones.settings import Environment

OPEN = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment dev, whose generated files go elsewhere."""
    found = settings.load("dev", variables={})
    build = tmp_path_factory.mktemp("build")
    return replace(found, build_name=str(build), service={**found.service, "confidence_threshold": 0.7})


@pytest.fixture(scope="module")
def place(dev: Environment) -> Environment:
    return workplace.make(dev)


def test_its_names_are_none_of_the_environments(dev: Environment, place: Environment) -> None:
    assert place.name == "checkdev"
    assert not dev.owns(f"scones-{place.name}")
    assert not dev.owns(f"scones-{place.name}-training")
    assert len(workplace.name_of(replace(dev, name="integration"))) <= 12, "Terraform refuses a longer one"


def test_it_has_the_environments_settings_but_may_be_deleted(dev: Environment, place: Environment) -> None:
    assert place.service["confidence_threshold"] == 0.7
    assert place.service["endpoint_rollback"] == {"latency_ms": workplace.LATENCY_MS}
    assert place.foundation == {"force_destroy": True, "customer_managed_key": False}
    assert place.training == dev.training
    assert place.pin_path.is_relative_to(place.root)


def test_a_change_is_kept_for_the_next_run_and_touches_no_file_of_the_checkout(
    dev: Environment, place: Environment
) -> None:
    before = {path: path.read_text() for path in dev.folder.glob("*.json")}
    assert workplace.change(place, "foundation", customer_managed_key=True).foundation["customer_managed_key"]
    assert workplace.make(dev).foundation["customer_managed_key"]
    assert {path: path.read_text() for path in dev.folder.glob("*.json")} == before


def test_a_plan_can_be_of_its_commit(place: Environment) -> None:
    workplace.change(place, "service", endpoint_instance_count=2)
    assert revision.tree(place.root).endswith("-dirty")
    workplace.commit(place.root, "two instances")
    assert not revision.tree(place.root).endswith("-dirty")


def test_two_runs_at_once_are_refused(dev: Environment) -> None:
    with (
        workplace.alone(dev),
        pytest.raises(InputError, match=r"another invoke aws\.check of environment 'dev' is running"),
        workplace.alone(dev),
    ):
        pass


def test_no_repository_of_github_is_trusted() -> None:
    """The roles exist for an hour. An owner's name cannot begin with a hyphen."""
    assert workplace.REPOSITORY.startswith("-")


@pytest.fixture
def iam() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("iam", region_name="us-east-1")


def test_the_pipelines_permissions_are_lent_for_a_while(iam: Any, place: Environment) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="ci-scones-checkdev-apply", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    policy = iam.create_policy(PolicyName="ci-scones-checkdev-network", PolicyDocument=OPEN)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="ci-scones-checkdev-apply", PolicyArn=policy)
    iam.put_role_policy(RoleName="ci-scones-checkdev-apply", PolicyName="own", PolicyDocument=OPEN)

    def client(_: Environment, service: str) -> Any:
        return boto3.client(service, region_name="us-east-1")

    own = borrowed.name(place)
    with borrowed.session(place, role, client=client, sleep=lambda seconds: None) as lent:
        attached = iam.list_attached_role_policies(RoleName=own)["AttachedPolicies"]
        assert [one["PolicyArn"] for one in attached] == [policy]
        assert iam.list_role_policies(RoleName=own)["PolicyNames"] == ["own"]
        assert lent.credentials is not None
        assert lent.credentials.session_token
    assert [one["RoleName"] for one in iam.list_roles()["Roles"]] == ["ci-scones-checkdev-apply"]
    assert not borrowed.remove(place, client=client), "nothing is left to remove"
