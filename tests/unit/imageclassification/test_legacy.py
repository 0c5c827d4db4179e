"""Graphs of MXNet before 0.9 are read as MXNet reads them."""

import json

import numpy as np
import pytest
import torch

from imageclassification import artifact, legacy, program
from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError
from imageclassification.network import Network
from imageclassification.symbol import resnet
from tests.unit.imageclassification.older import as_written_by_0_8

SHAPE = (3, 12, 12)


@pytest.fixture
def today():
    symbol = resnet(20, 2, SHAPE)
    weights = Network.fresh(symbol, SHAPE, seed=3).parameter_arrays()
    return Artifact(symbol, weights, [{"name": "data", "shape": [1, *SHAPE]}], 1)


def answers(found):
    pixels = torch.from_numpy(np.random.default_rng(1).uniform(0, 255, (2, *SHAPE)).astype(np.float32))
    with torch.inference_mode():
        return Network(found.symbol, found.parameters).eval()(pixels).numpy()


def stored(folder, symbol, weights):
    """An artifact of which the symbol's file is as given."""
    artifact.write(folder, Artifact(resnet(20, 2, SHAPE), weights, [{"name": "data", "shape": [1, *SHAPE]}], 1))
    (folder / artifact.SYMBOL).write_text(json.dumps(symbol))
    return artifact.read(folder)


def test_an_artifact_of_0_8_answers_as_the_same_network_of_today(today, tmp_path):
    found = stored(tmp_path / "old", as_written_by_0_8(today.symbol), today.parameters)
    assert found.parameters.keys() == today.parameters.keys()
    np.testing.assert_array_equal(answers(found), answers(today))


def test_an_upgraded_artifact_can_be_written_and_read_again(today, tmp_path):
    found = stored(tmp_path / "old", as_written_by_0_8(today.symbol), today.parameters)
    again = artifact.read(artifact.write(tmp_path / "new", found))
    assert again.symbol == found.symbol == legacy.upgraded(found.symbol)
    np.testing.assert_array_equal(answers(again), answers(today))


def test_settings_under_several_keys_and_keys_for_training_change_nothing(today, tmp_path):
    old = as_written_by_0_8(today.symbol)
    for node in old["nodes"]:
        node["attr"] = {"ctx_group": "one", "lr_mult": "0.5", "weight_lr_mult": "2", "force_mirroring": "True"}
        if node["op"] == "Convolution":
            node["attr"] |= {"num_filter": node["param"]["num_filter"]}
            node["param"]["num_filter"] = "1"  # MXNet prefers the settings under attr
    found = stored(tmp_path / "old", old, today.parameters)
    np.testing.assert_array_equal(answers(found), answers(today))


@pytest.mark.parametrize(
    ("alias", "name"), [(alias, name) for name, aliases in legacy.ALIASES.items() for alias in aliases]
)
def test_every_old_name_of_an_operator_is_read(alias, name):
    symbol = {"nodes": [{"op": "null", "name": "data", "inputs": []}], "heads": [[0, 0]]}
    symbol["nodes"].append({"op": alias, "name": "x", "inputs": [[0, 0], [0, 0]], "param": {"dtype": "float32"}})
    assert legacy.upgraded(symbol)["nodes"][1]["op"] == name


def test_heads_and_inputs_follow_the_nodes_that_are_added(today):
    found = legacy.upgraded(as_written_by_0_8(today.symbol))
    read = program.read(found)
    assert found["nodes"][found["heads"][0][0]]["op"] == "SoftmaxOutput"
    assert set(read.parameters.values()) == set(program.read(today.symbol).parameters.values())
    assert found["arg_nodes"] == [place for place, node in enumerate(found["nodes"]) if node["op"] == "null"]


def test_a_graph_of_0_9_that_lacks_inputs_is_damaged(today, tmp_path):
    old = as_written_by_0_8(today.symbol) | {"attrs": {"mxnet_version": ["int", 905]}}
    with pytest.raises(ArtifactError, match=r"'bn_data' .* lacks an input: .* without its moving_mean, moving_var"):
        stored(tmp_path / "old", old, today.parameters)


def test_running_statistics_that_are_not_in_the_parameters_are_named(today, tmp_path):
    lacking = {name: value for name, value in today.parameters.items() if name != "aux:bn_data_moving_var"}
    with pytest.raises(ArtifactError, match="lack 'aux:bn_data_moving_var'"):
        stored(tmp_path / "old", as_written_by_0_8(today.symbol), lacking)


def test_a_setting_that_cannot_be_used_is_told_with_the_graphs_age(today, tmp_path):
    old = as_written_by_0_8(today.symbol)
    next(node for node in old["nodes"] if node["name"] == "conv0")["param"]["kernel"] = "(3)"
    with pytest.raises(ArtifactError, match=r"'conv0' .* has kernel '\(3\)'.*MXNet 0.8 or before"):
        stored(tmp_path / "old", old, today.parameters)


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"nodes": 3, "heads": [[0, 0]]},
        {"nodes": [{"op": "null"}], "heads": [[0, 0]]},
        {"nodes": [{"op": ["null"], "name": "data", "inputs": []}], "heads": [[0, 0]]},
        {"nodes": [{"op": "_Plus", "name": "a", "inputs": [[5, 0], ["0", 0]]}], "heads": [[0, 0]]},
        {"nodes": [{"op": "null", "name": "data", "inputs": []}], "heads": [[7, 0]], "attrs": {"mxnet_version": 8}},
    ],
)
def test_a_damaged_graph_is_an_artifact_error(damaged, today, tmp_path):
    with pytest.raises(ArtifactError, match="the symbol"):
        stored(tmp_path / "old", damaged, today.parameters)
