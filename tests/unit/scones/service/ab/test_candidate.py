"""A candidate is written beside the pin, refused where it cannot be compared, promoted and stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scones import settings
from scones.errors import InputError, RegistryError
from scones.model.registry import PinnedModel, Version, read_pin, write_pin
from scones.service import ab
from scones.service.ab import candidate
from scones.settings import Environment
from scones.terraform import Stack
from scones.terraform.variables import value_files

MODEL = PinnedModel(
    package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/1",
    version=1,
    image_uri="811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1",
    artifact_uri="s3://bucket/models/job-1/output/model.tar.gz",
    artifact_sha256="0" * 64,
    class_labels=("bicycle", "motorcycle"),
    metrics={"validation:accuracy": 0.9},
    dataset_fingerprint="5f" * 32,
    git_commit="0" * 40,
)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Environment ``dev`` with version 1 pinned and every version up to 9 registered; 9 has other classes."""
    found = replace(settings.load("dev", variables={}), pin_path=tmp_path / "model.tfvars.json")
    write_pin(found.pin_path, MODEL)

    def choose(environment: Environment, version: int, **_: Any) -> Version:
        if version > 9:
            raise RegistryError(f"there is no version {version}")
        labels = ("bus", "train") if version == 9 else MODEL.class_labels
        model = replace(MODEL, version=version, class_labels=labels)
        return Version(version, "arn", "Approved", datetime(2026, 1, 1, tzinfo=UTC), None, model)

    def pin(environment: Environment, version: int, **_: Any) -> Version:
        chosen = choose(environment, version)
        write_pin(environment.pin_path, chosen.model)
        return chosen

    monkeypatch.setattr(candidate, "choose", choose)
    monkeypatch.setattr(candidate, "pin", pin)
    return found


def test_a_candidate_is_what_terraform_reads_beside_the_pin(environment: Environment) -> None:
    assert environment.candidate_path not in value_files(environment, "service")
    started = ab.start(environment, 2, share=10)
    assert started.variant == "Candidate"
    assert ab.read(environment.candidate_path) == started
    found = json.loads(environment.candidate_path.read_text())
    assert set(found) == {"candidate"}
    assert (found["candidate"]["model"]["version"], found["candidate"]["share"]) == (2, 10)
    assert value_files(environment, "service")[-1] == environment.candidate_path


def test_a_stack_that_was_made_before_takes_the_candidate_up(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scones.terraform.stack.Backend.of", lambda environment: SimpleNamespace(bucket="state"))
    stack = Stack(environment, "service")
    assert "candidate.tfvars.json" not in stack.variables["TF_CLI_ARGS_plan"]
    ab.start(environment, 2, share=10)
    assert str(environment.candidate_path) in stack.variables["TF_CLI_ARGS_plan"]


def test_the_same_version_again_changes_its_share(environment: Environment) -> None:
    ab.start(environment, 2, share=10)
    assert ab.start(environment, 2, share=100, shadow=True).variant == "Shadow"
    assert ab.read(environment.candidate_path).share == 100


@pytest.mark.parametrize(
    ("version", "share", "error", "words"),
    [
        (2, 0, InputError, "from 1 to 99, in percent, not 0"),
        (2, 100, InputError, "from 1 to 99, in percent, not 100"),
        (1, 10, RegistryError, "version 1 is the pinned one"),
        (9, 10, RegistryError, "tells bus, train apart"),
        (10, 10, RegistryError, "there is no version 10"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_is_written(
    environment: Environment, version: int, share: int, error: type, words: str
) -> None:
    with pytest.raises(error, match=words):
        ab.start(environment, version, share=share)
    assert not environment.candidate_path.exists()


def test_a_second_comparison_is_refused(environment: Environment) -> None:
    ab.start(environment, 2, share=10)
    with pytest.raises(RegistryError, match="version 2 is being compared"):
        ab.start(environment, 3, share=10)
    assert ab.read(environment.candidate_path).model.version == 2


def test_promoting_pins_the_candidate_and_ends_the_comparison(environment: Environment) -> None:
    ab.start(environment, 2, share=10)
    assert ab.promote(environment).version == 2
    assert read_pin(environment.pin_path).version == 2
    assert not environment.candidate_path.exists()


def test_stopping_leaves_the_pin(environment: Environment) -> None:
    ab.start(environment, 2, share=10)
    assert ab.stop(environment).model.version == 2
    assert read_pin(environment.pin_path).version == 1
    assert not environment.candidate_path.exists()


@pytest.mark.parametrize("end", [ab.promote, ab.stop])
def test_there_is_nothing_to_end_where_nothing_is_compared(environment: Environment, end: Any) -> None:
    with pytest.raises(RegistryError, match="nothing is compared in environment 'dev'"):
        end(environment)


def test_a_damaged_file_is_named(environment: Environment) -> None:
    environment.candidate_path.write_text('{"candidate": {}}')
    with pytest.raises(RegistryError, match=r"candidate\.tfvars\.json does not hold a candidate") as refusal:
        ab.read(environment.candidate_path)
    assert "delete the file" in refusal.value.hint  # ab.stop cannot say what it stops either
