"""Endpoints really answer. Their statuses, errors and rollbacks match SageMaker's."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

IMAGE = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
ROLE = "arn:aws:iam::123456789012:role/scones"
numbers = itertools.count()


@pytest.fixture(scope="module")
def sagemaker(cloud: Any) -> Any:
    return cloud.client("sagemaker")


@pytest.fixture(scope="module")
def runtime(cloud: Any) -> Any:
    return cloud.client("sagemaker-runtime")


@pytest.fixture(scope="module")
def artifact(trained: dict[str, Any]) -> str:
    return trained["ModelArtifacts"]["S3ModelArtifacts"]


@pytest.fixture(scope="module")
def make_config(sagemaker: Any, artifact: str) -> Callable[..., str]:
    """Make models and an endpoint configuration with them, and return its name."""

    def make(
        *variants: str,
        url: str = artifact,
        weights: tuple[float, ...] = (),
        instance_type: str = "ml.t2.medium",
        **more: Any,
    ) -> str:
        name = f"hosting-{next(numbers)}"
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": url, "Environment": {"OMP_NUM_THREADS": "1"}},
        )
        shares = weights or [1.0] * len(variants)
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": variant,
                    "ModelName": name,
                    "InstanceType": instance_type,
                    "InitialInstanceCount": 1,
                    "InitialVariantWeight": weight,
                }
                for variant, weight in zip(variants, shares, strict=True)
            ],
            **more,
        )
        return name

    return make


@pytest.fixture(scope="module")
def settle(sagemaker: Any, wait_for: Any) -> Callable[[str], dict[str, Any]]:
    """Wait until an endpoint stops changing, and return its description."""
    return lambda name: wait_for(
        lambda: sagemaker.describe_endpoint(EndpointName=name),
        lambda endpoint: endpoint["EndpointStatus"] in ("InService", "Failed"),
    )


@pytest.fixture(scope="module")
def delete(sagemaker: Any, wait_for: Any) -> Callable[[str], None]:
    """Delete an endpoint and wait until it is gone."""

    def gone(name: str) -> bool:
        try:
            sagemaker.describe_endpoint(EndpointName=name)
        except ClientError as error:
            return "Could not find endpoint" in str(error)
        return False

    def run(name: str) -> None:
        sagemaker.delete_endpoint(EndpointName=name)
        wait_for(lambda: gone(name), bool)

    return run


@pytest.fixture(scope="module")
def endpoint(sagemaker: Any, make_config: Any, settle: Any, delete: Any) -> Iterator[str]:
    """An endpoint of two variants. All traffic goes to the first."""
    config = make_config("blue", "green", weights=(1.0, 0.0))
    arn = sagemaker.create_endpoint(
        EndpointName="served", EndpointConfigName=config, Tags=[{"Key": "project", "Value": "scones"}]
    )["EndpointArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/served"
    assert sagemaker.describe_endpoint(EndpointName="served")["EndpointStatus"] == "Creating"
    assert settle("served")["EndpointStatus"] == "InService"
    yield "served"
    delete("served")


def ask(runtime: Any, endpoint: str, image: bytes, **more: Any) -> tuple[str, bytes]:
    """Ask an endpoint. Return the variant that answered, and its answer."""
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="image/png", Body=image, **more)
    return answer["InvokedProductionVariant"], answer["Body"].read()


def probabilities(runtime: Any, endpoint: str, image: bytes, **more: Any) -> list[float]:
    return json.loads(ask(runtime, endpoint, image, **more)[1])


def test_an_endpoint_answers_with_a_probability_for_each_class(runtime: Any, endpoint: str, images: Any) -> None:
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="image/png", Body=images(0, 7))
    assert (answer["ContentType"], answer["InvokedProductionVariant"]) == ("application/json", "blue")
    found = json.loads(answer["Body"].read())
    assert len(found) == 2
    assert sum(found) == pytest.approx(1, abs=1e-4)
    assert found[0] > 0.5 > probabilities(runtime, endpoint, images(1, 7))[0]


def test_an_endpoint_reads_a_jpeg(runtime: Any, endpoint: str, images: Any) -> None:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(images(0, 7))).convert("RGB").save(buffer, "JPEG", quality=95)
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="image/jpeg", Body=buffer.getvalue())
    assert json.loads(answer["Body"].read())[0] > 0.5


def test_accept_reaches_the_container(runtime: Any, endpoint: str, images: Any) -> None:
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, ContentType="image/png", Accept="application/jsonlines", Body=images(0, 7)
    )
    assert set(json.loads(answer["Body"].read())) == {"prediction"}


def test_a_variant_can_be_named_whatever_its_weight(runtime: Any, endpoint: str, images: Any) -> None:
    for target, expected in ((None, "blue"), ("green", "green")):
        more = {"TargetVariant": target} if target else {}
        assert ask(runtime, endpoint, images(0, 1), **more)[0] == expected
    with pytest.raises(ClientError, match=r"\): Variant red not found") as refused:
        probabilities(runtime, endpoint, images(0, 1), TargetVariant="red")
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_describe_tells_variants_images_weights_and_counts(sagemaker: Any, endpoint: str) -> None:
    found = sagemaker.describe_endpoint(EndpointName=endpoint)
    blue, green = found["ProductionVariants"]
    assert blue["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert (blue["CurrentWeight"], green["CurrentWeight"]) == (1.0, 0.0)
    assert blue["CurrentInstanceCount"] == blue["DesiredInstanceCount"] == 1
    assert not {"FailureReason", "PendingDeploymentSummary", "DataCaptureConfig", "LastDeploymentConfig"} & set(found)
    assert sagemaker.list_tags(ResourceArn=found["EndpointArn"])["Tags"] == [{"Key": "project", "Value": "scones"}]
    listed = sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"]
    assert [each["EndpointStatus"] for each in listed] == ["InService"]


def test_weights_and_counts_change_apart(sagemaker: Any, runtime: Any, endpoint: str, images: Any, settle: Any) -> None:
    def change(**wanted: Any) -> dict[str, Any]:
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": "green", **wanted}]
        )
        return settle(endpoint)["ProductionVariants"][1]

    heavier = change(DesiredWeight=5)
    assert (heavier["CurrentWeight"], heavier["CurrentInstanceCount"]) == (5, 1)
    larger = change(DesiredInstanceCount=2)
    assert (larger["CurrentWeight"], larger["CurrentInstanceCount"]) == (5, 2)
    image = images(0, 1)
    variants = {ask(runtime, endpoint, image)[0] for _ in range(60)}
    change(DesiredWeight=0)
    assert variants == {"blue", "green"}  # green gets 5 of 6 requests; the chance that either variant gets none is 2e-5
    with pytest.raises(ClientError, match='"red" is/are not present'):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": "red", "DesiredWeight": 1}]
        )


@pytest.mark.parametrize(
    ("content_type", "body", "status"), [("image/png", b"no picture", 400), ("text/csv", b"1,2", 415)]
)
def test_what_the_container_refuses_is_a_model_error(
    cloud: Any, runtime: Any, endpoint: str, content_type: str, body: bytes, status: int
) -> None:
    with pytest.raises(runtime.exceptions.ModelError) as refused:
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType=content_type, Body=body)
    error = refused.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert error["OriginalStatusCode"] == status
    assert error["OriginalMessage"] in error["Error"]["Message"]
    assert error["Error"]["Message"].startswith(f'Received client error ({status}) from primary with message "')
    assert error["LogStreamArn"].endswith(":log-group:/aws/sagemaker/Endpoints/served")
    streams = cloud.client("logs").describe_log_streams(logGroupName="/aws/sagemaker/Endpoints/served")["logStreams"]
    assert {stream["logStreamName"].partition("/i-")[0] for stream in streams} == {"blue", "green"}


def test_refuses_a_body_over_the_limit_and_what_it_does_not_support(runtime: Any, endpoint: str) -> None:
    with pytest.raises(ClientError, match="less than or equal to 6291456"):
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="image/png", Body=b"0" * (6291456 + 1))
    with pytest.raises(ClientError, match="does not support the header X-Amzn-SageMaker-Target-Model"):
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="image/png", Body=b"0", TargetModel="m.tar.gz")


def test_an_unknown_endpoint_is_named(runtime: Any) -> None:
    with pytest.raises(ClientError, match=r"Endpoint nowhere of account 123456789012 not found\.") as refused:
        runtime.invoke_endpoint(EndpointName="nowhere", ContentType="image/png", Body=b"0")
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_refuses_a_second_endpoint_of_the_name(sagemaker: Any, endpoint: str, make_config: Any) -> None:
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=make_config("A"))


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("nowhere/model.tar.gz", "Failed to download model data"),
        ("broken/model.tar.gz", "did not pass the ping health"),
    ],
)
def test_an_artifact_that_cannot_be_served_fails_the_endpoint(
    cloud: Any,
    sagemaker: Any,
    runtime: Any,
    bucket: str,
    make_config: Any,
    settle: Any,
    delete: Any,
    key: str,
    reason: str,
) -> None:
    cloud.client("s3").put_object(Bucket=bucket, Key="broken/model.tar.gz", Body=b"this is no archive")
    name = f"fails-{next(numbers)}"
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=make_config("A", url=f"s3://{bucket}/{key}"))
    found = settle(name)
    assert found["EndpointStatus"] == "Failed"
    assert reason in found["FailureReason"]
    with pytest.raises(ClientError, match="its status is Failed"):
        runtime.invoke_endpoint(EndpointName=name, ContentType="image/png", Body=b"0")
    with pytest.raises(ClientError, match="can be deleted only"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=found["EndpointConfigName"])
    delete(name)


def test_an_update_swaps_without_a_missed_answer_and_a_failed_one_rolls_back(
    cloud: Any,
    sagemaker: Any,
    runtime: Any,
    bucket: str,
    make_config: Any,
    settle: Any,
    delete: Any,
    images: Any,
) -> None:
    first, second = make_config("A"), make_config("B")
    deployment = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}
    }
    sagemaker.create_endpoint(EndpointName="updated", EndpointConfigName=first, DeploymentConfig=deployment)
    assert settle("updated")["LastDeploymentConfig"] == deployment

    variants, errors, over = [], [], threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            try:
                variants.append(ask(runtime, "updated", images(0, 3))[0])
            except Exception as error:  # noqa: BLE001 every error is one too many
                errors.append(error)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        sagemaker.update_endpoint(EndpointName="updated", EndpointConfigName=second)
        during = sagemaker.describe_endpoint(EndpointName="updated")
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            sagemaker.update_endpoint(EndpointName="updated", EndpointConfigName=first)
        after = settle("updated")
    finally:
        over.set()
        asking.join()
    assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", first)
    assert during["PendingDeploymentSummary"]["EndpointConfigName"] == second
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", second)
    assert not errors
    assert variants[0] == "A"
    assert probabilities(runtime, "updated", images(0, 3), TargetVariant="B")

    broken = make_config("C", url=f"s3://{bucket}/no/such/model.tar.gz")
    sagemaker.update_endpoint(EndpointName="updated", EndpointConfigName=broken)
    rolled_back = settle("updated")
    assert (rolled_back["EndpointStatus"], rolled_back["EndpointConfigName"]) == ("InService", second)
    assert "Failed to download model data" in rolled_back["FailureReason"]
    assert probabilities(runtime, "updated", images(0, 3), TargetVariant="B")

    delete("updated")
    with pytest.raises(ClientError, match="not found"):
        probabilities(runtime, "updated", images(0, 3))
    assert not list((Path(cloud.state) / "endpoints" / "updated").iterdir())


def test_an_endpoint_serves_an_approved_model_package(
    sagemaker: Any, runtime: Any, artifact: str, settle: Any, delete: Any, images: Any
) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName="hosted")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName="hosted",
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": artifact}],
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    sagemaker.create_model(ModelName="packaged", ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": arn})
    sagemaker.create_endpoint_config(
        EndpointConfigName="packaged",
        ProductionVariants=[
            {
                "VariantName": "A",
                "ModelName": "packaged",
                "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1},
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName="packaged", EndpointConfigName="packaged")
    (variant,) = settle("packaged")["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    assert len(probabilities(runtime, "packaged", images(0, 1))) == 2
    delete("packaged")


def test_a_container_that_died_is_started_again(
    sagemaker: Any, runtime: Any, make_config: Any, settle: Any, delete: Any, images: Any, wait_for: Any, cloud: Any
) -> None:
    sagemaker.create_endpoint(EndpointName="dies", EndpointConfigName=make_config("A"))
    settle("dies")
    kill_server_of(Path(cloud.state) / "endpoints" / "dies")

    def answer() -> list[float] | str:
        try:
            return probabilities(runtime, "dies", images(0, 1))
        except ClientError as error:
            return error.response["Error"]["Code"]

    assert answer() in ("ModelError", "ServiceUnavailable")
    assert len(wait_for(answer, lambda found: isinstance(found, list))) == 2
    delete("dies")


def kill_server_of(folder: Path) -> None:
    """Kill the process whose working folder is below ``folder``."""
    import os
    import signal

    for process in Path("/proc").glob("[0-9]*"):
        try:
            where = (process / "cwd").readlink()
        except OSError:
            continue
        if where.is_relative_to(folder):
            os.kill(int(process.name), signal.SIGKILL)
            return
    raise AssertionError(f"no process works in {folder}")


def test_a_shadow_gets_copies_and_its_answers_are_captured_apart(
    cloud: Any,
    sagemaker: Any,
    runtime: Any,
    bucket: str,
    artifact: str,
    make_config: Any,
    settle: Any,
    delete: Any,
    images: Any,
    wait_for: Any,
) -> None:
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/shadowed",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    shadow = {
        "VariantName": "Shadow",
        "ModelName": make_config("Model"),
        "InstanceType": "ml.t2.medium",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 100.0,
    }
    config = make_config("AllTraffic", weights=(100.0,), ShadowProductionVariants=[shadow], DataCaptureConfig=capture)
    sagemaker.create_endpoint(EndpointName="shadowed", EndpointConfigName=config)
    found = settle("shadowed")
    assert [variant["VariantName"] for variant in found["ShadowProductionVariants"]] == ["Shadow"]
    for number in range(3):
        assert ask(runtime, "shadowed", images(0, 7), InferenceId=f"request-{number}")[0] == "AllTraffic"
    with pytest.raises(ClientError, match="Variant Shadow not found"):
        ask(runtime, "shadowed", images(0, 7), TargetVariant="Shadow")

    def captured(variant: str) -> list[str]:
        s3 = cloud.client("s3")
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"shadowed/shadowed/{variant}/").get("Contents", [])
        bodies = [s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read().decode() for one in listed]
        return sorted(json.loads(line)["eventMetadata"]["inferenceId"] for text in bodies for line in text.splitlines())

    expected = [f"request-{number}" for number in range(3)]
    for variant in ("AllTraffic", "Shadow"):
        wait_for(lambda variant=variant: captured(variant), lambda found: found == expected)
    delete("shadowed")


def test_autoscaling_brings_the_count_within_its_limits(
    cloud: Any, sagemaker: Any, make_config: Any, settle: Any, delete: Any, wait_for: Any
) -> None:
    sagemaker.create_endpoint(EndpointName="scaled", EndpointConfigName=make_config("AllTraffic"))
    settle("scaled")
    scaling = cloud.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/scaled/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=4)
    scaling.put_scaling_policy(
        **target,
        PolicyName="requests",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 600,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        },
    )

    def count() -> int:
        return sagemaker.describe_endpoint(EndpointName="scaled")["ProductionVariants"][0]["CurrentInstanceCount"]

    wait_for(count, lambda found: found == 2)
    with pytest.raises(ClientError, match="instance type of variant AllTraffic cannot change"):
        sagemaker.update_endpoint(
            EndpointName="scaled", EndpointConfigName=make_config("AllTraffic", instance_type="ml.m5.large")
        )
    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="night",
        Schedule="rate(1 minute)",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 1},
    )
    clock = Path(cloud.state) / "alarm-clock"
    clock.write_text("61")
    try:
        wait_for(count, lambda found: found == 1)
    finally:
        clock.unlink()
    limits = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]])
    assert [(one["MinCapacity"], one["MaxCapacity"]) for one in limits["ScalableTargets"]] == [(1, 1)]
    scaling.deregister_scalable_target(**target)
    delete("scaled")


def test_a_variant_reports_its_requests_errors_and_times(
    cloud: Any, sagemaker: Any, runtime: Any, endpoint: str, images: Callable[[int, int], bytes]
) -> None:
    """The namespace is AWS/SageMaker, by endpoint and variant, and again by the fleet's configuration. Only the
    container's answers count. Latencies are in microseconds.
    """
    config = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    fleet = {"Name": "EndpointConfigName", "Value": config}

    def reported(metric: str, statistic: str = "Sum", *, of: tuple[dict[str, str], ...] = ()) -> float:
        found = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "green"}, *of],
            StartTime=datetime(2020, 1, 1, tzinfo=UTC),
            EndTime=datetime(2100, 1, 1, tzinfo=UTC),
            Period=86400 * 36500,
            Statistics=[statistic],
        )["Datapoints"]
        return sum(one[statistic] for one in found)

    names = ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors")
    before = {name: reported(name) for name in names}
    for body in (images(0, 1), images(1, 1), b"no picture"):
        with contextlib.suppress(ClientError):
            ask(runtime, endpoint, body, TargetVariant="green")
    assert {name: reported(name) - before[name] for name in names} == {
        "Invocations": 3,
        "Invocation4XXErrors": 1,
        "Invocation5XXErrors": 0,
        "InvocationModelErrors": 1,
    }
    assert 100 < reported("ModelLatency", "Average") < 60e6
    assert {name: reported(name, of=(fleet,)) for name in names} == {name: reported(name) for name in names}
    assert reported("Invocations", of=({**fleet, "Value": "another"},)) == 0
