"""Terraform applies a copy of the project to the test run's local cloud, or runs its tests without a cloud."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from localcloud import control
from scones import aws, settings
from scones.model.registry import PinnedModel
from scones.settings import Environment
from scones.terraform.binary import Binary, locate

from . import provider
from .examples import Command, run
from .workbench import copy_of_the_project, untrained_model

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"


@pytest.fixture(scope="session")
def project(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A copy of the project for the test run's cloud. The developer's own cloud is not touched."""
    return copy_of_the_project(tmp_path_factory.mktemp("project"), cloud.state)


@pytest.fixture(scope="session")
def model(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], PinnedModel]:
    """Puts an untrained model, which can be served, into a bucket: ``model(bucket, version)``."""

    def put(bucket: str, version: int) -> PinnedModel:
        path = tmp_path_factory.mktemp("model") / "model.tar.gz"
        sha256 = untrained_model(path, seed=version)
        key = f"models/untrained-{version}/output/model.tar.gz"
        cloud.client("s3").upload_file(str(path), bucket, key)
        return PinnedModel(
            package_arn=f"arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-local/{version}",
            version=version,
            image_uri=IMAGE,
            artifact_uri=f"s3://{bucket}/{key}",
            artifact_sha256=sha256,
            class_labels=("bicycle", "motorcycle"),
            metrics={"validation:accuracy": 0.5},
            dataset_fingerprint="0" * 64,
            git_commit="0" * 40,
        )

    return put


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
    """One provider process for all commands on the project's stacks: the value of TF_REATTACH_PROVIDERS.

    Terraform inherits the variable. `init` then neither installs nor checks a provider.
    """
    # In a folder next to the stacks, because the path of a function's zip is relative to the provider's folder.
    folder = project.root / "terraform" / "stacks" / "provider"
    folder.mkdir(exist_ok=True)
    shutil.copy(project.root / "terraform" / "modules" / "bucket" / "versions.tf", folder)
    variables = {**provider.variables(project.build, binary), **aws.variables(project)}
    subprocess.run([binary.path, f"-chdir={folder}", "init"], env=variables, check=True, timeout=600)
    with provider.serving(folder, binary, variables) as attached:
        yield attached[provider.NAME]


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
