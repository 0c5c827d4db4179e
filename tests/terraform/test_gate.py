"""The gate: every stack is applied to the local cloud, planned again, changed, planned again, and destroyed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from scones.errors import TerraformError
from scones.settings import Environment
from scones.tasks import env
from scones.terraform import Stack, destroy, destroy_all, variables

from .examples import Command
from .workbench import inventory


@pytest.fixture(scope="module")
def before(cloud: Any) -> dict[str, set[str]]:
    """What was in the cloud before anything was applied."""
    return inventory(cloud.client)


@pytest.fixture(scope="module")
def stacks(
    project: Environment,
    before: dict[str, set[str]],
    pin: Callable[[str, int], None],
    terraform_log: Path,
    offline_tests: dict[Path, Future],
    examples: Future[list[Command]],
) -> Iterator[dict[str, Stack]]:
    """All three stacks, applied, with roles for a pipeline and a model of version 1 pinned."""
    (project.folder / "bootstrap.tfvars.json").write_text(json.dumps({"github_repository": "owner/scones"}))
    found = {name: Stack(project, name, log=terraform_log) for name in ("bootstrap", "foundation", "service")}
    try:
        found["bootstrap"].apply()
        found["foundation"].apply()
        pin(found["foundation"].outputs()["bucket"], 1)
        found["service"].apply()
        yield found
    finally:
        destroy_all(project, log=terraform_log)


@pytest.mark.parametrize("name", ["bootstrap", "foundation", "service"])
def test_plans_nothing_right_after_it_was_applied(stacks: dict[str, Stack], name: str) -> None:
    assert not stacks[name].plan()


def test_plain_commands_do_what_the_tasks_do(stacks: dict[str, Stack], project: Environment, tmp_path: Path) -> None:
    """After eval "$(invoke env)" a shell needs neither arguments nor files, and applies a saved plan."""
    script = [
        *env.lines(variables(project, "service")),
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
        json.dumps({"confidence_threshold": 0.8, "image_url": f"s3://{bucket}/images/NAME.png"}, separators=(",", ":"))
    )


def test_the_endpoint_answers(stacks: dict[str, Stack], cloud: Any) -> None:
    endpoint = cloud.client("sagemaker").describe_endpoint(EndpointName=stacks["service"].outputs()["endpoint_name"])
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["DataCaptureConfig"]["CurrentSamplingPercentage"] == 100


def test_a_lower_stack_does_not_go_before_what_stands_on_it(stacks: dict[str, Stack]) -> None:
    with pytest.raises(TerraformError, match="'foundation' cannot go while 'service' stands on it"):
        destroy(stacks["foundation"])


def test_takes_up_a_new_model_and_a_new_threshold(
    stacks: dict[str, Stack],
    project: Environment,
    pin: Callable[[str, int], None],
    cloud: Any,
) -> None:
    service, sagemaker = stacks["service"], cloud.client("sagemaker")
    old = service.outputs()
    pin(stacks["foundation"].outputs()["bucket"], 2)
    values = project.folder / "service.tfvars.json"
    values.write_text(json.dumps({**json.loads(values.read_text()), "confidence_threshold": 0.6}))

    assert service.plan()
    service.apply()
    assert not service.plan()

    new = service.outputs()
    assert new["endpoint_name"] == old["endpoint_name"]
    assert new["endpoint_configuration_name"] != old["endpoint_configuration_name"]
    endpoint = sagemaker.describe_endpoint(EndpointName=new["endpoint_name"])
    assert endpoint["EndpointConfigName"] == new["endpoint_configuration_name"]
    names = [one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
    assert old["endpoint_configuration_name"] not in names
    threshold = cloud.client("lambda").get_function_configuration(FunctionName="scones-local-filter-low-confidence")
    assert threshold["Environment"]["Variables"] == {"CONFIDENCE_THRESHOLD": "0.6"}
    classify = cloud.client("lambda").get_function_configuration(FunctionName="scones-local-classify-image")
    assert classify["Environment"]["Variables"]["MODEL_PACKAGE"].endswith("/2")


def test_destroying_leaves_nothing(
    stacks: dict[str, Stack],
    project: Environment,
    before: dict[str, set[str]],
    cloud: Any,
    terraform_log: Path,
) -> None:
    """Not the bucket of the state either, though it holds what says what there is to destroy."""
    standing = inventory(cloud.client)
    assert all(standing[kind] - before[kind] for kind in standing), "there was nothing of some kind to destroy"
    destroy_all(project, log=terraform_log)
    assert inventory(cloud.client) == before
