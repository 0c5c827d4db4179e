"""Graphs from other tools: the reader reads MXNet's settings, and no graph makes it crash."""

import copy
import json

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imageclassification import graph, program
from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError
from imageclassification.graph import Node
from imageclassification.network import Network
from imageclassification.symbol import resnet

SHAPE = (3, 8, 8)


def node(**settings):
    return Node("a", "Convolution", (), settings)


@pytest.mark.parametrize("text", ["(3, 2)", "[3, 2]", "(3,2)", "(3L, 2L)", " ( 3 , 2 ) ", "(3, 2,)"])
def test_reads_every_spelling_of_a_pair(text):
    assert node(kernel=text).pair("kernel") == (3, 2)


@pytest.mark.parametrize(
    "text", ["3", "(3)", "(3, 2, 1)", "(3; 2)", "(-1, 2)", "(3.5, 2)", "((3, 2))", "", "(99999999999, 1)"]
)
def test_refuses_what_is_no_pair(text):
    with pytest.raises(ArtifactError, match=r"'a' .* has kernel"):
        node(kernel=text).pair("kernel")


def test_a_setting_that_mxnet_writes_as_empty_or_none_has_its_default():
    symbol = {"nodes": [{"op": "X", "name": "a", "inputs": [], "attrs": {"stride": "()", "axis": "None"}}]}
    (found,) = graph.nodes(symbol)
    assert found.pair("stride", (1, 1)) == (1, 1)
    assert found.integer("axis", 1) == 1


@pytest.mark.parametrize(
    ("text", "wanted"), [("True", True), ("1", True), ("true", True), ("False", False), ("0", False)]
)
def test_reads_every_spelling_of_a_flag(text, wanted):
    assert node(no_bias=text).flag("no_bias", not wanted) is wanted


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (lambda: node(no_bias="maybe").flag("no_bias"), "no_bias 'maybe'; it must be True or False"),
        (lambda: node(eps="small").number("eps"), "eps 'small'; it must be a number"),
        (lambda: node(eps="nan").number("eps"), "eps 'nan'; it must be a number"),
        (lambda: node(eps="-1.5").number("eps", least=0), "eps '-1.5'; it must be a number of 0 or more"),
        (lambda: node().number("a_min"), "has no a_min; it must be a number"),
        (lambda: node(num_filter="2.5").integer("num_filter"), "num_filter '2.5'; it must be a whole number"),
        (lambda: node(num_filter="0").integer("num_filter", least=1), "it must be a whole number of 1 or more"),
        (lambda: node(num_filter="9" * 5000).integer("num_filter"), "it must be a whole number"),
    ],
)
def test_names_a_setting_that_cannot_be_used(read, reason):
    with pytest.raises(ArtifactError, match=reason):
        read()


def test_refuses_a_second_output_of_a_node():
    symbol = resnet(8, 2, SHAPE)
    symbol["nodes"][-1]["inputs"][0][1] = 1
    with pytest.raises(ArtifactError, match=r"'softmax' .* takes an output of a node that is not its first"):
        graph.nodes(symbol)


def test_what_the_output_does_not_depend_on_is_not_needed():
    """Operators that do not lead to the output may be unknown."""
    symbol = resnet(8, 2, SHAPE)
    symbol["nodes"].append({"op": "RNN", "name": "elsewhere", "inputs": [[0, 0, 0]]})
    assert "elsewhere" not in {program.read(symbol).nodes[index].name for index in program.read(symbol).steps}


def test_a_head_may_be_passed_on():
    symbol = resnet(8, 2, SHAPE)
    symbol["nodes"].append({"op": "BlockGrad", "name": "passed", "inputs": [[len(symbol["nodes"]) - 1, 0, 0]]})
    symbol["heads"] = [[len(symbol["nodes"]) - 1, 0, 0]]
    assert program.read(symbol).nodes[program.read(symbol).scores].name == "fc1"


