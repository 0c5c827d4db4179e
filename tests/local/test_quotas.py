"""Training keeps to the account's quota of instances, Service Quotas tells it, and ``invoke train`` asks it first."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from invoke import Context
from rich.console import Console

from localcloud import control, fidelity
from localcloud.servicequotas import quotas
from scones import aws, settings
from scones.errors import TrainingError
from scones.tasks import local, prepare, train, tune
from scones.training import quota
from tests.local.sagemaker.conftest import request

TYPE = "ml.g4dn.xlarge"
NAME, CODE = f"{TYPE} for training job usage", "L-3F53BF0F"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[settings.Environment]:
    """An environment with a cloud of its own, whose quota is told."""
    root = tmp_path_factory.mktemp("quotas")
    own = dataclasses.replace(settings.load("local"), root=root, cloud_path=root / "build" / "local" / "cloud.json")
    control.up(own.cloud_path.parent, port=0, tethered=True)
    yield own
    control.down(own.cloud_path.parent)


@pytest.fixture
def tell(environment: settings.Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Sets the quota, as ``invoke local.quota`` does. It is high again afterwards."""
    monkeypatch.setattr("scones.settings.load", lambda *_: environment)
    yield lambda value: local.quota(Context(), value=str(value))
    local.quota(Context(), value="100")


@pytest.mark.parametrize("task", [train.train, tune.tune])
def test_with_a_quota_of_zero_nothing_is_made(environment: settings.Environment, tell: Any, task: Any) -> None:
    """A new AWS account has this quota. The message has all that a request for more needs."""
    tell(0)
    with pytest.raises(
        Exception, match=rf"the quota '{NAME}' \(Amazon SageMaker, code {CODE}\) is 0 in us-east-1"
    ) as e:
        task(Context())
    assert "needed; nothing was made" in str(e.value)
    assert f"--service-code sagemaker --quota-code {CODE} --desired-value" in str(e.value)
    assert not (environment.root / "build" / "dataset").exists()
    assert aws.client(environment, "s3").list_buckets()["Buckets"] == []


def test_parallel_trials_need_as_many(environment: settings.Environment, tell: Any) -> None:
    tell(1)
    assert quota.check(environment) is None
    with pytest.raises(TrainingError, match="is 1 in us-east-1, and 3 are needed") as refused:
        quota.check(environment, jobs=3)
    assert "--parallel 1" in (refused.value.hint or "")


def test_jobs_above_the_quota_are_refused_by_sagemaker(environment: settings.Environment, tell: Any) -> None:
    """Whoever does not ask first gets AWS's words."""
    tell(0)
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    aws.client(environment, "iam").create_role(
        RoleName="scones-training",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    sagemaker = aws.client(environment, "sagemaker")
    with pytest.raises(ClientError, match=rf"service limit '{NAME}' is 0 Instances, with current .* delta of 1") as e:
        sagemaker.create_training_job(**request("none"))
    assert e.value.response["Error"]["Code"] == "ResourceLimitExceeded"
    assert sagemaker.list_training_jobs()["TrainingJobSummaries"] == []


def test_an_increase_is_granted_and_a_decrease_is_not_one(environment: settings.Environment, tell: Any) -> None:
    tell(0)
    client = aws.client(environment, "service-quotas")
    asked = {"ServiceCode": "sagemaker", "QuotaCode": CODE}
    client.request_service_quota_increase(**asked, DesiredValue=2)
    assert client.get_service_quota(**asked)["Quota"]["Value"] == 2
    with pytest.raises(ClientError, match="greater than the current quota value"):
        client.request_service_quota_increase(**asked, DesiredValue=1)
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    found = [one["QuotaName"] for page in pages for one in page["Quotas"]]
    assert sorted(found) == list(quotas.names())


def test_a_quota_outlives_the_cloud(environment: settings.Environment, tell: Any) -> None:
    tell(0)
    state: Path = environment.cloud_path.parent  # type: ignore[union-attr]
    control.down(state)
    control.up(state, port=0, tethered=True)
    with pytest.raises(TrainingError, match="is 0 in us-east-1"):
        quota.check(environment)


def test_a_quota_that_cannot_be_asked_is_said_and_keeps_nobody_from_training(
    environment: settings.Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        said = {
            "Code": "AccessDeniedException",
            "Message": "not authorized to perform: servicequotas:ListServiceQuotas",
        }
        raise ClientError({"Error": said}, "ListServiceQuotas")

    monkeypatch.setattr("scones.training.quota._find", refuse)
    console = Console(file=io.StringIO(), width=200)
    prepare.ask_quota(environment, console)
    assert f"the quota '{NAME}' is not known: Service Quotas was not asked: not authorized" in console.file.getvalue()


def test_the_list_of_differences_does_not_say_that_a_quota_of_zero_is_hidden() -> None:
    [row] = [one for one in fidelity.OTHERWISE if one.what == "quotas of an account"]
    assert "`invoke local.quota 0`" in row.here
    assert "quota is 0" not in row.hides
