"""What a notebook does with SageMaker's SDK 3, as steps: ``python sdk3.py FOLDER``. The folder is as sdk2.py's."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import steps
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.inference_config import AsyncInferenceConfig, ServerlessInferenceConfig
from sagemaker.core.model_monitor.data_capture_config import DataCaptureConfig
from sagemaker.core.parameter import ContinuousParameter
from sagemaker.core.processing import Processor
from sagemaker.core.resources import (
    Endpoint,
    EndpointConfig,
    Model,
    ModelPackage,
    TrainingJob,
    TransformJob,
)
from sagemaker.core.s3 import S3Downloader, S3Uploader
from sagemaker.core.shapes import (
    CaptureOption,
    ContainerDefinition,
    ProductionVariant,
    TransformDataSource,
    TransformInput,
    TransformOutput,
    TransformResources,
    TransformS3DataSource,
)
from sagemaker.core.shapes import DataCaptureConfig as DataCaptureShape
from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig
from sagemaker.serve import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.tuner import HyperparameterTuner

INSTANCE = "ml.m5.xlarge"
HYPERPARAMETERS = {
    "image_shape": "3,28,28",
    "num_layers": 20,
    "num_classes": 2,
    "num_training_samples": 16,
    "mini_batch_size": 8,
    "epochs": 2,
    "learning_rate": 0.01,
}


def session(has: SimpleNamespace) -> Any:
    """Who and where the notebook is."""
    has.session = Session()
    has.bucket = has.session.default_bucket()
    has.role = get_execution_role()
    has.image = image_uris.retrieve("image-classification", has.session.boto_region_name)
    return {"bucket": has.bucket, "role": has.role, "region": has.session.boto_region_name, "image": has.image}


def data(has: SimpleNamespace) -> Any:
    """Data goes to S3 and comes back."""
    has.data = S3Uploader.upload(str(has.folder / "images"), f"s3://{has.bucket}/data", sagemaker_session=has.session)
    return S3Downloader.list(f"{has.data}/test/", sagemaker_session=has.session)


def trainer(has: SimpleNamespace, **changes: Any) -> ModelTrainer:
    """A trainer of the built-in algorithm."""
    return ModelTrainer(
        training_image=has.image,
        role=has.role,
        sagemaker_session=has.session,
        base_job_name="compatibility",
        compute=Compute(instance_type="ml.p3.2xlarge", instance_count=1, volume_size_in_gb=10),
        hyperparameters={**HYPERPARAMETERS, **changes},
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{has.bucket}/models"),
    )


def channels(has: SimpleNamespace) -> list[InputData]:
    """The algorithm's four channels."""
    where = {"train": "train/", "validation": "test/", "train_lst": "train.lst", "validation_lst": "test.lst"}
    return [
        InputData(channel_name=name, data_source=f"{has.data}/{path}", content_type="application/x-image")
        for name, path in where.items()
    ]


def train(has: SimpleNamespace) -> Any:
    """A job is followed with its log."""
    has.trainer = trainer(has)
    has.trainer.train(input_data_config=channels(has))
    job = has.trainer._latest_training_job
    has.job = job.training_job_name
    has.artifact = job.model_artifacts.s3_model_artifacts
    return {"job": has.job, "status": job.training_job_status, "artifact": has.artifact}


def jobs(has: SimpleNamespace) -> Any:
    """Jobs are found again, and described as objects."""
    job = TrainingJob.get(has.job)
    return {
        "hyperparameters": job.hyper_parameters,
        "image": job.algorithm_specification.training_image,
        "seconds": job.training_time_in_seconds,
        "metrics": {metric.metric_name: metric.value for metric in job.final_metric_data_list},
        "listed": [one.training_job_name for one in TrainingJob.get_all(name_contains=has.job)],
        "missing": steps.refusal(lambda: TrainingJob.get("none")),
    }


