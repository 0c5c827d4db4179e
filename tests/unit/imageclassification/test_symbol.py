"""The graphs have MXNet's names and shapes at every depth."""

import json
import math

import pytest

from imageclassification import graph, program
from imageclassification.errors import ArtifactError, HyperparameterError
from imageclassification.symbol import resnet

DEPTHS = [(20, 28), (32, 28), (44, 28), (56, 28), (110, 28)] + [
    (depth, height) for depth in (18, 34, 50, 101, 152, 200) for height in (32, 224)
]


def layers(symbol, operator):
    return [node for node in graph.nodes(symbol) if node.operator == operator]


@pytest.mark.parametrize(("depth", "height"), DEPTHS)
def test_a_network_has_as_many_layers_as_its_name_says(depth, height):
    """The depth counts convolutions and the last layer, but not the projections of shortcuts."""
    symbol = resnet(depth, 10, (3, height, height))
    convolutions = [node for node in layers(symbol, "Convolution") if not node.name.endswith("_sc")]
    assert len(convolutions) + len(layers(symbol, "FullyConnected")) == depth


@pytest.mark.parametrize(
    ("depth", "classes", "millions"), [(18, 1000, 11.69), (34, 1000, 21.80), (50, 1000, 25.55), (101, 1000, 44.54)]
)
def test_imagenet_networks_have_the_published_number_of_weights(depth, classes, millions):
    """torchvision publishes the sizes of the original form. The pre-activation form differs by a few weights."""
    symbol = resnet(depth, classes, (3, 224, 224))
    shapes = program.shapes(program.read(symbol), (3, 224, 224)).parameters
    weights = sum(math.prod(shape) for name, shape in shapes.items() if name.startswith("arg:"))
    assert weights / 1e6 == pytest.approx(millions, rel=0.005)


def test_names_are_those_of_a_published_artifact():
    names = [node.name for node in graph.nodes(resnet(50, 2, (3, 224, 224)))]
    assert names[:8] == [
        "data",
        "id",
        "bn_data_gamma",
        "bn_data_beta",
        "bn_data_moving_mean",
        "bn_data_moving_var",
        "bn_data",
        "conv0_weight",
    ]
    for name in ("bn0", "relu0", "pooling0", "stage1_unit1_bn3", "stage4_unit3_conv3", "stage2_unit1_sc", "_plus15"):
        assert name in names
    assert names[-8:] == ["relu1", "pool1", "flatten0", "fc1_weight", "fc1_bias", "fc1", "softmax_label", "softmax"]


def test_the_input_is_normalised_with_a_fixed_gamma_and_nothing_else_is():
    norms = layers(resnet(20, 2, (3, 28, 28)), "BatchNorm")
    assert [norm.name for norm in norms if norm.flag("fix_gamma", True)] == ["bn_data"]
    assert {norm.number("eps") for norm in norms} == {2e-5}


def test_the_stem_depends_on_the_height():
    assert layers(resnet(18, 2, (3, 32, 32)), "Convolution")[0].pair("kernel") == (3, 3)
    assert layers(resnet(18, 2, (3, 33, 33)), "Convolution")[0].pair("kernel") == (7, 7)
    assert [node.name for node in layers(resnet(18, 2, (3, 32, 32)), "Pooling")] == ["pool1"]


def test_a_graph_survives_json_and_lists_its_arguments():
    symbol = resnet(20, 2, (3, 28, 28))
    assert json.loads(json.dumps(symbol)) == symbol
    assert [symbol["nodes"][index]["op"] for index in symbol["arg_nodes"]] == ["null"] * len(symbol["arg_nodes"])
    assert symbol["attrs"]["mxnet_version"] == ["int", 10300]
    assert len(symbol["node_row_ptr"]) == len(symbol["nodes"]) + 1


@pytest.mark.parametrize(("depth", "height"), [(20, 32), (18, 28), (21, 28), (164, 224)])
def test_refuses_a_depth_that_does_not_go_with_the_height(depth, height):
    with pytest.raises(HyperparameterError, match=f"num_layers {depth} for images of height {height}"):
        resnet(depth, 2, (3, height, height))


@pytest.mark.parametrize("spelling", ["attrs", "attr", "param"])
def test_reads_every_spelling_of_settings(spelling):
    symbol = resnet(20, 2, (3, 28, 28))
    for node in symbol["nodes"]:
        if "attrs" in node:
            node[spelling] = node.pop("attrs")
    assert program.shapes(program.read(symbol), (3, 28, 28)).parameters["arg:conv0_weight"] == (16, 3, 3, 3)


@pytest.mark.parametrize(
    ("symbol", "reason"),
    [
        ({}, "not an MXNet graph"),
        ({"nodes": []}, "no nodes"),
        (
            {"nodes": [{"op": "_copy", "name": "a", "inputs": [[0, 0, 0]]}]},
            "'a' .* takes from a node that does not come",
        ),
        ({"nodes": [{"op": "null", "inputs": []}]}, "not an MXNet graph"),
        ({"nodes": 3}, "not an MXNet graph"),
    ],
)
def test_says_why_a_graph_cannot_be_read(symbol, reason):
    with pytest.raises(ArtifactError, match=reason):
        graph.nodes(symbol)


def test_names_an_operator_it_does_not_know_and_its_node():
    symbol = resnet(20, 2, (3, 28, 28))
    next(node for node in symbol["nodes"] if node["name"] == "relu1")["op"] = "RNN"
    with pytest.raises(ArtifactError, match="'relu1' is a 'RNN'"):
        program.shapes(program.read(symbol), (3, 28, 28))


def test_says_when_an_image_is_too_small_for_the_network():
    symbol = resnet(18, 2, (3, 224, 224))
    with pytest.raises(ArtifactError, match="has no pixels left for an image"):
        program.shapes(program.read(symbol), (3, 0, 0))
