"""Writes a model artifact as ONNX.

Example::

    >>> from imageclassification.network import Network
    >>> from imageclassification.symbol import resnet
    >>> weights = Network.fresh(resnet(20, 2, (3, 28, 28)), (3, 28, 28), seed=0).parameter_arrays()
    >>> made = Artifact(resnet(20, 2, (3, 28, 28)), weights, [{"name": "data", "shape": [32, 3, 28, 28]}], epoch=1)
    >>> onnx.load_from_string(export(made)).graph.output[0].name
    'probabilities'
    >>> check(export(made), made) <= TOLERANCE
    True

Each node of the symbol becomes ONNX operators with its name (https://onnx.ai/onnx/operators/). The input ``data`` has
pixels from 0 to 255, RGB or grey, float32 (N, channels, height, width) with any N. The output ``probabilities`` is
float32 (N, classes). Weights are written as float32, also if the artifact has float16.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from imageclassification.artifact import PREFIX, Artifact
from imageclassification.errors import ArtifactError
from imageclassification.operators import BatchNorm, Concat, Convolution, FullyConnected, Operator, Pooling, Shape
from imageclassification.program import read, shapes

OPSET = 20  # the first with Gelu; onnxruntime has it since 1.17 (2024)
IR_VERSION = 9
TOLERANCE = 1e-5
LOWEST = float(np.finfo(np.float32).min)


def export(artifact: Artifact) -> bytes:
    """The ONNX model of an artifact, as the bytes of a file.

    Raises:
        ArtifactError: If an operator is not supported, or the network is too large for one ONNX file.
    """
    program = read(artifact.symbol)
    found = shapes(program, artifact.image_shape, {name: array.shape for name, array in artifact.parameters.items()})
    graph = _OnnxGraph({program.data: "data"}, found.values)
    for index, name in program.parameters.items():
        graph.names[index] = graph.constant(artifact.parameters[name], program.nodes[index].name)
    for index, operator in program.steps.items():
        node = program.nodes[index]
        if node.operator not in EMITTERS:
            raise ArtifactError(
                f"the symbol's node '{node.name}' is a '{node.operator}', which cannot be written as ONNX"
            )
        graph.index = index
        graph.names[index] = EMITTERS[node.operator](graph, operator)
    scores = graph.names[program.scores]
    if program.temperature != 1:
        scores = graph.add("Div", scores, graph.constant(program.temperature, "temperature"), name="scaled")
    kind, settings = ("Sigmoid", {}) if program.multi_label else ("Softmax", {"axis": 1})
    graph.nodes.append(helper.make_node(kind, [scores], ["probabilities"], name="probabilities", **settings))
    used = {name for node in graph.nodes for name in node.input}  # leaves out gammas with fix_gamma
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            PREFIX,
            [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", *artifact.image_shape])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", found.scores[-1]])],
            initializer=[constant for constant in graph.constants if constant.name in used],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="scones",
    )
    helper.set_model_props(model, {"epoch": str(artifact.epoch), "input": "raw pixels 0 to 255, RGB or grey, NCHW"})
    try:
        onnx.checker.check_model(model)
        return model.SerializeToString()
    except (onnx.checker.ValidationError, ValueError) as error:
        raise ArtifactError(f"the artifact cannot be written as ONNX: {error}") from None


def check(data: bytes, artifact: Artifact, *, images: int = 4) -> float:
    """Compares the ONNX model, run by onnxruntime, and the artifact's network on random images.

    Returns:
        The largest difference of their probabilities.

    Raises:
        ArtifactError: If it is more than ``TOLERANCE``.
        ModuleNotFoundError: If onnxruntime is not installed.
    """
    import onnxruntime
    import torch

    from imageclassification.network import Network

    pixels = np.random.default_rng(0).integers(0, 256, (images, *artifact.image_shape)).astype(np.float32)
    (theirs,) = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"data": pixels})
    with torch.inference_mode():
        ours = Network(artifact.symbol, artifact.parameters).eval()(torch.from_numpy(pixels)).numpy()
    difference = float(np.abs(theirs - ours).max())
    if not difference <= TOLERANCE:
        raise ArtifactError(
            f"the ONNX model's probabilities differ from the artifact's by {difference:.2g}; the most is {TOLERANCE:g}"
        )
    return difference


class _OnnxGraph:
    """An ONNX graph under construction.

    Attributes:
        names: The ONNX name of each output, by the index of the symbol's node.
        shapes: The shape of each output for one image, by the index of the symbol's node.
        index: The index of the symbol's node that is being written.
    """

    def __init__(self, names: dict[int, str], values: dict[int, Shape]) -> None:
        self.names, self.shapes, self.index = names, values, -1
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._taken = {"data", "probabilities"}

    def add(self, kind: str, *inputs: str, name: str, **settings: Any) -> str:
        """Adds a node. Returns the name of its output."""
        output = self._free(name)
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **settings))
        return output

    def constant(self, value: Any, name: str, dtype: type = np.float32) -> str:
        """Adds a constant. Returns its name."""
        name = self._free(name)
        self.constants.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def given(self, operator: Operator) -> list[str]:
        """The ONNX names of an operator's inputs."""
        return [self.names[source] for source in operator.node.inputs]

    def _free(self, name: str) -> str:
        free, number = name, 1
        while free in self._taken:
            number += 1
            free = f"{name}_{number}"
        self._taken.add(free)
        return free


