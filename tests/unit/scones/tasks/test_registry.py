"""The output and the refusals of ``invoke register``, ``models`` and ``pin``."""

from __future__ import annotations

import dataclasses
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit
from rich.console import Console

from scones import settings
from scones.model import registry
from scones.tasks import registry as tasks


def versions() -> list[registry.Version]:
    model = registry.PinnedModel(
        "arn/1",
        1,
        "image",
        "s3://b/m",
        "ab",
        ("bicycle", "bus"),
        {"validation:accuracy": 0.875},
        "5f" * 32,
        "1f0c-dirty",
    )
    newer = dataclasses.replace(
        model,
        package_arn="arn/2",
        version=2,
        metrics={"validation:accuracy": 0.5, "validation:ece": 0.2, "validation:ece_calibrated": 0.041},
    )
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return [
        registry.Version(3, "arn/3", "Rejected", now, None, None),
        registry.Version(2, "arn/2", "PendingManualApproval", now, "job-2", newer),
        registry.Version(1, "arn/1", "Approved", now, "job-1", model),
    ]


def test_versions_are_listed_with_the_pinned_one_marked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    environment = dataclasses.replace(settings.load("dev", variables={}), pin_path=tmp_path / "model.tfvars.json")
    monkeypatch.setattr(settings, "load", lambda env: environment)
    monkeypatch.setattr(registry, "versions", lambda environment: versions())
    registry.write_pin(environment.pin_path, versions()[2].model)
    tasks.models(Context())
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    third, second, first = (row for row in rows if row and row[0].isdecimal())
    assert third[1] == "Rejected"
    assert second[1:3] == ["PendingManualApproval", "0.500"]
    assert first[1:4] == ["Approved,", "pinned", "0.875"]
    assert "1f0c+" in first
    assert "5f5f5f5f" in first
    assert second[3] == "0.041", "the calibrated model's own"


def test_the_versions_are_a_document_that_keeps_to_its_schema(
    monkeypatch: pytest.MonkeyPatch, printed_json: Any, tmp_path: Path
) -> None:
    environment = dataclasses.replace(settings.load("dev", variables={}), pin_path=tmp_path / "model.tfvars.json")
    monkeypatch.setattr(settings, "load", lambda env: environment)
    monkeypatch.setattr(registry, "versions", lambda environment: versions())
    registry.write_pin(environment.pin_path, versions()[2].model)
    tasks.models(Context(), json=True)
    found = printed_json("models")
    assert (found["environment"], found["pinned"]) == ("dev", 1)
    third, second, first = found["versions"]
    assert (third["status"], third["classes"]) == ("Rejected", None)
    assert (second["accuracy"], second["calibration_error"]) == (0.5, 0.041)
    assert (first["commit"], first["dataset"], first["classes"]) == ("1f0c-dirty", "5f" * 32, ["bicycle", "bus"])
    monkeypatch.setattr(registry, "pin", lambda environment, version, approve: versions()[1])
    tasks.pin(Context(), "2", json=True)
    assert printed_json("pin")["model"]["pinned"]


def test_the_table_of_versions_fits_a_terminal_of_80_columns() -> None:
    found = versions()
    found[2] = dataclasses.replace(
        found[2], version=100, model=dataclasses.replace(found[2].model, git_commit="0123456789abcdef-dirty")
    )
    shown = Console(file=io.StringIO(), width=80)
    shown.print(tasks._table(found, "arn/1"))
    assert "…" not in shown.file.getvalue()
    for word in ("accuracy", "PendingManualApproval", "0123456+", "2026-01-02"):
        assert word in shown.file.getvalue()


def test_a_version_is_a_number() -> None:
    with pytest.raises(Exit, match="'latest' is not a version's number") as ended:
        tasks.pin(Context(), "latest")
    assert ended.value.code == 2


def test_whoever_interrupts_registering_is_not_led_to_train_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job has ended and is paid for. "The same command again" would start another job."""

    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scones.training.registering.register", interrupted)
    with pytest.raises(Exit, match="to register it: invoke register --job j --env dev") as ended:
        tasks.register_job(settings.load("dev", variables={}), "j", Console(file=io.StringIO()))
    assert ended.value.code == 130


@pytest.mark.parametrize(("after", "doubted"), [(0.041, False), (0.23, True)])
def test_a_calibration_error_that_came_out_higher_is_put_into_proportion(after: float, doubted: bool) -> None:
    version = versions()[1]
    metrics = {"temperature": 1.1, "validation:ece": 0.2, "validation:ece_calibrated": after}
    version = dataclasses.replace(version, model=dataclasses.replace(version.model, metrics=metrics))
    said = registry.verdict(settings.load("dev", variables={}), version)
    assert f"0.200 before, {after:.3f} after" in said
    assert ("uncertain by some hundredths" in said) is doubted
