"""Models, Training, Endpoint and Health in a browser: an update seen live, refusals, and names that hold markup."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.exceptions import ClientError

from benchmarks import cloud as workflow
from scones.console.desk import Desk
from scones.model.registry.metadata import to_metadata
from scones.settings import TRAINING_LOGS, Environment
from tests.conftest import LocalCloud

pytestmark = pytest.mark.slow

JOB = "console-fails"
MARKUP = "<img/src=x/onerror=alert(1)>"


def at(page: Any, path: str, **parameters: str) -> None:
    """Open a path of the console."""
    base = "/".join(page.url.split("/")[:3])
    page.goto(f"{base}{path}" + (f"?{urlencode(parameters)}" if parameters else ""))


@pytest.fixture(scope="module")
def version(desk: Desk) -> int:
    """A registered version whose class and commit hold markup."""
    sagemaker, group = desk.client("sagemaker"), desk.outputs("foundation")["model_package_group_name"]
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [{"Image": workflow.IMAGE, "ModelDataUrl": f"s3://{workflow.BUCKET}/model.tar.gz"}],
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        CustomerMetadataProperties=to_metadata(
            job=JOB,
            artifact_sha256="5f1c",
            class_labels=(MARKUP, "motorcycle"),
            metrics={"validation:accuracy": 0.6, "validation:images": 100.0},
            dataset_fingerprint="3f9a",
            git_commit="",
        ),
    )
    return 1


@pytest.fixture(scope="module")
def job(desk: Desk, environment: Environment) -> str:
    """A training job that failed, whose log has an epoch and a line with markup."""
    sagemaker, logs = desk.client("sagemaker"), desk.client("logs")
    role = next(one["Arn"] for one in desk.client("iam").list_roles()["Roles"])
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{workflow.BUCKET}/image.png"}
    sagemaker.create_training_job(
        TrainingJobName=JOB,
        RoleArn=role,
        AlgorithmSpecification={"TrainingImage": workflow.IMAGE, "TrainingInputMode": "File"},
        HyperParameters={"num_classes": "2", "num_training_samples": "4", "epochs": "2"},
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": f"s3://{workflow.BUCKET}/models"},
        ResourceConfig={"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        Tags=[{"Key": "Workload", "Value": environment.workload}],
    )
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=TRAINING_LOGS)
    logs.create_log_stream(logGroupName=TRAINING_LOGS, logStreamName=f"{JOB}/algo-1-9999999999")
    write(desk, "Epoch[0] Train-accuracy=0.50", "Epoch[0] Train-cross-entropy=0.69", f"a line {MARKUP}")
    return JOB


def write(desk: Desk, *lines: str) -> None:
    """Write lines to the job's log."""
    events = [{"timestamp": int(1000 * time.time()), "message": line} for line in lines]
    stream = f"{JOB}/algo-1-9999999999"
    desk.client("logs").put_log_events(logGroupName=TRAINING_LOGS, logStreamName=stream, logEvents=events)


def test_a_version_shows_its_gate_and_the_commands_that_would_promote_it(page: Any, version: int) -> None:
    at(page, "/models", version=str(version))
    assert "waits for approval" in page.inner_text("tr.chosen")
    assert "validation accuracy 0.600, minimum" in page.inner_text("section:has(#about)")
    assert f"It tells apart: {MARKUP}, motorcycle." in page.inner_text("section:has(#about)")
    assert page.locator(".commands code").all_inner_texts() == [
        "invoke pin 1 --approve --env local",
        "invoke tf.plan --env local",
        "invoke tf.apply --env local",
    ]
    page.click(f"text={JOB}")
    page.wait_for_url("**/training?job=*")


def test_a_failed_job_shows_its_reason_and_its_curves_grow_with_its_log(page: Any, job: str, desk: Desk) -> None:
    at(page, "/training", job=job)
    page.wait_for_selector("#status >> text=Failed")
    assert page.locator("#reason").is_visible()
    assert page.inner_text("#reason").strip()
    assert page.locator(".chart h3").all_inner_texts() == ["accuracy", "cross-entropy"]
    assert page.get_by_role("img", name="training images: 50 %").is_visible()
    page.wait_for_selector(f"#lines >> text='a line {MARKUP}'")
    assert page.locator("#lines img").count() == 0
    assert "nothing here; on AWS about USD" in page.inner_text("#said")
    assert page.locator("section:has(#parameters) tr", has_text="num_training_samples").count() == 1


