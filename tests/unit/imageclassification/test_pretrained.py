"""Starting from a model: which parameters it gives, which are new, and which models are refused."""

import json

import numpy as np
import pytest
import torch

from imageclassification import artifact, pretrained
from imageclassification.artifact import Artifact
from imageclassification.errors import HyperparameterError, InputDataError
from imageclassification.hyperparameters import parse
from imageclassification.network import Network
from imageclassification.symbol import resnet
from imageclassification.train import run

SHAPE = (3, 8, 8)


def model(classes=2, shape=SHAPE, layers=20, **options):
    symbol = resnet(layers, classes, shape, **options)
    parameters = Network.fresh(symbol, shape, seed=7).parameter_arrays()
    return Artifact(symbol, parameters, [{"name": "data", "shape": [8, *shape]}], epoch=3)


def chosen(**values):
    small = {"num_classes": 2, "num_training_samples": 16, "image_shape": "3,8,8", "num_layers": 20}
    return parse({**small, "mini_batch_size": 8, **values})


def start(artifact, **values):
    return pretrained.TrainingStart.of(artifact, chosen(**values), seed=0)


def test_incremental_training_starts_from_every_weight():
    given = model()
    begun = start(given)
    assert begun.symbol == given.symbol
    for name, array in given.parameters.items():
        np.testing.assert_array_equal(begun.parameters[name], array)


@pytest.mark.parametrize("classes", [2, 5])
def test_transfer_draws_the_last_layer_anew_and_takes_all_else(classes):
    given = model()
    begun = start(given, num_classes=classes, use_pretrained_model=1)
    fresh = {"arg:fc1_weight", "arg:fc1_bias"}
    assert begun.parameters["arg:fc1_weight"].shape == (classes, 64)
    assert not np.array_equal(begun.parameters["arg:fc1_weight"][:2], given.parameters["arg:fc1_weight"])
    assert begun.parameters["arg:fc1_weight"].std() == pytest.approx(np.sqrt(2 / 64), rel=0.2)
    for name in given.parameters.keys() - fresh:
        np.testing.assert_array_equal(begun.parameters[name], given.parameters[name])
    assert begun.symbol == resnet(20, classes, SHAPE)
    network = Network(begun.symbol, begun.parameters).eval()
    assert network(torch.zeros(1, *SHAPE)).shape == (1, classes)


def test_transfer_takes_other_sides_and_several_labels_where_the_graph_can():
    begun = start(model(), use_pretrained_model=1, image_shape="3,16,16", multi_label=1)
    network = Network(begun.symbol, begun.parameters).eval()
    assert network.multi_label
    assert network(torch.zeros(1, 3, 16, 16)).shape == (1, 2)


def test_trains_on_the_models_own_graph_whatever_it_is():
    """The model is not one of the algorithm's networks: it has no num_layers, and its last layer has another name."""

    def node(op, name, inputs=(), **settings):
        return {"op": op, "name": name, "param": settings, "inputs": [[source, 0, 0] for source in inputs]}

    symbol = {
        "nodes": [
            node("null", "data"),
            node("null", "c_weight"),
            node("Convolution", "c", (0, 1), kernel="(3, 3)", num_filter="4", no_bias="True"),
            node("Flatten", "flat", (2,)),
            node("null", "score_weight", num_hidden="3", __shape__="(3, 144)"),
            node("null", "score_bias", num_hidden="3"),
            node("FullyConnected", "score", (3, 4, 5), num_hidden="3"),
            node("null", "softmax_label"),
            node("SoftmaxOutput", "softmax", (6, 7)),
        ],
        "heads": [[8, 0, 0]],
    }
    parameters = Network.fresh(symbol, SHAPE, seed=1).parameter_arrays()
    given = Artifact(symbol, parameters, [{"name": "data", "shape": [1, *SHAPE]}], epoch=1)
    before = json.dumps(symbol)
    begun = start(given, use_pretrained_model=1)
    assert json.dumps(symbol) == before, "the artifact itself stays"
    assert "__shape__" not in json.dumps(begun.symbol)
    np.testing.assert_array_equal(begun.parameters["arg:c_weight"], parameters["arg:c_weight"])
    assert begun.parameters["arg:score_weight"].shape == (2, 144)
    # Its last layer reads every pixel, so images of another size do not fit.
    with pytest.raises(HyperparameterError, match=r"image_shape is 3,12,12, but .* was made for 3,8,8"):
        start(model_with(symbol, parameters), use_pretrained_model=1, image_shape="3,12,12")