Emitter = Callable[[_OnnxGraph, Operator], str]  # adds an operator to the graph; returns the name of its output


def _nothing(graph: _OnnxGraph, operator: Operator) -> str:
    return graph.given(operator)[0]


def _simple(kind: str, **settings: Any) -> Emitter:
    return lambda graph, operator: graph.add(kind, *graph.given(operator), name=operator.node.name, **settings)


def _convolution(graph: _OnnxGraph, operator: Operator) -> str:
    assert isinstance(operator, Convolution)  # operators.OPERATORS has it so, and for the operators below
    return graph.add(
        "Conv",
        *graph.given(operator),
        name=operator.node.name,
        kernel_shape=operator.kernel,
        strides=operator.stride,
        pads=operator.pad * 2,
        dilations=operator.dilate,
        group=operator.groups,
    )


def _batch_norm(graph: _OnnxGraph, operator: Operator) -> str:
    assert isinstance(operator, BatchNorm)
    name = operator.node.name
    data, gamma, *rest = graph.given(operator)
    sides = len(graph.shapes[operator.node.inputs[0]])
    if operator.fixed:
        gamma = graph.constant(np.ones(graph.shapes[operator.node.inputs[1]]), f"{name}_fixed_gamma")
    axis = operator.axis % sides
    order = [0, axis, *(side for side in range(1, sides) if side != axis)]
    if axis != 1:
        data = graph.add("Transpose", data, name=f"{name}_before", perm=order)
    found = graph.add("BatchNormalization", data, gamma, *rest, name=name, epsilon=operator.epsilon)
    if axis != 1:
        found = graph.add("Transpose", found, name=f"{name}_after", perm=np.argsort(order).tolist())
    return found


def _activation(graph: _OnnxGraph, operator: Operator) -> str:
    kinds = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softrelu": "Softplus", "softsign": "Softsign"}
    return graph.add(kinds[operator.node.text("act_type")], *graph.given(operator), name=operator.node.name)


def _leaky_relu(graph: _OnnxGraph, operator: Operator) -> str:
    node = operator.node
    data, *slope = graph.given(operator)
    match node.text("act_type", "leaky"):
        case "elu":
            return graph.add("Elu", data, name=node.name, alpha=node.number("slope", 0.25))
        case "selu":
            return graph.add("Selu", data, name=node.name)
        case "gelu":
            return graph.add("Gelu", data, name=node.name)
        case "prelu":  # one slope for each channel, along the second side of the input
            after = graph.constant(list(range(1, len(graph.shapes[node.inputs[0]]) - 1)), f"{node.name}_axes", np.int64)
            return graph.add("PRelu", data, graph.add("Unsqueeze", *slope, after, name="slope"), name=node.name)
        case "rrelu":  # outside training, the slope is the mean of its bounds
            bounds = node.number("lower_bound", 0.125), node.number("upper_bound", 0.334)
            return graph.add("LeakyRelu", data, name=node.name, alpha=sum(bounds) / 2)
        case _:
            return graph.add("LeakyRelu", data, name=node.name, alpha=node.number("slope", 0.25))


