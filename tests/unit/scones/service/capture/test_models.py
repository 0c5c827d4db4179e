"""Every captured event belongs to the model that answered it, whichever model is pinned now."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones.model.registry.versions import describe
from scones.service import capture
from scones.service.capture.models import AnsweringModel, CapturePlace, Models, Standing, mark_of, packages_in
from scones.service.capture.registered import look_up, recalled, served

from ...model.registry.conftest import GROUP, Cloud

HOUR = "2026/11/22/12/00-00-000-a.jsonl"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "variant", "package"),
    [
        (f"e/AllTraffic.scones-dev.7/e/AllTraffic/{HOUR}", "AllTraffic", "scones-dev/7"),
        (f"any/where/AllTraffic.g.7.Candidate.g.8/e/Candidate/{HOUR}", "Candidate", "g/8"),
        (f"AllTraffic.g.7.Shadow.g.9/e/Shadow/{HOUR}", "Shadow", "g/9"),
        (f"AllTraffic.g.7-0d5cfa91d0e0/e/AllTraffic/{HOUR}", "AllTraffic", "g/7"),
        (f"AllTraffic.g.7-0d5c/e/AllTraffic/{HOUR}", "AllTraffic", ""),
        (f"AllTraffic.g.7/e/Candidate/{HOUR}", "Candidate", ""),
        (f"captures/e/AllTraffic/{HOUR}", "AllTraffic", ""),
        (f"AllTraffic.g.seven/e/AllTraffic/{HOUR}", "AllTraffic", ""),
        (f"AllTraffic.g/e/AllTraffic/{HOUR}", "AllTraffic", ""),
        ("some/folder/a.jsonl", "", ""),
    ],
)
def test_the_place_of_a_file_tells_its_variant_and_its_model(path: str, variant: str, package: str) -> None:
    found = CapturePlace.of(Path(path))
    assert (found.variant, found.package) == (variant, package)


def test_a_variants_folder_is_no_configurations_folder() -> None:
    assert packages_in("AllTraffic") == packages_in("scones-dev") == packages_in("") == {}


def test_each_event_has_the_labels_of_the_model_that_answered_it(folder: Any, capture_line: Any) -> None:
    """The bicycle's photo that two-class version 1 answered is no square, although version 2 knows squares."""
    folder(capture_line((0.1, 0.9)), name=f"e/AllTraffic.g.1/e/AllTraffic/{HOUR}")
    root = folder(
        capture_line((0.1, 0.1, 0.8), time="2026-11-22T12:30:00Z"), name=f"e/AllTraffic.g.2/e/AllTraffic/{HOUR}"
    )
    models = Models(
        {
            "g/1": AnsweringModel("g/1", ("bicycle", "motorcycle")),
            "g/2": AnsweringModel("g/2", ("square", "bicycle", "motorcycle")),
        }
    )
    events = capture.read(root, models=models).events
    assert [(event.answerer.name, event.label) for event in events] == [
        ("version 1", "motorcycle"),
        ("version 2", "motorcycle"),
    ]


def test_what_is_not_known_is_called_unknown(folder: Any, capture_line: Any) -> None:
    """The classes that a person names are for these answers only."""
    folder(capture_line((0.9, 0.1)), name=f"e/AllTraffic.g.1/e/AllTraffic/{HOUR}")
    root = folder(capture_line((0.9, 0.1), time="2026-11-22T11:00:00Z"))
    nameless, known = capture.read(root).events
    assert (nameless.answerer.name, nameless.label) == ("unknown model", "class 0")
    assert (known.answerer.name, known.label) == ("version 1", "class 0")
    models = Models({"g/1": AnsweringModel("g/1", ("bicycle", "motorcycle"))}, classes=("cross", "round"))
    assert [event.label for event in capture.read(root, models=models).events] == ["cross", "bicycle"]


def test_what_the_endpoint_runs_now_tells_the_model_of_later_answers_only() -> None:
    models = Models({"g/3": AnsweringModel("g/3", ("a", "b"))}, Standing("e", NOON, {"AllTraffic": "g/3"}))
    place = CapturePlace.of(Path(f"captures/e/AllTraffic/{HOUR}"))
    assert models.of(place, NOON).name == "version 3"
    assert models.of(place, NOON - timedelta(seconds=1)).name == "unknown model"
    assert models.of(CapturePlace.of(Path(f"captures/other/AllTraffic/{HOUR}")), NOON).name == "unknown model"
    assert models.of(CapturePlace.of(Path(f"captures/e/Candidate/{HOUR}")), NOON).name == "unknown model"


