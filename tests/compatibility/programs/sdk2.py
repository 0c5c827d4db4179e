"""What a course's notebook does with SageMaker's SDK 2, as steps: ``python sdk2.py FOLDER``.

``FOLDER/images`` has ``train/`` and ``test/`` with PNGs, and ``train.lst`` and ``test.lst``.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sagemaker
import steps
from sagemaker import get_execution_role, image_uris
from sagemaker.analytics import TrainingJobAnalytics
from sagemaker.async_inference import AsyncInferenceConfig
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.exceptions import UnexpectedStatusException
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model, ModelPackage
from sagemaker.model_monitor import DataCaptureConfig, DefaultModelMonitor
from sagemaker.predictor import Predictor
from sagemaker.processing import ScriptProcessor
from sagemaker.s3 import S3Downloader, S3Uploader
from sagemaker.serializers import IdentitySerializer
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner

warnings.simplefilter("ignore")  # of old names that courses use

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
    has.session = sagemaker.Session()
    has.bucket = has.session.default_bucket()
    has.role = get_execution_role()
    return {
        "bucket": has.bucket,
        "role": has.role,
        "caller": has.session.get_caller_identity_arn(),
        "account": has.session.account_id(),
        "region": has.session.boto_region_name,
    }


def in_session(has: SimpleNamespace) -> dict[str, Any]:
    """The argument that keeps a call from making a session of its own, which takes seconds."""
    return {"sagemaker_session": has.session}


def data(has: SimpleNamespace) -> Any:
    """Data goes to S3 and comes back."""
    images = str(has.folder / "images")
    has.data = has.session.upload_data(images, bucket=has.bucket, key_prefix="data")
    one = S3Uploader.upload(str(has.folder / "images/train.lst"), f"s3://{has.bucket}/one", **in_session(has))
    text = S3Uploader.upload_string_as_file_body("some text", f"s3://{has.bucket}/text/a.txt", **in_session(has))
    S3Downloader.download(f"{has.data}/train/", str(has.folder / "back"), **in_session(has))
    return {
        "data": has.data,
        "one": one,
        "text": S3Downloader.read_file(text, **in_session(has)),
        "listed": S3Downloader.list(f"{has.data}/test/", **in_session(has)),
        "back": sorted(path.name for path in (has.folder / "back").iterdir()),
        "read": has.session.read_s3_file(has.bucket, "data/train.lst"),
        "missing": steps.refusal(lambda: S3Downloader.read_file(f"s3://{has.bucket}/none", **in_session(has))),
    }


def estimator(has: SimpleNamespace, **changes: Any) -> Estimator:
    """An estimator of the built-in algorithm."""
    image = image_uris.retrieve("image-classification", has.session.boto_region_name, version="latest")
    made = Estimator(
        image,
        has.role,
        instance_count=1,
        instance_type="ml.p3.2xlarge",
        output_path=f"s3://{has.bucket}/models",
        sagemaker_session=has.session,
    )
    made.set_hyperparameters(**{**HYPERPARAMETERS, **changes})
    return made


def channels(has: SimpleNamespace) -> dict[str, TrainingInput]:
    """The algorithm's four channels."""
    where = {"train": "train/", "validation": "test/", "train_lst": "train.lst", "validation_lst": "test.lst"}
    return {
        name: TrainingInput(f"{has.data}/{path}", content_type="application/x-image") for name, path in where.items()
    }


def fit(has: SimpleNamespace) -> Any:
    """A job is followed with its log."""
    has.estimator = estimator(has)
    has.estimator.fit(channels(has))
    has.job = has.estimator.latest_training_job.name
    described = has.estimator.latest_training_job.describe()
    return {
        "artifact": has.estimator.model_data,
        "job": has.job,
        "described": described,
        "image": has.estimator.image_uri,
    }


def logs(has: SimpleNamespace) -> Any:
    """The log of a job that has ended."""
    has.estimator.logs()


def analytics(has: SimpleNamespace) -> Any:
    """The job's metrics as a table."""

    def rows() -> list[dict[str, Any]]:
        return json.loads(
            TrainingJobAnalytics(has.job, **in_session(has)).dataframe(force_refresh=True).to_json(orient="records")
        )

    return steps.eventually(rows)


def attach(has: SimpleNamespace) -> Any:
    """A job of an earlier day is taken up again."""
    attached = Estimator.attach(has.job, **in_session(has))
    return {
        "artifact": attached.model_data,
        "hyperparameters": attached.hyperparameters(),
        "image": attached.training_image_uri(),
        "instance": attached.instance_type,
        "role": attached.role,
    }


