"""A comparison of models changes the endpoint's variants without guardrails, and never what they serve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scones.errors import SettingsError
from scones.terraform import variants

CONFIG = {
    "EndpointConfigName": "scones-dev-0123456789ab",
    "ProductionVariants": [
        {
            "VariantName": "AllTraffic",
            "ModelName": "pinned",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1.0,
        }
    ],
    "DataCaptureConfig": {"EnableCapture": True},
}


def endpoint(*names: str, shadows: tuple[str, ...] = (), count: int = 1) -> dict[str, Any]:
    return {
        "EndpointName": "scones-dev",
        "EndpointStatus": "InService",
        "EndpointConfigName": CONFIG["EndpointConfigName"],
        "ProductionVariants": [{"VariantName": name, "DesiredInstanceCount": count} for name in names],
        "ShadowProductionVariants": [{"VariantName": name} for name in shadows],
    }


@pytest.fixture
def values(tmp_path: Path) -> Any:
    """Writes a value file, and returns the stack's value files."""

    def write(candidate: Any) -> list[Path]:
        (tmp_path / "service.tfvars.json").write_text("{}")
        (tmp_path / "candidate.tfvars.json").write_text(json.dumps({"candidate": candidate}))
        return [tmp_path / "service.tfvars.json", tmp_path / "candidate.tfvars.json"]

    return write


def test_only_a_change_of_the_names_is_one(values: Any) -> None:
    assert variants.find(None, values({"share": 10})) is None
    assert variants.find(endpoint("AllTraffic"), values(None)) is None
    assert variants.find(endpoint("AllTraffic", "Candidate"), values({"share": 20})) is None
    assert str(variants.find(endpoint("AllTraffic"), values({"share": 10}))) == (
        "from AllTraffic to AllTraffic and Candidate"
    )
    assert str(variants.find(endpoint("AllTraffic", "Candidate"), values({"share": 10, "shadow": True}))) == (
        "from AllTraffic and Candidate to AllTraffic and Shadow"
    )


def test_an_endpoint_that_failed_has_no_change_because_it_is_made_again(values: Any) -> None:
    failed = {**endpoint(), "EndpointStatus": "Failed"}
    assert variants.find(failed, values(None)) is None


def test_a_file_that_is_no_object_is_named(tmp_path: Path) -> None:
    path = tmp_path / "service.tfvars.json"
    path.write_text("[]")
    with pytest.raises(SettingsError, match=r"service\.tfvars\.json cannot be used"):
        variants.find(endpoint("AllTraffic"), [path])


def test_a_new_variant_serves_what_is_served_and_gets_no_requests(values: Any) -> None:
    change = variants.find(endpoint("AllTraffic", count=3), values({"share": 10}))
    assert change is not None
    request = variants.between(CONFIG, change)
    main, candidate = request["ProductionVariants"]
    assert (main["InitialInstanceCount"], main["InitialVariantWeight"]) == (3, 1.0)
    assert candidate == {**main, "VariantName": "Candidate", "InitialInstanceCount": 1, "InitialVariantWeight": 0.0}
    assert request["DataCaptureConfig"] == CONFIG["DataCaptureConfig"]
    assert "ShadowProductionVariants" not in request
    assert variants.is_between({**endpoint("AllTraffic"), "EndpointConfigName": request["EndpointConfigName"]})
    assert not variants.is_between(endpoint("AllTraffic"))


def test_the_end_of_a_comparison_takes_the_variant_away_and_leaves_the_pinned_model(values: Any) -> None:
    change = variants.find(endpoint("AllTraffic", shadows=("Shadow",)), values(None))
    assert change is not None
    shadow = {**CONFIG["ProductionVariants"][0], "VariantName": "Shadow", "ModelName": "compared"}
    request = variants.between({**CONFIG, "ShadowProductionVariants": [shadow]}, change)
    assert [one["ModelName"] for one in request["ProductionVariants"]] == ["pinned"]
    assert "ShadowProductionVariants" not in request
