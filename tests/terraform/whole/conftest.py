"""The whole environment, applied once with every option on, in a cloud of its own. The files here share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from localcloud import control
from scones.model.registry import PinnedModel, write_pin
from scones.settings import Environment
from scones.terraform import Stack
from scones.terraform.binary import Binary
from tests.conftest import LocalCloud
from tests.terraform import provider
from tests.terraform.workbench import copy_of_the_project, give, inventory, put_model

# Every option on.
FOUNDATION = {
    "customer_managed_key": True,
    "vpc": {
        "availability_zones": 2,
        "interface_endpoints": ["kms", "logs", "sagemaker.runtime"],
        "bucket_accounts": ["999999999999"],
    },
    "access_logging": True,
    "dataset_retention_days": 365,
}
SERVICE = {
    "alarm_emails": ["you@example.com"],
    "monthly_budget_usd": 150,
    "endpoint_instance_count": 2,
    "batch": {"at_most": 2},
    "confidence_threshold": 0.5,  # an untrained model is never sure
    "endpoint_deployment": {"routing": "CANARY", "step_percent": 50, "wait_seconds": 1, "termination_wait_seconds": 0},
    "endpoint_autoscaling": {
        "min": 2,
        "max": 4,
        "requests_per_minute": 600,
        "schedules": {"night": {"schedule": "cron(0 20 * * ? *)", "min": 1, "max": 1}},
    },
}
REPOSITORY = "owner@1/scones@2"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud of these files' own."""
    state: Path = tmp_path_factory.mktemp("whole") / "local"
    running = control.up(state, port=0, tethered=True)
    yield LocalCloud(running)
    control.down(state)


@pytest.fixture(scope="session")
def project(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A copy of the project for it."""
    return copy_of_the_project(tmp_path_factory.mktemp("project"), cloud.state)


@pytest.fixture(scope="session")
def model(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], PinnedModel]:
    """Puts an untrained model, which can be served, into a bucket: ``model(bucket, version)``."""

    return partial(put_model, cloud.client("s3"), tmp_path_factory)


@pytest.fixture(scope="session")
def one_provider(project: Environment, binary: Binary) -> Iterator[str]:
    """One provider process for all commands on its stacks."""
    with provider.of_project(project, binary) as attached:
        yield attached


@pytest.fixture(scope="session")
def before(cloud: LocalCloud) -> dict[str, set[str]]:
    """The contents of the cloud before the first apply."""
    return inventory(cloud.client)


@pytest.fixture(scope="session")
def stacks(
    project: Environment,
    before: dict[str, set[str]],
    model: Callable[[str, int], PinnedModel],
    one_provider: str,
    terraform_log: Path,
) -> dict[str, Stack]:
    """All three stacks, applied with every option on and with version 1 of a model pinned. They end with the cloud."""
    found = {name: Stack(project, name, log=terraform_log) for name in ("bootstrap", "foundation", "service")}
    give(project, "bootstrap", github_repository=REPOSITORY)
    give(project, "foundation", **FOUNDATION)
    give(project, "service", **SERVICE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(provider.NAME, one_provider)
        found["bootstrap"].apply()
        found["foundation"].apply()
        write_pin(project.pin_path, model(found["foundation"].outputs()["bucket"], 1))
        found["service"].apply()
    return found


@pytest.fixture(autouse=True)
def attached(one_provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of a test use that provider."""
    monkeypatch.setenv(provider.NAME, one_provider)