def _pooling(graph: _OnnxGraph, operator: Operator) -> str:
    assert isinstance(operator, Pooling)
    name, (data,) = operator.node.name, graph.given(operator)
    if operator.whole:
        if operator.kind == "sum":
            return graph.add("ReduceSum", data, graph.constant([2, 3], f"{name}_axes", np.int64), name=name)
        return graph.add({"max": "GlobalMaxPool", "avg": "GlobalAveragePool"}[operator.kind], data, name=name)
    # The padding is a separate node, because ONNX and MXNet treat windows that overhang differently.
    sizes, windows = graph.shapes[operator.node.inputs[0]][2:], graph.shapes[graph.index][2:]
    sides = list(zip(sizes, windows, operator.kernel, operator.stride, operator.pad, strict=True))
    ends = [max((count - 1) * s + k - size - p, 0) for size, count, k, s, p in sides]
    if any((*operator.pad, *ends)):
        fill = graph.constant(LOWEST if operator.kind == "max" else 0.0, f"{name}_fill")
        widths = graph.constant([0, 0, *operator.pad, 0, 0, *ends], f"{name}_pad", np.int64)
        data = graph.add("Pad", data, widths, fill, name=f"{name}_padded")
    window = {"kernel_shape": operator.kernel, "strides": operator.stride}
    if operator.kind == "max":
        return graph.add("MaxPool", data, name=name, **window)
    mean = graph.add("AveragePool", data, name=f"{name}_mean", **window)
    whole = operator.kernel[0] * operator.kernel[1]
    counts = np.outer(*(_counted(*side, pads=operator.counts_pad) for side in sides)) if operator.kind == "avg" else 1
    share = np.array(whole / np.maximum(counts, 1), np.float64).reshape((1, 1, *np.shape(counts)))
    return graph.add("Mul", mean, graph.constant(share, f"{name}_share"), name=name)


def _counted(size: int, windows: int, kernel: int, stride: int, pad: int, *, pads: bool) -> np.ndarray:
    """The number of pixels along one side that the mean of each window covers."""
    starts = np.arange(windows) * stride - pad
    low, high = (-pad, size + pad) if pads else (0, size)
    return np.clip(starts + kernel, low, high) - np.clip(starts, low, high)


def _fully_connected(graph: _OnnxGraph, operator: Operator) -> str:
    assert isinstance(operator, FullyConnected)
    name, (data, weight, *bias) = operator.node.name, graph.given(operator)
    if operator.flattens or len(graph.shapes[operator.node.inputs[0]]) == 2:
        if len(graph.shapes[operator.node.inputs[0]]) != 2:
            data = graph.add("Flatten", data, name=f"{name}_flat", axis=1)
        return graph.add("Gemm", data, weight, *bias, name=name, transB=1)
    turned = graph.add("Transpose", weight, name=f"{name}_turned", perm=[1, 0])
    found = graph.add("MatMul", data, turned, name=f"{name}_product" if bias else name)
    return graph.add("Add", found, *bias, name=name) if bias else found


def _clip(graph: _OnnxGraph, operator: Operator) -> str:
    node = operator.node
    bounds = [graph.constant(node.number(key), f"{node.name}_{key}") for key in ("a_min", "a_max")]
    return graph.add("Clip", *graph.given(operator), *bounds, name=node.name)


def _concat(graph: _OnnxGraph, operator: Operator) -> str:
    assert isinstance(operator, Concat)
    return graph.add("Concat", *graph.given(operator), name=operator.node.name, axis=operator.axis)


def _scalar(kind: str, *, reverse: bool = False) -> Emitter:
    def emit(graph: _OnnxGraph, operator: Operator) -> str:
        node = operator.node
        both = [*graph.given(operator), graph.constant(node.number("scalar", 1.0), f"{node.name}_scalar")]
        return graph.add(kind, *(reversed(both) if reverse else both), name=node.name)

    return emit


_BINARY = ("Add", "Sub", "Mul", "Div")
EMITTERS: dict[str, Emitter] = {
    **dict.fromkeys(("_copy", "identity", "_CrossDeviceCopy", "BlockGrad", "Cast", "Dropout"), _nothing),
    "Convolution": _convolution,
    "BatchNorm": _batch_norm,
    "Activation": _activation,
    "LeakyReLU": _leaky_relu,
    "Pooling": _pooling,
    "Flatten": _simple("Flatten", axis=1),
    "FullyConnected": _fully_connected,
    "Concat": _concat,
    "add_n": _simple("Sum"),
    "clip": _clip,
    **{f"{prefix}_{kind.lower()}": _simple(kind) for prefix in ("elemwise", "broadcast") for kind in _BINARY},
    "_plus_scalar": _scalar("Add"),
    "_minus_scalar": _scalar("Sub"),
    "_rminus_scalar": _scalar("Sub", reverse=True),
    "_mul_scalar": _scalar("Mul"),
    "_div_scalar": _scalar("Div"),
    "_rdiv_scalar": _scalar("Div", reverse=True),
}
