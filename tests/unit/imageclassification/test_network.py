"""The module that runs a graph gives the answers of genuine MXNet and of a network written by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from imageclassification import artifact
from imageclassification.errors import ArtifactError
from imageclassification.layers import Operator
from imageclassification.network import Network
from imageclassification.symbol import resnet

GENUINE = Path(__file__).parent / "genuine"


@pytest.fixture
def random():
    return np.random.default_rng(5)


def trained(depth, shape, random):
    """A network whose statistics and scales differ from their initial values."""
    symbol = resnet(depth, 3, shape)
    parameters = Network.fresh(symbol, shape, seed=1).parameter_arrays()
    for name, value in parameters.items():
        if name.endswith("_moving_var"):
            parameters[name] = random.uniform(0.5, 2, value.shape).astype(np.float32)
        elif not name.endswith("_weight"):
            parameters[name] = (value + random.normal(0, 0.1, value.shape)).astype(np.float32)
    parameters["aux:bn_data_moving_mean"] += 120
    parameters["aux:bn_data_moving_var"] += 4000
    return symbol, parameters


def by_hand(images, parameters, units, channels):
    """ResNet v2 with plain units, written from the paper, without a graph."""
    p = {name.split(":")[1]: torch.from_numpy(value) for name, value in parameters.items()}

    def norm(x, name, *, scale=True):
        mean, variance = p[f"{name}_moving_mean"], p[f"{name}_moving_var"]
        x = (x - mean[:, None, None]) / torch.sqrt(variance[:, None, None] + 2e-5)
        return x * (p[f"{name}_gamma"][:, None, None] if scale else 1) + p[f"{name}_beta"][:, None, None]

    x = functional.conv2d(norm(images, "bn_data", scale=False), p["conv0_weight"], padding=1)
    for stage, filters in enumerate(channels, start=1):
        for unit in range(1, units + 1):
            name = f"stage{stage}_unit{unit}"
            stride = 2 if unit == 1 and filters != channels[0] else 1
            first = functional.relu(norm(x, f"{name}_bn1"))
            inner = functional.conv2d(first, p[f"{name}_conv1_weight"], stride=stride, padding=1)
            inner = functional.relu(norm(inner, f"{name}_bn2"))
            inner = functional.conv2d(inner, p[f"{name}_conv2_weight"], padding=1)
            x = inner + (functional.conv2d(first, p[f"{name}_sc_weight"], stride=stride) if unit == 1 else x)
    x = functional.relu(norm(x, "bn1")).mean((2, 3))
    return torch.softmax(x @ p["fc1_weight"].T + p["fc1_bias"], 1)


def test_answers_as_genuine_mxnet_does():
    """MXNet 1.9.1 wrote this artifact, with every operator and pooling convention, and the expected answers."""
    made = artifact.read(GENUINE)
    wanted = json.loads((GENUINE / "answers.json").read_text())
    network = Network(made.symbol, made.parameters).eval()
    with torch.inference_mode():
        found = network(torch.tensor(wanted["images"], dtype=torch.float32)).numpy()
    np.testing.assert_allclose(found, np.array(wanted["probabilities"]), atol=1e-6)


def test_a_network_of_20_layers_computes_what_the_paper_says(random):
    symbol, parameters = trained(20, (3, 28, 28), random)
    images = torch.from_numpy(random.integers(0, 256, (4, 3, 28, 28)).astype(np.float32))
    with torch.inference_mode():
        found = Network(symbol, parameters).eval()(images)
        wanted = by_hand(images, parameters, units=3, channels=(16, 32, 64))
    assert found.shape == (4, 3)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert found.std(0).max() > 0.01  # the answers differ between the images, so the comparison can fail


@pytest.mark.parametrize(("depth", "height"), [(56, 28), (18, 32), (50, 64)])
def test_every_form_of_network_gives_probabilities(depth, height):
    symbol = resnet(depth, 5, (3, height, height))
    network = Network.fresh(symbol, (3, height, height), seed=0).eval()
    with torch.inference_mode():
        found = network(torch.rand(2, 3, height, height) * 255)
    assert found.shape == (2, 5)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)


def test_a_fixed_gamma_counts_as_one_whatever_is_stored(random):
    symbol, parameters = trained(20, (3, 8, 8), random)
    images = torch.rand(2, 3, 8, 8) * 255
    before = Network(symbol, parameters).eval()(images)
    parameters["arg:bn_data_gamma"] = np.full(3, 7, np.float32)
    changed = Network(symbol, parameters).eval()
    torch.testing.assert_close(changed(images), before)
    assert "arg:bn_data_gamma" not in dict(changed.named_parameters())
    np.testing.assert_array_equal(changed.parameter_arrays()["arg:bn_data_gamma"], 1)


def overwritten(network, images):
    """The operators that compute and write their output over their input."""
    written = {}
    network.eval()
    with torch.inference_mode():
        values = {network._program.data: images} | {
            index: getattr(network, name) for index, name in network._program.parameters.items()
        }
        for index, operator in network._program.steps.items():
            inputs = network._program.nodes[index].inputs
            values[index] = operator(*[values[source] for source in inputs], training=False)
            if type(operator) is not Operator:  # a copy has the input itself as its output
                written[network._program.nodes[index].name] = values[index] is values[inputs[0]]
    return sorted(name for name, over in written.items() if over)


def test_relu_overwrites_what_nothing_else_reads():
    """Each ReLU of the algorithm's networks follows a batch norm that is read by nothing else."""
    symbol = resnet(20, 2, (3, 8, 8))
    found = overwritten(Network.fresh(symbol, (3, 8, 8), seed=0), torch.rand(2, 3, 8, 8) * 255)
    assert found == sorted(node["name"] for node in symbol["nodes"] if node["op"] == "Activation")


