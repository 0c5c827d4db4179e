"""With the variables arrival and batch, objects that arrive start the workflow, and many are classified at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
        give(project, "service", arrival={}, batch={"at_most": 2}, confidence_threshold=0.5)
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


@pytest.mark.parametrize("many", [50, pytest.param(1006, marks=pytest.mark.nightly)])
def test_every_object_of_a_batch_has_a_row_whatever_it_is(service: Stack, cloud: Any, many: int) -> None:
    """1,006 are more than a page of a listing. The bad ones say what they are, and the others have their answers."""
    batch, bucket = service.outputs()["batch"], service.outputs()["arrival"]["uri"].split("/")[2]
    s3, sfn = cloud.client("s3"), cloud.client("stepfunctions")
    prefix, good = f"images/batch {many}/", picture()
    odd = {"ünder score+%20.png": good, "empty.png": b"", "text.jpg": b"hello", "cut.png": good[:100]}
    contents = {**odd, **{f"{number:04}.png": good for number in range(many - len(odd))}}
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda one: s3.put_object(Bucket=bucket, Key=prefix + one[0], Body=one[1]), contents.items()))
    given = json.dumps({"bucket": bucket, "prefix": prefix})
    arn = sfn.start_execution(stateMachineArn=batch["state_machine_arn"], input=given)["executionArn"]
    eventually(lambda: sfn.describe_execution(executionArn=arn)["status"] != "RUNNING", seconds=300)
    found = sfn.describe_execution(executionArn=arn)
    assert found["status"] == "SUCCEEDED", found

    def read(key: str) -> Any:
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    files = read(json.loads(found["output"])["ResultWriterDetails"]["Key"])["ResultFiles"]
    assert files["FAILED"] == files["PENDING"] == []
    children = [child for file in files["SUCCEEDED"] for child in read(file["Key"])]
    rows = {row["s3_key"]: row for child in children for row in json.loads(child["Output"])["rows"]}
    assert len(children) == -(-many // 40)
    assert rows.keys() == {prefix + name for name in contents}
    bad = {key.removeprefix(prefix): row["error"] for key, row in rows.items() if row["error"]}
    assert bad == dict.fromkeys(("empty.png", "text.jpg", "cut.png"), "InvalidImageError")
    assert {row["classification"] for row in rows.values() if not row["error"]} <= {"bicycle", "motorcycle"}
    assert service.plan() is False


def test_a_transform_job_runs_the_batchs_model(service: Stack, cloud: Any) -> None:
    batch, bucket = service.outputs()["batch"], service.outputs()["arrival"]["uri"].split("/")[2]
    s3, sagemaker = cloud.client("s3"), cloud.client("sagemaker")
    for name in ("a.png", "b.png"):
        s3.put_object(Bucket=bucket, Key=f"images/few/{name}", Body=picture())
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/images/few/"}}
    sagemaker.create_transform_job(
        TransformJobName="a-batch-of-two",
        ModelName=batch["model_name"],
        TransformInput={"DataSource": source, "ContentType": "image/png"},
        TransformOutput={"S3OutputPath": f"s3://{bucket}/batches/two/out", "Accept": "application/json"},
        TransformResources={"InstanceType": batch["transform_instance_type"], "InstanceCount": 1},
    )

    def job() -> Any:
        return sagemaker.describe_transform_job(TransformJobName="a-batch-of-two")

    eventually(lambda: job()["TransformJobStatus"] not in ("InProgress", "Stopping"), seconds=120)
    assert job()["TransformJobStatus"] == "Completed", job()
    for name in ("a.png", "b.png"):
        answer = json.loads(s3.get_object(Bucket=bucket, Key=f"batches/two/out/{name}.out")["Body"].read())
        assert sum(answer) == pytest.approx(1, abs=0.01)