def scaled(shape, **settings):
    """A network that first multiplies the pixels by a parameter of this shape."""
    symbol = resnet(8, 2, SHAPE)
    for entry in symbol["nodes"]:
        entry["inputs"] = [[source + 2 if source else 2, *rest] for source, *rest in entry["inputs"]]
    symbol["nodes"][1:1] = [
        {"op": "null", "name": "scale", "inputs": [], "attrs": settings},
        {"op": "broadcast_mul", "name": "scaled", "inputs": [[0, 0, 0], [1, 0, 0]]},
    ]
    symbol["heads"] = [[len(symbol["nodes"]) - 1, 0, 0]]
    parameters = Network.fresh(resnet(8, 2, SHAPE), SHAPE, seed=0).parameter_arrays()
    parameters["arg:scale"] = np.full(shape, 2, np.float32)
    return Artifact(symbol, parameters, [{"shape": [1, *SHAPE], "name": "data"}], 1)


def test_scaling_that_a_container_adds_is_computed():
    made = scaled((1, 3, 1, 1))
    made.check()
    images = torch.rand(2, *SHAPE) * 255
    plain = Network(resnet(8, 2, SHAPE), made.parameters).eval()
    torch.testing.assert_close(Network(made.symbol, made.parameters).eval()(images), plain(2 * images))


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (scaled((1, 4, 1, 1)), r"'scaled' .* do not fit together: \(1, 3, 8, 8\) and \(1, 4, 1, 1\)"),
        (scaled((5, 1, 1, 1)), r"'scaled' .* mixes images"),
        (scaled((1, 1, 3, 8, 8)), r"'scaled' .* mixes images"),
        (scaled((1, 3, 1, 1), __shape__="(1, 1, 1, 1)"), r"shape \(1, 3, 1, 1\); the symbol says \(1, 1, 1, 1\)"),
    ],
)
def test_refuses_scaling_that_does_not_fit(made, reason):
    with pytest.raises(ArtifactError, match=reason):
        made.check()


VALUES = st.one_of(
    st.none(),
    st.integers(-3, 40),
    st.sampled_from([2**31, 2**63, -1.5, True, [], {}, [[0, 0, 0]], [[3, 1, 0]], {"kernel": "(1, 1)"}]),
    st.sampled_from(["", "0", "1", "-1", "2", "(0, 0)", "(1, 1)", "(3, 3)", "(9, 9)", "(2147483647, 1)", "2147483647"]),
    st.sampled_from(["True", "None", "max", "avg", "full", "same", "relu", "prelu", "float16", "1e400", "nan", "null"]),
    st.sampled_from(sorted(program.operators.OPERATORS)),
)
PARTS = st.sampled_from(["op", "name", "inputs", "attrs", "attr", "kernel", "stride", "pad", "num_filter", "num_group"])
MORE_PARTS = st.sampled_from(
    ["dilate", "axis", "eps", "num_hidden", "pool_type", "act_type", "dim", "layout", "flatten"]
)
TEMPLATE = resnet(8, 2, SHAPE)
PARAMETERS = Network.fresh(TEMPLATE, SHAPE, seed=0).parameter_arrays()


@given(st.lists(st.tuples(st.integers(0, 200), st.one_of(PARTS, MORE_PARTS), VALUES), min_size=1, max_size=4))
@settings(max_examples=250, deadline=None)
@example([(2, "op", "add_n")])
@example([(2, "op", "Concat")])
def test_a_damaged_graph_is_an_error_or_a_network_that_runs(changes):
    symbol = copy.deepcopy(TEMPLATE)
    for place, part, value in changes:
        entry = symbol["nodes"][place % len(symbol["nodes"])]
        value = copy.deepcopy(value)  # the same value may stand in two places, and a place may be inside it
        if part in ("op", "name", "inputs", "attrs", "attr"):
            entry[part] = value
        elif isinstance(entry.get("attrs"), dict):
            entry["attrs"][part] = value
        else:
            entry["attrs"] = {part: value}
    made = Artifact(json.loads(json.dumps(symbol)), PARAMETERS, [{"shape": [1, *SHAPE], "name": "data"}], 1)
    try:
        made.check()
        network = Network(made.symbol, made.parameters).eval()
    except ArtifactError:
        return
    with torch.inference_mode():
        assert network(torch.zeros(2, *SHAPE)).shape == (2, made.num_classes)


@given(st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PARTS, inner, max_size=3)))
@settings(max_examples=200, deadline=None)
def test_what_is_no_graph_at_all_is_an_error(value):
    for symbol in ({"nodes": value, "heads": [[0, 0, 0]]}, {"nodes": TEMPLATE["nodes"], "heads": value}):
        try:
            program.read(symbol)
        except ArtifactError:
            continue