def failed_job(has: SimpleNamespace) -> Any:
    """A job that fails raises what it says of itself."""
    try:
        estimator(has, num_classes=1).fit(channels(has))
    except UnexpectedStatusException as error:
        return {"text": str(error), "status": error.actual_status, "allowed": error.allowed_statuses}
    return None


def stopped_job(has: SimpleNamespace) -> Any:
    """A job that nobody waits for is stopped."""
    long = estimator(has, epochs=100_000)
    long.fit(channels(has), wait=False)
    job = long.latest_training_job
    job.stop()
    job.wait(logs="None")
    return job.describe()["TrainingJobStatus"]


def deploy(has: SimpleNamespace) -> Any:
    """The model is deployed, and what is asked and answered is captured."""
    has.captures = f"s3://{has.bucket}/captures"
    has.predictor = has.estimator.deploy(
        initial_instance_count=1,
        instance_type=INSTANCE,
        data_capture_config=DataCaptureConfig(
            enable_capture=True, sampling_percentage=100, destination_s3_uri=has.captures
        ),
    )
    description = has.session.describe_endpoint(has.predictor.endpoint_name)
    return {"endpoint": has.predictor.endpoint_name, "description": description}


def image(has: SimpleNamespace) -> bytes:
    """A picture of the first class."""
    return (has.folder / "images/test/0.png").read_bytes()


def predict(has: SimpleNamespace) -> Any:
    """The endpoint answers, by its object and by its name."""
    has.predictor.serializer = IdentitySerializer("image/png")
    named = Predictor(has.predictor.endpoint_name, has.session, IdentitySerializer("image/png"), JSONDeserializer())
    nowhere = Predictor("none", has.session, IdentitySerializer("image/png"))
    return {
        "raw": has.predictor.predict(image(has)).decode(),
        "named": named.predict(image(has)),
        "by_argument": named.predict(image(has), initial_args={"ContentType": "application/x-image"}),
        "not_an_image": steps.refusal(lambda: named.predict(b"no image")),
        "nowhere": steps.refusal(lambda: nowhere.predict(image(has))),
    }


def captured(has: SimpleNamespace) -> Any:
    """The captured records come back as files."""
    files = steps.eventually(lambda: S3Downloader.list(has.captures, **in_session(has)))
    S3Downloader.download(has.captures, str(has.folder / "captured"), **in_session(has))
    paths = sorted((has.folder / "captured").rglob("*.jsonl"))
    return {"files": files, "records": [json.loads(line) for path in paths for line in path.read_text().splitlines()]}


def capture_changes(has: SimpleNamespace) -> Any:
    """Capture is changed and switched off. Each makes a new configuration, and the endpoint goes on."""
    predictor, found = has.predictor, {}
    predictor.update_data_capture_config(
        DataCaptureConfig(enable_capture=True, sampling_percentage=50, destination_s3_uri=f"s3://{has.bucket}/other")
    )
    found["changed"] = has.session.describe_endpoint(predictor.endpoint_name)["DataCaptureConfig"]
    predictor.disable_data_capture()
    found["off"] = has.session.describe_endpoint(predictor.endpoint_name)["DataCaptureConfig"]
    found["answers"] = len(json.loads(predictor.predict(image(has))))
    return found


def update(has: SimpleNamespace) -> Any:
    """An endpoint gets another number of instances."""
    has.predictor.update_endpoint(initial_instance_count=2, instance_type=INSTANCE)
    described = has.session.describe_endpoint(has.predictor.endpoint_name)
    return described["ProductionVariants"][0]["CurrentInstanceCount"]


def register(has: SimpleNamespace) -> Any:
    """The model is registered, approved, and deployed from the registry's package."""
    arguments: dict[str, Any] = {
        "content_types": ["image/png"],
        "response_types": ["application/json"],
        "inference_instances": [INSTANCE],
        "transform_instances": [INSTANCE],
        "model_package_group_name": "compatibility",
        "approval_status": "PendingManualApproval",
        "description": "two classes",
    }
    package = has.estimator.register(**arguments)
    has.package = package.model_package_arn
    package.update_approval_status("Approved")
    client = has.session.sagemaker_client
    return {
        "arn": has.package,
        "description": client.describe_model_package(ModelPackageName=has.package),
        "listed": client.list_model_packages(ModelPackageGroupName="compatibility")["ModelPackageSummaryList"],
    }