@pytest.fixture
def as_before(desk: Desk) -> Iterator[None]:
    """Gives the endpoint its configuration back: other tests want its captures."""
    yield
    sagemaker = desk.client("sagemaker")
    sagemaker.update_endpoint(EndpointName=workflow.ENDPOINT, EndpointConfigName=workflow.ENDPOINT)
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName=workflow.ENDPOINT, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )


@pytest.mark.usefixtures("as_before")
def test_an_update_of_the_endpoint_is_seen_live(page: Any, desk: Desk) -> None:
    sagemaker = desk.client("sagemaker")
    at(page, "/endpoint")
    page.wait_for_selector("#status >> text=InService")
    page.wait_for_selector("[data-chart=latency] canvas")
    found = sagemaker.describe_endpoint_config(EndpointConfigName=workflow.ENDPOINT)
    variants = [{**found["ProductionVariants"][0], "InitialVariantWeight": 3.0}]
    name = f"{workflow.ENDPOINT}-{time.time_ns()}"
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    sagemaker.update_endpoint(
        EndpointName=workflow.ENDPOINT,
        EndpointConfigName=name,
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 1},
                "TerminationWaitInSeconds": 1,
            }
        },
    )
    page.wait_for_selector("#stages >> text=/Updating/")
    page.wait_for_selector("#pending:visible")
    page.wait_for_selector("#status >> text=InService")
    page.wait_for_selector(f"#configuration >> text={name}")
    assert page.locator("#stages .chip").count() >= 3
    assert page.locator("#pending").is_hidden()
    page.wait_for_selector("#capture-said >> text=/No request is kept/")


def test_a_refusal_and_an_alarm_that_rings_appear_with_what_to_do(page: Any, desk: Desk, shop: LocalCloud) -> None:
    cloudwatch, iam = desk.client("cloudwatch"), desk.client("iam")
    at(page, "/health")
    page.wait_for_selector("#verdict >> text='There are no alarms.'")
    cloudwatch.put_metric_alarm(
        AlarmName="scones-local-console",
        AlarmDescription=f"A test {MARKUP}",
        Namespace="Console",
        MetricName="Broken",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="breaching",  # so that it rings by itself, and goes on ringing
    )
    page.wait_for_selector(".alarm.bad >> text=console")
    assert MARKUP in page.inner_text(".alarm")
    iam.create_user(UserName="stranger")
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    s3 = boto3.client(
        "s3",
        endpoint_url=shop.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    with pytest.raises(ClientError, match="not authorized"):
        s3.get_object(Bucket=workflow.BUCKET, Key=MARKUP)
    page.wait_for_selector(".refusal >> text=s3:GetObject")
    page.click(".refusal summary")
    statement = json.loads(page.inner_text(".refusal pre"))
    assert statement["Action"] == "s3:GetObject"
    assert statement["Resource"].startswith(f"arn:aws:s3:::{workflow.BUCKET}/")
    assert "user stranger" in page.inner_text(".refusal")
    assert page.locator("main img").count() == 0
    page.wait_for_selector("#budget-words >> text=/has no budget/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_four_pages_keep_the_rules_of_accessibility(
    browser: Any, address: str, job: str, version: int, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme, viewport={"width": 400, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    found = {}
    for path, ready in (
        ("/models", ".commands"),
        (f"/training?job={job}", ".chart canvas"),
        ("/endpoint", "[data-chart=latency] canvas"),
        ("/health", "#budget-words p"),
    ):
        at(page, path)
        page.wait_for_selector(ready)
        broken = Axe().run(page).response["violations"]
        found[path] = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in broken]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} is too wide"
    assert found == {path: [] for path in found}
    context.close()
