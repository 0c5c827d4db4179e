"""``invoke threshold`` and ``invoke register --artifact``, with a model that is far too confident."""

from __future__ import annotations

import dataclasses
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit

from scones import settings
from scones.dataset import Dataset
from scones.model import registry
from scones.tasks import registry as registry_tasks
from scones.tasks import threshold as tasks


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> settings.Environment:
    """The environment dev in its own folder."""
    found = dataclasses.replace(settings.load("dev", variables={}), root=tmp_path, pin_path=tmp_path / "model.json")
    found.folder.mkdir(parents=True)
    (found.folder / "service.tfvars.json").write_text(json.dumps(dict(found.service), indent=2))
    monkeypatch.setattr(settings, "load", lambda env: found)
    return found


def written(environment: settings.Environment) -> float:
    return json.loads((environment.folder / "service.tfvars.json").read_text())["confidence_threshold"]


def test_proposes_a_threshold_and_changes_nothing_unasked(
    environment: settings.Environment, shades: Dataset, overconfident: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks.threshold(Context(), "0.8", artifact=str(overconfident), dataset=str(shades.root))
    said = capsys.readouterr().out
    assert "36 validation images" in said
    assert "accuracy 83.3%" in said
    assert "to use it, put" in said
    assert written(environment) == environment.service["confidence_threshold"]
    assert (environment.build / "threshold" / "risk-coverage.png").read_bytes().startswith(b"\x89PNG")


def test_writes_the_threshold_where_asked(
    environment: settings.Environment, shades: Dataset, overconfident: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks.threshold(Context(), "0.83", artifact=str(overconfident), dataset=str(shades.root), write=True)
    assert written(environment) == 0.9, "all images are answered with more"
    assert "0.8, now 0.9" in capsys.readouterr().out.replace("\n", " ")


def test_an_accuracy_out_of_reach_is_an_error_that_says_what_can_be_had(
    environment: settings.Environment, shades: Dataset, overconfident: Path
) -> None:
    with pytest.raises(Exit, match=r"no threshold reaches an accuracy of 1 on these 36 images; the best is") as ended:
        tasks.threshold(Context(), "1", artifact=str(overconfident), dataset=str(shades.root), write=True)
    assert ended.value.code == 1
    assert written(environment) == environment.service["confidence_threshold"]


@pytest.mark.parametrize(("target", "said"), [("95", "80 percent is 0.8"), ("much", "must be a number")])
def test_an_accuracy_is_a_share(environment: settings.Environment, target: str, said: str) -> None:
    with pytest.raises(Exit, match=said) as ended:
        tasks.threshold(Context(), target)
    assert ended.value.code == 2


def test_the_pinned_model_is_asked_and_a_data_set_that_is_not_its_own_is_told(
    environment: settings.Environment, shades: Dataset, overconfident: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = registry.PinnedModel(
        "arn/7", 7, "image", str(overconfident), "ab", shades.classes, {}, "another data set", "1f0c"
    )
    registry.write_pin(environment.pin_path, model)
    tasks.threshold(Context(), "0.8", dataset=str(shades.root))
    assert "version 7 was not trained on this data set" in capsys.readouterr().out.replace("\n", " ")
    registry.write_pin(environment.pin_path, dataclasses.replace(model, class_labels=("a", "b")))
    with pytest.raises(Exit, match="the data set's classes are bicycle, motorcycle"):
        tasks.threshold(Context(), "0.8", dataset=str(shades.root))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "either --job or --artifact"),
        ({"job": "j", "artifact": "model.tar.gz"}, "either --job or --artifact"),
        ({"job": "j", "classes": "a,b"}, "--classes would change nothing"),
        ({"artifact": "nowhere.tar.gz"}, "there is no model artifact at nowhere.tar.gz"),
        ({"artifact": "nowhere.tar.gz", "classes": "a,a"}, "'a' is named more than once"),
    ],
)
def test_what_register_cannot_do_is_told_before_anything_is_done(
    environment: settings.Environment, options: dict[str, str], said: str
) -> None:
    with pytest.raises(Exit, match=said):
        registry_tasks.register(Context(), **options)


@pytest.mark.parametrize(("target", "proposed"), [("0.8", True), ("1", False)])
def test_the_proposal_is_a_document_that_keeps_to_its_schema_also_where_there_is_none(
    environment: settings.Environment,
    shades: Dataset,
    overconfident: Path,
    printed_json: Any,
    target: str,
    proposed: bool,
) -> None:
    options = {"artifact": str(overconfident), "dataset": str(shades.root), "json": True}
    with nullcontext() if proposed else pytest.raises(Exit, match="no threshold reaches an accuracy of 1"):
        tasks.threshold(Context(), target, **options)
    found = printed_json("threshold")
    assert (found["images"], found["in_use"], found["written"]) == (36, 0.8, None)
    assert (found["proposed"] is not None) is proposed


def test_an_artifact_is_registered_with_the_data_set_s_classes(
    environment: settings.Environment,
    shades: Dataset,
    overconfident: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: dict[str, object] = {}

    def register_artifact(where: object, found: registry.ForeignModel, **options: object) -> registry.Version:
        asked.update(classes=found.classes, calibrate=found.calibrate)
        options["warn"]("be [warned]")
        return registry.Version(1, "arn", "PendingManualApproval", None, "imported/ab", None)

    monkeypatch.setattr(registry, "register_artifact", register_artifact)
    registry_tasks.register(Context(), artifact=str(overconfident), dataset=str(shades.root), calibrate=False)
    assert (asked["classes"], asked["calibrate"]) == (shades.classes, False)
    said = capsys.readouterr().out
    assert "be [warned]" in said
    assert "order of its outputs: bicycle, motorcycle" in said
    assert "version 1 is NOT pinned" in said
