"""With the variable arrival, an object that arrives starts the workflow, and its result is in the bucket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scones.model.registry import PinnedModel, write_pin
from scones.settings import Environment
from scones.terraform import Stack, destroy_all
from tests.local.conftest import eventually

from . import provider
from .test_gate import give
from .workbench import values_kept

pytestmark = [pytest.mark.usefixtures("provider_is_here"), pytest.mark.slow]


@pytest.fixture(scope="module")
def service(
    project: Environment, model: Callable[[str, int], PinnedModel], one_provider: str, terraform_log: Path
) -> Iterator[Stack]:
    """The service with arrival on. An untrained model is never sure, so the threshold is 0.5."""
    made = {name: Stack(project, name, log=terraform_log) for name in ("foundation", "service")}
    with pytest.MonkeyPatch.context() as patch, values_kept(project):
        patch.setenv(provider.NAME, one_provider)
        give(project, "service", arrival={}, confidence_threshold=0.5)
        try:
            made["foundation"].apply()
            write_pin(project.pin_path, model(made["foundation"].outputs()["bucket"], 1))
            made["service"].apply()
            yield made["service"]
        finally:
            destroy_all(project, stack=partial(Stack, log=terraform_log))


def picture() -> bytes:
    buffer = BytesIO()
    Image.effect_noise((32, 32), 60).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def results(s3: Any, bucket: str) -> dict[str, dict[str, Any]]:
    """The results in the bucket, by the image's URI."""
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix="results/").get("Contents", [])]
    found = [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
    return {one["image_url"]: one for one in found}


def test_an_object_that_arrives_has_a_result_and_the_plan_stays_empty(service: Stack, cloud: Any) -> None:
    assert service.plan() is False
    arrival = service.outputs()["arrival"]
    bucket = arrival["uri"].split("/")[2]
    s3 = cloud.client("s3")
    names = {"photo 7.png": picture(), "PHOTO.PNG": picture(), "broken.jpg": b"no picture", "notes.txt": b"text"}
    for name, content in names.items():
        s3.put_object(Bucket=bucket, Key=f"incoming/{name}", Body=content)
    eventually(lambda: len(results(s3, bucket)) == 3, seconds=60)
    found = results(s3, bucket)
    assert {url.rpartition("/")[2]: one["status"] for url, one in found.items()} == {
        "photo 7.png": "SUCCEEDED",
        "PHOTO.PNG": "SUCCEEDED",
        "broken.jpg": "FAILED",
    }
    broken = found[f"s3://{bucket}/incoming/broken.jpg"]
    assert broken["error"] == "InvalidImageError"
    assert found[f"s3://{bucket}/incoming/photo 7.png"]["classification"] in ("bicycle", "motorcycle")
