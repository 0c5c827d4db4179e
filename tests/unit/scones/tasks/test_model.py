"""``invoke model.inspect``, ``model.predict`` and ``model.export`` need no endpoint."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import boto3
import numpy as np
import onnxruntime
import pytest
from invoke import Context
from invoke.exceptions import Exit
from invoke.parser import Argument
from moto import mock_aws
from PIL import Image

from imageclassification import artifact
from imageclassification.artifact import Artifact
from imageclassification.network import Network
from imageclassification.predictor import Predictor
from imageclassification.symbol import resnet
from scones import aws, settings
from scones.model.registry.pinned import PinnedModel, write_pin
from scones.settings import ROOT
from scones.tasks import model
from scones.tasks.words import words_of

SHAPE = (3, 8, 8)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    symbol = resnet(20, 2, SHAPE)
    parameters = Network.fresh(symbol, SHAPE, seed=0).parameter_arrays()
    parameters["arg:fc1_weight"] *= 1e-3
    found = Artifact(symbol, parameters, [{"shape": [4, *SHAPE], "name": "data"}], 7)
    return artifact.write(tmp_path_factory.mktemp("model") / "model.tar.gz", found)


@pytest.fixture
def images(tmp_path):
    paths = [tmp_path / name for name in ("a.png", "b c.jpg", "é.png")]
    for path, color in zip(paths, ("red", "green", "blue"), strict=True):
        Image.new("RGB", (9, 9), color).save(path)
    return [str(path) for path in paths]


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_inspect_shows_parameters_input_size_epoch_and_classes_and_the_layers_where_asked(made, capsys):
    model.inspect(Context(), artifact=str(made))
    short = capsys.readouterr().out
    for shown in ("3 x 8 x 8", "batches of 4", "epoch", "float32", "2: their names are not known"):
        assert shown in short
    assert "fc1" not in short
    model.inspect(Context(), artifact=str(made), layers=True)
    long = capsys.readouterr().out
    for shown in ("3 x 8 x 8", "stage3_unit3_conv2", "fc1"):
        assert shown in long


def test_inspect_does_not_say_that_mxnet_wrote_what_was_trained_here(made, capsys):
    """The algorithm here writes MXNet's format, with the version that AWS's algorithm puts into it."""
    model.inspect(Context(), artifact=str(made))
    text = capsys.readouterr().out
    assert "written by" not in text
    assert "format      MXNet 1.3.0's" in text


def test_inspect_names_the_classes_of_the_pinned_model_wherever_it_lies(made, tmp_path, monkeypatch, capsys):
    pinned = tmp_path / "model.tfvars.json"
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    arn = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/4"
    write_pin(pinned, PinnedModel(arn, 4, "image", "s3://b/m.tar.gz", digest, ("bus", "tank"), {}, "", ""))
    environment = replace(settings.load("dev", variables={}), pin_path=pinned)
    monkeypatch.setattr(settings, "load", lambda env: environment)
    model.inspect(Context(), artifact=str(made))
    assert "2: bus, tank;" in capsys.readouterr().out
    model.inspect(Context(), artifact=str(made), json=True)
    found = json.loads(capsys.readouterr().out)
    assert (found["version"], found["class_names"]) == (4, ["bus", "tank"])


def test_inspect_gives_json_that_adds_up(made, printed_json):
    model.inspect(Context(), artifact=str(made), json=True)
    found = printed_json("model.inspect")
    stored = artifact.read(made).parameters
    assert found["parameters"] == sum(array.size for array in stored.values())
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"])
    assert found["size"] == made.stat().st_size
    wanted = {"image_shape": [3, 8, 8], "classes": 2, "epoch": 7, "batch": 4, "depth": 20, "mxnet_version": "1.3.0"}
    assert {key: found[key] for key in wanted} == wanted
    (convolution,) = (layer for layer in found["layers"] if layer["name"] == "conv0")
    assert convolution == {"name": "conv0", "operator": "Convolution", "shape": [16, 8, 8], "parameters": 16 * 27}


def test_inspect_reads_what_genuine_mxnet_wrote(capsys):
    model.inspect(
        Context(), artifact=str(Path(__file__).resolve().parents[2] / "imageclassification/genuine"), json=True
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["classes"], found["epoch"], found["mxnet_version"]) == (3, 3, "1.9.1")


def test_predict_gives_a_line_of_json_an_image_as_the_predictor_answers(made, images, capsys):
    model.predict(Context(), image=images, artifact=str(made))
    found = lines(capsys)
    assert [one["image"] for one in found] == images
    wanted = Predictor.load(made).probabilities([Path(one).read_bytes() for one in images])
    np.testing.assert_allclose([one["probabilities"] for one in found], wanted, atol=1e-6)
    assert set(found[0]) == {"image", "probabilities"}


def test_predict_names_the_classes_where_they_are_known(made, images, capsys):
    model.predict(Context(), image=images[:1], artifact=str(made), classes="bus,tank")
    (line,) = lines(capsys)
    assert line["labels"] == ["bus", "tank"]
    assert line["label"] == line["labels"][int(np.argmax(line["probabilities"]))]


def test_predict_reports_a_bad_image_answers_the_others_and_fails_at_the_end(made, images, tmp_path, capsys):
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(Exit, match="1 of 2 images") as ended:
        model.predict(Context(), image=[str(tmp_path / "bad.png"), images[0]], artifact=str(made))
    bad, good = lines(capsys)
    assert ended.value.code == 2
    assert "neither a PNG nor a JPEG" in bad["error"]
    assert len(good["probabilities"]) == 2


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"image": []}, 2, "no image is given"),
        ({"image": ["absent.png"]}, 2, "there is no image absent.png"),
        ({"classes": "one,two,three"}, 2, "the artifact has 2 classes, not 3: one, two, three"),
        ({"artifact": "absent.tar.gz"}, 2, "no model artifact at absent.tar.gz"),
        ({"artifact": "gs://bucket/model.tar.gz"}, 2, "is not the URI of a model artifact"),
    ],
)
def test_predict_refuses_what_it_cannot_use(made, images, options, code, message):
    with pytest.raises(Exit, match=message) as ended:
        model.predict(Context(), **{"image": images, "artifact": str(made)} | options)
    assert ended.value.code == code


def test_predict_takes_as_many_images_as_are_typed_wherever_they_stand(made, images):
    command = ["model.predict", images[0], "--artifact", str(made), images[1], "--image", images[2]]
    found = subprocess.run(
        [sys.executable, "-m", "invoke", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"},
    )
    assert found.returncode == 0, found.stderr
    assert [json.loads(line)["image"] for line in found.stdout.splitlines()] == images


def test_export_writes_a_model_that_onnxruntime_answers_with(made, images, tmp_path, capsys):
    model.export(Context(), artifact=str(made), onnx=str(tmp_path / "deep/model.onnx"))
    assert "answers as ours do" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["model.onnx"]
    session = onnxruntime.InferenceSession(str(tmp_path / "deep/model.onnx"), providers=["CPUExecutionProvider"])
    pixels = np.asarray(Image.new("RGB", (8, 8), "red"), np.float32).transpose(2, 0, 1)[None]
    (rows,) = session.run(None, {"data": pixels})
    wanted = Predictor.load(made).probabilities([Path(images[0]).read_bytes()])
    np.testing.assert_allclose(rows, wanted, atol=1e-5)


def test_export_says_where_to_write(made):
    with pytest.raises(Exit, match=r"--onnx build/model\.onnx"):
        model.export(Context(), artifact=str(made))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("model.predict", 0),
        ("model.predict a b", 2),
        ("model.predict a --artifact m b", 2),
        ("model.predict --artifact=m a -e dev b c", 3),
        ("model.predict --flag a", 1),
        ("--echo model.predict a -- b", 1),
        ("model.inspect a", 0),
    ],
)
def test_words_are_told_from_the_values_of_options(typed, words):
    options = [
        Argument(names=("artifact", "a")),
        Argument(names=("env", "e")),
        Argument(names=("flag",), kind=bool, default=False),
    ]
    assert words_of(typed.split(), "predict", options) == words


def test_predict_answers_with_the_pinned_model_and_its_classes_also_images_in_s3(
    made, images, tmp_path, monkeypatch, capsys
):
    local = replace(settings.load("local"), root=tmp_path, pin_path=tmp_path / "model.tfvars.json")
    pinned = PinnedModel("arn", 1, "image", "s3://models/a/model.tar.gz", "sha", ("bus", "tank"), {}, "abc", "commit")
    write_pin(local.pin_path, pinned)
    monkeypatch.setattr(settings, "load", lambda name=None: local)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local")
        monkeypatch.setattr(aws, "client", lambda *_, **__: s3)
        s3.create_bucket(Bucket="models")
        s3.upload_file(str(made), "models", "a/model.tar.gz")
        s3.upload_file(images[0], "models", "a.png")
        with pytest.raises(Exit, match="1 of 3 images"):
            model.predict(Context(), image=["s3://models/a.png", images[0], "s3://models/absent.png"])
    there, here, absent = lines(capsys)
    assert there["probabilities"] == here["probabilities"]
    assert there["labels"] == ["bus", "tank"]
    assert "s3://models/absent.png cannot be read" in absent["error"]