@pytest.fixture
def registered(tmp_path: Path) -> Cloud:
    """An environment with two versions."""
    made = Cloud(tmp_path)
    for number in (1, 2):
        made.train(f"{made.job}-{number}", accuracy=0.91)
        made.register(f"{made.job}-{number}")
    return made


def test_labels_come_from_the_registry_and_stay_when_it_is_gone(registered: Cloud, tmp_path: Path) -> None:
    sagemaker = registered.client(registered.environment, "sagemaker")
    paths = [Path(f"e/AllTraffic.{GROUP}.{number}/e/AllTraffic/{HOUR}") for number in (2, 99)]
    captures = tmp_path / "captures"
    found = look_up(sagemaker, paths, "e", captures)
    second, missing = (found.of(CapturePlace.of(path)) for path in paths)
    assert second.classes == ("bicycle", "motorcycle")
    assert second.dataset
    assert (missing.name, missing.classes) == ("version 99", ())
    sagemaker.packages.clear()
    assert look_up(sagemaker, paths, "e", captures).of(CapturePlace.of(paths[0])) == second
    below = captures / "e"
    below.mkdir()
    assert recalled(below).known == {second.package: second}


def test_a_registry_made_anew_gives_its_labels_to_no_earlier_model(registered: Cloud, tmp_path: Path) -> None:
    """Its versions begin at 1 again. What was downloaded before has the labels of before, and the other way round."""
    sagemaker, kept = registered.client(registered.environment, "sagemaker"), tmp_path / "models.json"
    model = describe(sagemaker, next(iter(sagemaker.packages))).model
    assert model is not None
    own = mark_of(model.artifact_sha256, model.class_labels)
    paths = [Path(f"e/AllTraffic.{GROUP}.1-{mark}/e/AllTraffic/{HOUR}") for mark in (own, "0d5cfa91d0e0")]
    earlier = AnsweringModel(f"{GROUP}/1", ("cat", "dog"), mark="0d5cfa91d0e0")
    for known in ({}, {f"{GROUP}/1 0d5cfa91d0e0": asdict(earlier)}):
        kept.write_text(json.dumps(known))
        found = look_up(sagemaker, paths, "e", tmp_path)
        now, before = (found.of(CapturePlace.of(path)) for path in paths)
        assert (now.classes, before.classes) == (("bicycle", "motorcycle"), ("cat", "dog") if known else ())


class Deployed:
    """SageMaker with an endpoint that a program of another kind made: it captures into no folder of its own."""

    def __init__(self, destination: str = "s3://b/captures", status: str = "InService") -> None:
        self.destination, self.status = destination, status

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        return {"EndpointStatus": self.status, "EndpointConfigName": "c", "LastModifiedTime": NOON}

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:
        variants = [{"VariantName": "AllTraffic", "ModelName": "m"}]
        return {"ProductionVariants": variants, "DataCaptureConfig": {"DestinationS3Uri": self.destination}}

    def describe_model(self, ModelName: str) -> dict[str, Any]:
        return {"ModelArn": "arn:model"}

    def list_tags(self, ResourceArn: str) -> dict[str, Any]:
        return {"Tags": [{"Key": "ModelPackage", "Value": f"arn:aws:sagemaker:r:1:model-package/{GROUP}/1"}]}

    def get_paginator(self, action: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListModelPackages")


def test_what_an_endpoint_serves_is_told_by_its_models() -> None:
    assert served(Deployed(), "e") == {"AllTraffic": f"arn:aws:sagemaker:r:1:model-package/{GROUP}/1"}


def test_without_a_folder_of_its_own_the_endpoints_present_models_are_asked_for(tmp_path: Path) -> None:
    """These credentials may not read the registry. So the version is known, and its labels are not."""
    path = Path(f"captures/e/AllTraffic/{HOUR}")
    place = CapturePlace.of(path)
    found = look_up(Deployed(), [path], "e", tmp_path)
    assert found.of(place, NOON) == AnsweringModel(f"{GROUP}/1")
    for other in (Deployed(status="Updating"), Deployed(f"s3://b/captures/e/AllTraffic.{GROUP}.1")):
        assert look_up(other, [path], "e", tmp_path).of(place, NOON) == AnsweringModel()
