"""A candidate is written beside the pin, refused where it cannot be compared, promoted and stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from scones.errors import InputError, RegistryError
from scones.model.registry import read_pin
from scones.service import ab
from scones.settings import Environment
from scones.terraform import Stack
from scones.terraform.variables import value_files

from ...model.registry.conftest import GROUP, Cloud


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """Environment ``dev`` with the versions 1 to 4 registered and version 1 pinned; 4 has other classes."""
    made = Cloud(tmp_path)
    for number in range(1, 5):
        name = f"{made.job}-{number}"
        made.train(name, accuracy=0.91, classes=["bus", "train"] if number == 4 else ["bicycle", "motorcycle"])
        if number == 4:
            description = {"classes": ["bus", "train"], "fingerprint": "5f" * 32}
            made.put("datasets/5f/dataset.json", json.dumps(description).encode())
        made.register(name)
    made.pin(1)
    return made


@pytest.fixture
def environment(cloud: Cloud) -> Environment:
    return cloud.environment


def start(cloud: Cloud, version: int, **options: Any) -> ab.Candidate:
    return ab.start(cloud.environment, version, group=GROUP, client=cloud.client, **options)


def promote(cloud: Cloud) -> Any:
    return ab.promote(cloud.environment, group=GROUP, client=cloud.client)


def stop(cloud: Cloud) -> ab.Candidate:
    return ab.stop(cloud.environment)


def test_a_candidate_is_what_terraform_reads_beside_the_pin(cloud: Cloud, environment: Environment) -> None:
    assert environment.candidate_path not in value_files(environment, "service")
    started = start(cloud, 2, share=10)
    assert started.variant == "Candidate"
    assert ab.read(environment.candidate_path) == started
    found = json.loads(environment.candidate_path.read_text())
    assert set(found) == {"candidate"}
    assert (found["candidate"]["model"]["version"], found["candidate"]["share"]) == (2, 10)
    assert value_files(environment, "service")[-1] == environment.candidate_path


@mock_aws
def test_a_stack_that_was_made_before_takes_the_candidate_up(cloud: Cloud, environment: Environment) -> None:
    stack = Stack(environment, "service")
    assert "candidate.tfvars.json" not in stack.variables["TF_CLI_ARGS_plan"]
    start(cloud, 2, share=10)
    assert str(environment.candidate_path) in stack.variables["TF_CLI_ARGS_plan"]


def test_the_same_version_again_changes_its_share(cloud: Cloud, environment: Environment) -> None:
    start(cloud, 2, share=10)
    assert start(cloud, 2, share=100, shadow=True).variant == "Shadow"
    assert ab.read(environment.candidate_path).share == 100


@pytest.mark.parametrize(
    ("version", "share", "error", "words"),
    [
        (2, 0, InputError, "from 1 to 99, in percent, not 0"),
        (2, 100, InputError, "from 1 to 99, in percent, not 100"),
        (1, 10, RegistryError, "version 1 is the pinned one"),
        (4, 10, RegistryError, "tells bus, train apart"),
        (10, 10, RegistryError, "there is no version 10"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_is_written(
    cloud: Cloud, environment: Environment, version: int, share: int, error: type, words: str
) -> None:
    with pytest.raises(error, match=words):
        start(cloud, version, share=share)
    assert not environment.candidate_path.exists()


def test_a_second_comparison_is_refused(cloud: Cloud, environment: Environment) -> None:
    start(cloud, 2, share=10)
    with pytest.raises(RegistryError, match="version 2 is being compared"):
        start(cloud, 3, share=10)
    assert ab.read(environment.candidate_path).model.version == 2


def test_promoting_pins_the_candidate_and_ends_the_comparison(cloud: Cloud, environment: Environment) -> None:
    start(cloud, 2, share=10)
    assert promote(cloud).version == 2
    assert read_pin(environment.pin_path).version == 2
    assert not environment.candidate_path.exists()


def test_stopping_leaves_the_pin(cloud: Cloud, environment: Environment) -> None:
    start(cloud, 2, share=10)
    assert stop(cloud).model.version == 2
    assert read_pin(environment.pin_path).version == 1
    assert not environment.candidate_path.exists()


@pytest.mark.parametrize("end", [promote, stop])
def test_there_is_nothing_to_end_where_nothing_is_compared(cloud: Cloud, end: Any) -> None:
    with pytest.raises(RegistryError, match="nothing is compared in environment 'dev'"):
        end(cloud)


def test_a_damaged_file_is_named(environment: Environment) -> None:
    environment.candidate_path.write_text('{"candidate": {}}')
    with pytest.raises(RegistryError, match=r"candidate\.tfvars\.json does not hold a candidate") as refusal:
        ab.read(environment.candidate_path)
    assert "delete the file" in refusal.value.hint  # ab.stop cannot say what it stops either
