"""Batch transform writes INPUT.out for each object of its input, or says why not."""

from __future__ import annotations

import gzip
import itertools
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from imageclassification import artifact, recordio, symbol
from imageclassification.network import Network
from imageclassification.predictor import Predictor
from tests.conftest import LocalCloud
from tests.local.conftest import eventually

from .conftest import IMAGE, png

pytestmark = pytest.mark.slow

ROLE = "arn:aws:iam::123456789012:role/scones"
SHAPE = (3, 20, 20)
BUCKET = "transform-tests"
GROUP = "/aws/sagemaker/TransformJobs"
numbers = itertools.count(1)


def packed(folder: Path) -> bytes:
    """An artifact with random weights."""
    graph = symbol.resnet(20, 2, SHAPE)
    weights = Network.fresh(graph, SHAPE, seed=0).parameter_arrays()
    weights["aux:bn_data_moving_mean"] += 120  # as pixels are, so that no answer is certain
    weights["aux:bn_data_moving_var"] *= 50_000
    shapes = [{"name": "data", "shape": [8, *SHAPE]}]
    return artifact.write(folder / "model.tar.gz", artifact.Artifact(graph, weights, shapes, 1)).read_bytes()


def prepare(cloud: LocalCloud, folder: Path) -> None:
    """A bucket with a model's artifact and images, and the model."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=packed(folder))
    for key in ("a.png", "deep/er/b.png", "c.png"):
        s3.put_object(Bucket=BUCKET, Key=f"in/{key}", Body=png(len(key) % 2, len(key)))
    cloud.client("sagemaker").create_model(
        ModelName="transformed",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"},
    )


def asked(name: str, prefix: str = "in/", output: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """CreateTransformJob's parameters. Changes of TransformInput are added to it."""
    given = {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}"}},
        "ContentType": "application/x-image",
    }
    return {
        "TransformJobName": name,
        "ModelName": "transformed",
        "TransformInput": {**given, **changes.pop("TransformInput", {})},
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out/{name}/", **(output or {})},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **changes,
    }