def test_relu_leaves_what_another_node_reads_too(random):
    """A sum of a batch norm's output and its ReLU: both are needed, on the way forward and on the way back."""
    symbol = resnet(20, 2, (3, 8, 8))
    places = {node["name"]: place for place, node in enumerate(symbol["nodes"])}
    # The last ReLU's output goes to the pooling. Instead, a sum of it and of its own input goes there.
    relu, norm = places["relu1"], places["bn1"]
    total = {"op": "elemwise_add", "name": "total", "inputs": [[relu, 0, 0], [norm, 0, 0]]}
    last = len(symbol["nodes"])
    changed = json.loads(json.dumps(symbol))
    changed["nodes"].append(total)
    order = {old: old if old < places["pool1"] else old + 1 for old in range(last)} | {last: places["pool1"]}
    nodes = [None] * (last + 1)
    for old, node in enumerate(changed["nodes"]):
        node["inputs"] = [[order[source], *rest] for source, *rest in node["inputs"]]
        nodes[order[old]] = node
    nodes[order[places["pool1"]]]["inputs"] = [[order[last], 0, 0]]
    changed |= {"nodes": nodes, "heads": [[order[source], *rest] for source, *rest in symbol["heads"]]}
    changed["arg_nodes"] = [order[place] for place in symbol["arg_nodes"]]
    network = Network.fresh(changed, (3, 8, 8), seed=0).train()
    assert "relu1" not in overwritten(network, torch.rand(2, 3, 8, 8) * 255)
    network.train()
    network.logits(torch.rand(2, 3, 8, 8) * 255).sum().backward()


def test_training_moves_the_running_statistics_by_mxnets_momentum():
    shape = (3, 8, 8)
    network = Network.fresh(resnet(20, 2, shape), shape, seed=0).train()
    images = torch.rand(4, *shape) * 255
    network(images)
    found = network.parameter_arrays()["aux:bn_data_moving_mean"]
    np.testing.assert_allclose(found, 0.1 * images.mean((0, 2, 3)), rtol=1e-4)


def test_parameters_come_back_as_they_went_in(random):
    symbol, parameters = trained(20, (3, 8, 8), random)
    found = Network(symbol, parameters).parameter_arrays()
    parameters["arg:bn_data_gamma"] = np.ones(3, np.float32)
    assert found.keys() == parameters.keys()
    for name, value in parameters.items():
        np.testing.assert_array_equal(found[name], value)


def test_the_same_seed_draws_the_same_weights():
    symbol = resnet(20, 2, (3, 8, 8))
    first, second, other = (Network.fresh(symbol, (3, 8, 8), seed=seed).parameter_arrays() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["arg:conv0_weight"], second["arg:conv0_weight"])
    assert (first["arg:conv0_weight"] != other["arg:conv0_weight"]).any()


@pytest.mark.parametrize(
    ("node", "change", "reason"),
    [
        ("relu1", {"op": "RNN"}, "'relu1' is a 'RNN'"),
        ("relu1", {"attrs": {"act_type": "gelu"}}, "'relu1' is a 'Activation of act_type 'gelu''"),
        ("pool1", {"attrs": {"pool_type": "lp", "kernel": "(2, 2)"}}, "'pool1' is a 'Pooling of pool_type 'lp''"),
        (
            "conv0",
            {"attrs": {"no_bias": "1", "num_filter": "16", "kernel": "(3, 3)", "stride": "2"}},
            r"'conv0' .* has stride '2'; it must be whole numbers of 1 or more, as in \(3, 3\)",
        ),
        ("conv0", {"attrs": {"kernel": "(3, 3)"}}, "'conv0' .* has no num_filter"),
        (
            "conv0",
            {"attrs": {"kernel": "(3, 3)", "num_filter": "16"}},
            "'conv0' .* lacks an input: it takes 2, without its bias",
        ),
        ("softmax", {"op": "LinearRegressionOutput"}, "'softmax' is a 'LinearRegressionOutput"),
        ("data", {"name": "image"}, "no input named 'data'"),
    ],
)
def test_names_the_node_that_cannot_be_run(node, change, reason):
    symbol = resnet(20, 2, (3, 8, 8))
    parameters = Network.fresh(symbol, (3, 8, 8), seed=0).parameter_arrays()
    next(entry for entry in symbol["nodes"] if entry["name"] == node).update(change)
    with pytest.raises(ArtifactError, match=reason):
        Network(symbol, parameters)


def test_names_a_parameter_that_is_missing():
    symbol = resnet(20, 2, (3, 8, 8))
    parameters = Network.fresh(symbol, (3, 8, 8), seed=0).parameter_arrays()
    del parameters["aux:stage2_unit1_bn1_moving_var"]
    with pytest.raises(ArtifactError, match="aux:stage2_unit1_bn1_moving_var"):
        Network(symbol, parameters)