def model_with(symbol, parameters):
    """A second layer before the last. It cannot get new random weights."""
    nodes = json.loads(json.dumps(symbol["nodes"]))
    extra = [
        {"op": "null", "name": "hidden_weight", "inputs": []},
        {"op": "FullyConnected", "name": "hidden", "inputs": [[3, 0, 0], [4, 0, 0]], "param": {"num_hidden": "5"}},
    ]
    extra[1]["param"]["no_bias"] = "True"
    for late in nodes[4:]:
        late["inputs"] = [[source + 2 if source >= 4 else source, 0, 0] for source, *_ in late["inputs"]]
    nodes[6]["inputs"][0] = [5, 0, 0]
    del nodes[4]["param"]["__shape__"]
    changed = {"nodes": nodes[:4] + extra + nodes[4:], "heads": [[10, 0, 0]]}
    fresh = Network.fresh(changed, SHAPE, seed=1).parameter_arrays()
    return Artifact(changed, fresh, [{"name": "data", "shape": [1, *SHAPE]}], epoch=1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"num_layers": 32},
            "num_layers is 32, but the network in channel 'model' has 20 layers; set num_layers to 20",
        ),
        ({"image_shape": "3,16,16"}, "image_shape is 3,16,16, .* takes 3,8,8; .*; or set use_pretrained_model to 1"),
        ({"image_shape": "1,8,8"}, "image_shape is 1,8,8, .* takes images of 3 channels"),
        ({"num_classes": 3}, "num_classes is 3, .* tells 2 classes, .* set use_pretrained_model to 1"),
        ({"multi_label": 1}, "multi_label is 1, .* tells one label an image; set multi_label to 0"),
    ],
)
def test_incremental_training_refuses_by_name_what_differs(values, said):
    with pytest.raises(HyperparameterError, match=said):
        start(model(), **values)


def test_a_model_of_half_precision_is_gone_on_with_in_single_precision():
    """MXNet computes half precision only on GPUs."""
    given = model(dtype="float16")
    halved = Artifact(
        given.symbol,
        {name: array.astype(np.float16) for name, array in given.parameters.items()},
        given.shapes,
        given.epoch,
    )
    begun = start(halved)
    assert {array.dtype for array in begun.parameters.values()} == {np.dtype(np.float32)}
    assert "float16" not in json.dumps(begun.symbol)
    images = torch.rand(2, *SHAPE) * 255
    whole = Network(given.symbol, halved.parameters).eval()(images)
    torch.testing.assert_close(Network(begun.symbol, begun.parameters).eval()(images), whole)


@pytest.mark.parametrize("layers", [20, 32, 110])
def test_knows_the_depth_of_small_networks(layers):
    assert pretrained.num_layers(resnet(layers, 2, (3, 28, 28))) == layers


@pytest.mark.parametrize("layers", [18, 34, 50, 101, 152, 200])
def test_knows_the_depth_of_large_networks(layers):
    assert pretrained.num_layers(resnet(layers, 2, (3, 224, 224))) == layers


def give(job, made, *, packed=True):
    folder = job.data("model")
    job.channels["model"] = {"ContentType": "application/x-sagemaker-model", "TrainingInputMode": "File"}
    artifact.write(folder / "model.tar.gz" if packed else folder, made)


@pytest.mark.parametrize("packed", [True, False], ids=["archive", "files"])
def test_a_job_starts_from_its_model_channel(job, caplog, packed):
    caplog.set_level("INFO", logger="image-classification")
    job.hyperparameters |= {"epochs": "1", "learning_rate": "0"}
    give(job, given := model(), packed=packed)
    run(job.write(), seed=0)
    made = artifact.read(job.root / "model")
    np.testing.assert_array_equal(made.parameters["arg:conv0_weight"], given.parameters["arg:conv0_weight"])
    np.testing.assert_array_equal(made.parameters["arg:fc1_weight"], given.parameters["arg:fc1_weight"])
    assert "Starting from the model in channel 'model' (epoch 3)" in caplog.text


def test_what_was_learnt_is_worth_something_to_a_new_job(job, caplog):
    caplog.set_level("INFO", logger="image-classification")
    job.hyperparameters |= {"epochs": "12"}
    run(job.write(), seed=0)
    learnt = artifact.read(job.root / "model")
    give(job, learnt)
    caplog.clear()
    job.hyperparameters |= {"epochs": "1", "learning_rate": "0.001"}
    run(job.write(), seed=1)
    assert "Epoch[0] Validation-accuracy=1.000000" in caplog.text


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "channel 'model': it is no Image Classification artifact"),
        ({"model.tar.gz": b"no archive"}, "channel 'model': .*model.tar.gz is not a model.tar.gz"),
        ({"a.tar.gz": b"", "b.tar.gz": b""}, r"channel 'model' holds 2 archives \(a.tar.gz, b.tar.gz\); give one"),
    ],
)
def test_refuses_a_model_channel_that_holds_no_model(job, files, said):
    job.channels["model"] = {"ContentType": "application/x-sagemaker-model", "TrainingInputMode": "File"}
    job.data("model").mkdir()
    for name, data in files.items():
        (job.data("model") / name).write_bytes(data)
    with pytest.raises(InputDataError, match=said):
        run(job.write(), seed=0)
