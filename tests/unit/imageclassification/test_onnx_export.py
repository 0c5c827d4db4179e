"""An exported model gives the artifact's answers in onnxruntime."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from imageclassification import onnx_export, operators, program
from imageclassification.artifact import Artifact, read
from imageclassification.errors import ArtifactError
from imageclassification.symbol import resnet

pytestmark = pytest.mark.slow


def artifact(symbol, shape, seed=0):
    """An artifact with random parameters, small enough that no class is certain."""
    random = np.random.default_rng(seed)
    parameters = {}
    for name, sides in program.shapes(program.read(symbol), shape).parameters.items():
        if name.endswith(("_moving_var", "_gamma")):
            parameters[name] = random.uniform(0.5, 1.5, sides).astype(np.float32)
        else:
            fan_in = max(int(np.prod(sides[1:])), 10)
            parameters[name] = random.normal(0, fan_in**-0.5, sides).astype(np.float32)
    if "aux:bn_data_moving_mean" in parameters:
        parameters["aux:bn_data_moving_mean"] += 120
        parameters["aux:bn_data_moving_var"] += 4000
    return Artifact(symbol, parameters, [{"shape": [8, *shape], "name": "data"}], 7)


@pytest.mark.parametrize(
    ("num_layers", "shape", "options"),
    [
        (20, (3, 28, 28), {}),
        (56, (3, 12, 12), {}),
        (18, (3, 32, 32), {}),
        (50, (3, 40, 36), {}),
        (20, (1, 16, 16), {}),
        (20, (3, 16, 16), {"multi_label": True}),
        (20, (3, 16, 16), {"dtype": "float16"}),
    ],
)
def test_answers_as_the_artifact_does(num_layers, shape, options):
    found = artifact(resnet(num_layers, 3, shape, **options), shape)
    assert onnx_export.check(onnx_export.export(found), found) <= 1e-5


def test_what_genuine_mxnet_wrote_answers_as_the_artifact_does():
    found = read(Path(__file__).parent / "genuine")
    assert onnx_export.check(onnx_export.export(found), found) <= 1e-5


def graph(*layers, head="SoftmaxOutput", **head_settings):
    """A symbol with a chain of layers: operator, settings, names of parameters, other input layers."""
    nodes = [{"op": "null", "name": "data", "inputs": []}]

    def add(operator, name, inputs, settings=None):
        nodes.append({"op": operator, "name": name, "attrs": settings or {}, "inputs": [[one, 0, 0] for one in inputs]})
        return len(nodes) - 1

    at, places = 0, {"data": 0}
    tail = [
        ("Pooling", "pooled", {"global_pool": "True", "pool_type": "avg"}),
        ("FullyConnected", "fc1", {"num_hidden": "3"}, ["weight", "bias"]),
    ]
    for operator, name, *rest in (*layers, *tail):
        settings, parameters, others = [*rest, *[{}, [], []][len(rest) :]]
        own = [add("null", f"{name}_{part}", []) for part in parameters]
        at = places[name] = add(operator, name, [at, *own, *(places[other] for other in others)], settings)
    add(head, "softmax", [at], head_settings)
    return {"nodes": nodes, "heads": [[len(nodes) - 1, 0, 0]]}


def convolution(name="conv", **settings):
    return "Convolution", name, {"num_filter": "4", "kernel": "(3, 3)", **settings}, ["weight", "bias"]


def pooling(kind, **settings):
    return "Pooling", "pool", {"pool_type": kind, "kernel": "(3, 3)", "stride": "(2, 2)", **settings}


SCALE = ("_mul_scalar", "scaled", {"scalar": "0.00392"})
NORM = ["gamma", "beta", "moving_mean", "moving_var"]
BY_CHANNEL = ("Convolution", "gate", {"num_filter": "4", "kernel": "(1, 1)", "no_bias": "True"}, ["weight"])
CASES = {
    "grouped, dilated": [SCALE, convolution(num_filter="6", num_group="3", dilate="(2, 1)", pad="(1, 0)")],
    "fixed gamma": [SCALE, ("BatchNorm", "bn", {"fix_gamma": "True", "eps": "0.1"}, NORM)],
    "free gamma": [SCALE, ("BatchNorm", "bn", {"fix_gamma": "False"}, NORM)],
    "another axis": [SCALE, ("BatchNorm", "bn", {"fix_gamma": "False", "axis": "3"}, NORM)],
    "dropout and copies": [SCALE, ("Dropout", "drop"), ("_copy", "id"), ("BlockGrad", "stop"), ("identity", "same")],
    "concat": [SCALE, convolution(), ("Concat", "both", {"dim": "1", "num_args": "2"}, [], ["conv"])],
    "sum of three": [SCALE, convolution(), ("add_n", "sum", {"num_args": "3"}, [], ["conv", "conv"])],
    "between devices": [SCALE, ("_CrossDeviceCopy", "moved")],
    "clip": [SCALE, ("clip", "clipped", {"a_min": "0.2", "a_max": "0.7"})],
    "sum by window": [SCALE, pooling("sum", pad="(1, 1)", pooling_convention="full")],
    "whole maximum": [SCALE, ("Pooling", "pool", {"pool_type": "max", "global_pool": "True"})],
    "whole sum": [
        ("_mul_scalar", "scaled", {"scalar": "0.0001"}),
        ("Pooling", "pool", {"pool_type": "sum", "global_pool": "True"}),
    ],
    "dense without flattening": [
        SCALE,
        ("FullyConnected", "rows", {"num_hidden": "5", "flatten": "False"}, ["weight", "bias"]),
    ],
    "scalars": [
        SCALE,
        ("_plus_scalar", "a", {"scalar": "1.5"}),
        ("_minus_scalar", "b", {"scalar": "0.5"}),
        ("_rminus_scalar", "c", {"scalar": "4"}),
        ("_div_scalar", "d", {"scalar": "2"}),
        ("_rdiv_scalar", "e", {"scalar": "3"}),
    ],
}
for _kind in ("relu", "sigmoid", "tanh", "softrelu", "softsign"):
    CASES[_kind] = [SCALE, convolution(), ("Activation", "act", {"act_type": _kind})]
for _kind in ("leaky", "elu", "selu", "gelu", "rrelu"):
    CASES[_kind] = [SCALE, convolution(), ("LeakyReLU", "act", {"act_type": _kind})]
CASES["prelu"] = [SCALE, convolution(), ("LeakyReLU", "act", {"act_type": "prelu"}, ["gamma"])]
for _kind in ("add", "sub", "mul", "div"):
    base, other = (("_plus_scalar", name, {"scalar": "1"}) for name in ("base", "other"))
    CASES[f"elemwise_{_kind}"] = [SCALE, base, other, (f"elemwise_{_kind}", "pair", {}, [], ["base"])]
    whole = ("Pooling", "whole", {"pool_type": "max", "global_pool": "True"})
    CASES[f"broadcast_{_kind}"] = [SCALE, other, whole, (f"broadcast_{_kind}", "pair", {}, [], ["other"])]
for _kind in ("max", "avg"):
    for _convention in ("valid", "full"):
        for _pad in ("(0, 0)", "(1, 1)", "(1, 2)"):
            for _counts in ("True", "False"):
                CASES[f"{_kind} {_convention} {_pad} {_counts}"] = [
                    SCALE, pooling(_kind, pooling_convention=_convention, pad=_pad, count_include_pad=_counts)
                ]  # fmt: skip


@pytest.mark.parametrize("layers", CASES.values(), ids=CASES.keys())
def test_every_operator_answers_as_ours(layers):
    found = artifact(graph(*layers), (3, 10, 9))
    assert onnx_export.check(onnx_export.export(found), found) <= 1e-5


def test_every_operator_that_is_read_is_written():
    assert sorted(onnx_export.EMITTERS) == sorted(operators.OPERATORS)
    tried = {layer[0] for layers in CASES.values() for layer in layers}
    assert set(operators.OPERATORS) - tried <= {"Flatten", "FullyConnected", "Cast"}  # the networks above contain these


@pytest.mark.parametrize("head", [{"head": "LogisticRegressionOutput"}, {"head": "softmax", "temperature": "2.5"}])
def test_heads_are_those_of_the_symbol(head):
    found = artifact(graph(SCALE, **head), (3, 10, 9))
    assert onnx_export.check(onnx_export.export(found), found) <= 1e-5


def test_takes_raw_pixels_in_batches_of_any_size_and_keeps_the_names():
    found = artifact(resnet(20, 3, (3, 12, 12)), (3, 12, 12))
    model = onnx.load_from_string(onnx_export.export(found))
    (given,), (answered,) = model.graph.input, model.graph.output
    assert [side.dim_param or side.dim_value for side in given.type.tensor_type.shape.dim] == ["N", 3, 12, 12]
    assert (given.name, answered.name) == ("data", "probabilities")
    assert {"conv0", "stage1_unit1_bn1", "_plus0", "fc1"} <= {node.name for node in model.graph.node}
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for count in (1, 5):
        (rows,) = session.run(None, {"data": np.zeros((count, 3, 12, 12), np.float32)})
        assert rows.shape == (count, 3)
        np.testing.assert_allclose(rows.sum(1), 1, atol=1e-5)


def test_an_answer_that_is_not_ours_is_an_error():
    found = artifact(graph(SCALE), (3, 10, 9))
    data = onnx_export.export(found)
    other = {name: value * 2 for name, value in found.parameters.items()}
    with pytest.raises(ArtifactError, match="differ from the artifact's by"):
        onnx_export.check(data, Artifact(found.symbol, other, found.shapes, 1))


def test_names_that_clash_with_those_of_input_and_output_are_told_apart():
    symbol = json.loads(json.dumps(graph(SCALE)).replace('"scaled"', '"probabilities"'))
    found = artifact(symbol, (3, 10, 9))
    assert onnx_export.check(onnx_export.export(found), found) <= 1e-5