def failed_job(has: SimpleNamespace) -> Any:
    """A job that fails raises what it says of itself."""
    failing = trainer(has, num_classes=1)
    logged = steps.refusal(lambda: failing.train(input_data_config=channels(has)))
    job = failing._latest_training_job
    return {"raised": logged, "waited": steps.refusal(lambda: job.wait(poll=1)), "reason": job.refresh().failure_reason}


def stopped_job(has: SimpleNamespace) -> Any:
    """A job that nobody waits for is stopped."""
    long = trainer(has, epochs=100_000)
    long.train(input_data_config=channels(has), wait=False)
    job = long._latest_training_job
    job.stop()
    ended = steps.eventually(lambda: job.refresh().training_job_status not in ("InProgress", "Stopping"))
    return {"ended": ended, "status": job.training_job_status}


def image(has: SimpleNamespace) -> bytes:
    """A picture of the first class."""
    return (has.folder / "images/test/0.png").read_bytes()


def build(has: SimpleNamespace) -> Any:
    """A trainer's model is deployed, with capture."""
    has.builder = ModelBuilder(
        model=has.trainer, image_uri=has.image, role_arn=has.role, sagemaker_session=has.session, instance_type=INSTANCE
    )
    has.model = has.builder.build(model_name="built")
    has.captures = f"s3://{has.bucket}/captures-3"
    has.endpoint = has.builder.deploy(
        endpoint_name="built",
        initial_instance_count=1,
        instance_type=INSTANCE,
        data_capture_config=DataCaptureConfig(
            enable_capture=True,
            sampling_percentage=100,
            destination_s3_uri=has.captures,
            sagemaker_session=has.session,
        ),
    )
    config = EndpointConfig.get(Endpoint.get("built").endpoint_config_name)
    return {
        "model": has.model.model_name,
        "artifact": has.model.primary_container.model_data_url,
        "status": Endpoint.get("built").endpoint_status,
        "capture": config.data_capture_config.destination_s3_uri,
    }


def invoke(has: SimpleNamespace) -> Any:
    """The endpoint answers."""
    endpoint = Endpoint.get("built")
    answer = endpoint.invoke(body=image(has), content_type="image/png")
    return {
        "answer": json.loads(answer.body.read()),
        "not_an_image": steps.refusal(lambda: endpoint.invoke(body=b"no image", content_type="image/png")),
    }


def captured(has: SimpleNamespace) -> Any:
    """The captured records come back as files."""
    files = steps.eventually(lambda: S3Downloader.list(has.captures, sagemaker_session=has.session))
    text = "".join(S3Downloader.read_file(one, sagemaker_session=has.session) for one in files)
    return [json.loads(line)["captureData"] for line in text.splitlines()]


def register(has: SimpleNamespace) -> Any:
    """The model is registered and approved. The SDK reads only the containers of what the package is for."""
    package = has.builder.register(
        model_package_group_name="compatibility-3",
        content_types=["image/png"],
        response_types=["application/json"],
        inference_instances=[INSTANCE],
        transform_instances=[INSTANCE],
        approval_status="PendingManualApproval",
        description="two classes",
    )
    has.package = package if isinstance(package, str) else package.model_package_arn
    pending = ModelPackage.get(has.package).model_approval_status
    ModelPackage.get(has.package).update(model_approval_status="Approved")
    found = ModelPackage.get(has.package)
    container = found.inference_specification.containers[0]
    described = has.session.sagemaker_client.describe_model_package(ModelPackageName=has.package)
    return {
        "arn": has.package,
        "pending": pending,
        "status": found.model_approval_status,
        "artifact": container.model_data_url,
        "types": described["InferenceSpecification"]["SupportedContentTypes"],
        "instances": described["InferenceSpecification"]["SupportedRealtimeInferenceInstanceTypes"],
        "listed": [one.model_package_arn for one in ModelPackage.get_all(model_package_group_name="compatibility-3")],
    }


