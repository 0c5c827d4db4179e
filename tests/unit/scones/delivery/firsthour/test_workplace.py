"""The steps work in a copy of the project, an environment of its own, with the permissions of the pipeline's role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
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
    own = {"confidence_threshold": 0.7, "alarm_emails": ["team@example.com"], "monthly_budget_usd": 150}
    return replace(found, build_name=str(build), service={**found.service, **own, "budget_scope": "environment"})


@pytest.fixture(scope="module")
def place(dev: Environment) -> Environment:
    return workplace.make(dev)


def test_its_names_are_none_of_the_environments(dev: Environment, place: Environment) -> None:
    assert place.name == "checkdev"
    assert not dev.owns(f"scones-{place.name}")
    assert not dev.owns(f"scones-{place.name}-training")


def test_every_environment_is_tried_in_one_of_its_own(dev: Environment) -> None:
    """Two environments in one account whose names begin alike would otherwise take each other's copy down."""
    names = [workplace.name_of(replace(dev, name=name)) for name in ("production1", "production2", "product")]
    assert len(set(names)) == 3
    assert all(re.fullmatch("check[a-z0-9]{1,7}", name) for name in names), "Terraform refuses another one"


def test_an_environment_of_the_copys_name_is_not_taken_down(dev: Environment, tmp_path: Path) -> None:
    own = tmp_path / "terraform" / "environments" / "checkdev"
    own.mkdir(parents=True)
    (own / "environment.json").write_text("{}")
    with pytest.raises(InputError, match="makes and deletes an environment 'checkdev', but the project has one"):
        workplace.make(replace(dev, root=tmp_path))


def test_it_has_the_environments_settings_but_may_be_deleted(dev: Environment, place: Environment) -> None:
    assert place.service["confidence_threshold"] == 0.7
    assert place.service["endpoint_rollback"] == {"latency_ms": workplace.LATENCY_MS}
    assert place.foundation == {"force_destroy": True, "customer_managed_key": False}
    assert place.training == dev.training
    # The team gets no mail of alarms that are made to ring, and no second budget.
    assert not {"alarm_emails", "monthly_budget_usd", "budget_scope"} & set(place.service)
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
