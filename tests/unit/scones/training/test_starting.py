"""A model to start from: what it has seen is known where its job and its data set are still there."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from imageclassification import artifact, ndarray
from imageclassification.errors import HyperparameterError
from imageclassification.network import Network
from imageclassification.symbol import resnet
from scones import aws, settings
from scones.training import starting
from scones.training.preparing import Order, Preparation

URI = "s3://scones/models/earlier/output/model.tar.gz"


class Account:
    """S3 and SageMaker with one job: a backbone's."""

    def __init__(self, folder: Path, *, classes: tuple[str, ...] | None) -> None:
        shape = (3, 20, 20)
        symbol = resnet(20, 4, shape)
        parameters = Network.fresh(symbol, shape, seed=0).parameter_arrays()
        made = artifact.Artifact(symbol, parameters, [{"name": "data", "shape": [1, *shape]}], epoch=1)
        self.objects = {"models/earlier/output/model.tar.gz": artifact.write(folder / "m.tar.gz", made).read_bytes()}
        if classes:
            self.objects["datasets/f/dataset.json"] = json.dumps({"classes": classes}).encode()

    def __call__(self, environment: settings.Environment, service: str, **options: Any) -> Any:
        return self

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        return {"ETag": '"1"', "ContentLength": len(self.objects[Key])}

    def get_object(self, *, Bucket: str, Key: str, **options: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        body = io.BytesIO(self.objects[Key])
        body.iter_chunks = lambda size: iter([body.read()])  # type: ignore[attr-defined]
        return {"Body": body}

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:
        assert TrainingJobName == "earlier"
        source = {"S3DataSource": {"S3Uri": "s3://scones/datasets/f/train"}}
        return {"InputDataConfig": [{"ChannelName": "train", "DataSource": source}]}


@pytest.fixture
def environment(tmp_path: Path) -> settings.Environment:
    return dataclasses.replace(settings.load("dev", variables={}), root=tmp_path, classes=("bicycle", "motorcycle"))


def test_a_model_that_has_seen_the_classes_is_refused_unless_it_is_wanted(
    environment: settings.Environment, tmp_path: Path
) -> None:
    account = Account(tmp_path, classes=("bicycle", "bus", "tank", "train"))
    order = Order({"use_pretrained_model": "1", "mini_batch_size": "8"}, model=URI)
    with pytest.raises(HyperparameterError, match=rf"the model {URI} has seen 'bicycle'"):
        Preparation(environment, order, client=account)
    assert Preparation(environment, dataclasses.replace(order, seen=True), client=account).hyperparameters
    others = dataclasses.replace(order, classes=("lion", "tiger"))
    assert Preparation(environment, others, client=account).hyperparameters.use_pretrained_model


def test_of_a_model_whose_data_set_is_gone_nothing_is_said(environment: settings.Environment, tmp_path: Path) -> None:
    assert starting.find(environment, URI, client=Account(tmp_path, classes=None)).classes is None


def test_a_checkpoint_of_mxnets_model_zoo_reaches_the_job_in_the_algorithms_form(
    environment: settings.Environment, tmp_path: Path
) -> None:
    """A job's channel ``model`` takes an archive of three files."""
    shape = (3, 224, 224)
    symbol = resnet(18, 4, shape)
    parameters = Network.fresh(symbol, shape, seed=0).parameter_arrays()
    (tmp_path / "resnet-18-symbol.json").write_text(json.dumps(symbol))
    (tmp_path / "resnet-18-0000.params").write_bytes(ndarray.dumps(parameters))
    found = starting.find(environment, str(tmp_path / "resnet-18-0000.params"))
    assert found.settings == {"image_shape": "3,224,224", "num_layers": "18"}
    with mock_aws():
        s3 = aws.client(environment, "s3")
        s3.create_bucket(Bucket="scones")
        uri = found.put(s3, "scones")
        key = uri.removeprefix("s3://scones/")
        sent = s3.get_object(Bucket="scones", Key=key)["Body"].read()
    assert key.startswith("models/imported/")
    (tmp_path / "model.tar.gz").write_bytes(sent)
    assert artifact.read(tmp_path / "model.tar.gz").image_shape == shape