def resources(has: SimpleNamespace) -> Any:
    """Model, configuration and endpoint are made one by one; the endpoint is updated and deleted."""
    container = ContainerDefinition(image=has.image, model_data_url=has.artifact)
    Model.create(model_name="single", execution_role_arn=has.role, primary_container=container)
    for name, count in (("one", 1), ("two", 2)):
        EndpointConfig.create(
            endpoint_config_name=name,
            production_variants=[
                ProductionVariant(
                    variant_name="all", model_name="single", initial_instance_count=count, instance_type=INSTANCE
                )
            ],
            data_capture_config=DataCaptureShape(
                initial_sampling_percentage=100,
                destination_s3_uri=f"s3://{has.bucket}/others",
                capture_options=[CaptureOption(capture_mode="Input")],
            ),
        )
    endpoint = Endpoint.create(endpoint_name="single", endpoint_config_name="one")
    endpoint.wait_for_status("InService")
    endpoint.endpoint_config_name = "two"
    endpoint.update()
    endpoint.wait_for_status("InService")
    count = endpoint.refresh().production_variants[0].current_instance_count
    endpoint.delete()
    endpoint.wait_for_delete()
    return {"instances": count, "left": [one.endpoint_name for one in Endpoint.get_all(name_contains="single")]}


def transform(has: SimpleNamespace) -> Any:
    """A batch of images is answered."""
    job = TransformJob.create(
        transform_job_name="batch",
        model_name="single",
        transform_input=TransformInput(
            content_type="application/x-image",
            data_source=TransformDataSource(
                s3_data_source=TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=f"{has.data}/test/")
            ),
        ),
        transform_output=TransformOutput(s3_output_path=f"s3://{has.bucket}/answers-3"),
        transform_resources=TransformResources(instance_type=INSTANCE, instance_count=1),
    )
    job.wait(poll=1)
    files = S3Downloader.list(f"s3://{has.bucket}/answers-3", sagemaker_session=has.session)
    return {
        "status": job.transform_job_status,
        "files": files,
        "answer": json.loads(S3Downloader.read_file(files[0], sagemaker_session=has.session)),
    }


def tune(has: SimpleNamespace) -> Any:
    """Two trials, and the better one."""
    tuner = HyperparameterTuner(
        trainer(has, epochs=1),
        "validation:accuracy",
        {"learning_rate": ContinuousParameter(0.001, 0.1)},
        max_jobs=2,
        max_parallel_jobs=2,
    )
    tuner.tune(inputs=channels(has), wait=True)
    return tuner.best_training_job()


def refused(has: SimpleNamespace) -> Any:
    """What the local cloud does not do."""
    processor = Processor(
        role=has.role, image_uri=has.image, instance_count=1, instance_type=INSTANCE, sagemaker_session=has.session
    )
    return {
        "processor": steps.refusal(lambda: processor.run(wait=False, logs=False)),
        "asynchronous": steps.refusal(
            lambda: has.builder.deploy(
                endpoint_name="asynchronous", inference_config=AsyncInferenceConfig(f"s3://{has.bucket}/async")
            )
        ),
    }


def serverless(has: SimpleNamespace) -> Any:
    """A serverless endpoint answers."""
    builder = ModelBuilder(
        model=has.trainer, image_uri=has.image, role_arn=has.role, sagemaker_session=has.session, instance_type=INSTANCE
    )
    builder.build(model_name="serverless")
    builder.deploy(endpoint_name="serverless", inference_config=ServerlessInferenceConfig(memory_size_in_mb=2048))
    answer = Endpoint.get("serverless").invoke(body=image(has), content_type="image/png")
    return json.loads(answer.body.read())


STEPS = [
    session,
    data,
    train,
    jobs,
    failed_job,
    stopped_job,
    build,
    invoke,
    captured,
    register,
    resources,
    transform,
    tune,
    serverless,
    refused,
]

if __name__ == "__main__":
    steps.run(STEPS, Path(sys.argv[1]))
