"""Terraform applies a copy of the project to the test run's local cloud, or runs its tests without a cloud."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from localcloud import control
from scones import settings
from scones.model.registry import PinnedModel
from scones.settings import Environment
from scones.terraform.binary import Binary, locate

from . import provider
from .examples import Command, run
from .workbench import copy_of_the_project, put_model


@pytest.fixture(scope="session")
def project(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A copy of the project for the test run's cloud. The developer's own cloud is not touched."""
    return copy_of_the_project(tmp_path_factory.mktemp("project"), cloud.state)


@pytest.fixture(scope="session")
def model(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], PinnedModel]:
    """Puts an untrained model, which can be served, into a bucket: ``model(bucket, version)``."""

    return partial(put_model, cloud.client("s3"), tmp_path_factory)


@pytest.fixture(scope="module")
def examples(binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Command]]:
    """The modules' examples in one configuration, applied, planned again and destroyed in their own cloud."""
    folder = tmp_path_factory.mktemp("examples")
    state = folder / "cloud"
    control.up(state, port=0, tethered=True)
    try:
        yield run(copy_of_the_project(folder / "project", state), binary)
    finally:
        control.down(state)


@pytest.fixture(scope="session")
def terraform_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file for Terraform's output. A failure quotes the important lines."""
    return tmp_path_factory.mktemp("terraform") / "terraform.log"


@pytest.fixture(scope="session")
def binary() -> Binary:
    return locate(settings.ROOT / "build")


@pytest.fixture(scope="module")
def one_provider(project: Environment, binary: Binary) -> Iterator[str]:
    """One provider process for all commands on the project's stacks: the value of TF_REATTACH_PROVIDERS."""
    with provider.of_project(project, binary) as attached:
        yield attached


@pytest.fixture(scope="module")
def offline_test(binary: Binary) -> Iterator[Callable[[Path], str]]:
    """Run `terraform test` on a module or stack. It must pass. Return its output. All tests share one provider."""
    variables = {
        **provider.variables(settings.ROOT / "build", binary),
        "TF_DATA_DIR": ".terraform/test",
        # A test that forgets a mock must not reach a cloud.
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }

    def run(folder: Path, *command: str, given: Mapping[str, str] = variables) -> str:
        line = [binary.path, f"-chdir={folder}", *command, "-no-color"]
        ended = subprocess.run(line, env=given, capture_output=True, text=True, timeout=600)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def init(folder: Path) -> None:
        run(folder, "init", "-backend=false", "-upgrade")

    any_module = settings.ROOT / "terraform" / "modules" / "bucket"
    init(any_module)
    with provider.serving(any_module, binary, variables) as attached:

        def test(folder: Path) -> str:
            init(folder)
            return run(folder, "test", given=attached)

        yield test