def deploy_package(has: SimpleNamespace) -> Any:
    """A package of the registry serves."""
    package = ModelPackage(role=has.role, model_package_arn=has.package, sagemaker_session=has.session)
    package.deploy(1, INSTANCE, endpoint_name="of-the-registry")
    predictor = Predictor("of-the-registry", has.session, IdentitySerializer("image/png"), JSONDeserializer())
    answer = predictor.predict(image(has))
    predictor.delete_model()
    predictor.delete_endpoint()
    return answer


def deploy_model(has: SimpleNamespace) -> Any:
    """A model is made of an artifact alone."""
    model = Model(
        image_uri=has.estimator.image_uri,
        model_data=has.estimator.model_data,
        role=has.role,
        sagemaker_session=has.session,
        predictor_cls=Predictor,
    )
    predictor = model.deploy(1, INSTANCE, serializer=IdentitySerializer("image/png"), deserializer=JSONDeserializer())
    answer = predictor.predict(image(has))
    config = has.session.sagemaker_client.describe_endpoint(EndpointName=predictor.endpoint_name)
    predictor.delete_model()
    predictor.delete_endpoint()
    left = steps.eventually(lambda: steps.refusal(lambda: has.session.describe_endpoint(predictor.endpoint_name)))
    return {
        "answer": answer,
        "capture": config.get("DataCaptureConfig"),
        "left": left,
        "endpoint": predictor.endpoint_name,
    }


def transform(has: SimpleNamespace) -> Any:
    """A batch of images is answered."""
    transformer = has.estimator.transformer(
        1, INSTANCE, output_path=f"s3://{has.bucket}/answers", strategy="SingleRecord"
    )
    transformer.transform(f"{has.data}/test/", content_type="application/x-image", wait=True, logs=True)
    files = S3Downloader.list(transformer.output_path, **in_session(has))
    return {"files": files, "answer": json.loads(S3Downloader.read_file(files[0], **in_session(has)))}


def tune(has: SimpleNamespace) -> Any:
    """Two trials, and the better one's model."""
    tuner = HyperparameterTuner(
        estimator(has, epochs=1),
        "validation:accuracy",
        {"learning_rate": ContinuousParameter(0.001, 0.1)},
        max_jobs=2,
        max_parallel_jobs=2,
    )
    tuner.fit(channels(has), include_cls_metadata=False)
    return {
        "best": tuner.best_training_job(),
        "artifact": tuner.best_estimator().model_data,
        "trials": json.loads(tuner.analytics().dataframe().to_json(orient="records")),
    }


def refused(has: SimpleNamespace) -> Any:
    """What the local cloud does not do."""
    model = Model(has.estimator.image_uri, has.estimator.model_data, has.role, **in_session(has))
    monitor = DefaultModelMonitor(role=has.role, sagemaker_session=has.session)
    script = has.folder / "script.py"
    script.write_text("print('processed')")
    processor = ScriptProcessor(
        role=has.role,
        image_uri=has.estimator.image_uri,
        command=["python3"],
        instance_count=1,
        instance_type=INSTANCE,
        sagemaker_session=has.session,
    )
    xgboost = image_uris.retrieve("xgboost", has.session.boto_region_name, version="1.7-1")
    other = Estimator(xgboost, has.role, instance_count=1, instance_type=INSTANCE, sagemaker_session=has.session)
    return {
        "monitor": steps.refusal(
            lambda: monitor.create_monitoring_schedule(
                endpoint_input=has.predictor.endpoint_name, output_s3_uri=f"s3://{has.bucket}/monitoring"
            )
        ),
        "processor": steps.refusal(lambda: processor.run(code=str(script))),
        "asynchronous": steps.refusal(
            lambda: model.deploy(1, INSTANCE, async_inference_config=AsyncInferenceConfig(f"s3://{has.bucket}/async"))
        ),
        "algorithm": steps.refusal(lambda: other.fit(channels(has))),
    }


def clean(has: SimpleNamespace) -> Any:
    """The last cell: everything is deleted."""
    has.predictor.delete_model()
    has.predictor.delete_endpoint()
    client = has.session.sagemaker_client
    return steps.eventually(lambda: not client.list_endpoints(NameContains=has.predictor.endpoint_name)["Endpoints"])


STEPS = [
    session,
    data,
    fit,
    logs,
    analytics,
    attach,
    failed_job,
    stopped_job,
    deploy,
    predict,
    captured,
    capture_changes,
    update,
    register,
    deploy_package,
    deploy_model,
    transform,
    tune,
    refused,
    clean,
]

if __name__ == "__main__":
    steps.run(STEPS, Path(sys.argv[1]))