def ended(cloud: LocalCloud, name: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        job = cloud.client("sagemaker").describe_transform_job(TransformJobName=name)
        return job if job["TransformJobStatus"] not in ("InProgress", "Stopping") else None

    return eventually(look, seconds=90)


def outputs(cloud: LocalCloud, name: str) -> dict[str, bytes]:
    """What a job has written, by the path below its output path."""
    s3, prefix = cloud.client("s3"), f"out/{name}/"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {
        one["Key"].removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in listed
    }


@pytest.fixture(scope="module")
def ready(cloud: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    prepare(cloud, tmp_path_factory.mktemp("transform"))
    return cloud


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = tmp_path_factory.mktemp("predictor")
    packed(folder)
    return Predictor.load(folder / "model.tar.gz")


@pytest.fixture
def transform(ready: Any) -> Any:
    """Runs a job to its end. Returns its description and its outputs."""

    def work(prefix: str = "in/", **changes: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
        name = f"transform-{next(numbers)}"
        ready.client("sagemaker").create_transform_job(**asked(name, prefix, **changes))
        job = ended(ready, name)
        return job, outputs(ready, name)

    return work


def data_log(cloud: LocalCloud, name: str) -> str:
    logs = cloud.client("logs")
    streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
    (data,) = (one["logStreamName"] for one in streams if one["logStreamName"].endswith("/data-log"))
    events = logs.get_log_events(logGroupName=GROUP, logStreamName=data, startFromHead=True)["events"]
    return "\n".join(event["message"] for event in events)


def put(cloud: LocalCloud, key: str, body: bytes) -> None:
    cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)


def test_each_image_has_an_output_below_the_same_path(transform: Any) -> None:
    job, written = transform(Tags=[{"Key": "project", "Value": "scones"}])
    assert job["TransformJobStatus"] == "Completed", job
    assert sorted(written) == ["a.png.out", "c.png.out", "deep/er/b.png.out"]
    for content in written.values():
        first, second = json.loads(content)["prediction"]  # JSON Lines, as the algorithm has it for batch transform
        assert first + second == pytest.approx(1, abs=1e-5)
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert "FailureReason" not in job
    assert "Tags" not in job
    assert job["DataProcessing"] == {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    assert (job["TransformInput"]["SplitType"], job["TransformOutput"]["AssembleWith"]) == ("None", "None")


def test_a_manifest_names_the_objects(ready: Any, transform: Any) -> None:
    put(ready, "some.manifest", json.dumps([{"prefix": f"s3://{BUCKET}/in/"}, "deep/er/b.png", "a.png"]).encode())
    source = {"S3DataType": "ManifestFile", "S3Uri": f"s3://{BUCKET}/some.manifest"}
    job, written = transform(TransformInput={"DataSource": {"S3DataSource": source}})
    assert job["TransformJobStatus"] == "Completed", job
    assert sorted(written) == ["a.png.out", "deep/er/b.png.out"]


@pytest.mark.parametrize(("zipped", "parallel"), [(False, 1), (True, 4)])
def test_the_records_of_one_object_are_answered_in_their_order(
    ready: Any, transform: Any, predictor: Any, zipped: bool, parallel: int
) -> None:
    pictures = [png(number % 2, number) for number in range(6)]
    content = b"".join(recordio.encode(picture) for picture in pictures)
    put(ready, f"records/{parallel}.rec", gzip.compress(content) if zipped else content)
    job, written = transform(
        f"records/{parallel}.rec",
        TransformInput={"SplitType": "RecordIO", "CompressionType": "Gzip" if zipped else "None"},
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=parallel,
        output={"AssembleWith": "Line", "Accept": "application/json"},
    )
    assert job["TransformJobStatus"] == "Completed", job
    answers = [json.loads(line) for line in written[f"{parallel}.rec.out"].splitlines()]
    np.testing.assert_allclose(answers, predictor.probabilities(pictures), atol=1e-5)
    assert np.std(answers, axis=0).max() > 1e-4, "the images are not told apart, so that this could not fail"


def test_answers_without_lines_follow_one_another(ready: Any, transform: Any) -> None:
    put(ready, "pair/two.rec", b"".join(recordio.encode(png(0, number)) for number in range(2)))
    _, written = transform(
        "pair/",
        TransformInput={"SplitType": "RecordIO"},
        BatchStrategy="SingleRecord",
        output={"Accept": "application/json"},
    )
    assert written["two.rec.out"].count(b"][") == 1
    assert b"\n" not in written["two.rec.out"]


def test_an_output_filter_takes_a_part_of_each_answer(transform: Any) -> None:
    _, written = transform("in/a.png", DataProcessing={"OutputFilter": "$.prediction[0]"})
    assert list(written) == ["a.png.out"]
    assert 0 < json.loads(written["a.png.out"]) < 1


def test_an_object_that_is_refused_fails_the_job_and_the_others_are_written(ready: Any, transform: Any) -> None:
    put(ready, "mixed/bad.png", b"no image")
    put(ready, "mixed/good.png", png(0, 1))
    job, written = transform("mixed/")
    assert (job["TransformJobStatus"], job["FailureReason"]) == (
        "Failed",
        "AlgorithmError: See job logs for more information",
    )
    assert list(written) == ["good.png.out"]
    told = data_log(ready, job["TransformJobName"])
    assert "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD" in told
    assert f"{BUCKET}/mixed/bad.png: Bad HTTP status received from algorithm: 400" in told
    assert "good.png" not in told


@pytest.mark.parametrize(
    ("changes", "reason", "told"),
    [
        ({"TransformInput": {"ContentType": "text/csv"}}, "AlgorithmError", "from algorithm: 415"),
        pytest.param(
            {"output": {"Accept": "text/csv"}}, "AlgorithmError", "from algorithm: 406", marks=pytest.mark.nightly
        ),
        ({"TransformInput": {"CompressionType": "Gzip"}}, "ClientError", "it is not gzip"),
        pytest.param(
            {"TransformInput": {"SplitType": "Line"}, "BatchStrategy": "SingleRecord"},
            "AlgorithmError",
            "from algorithm: 400",
            marks=pytest.mark.nightly,
        ),
        ({"DataProcessing": {"OutputFilter": "$.label"}}, "ClientError", "has no part"),
        pytest.param(
            {
                "TransformInput": {"ContentType": "application/jsonlines"},
                "output": {"Accept": "application/jsonlines"},
                "DataProcessing": {"JoinSource": "Input"},
            },
            "AlgorithmError",
            "from algorithm: 415",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_what_the_algorithm_does_not_take_fails_the_job(
    ready: Any, transform: Any, changes: dict[str, Any], reason: str, told: str
) -> None:
    job, written = transform("in/a.png", **changes)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == f"{reason}: See job logs for more information"
    assert written == {}
    assert told in data_log(ready, job["TransformJobName"])


def test_a_record_that_is_larger_than_the_payload_fails_the_job(ready: Any, transform: Any) -> None:
    put(ready, "large/x.png", bytes((1 << 20) + 1))
    job, _ = transform("large/", MaxPayloadInMB=1)
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert "Too much data for max payload size" in data_log(ready, job["TransformJobName"])


def refused(ready: Any, request: dict[str, Any], code: str = "ValidationException") -> str:
    """The message of a request that is refused at the call, without a job."""
    sagemaker = ready.client("sagemaker")
    with pytest.raises(ClientError) as error:
        sagemaker.create_transform_job(**request)
    assert error.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError, match="Could not find"):
        sagemaker.describe_transform_job(TransformJobName=request["TransformJobName"])
    return error.value.response["Error"]["Message"]


def test_a_model_that_does_not_exist_is_refused(ready: Any) -> None:
    said = refused(ready, asked("no-model", ModelName="there-is-no-such-model"))
    assert said == ('Could not find model "arn:aws:sagemaker:us-east-1:123456789012:model/there-is-no-such-model".')


@pytest.mark.parametrize("prefix", ["nothing/", "in/a.png/more"])
def test_input_without_objects_is_refused(ready: Any, prefix: str) -> None:
    assert refused(ready, asked("no-data", prefix)).startswith(
        f'No S3 objects found under S3 URL "s3://{BUCKET}/{prefix}" given in input data source.'
    )


def test_what_is_not_supported_is_refused_by_name(ready: Any) -> None:
    capture = {"DestinationS3Uri": f"s3://{BUCKET}/captured"}
    said = refused(ready, asked("capture", DataCaptureConfig=capture), code="NotImplemented")
    assert "sagemaker:CreateTransformJob with DataCaptureConfig" in said


def test_an_artifact_that_cannot_be_read_fails_the_job(ready: Any) -> None:
    sagemaker = ready.client("sagemaker")
    put(ready, "broken.tar.gz", b"no archive")
    for name, uri in (("broken", "broken.tar.gz"), ("missing", "missing.tar.gz")):
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/{uri}"}
        sagemaker.create_model(ModelName=f"transform-{name}", ExecutionRoleArn=ROLE, PrimaryContainer=container)
        sagemaker.create_transform_job(**asked(f"model-{name}", ModelName=f"transform-{name}"))
    assert "did not pass the ping health check" in ended(ready, "model-broken")["FailureReason"]
    assert "Failed to download model data" in ended(ready, "model-missing")["FailureReason"]
    assert "TransformStartTime" not in ended(ready, "model-missing")


def test_a_name_is_used_once(ready: Any, transform: Any) -> None:
    job, _ = transform("in/a.png")
    with pytest.raises(ClientError, match="already exists") as error:
        ready.client("sagemaker").create_transform_job(**asked(job["TransformJobName"]))
    assert error.value.response["Error"]["Code"] == "ResourceInUse"


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("s3:GetObject", "ClientError: Failed to download model data"),
        ("s3:PutObject", "ClientError: Data upload failed:User:"),
        ("ecr:*", "is not authorized to perform: ecr:GetAuthorizationToken"),
    ],
)
def test_the_models_role_reads_and_writes(ready: Any, missing: str, reason: str) -> None:
    name = f"lacks-{missing.replace(':', '-').strip('-*').lower()}"
    needed = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "ecr:*", "logs:*", "cloudwatch:*"]
    given = [action for action in needed if action != missing]
    role = ready.role(name, {"Effect": "Allow", "Action": given, "Resource": "*"})
    sagemaker = ready.client("sagemaker")
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
    sagemaker.create_transform_job(**asked(name, ModelName=name))
    job = ended(ready, name)
    assert job["TransformJobStatus"] == "Failed"
    assert reason in job["FailureReason"]
    assert outputs(ready, name) == {}


def test_a_stopped_job_leaves_no_output(ready: Any) -> None:
    sagemaker = ready.client("sagemaker")
    for number in range(150):
        put(ready, f"many/{number:03}.png", png(0, number))
    sagemaker.create_transform_job(**asked("stopped", "many/"))
    eventually(lambda: outputs(ready, "stopped"))
    sagemaker.stop_transform_job(TransformJobName="stopped")
    job = ended(ready, "stopped")
    assert job["TransformJobStatus"] == "Stopped"
    assert outputs(ready, "stopped") == {}
    with pytest.raises(ClientError, match="the transform job is in status Stopped"):
        sagemaker.stop_transform_job(TransformJobName="stopped")
    with pytest.raises(ClientError, match="Could not find requested job with name: there-is-none"):
        sagemaker.stop_transform_job(TransformJobName="there-is-none")


def test_jobs_are_listed_and_have_tags(ready: Any, transform: Any, lacking: Any) -> None:
    sagemaker = ready.client("sagemaker")
    job, _ = transform("in/a.png", Tags=[{"Key": "project", "Value": "scones"}])
    assert lacking("DescribeTransformJob", job) == []
    assert (job["TransformOutput"]["KmsKeyId"], job["TransformOutput"]["AssembleWith"]) == ("", "None")
    later, _ = transform("in/a.png")
    tags = sagemaker.list_tags(ResourceArn=job["TransformJobArn"])["Tags"]
    assert tags == [{"Key": "project", "Value": "scones"}]
    names = [job["TransformJobName"], later["TransformJobName"]]
    first = sagemaker.list_transform_jobs(MaxResults=1, NameContains="transform-", StatusEquals="Completed")
    assert first["TransformJobSummaries"][0]["TransformJobName"] == names[1]
    more = sagemaker.list_transform_jobs(
        MaxResults=1, NameContains="transform-", StatusEquals="Completed", NextToken=first["NextToken"]
    )
    assert more["TransformJobSummaries"][0]["TransformJobName"] == names[0]
    day = timedelta(days=1)
    earlier, now = job["CreationTime"] - day, job["CreationTime"] + day
    for asked_for, there in (
        ({"CreationTimeAfter": earlier, "CreationTimeBefore": now}, True),
        ({"CreationTimeAfter": now}, False),
        ({"LastModifiedTimeBefore": earlier}, False),
        ({"NameContains": "nobody"}, False),
    ):
        found = sagemaker.list_transform_jobs(MaxResults=100, SortBy="Name", SortOrder="Ascending", **asked_for)
        listed = [one["TransformJobName"] for one in found["TransformJobSummaries"]]
        assert listed == sorted(listed)
        assert set(names) <= set(listed) if there else listed == []


def test_a_task_waits_for_its_transform_job(ready: Any, transform: Any) -> None:
    states = ready.client("stepfunctions")
    transform_state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        "Parameters": asked("from-states"),
        "End": True,
    }
    arn = states.create_state_machine(
        name="transform",
        definition=json.dumps({"StartAt": "Transform", "States": {"Transform": transform_state}}),
        roleArn=ROLE,
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]

    def over() -> dict[str, Any] | None:
        found = states.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    found = eventually(over, seconds=90)
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"])["TransformJobStatus"] == "Completed"
    assert len(outputs(ready, "from-states")) == 3
