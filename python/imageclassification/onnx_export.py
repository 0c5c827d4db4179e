"""A model artifact as ONNX: the same network, for whatever runs ONNX.

::

    data = export(artifact.read("model.tar.gz"))
    onnxruntime.InferenceSession(data).run(None, {"data": images})     # images float32 (N, 3, 28, 28), 0 to 255

The graph is made node by node from the artifact's symbol (https://onnx.ai/onnx/operators/), so names stay what they
are. Input ``data``: raw pixels 0 to 255, float32, (N, channels, height, width), RGB, N as it comes. Output
``probabilities``: float32 (N, classes). Weights of half precision are written as float32, in which all is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from imageclassification.artifact import PREFIX, Artifact
from imageclassification.errors import ArtifactError
from imageclassification.operators import BatchNorm, Convolution, FullyConnected, Operator, Pooling, Shape
from imageclassification.program import read, shapes

OPSET = 20  # the first with Gelu; onnxruntime 1.17 (2024) reads it
IR_VERSION = 9
TOLERANCE = 1e-5
LOWEST = float(np.finfo(np.float32).min)


def export(artifact: Artifact) -> bytes:
    """The ONNX model of an artifact.

    Raises:
        ArtifactError: its network is not understood, or is too large for one ONNX file.
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
    classes = found.scores[-1]
    used = {name for node in graph.nodes for name in node.input}  # a gamma that counts as 1 is not
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            PREFIX,
            [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", *artifact.image_shape])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", classes])],
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
    """Ask an ONNX model (with onnxruntime, which must be installed) and our own network the same random images.

    Returns:
        By how much their probabilities differ at most.

    Raises:
        ArtifactError: that is more than ``TOLERANCE``.
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
        raise ArtifactError(f"the ONNX model answers otherwise than the artifact, by {difference:.2g}")
    return difference


class _OnnxGraph:
    """An ONNX graph while it is built.

    Attributes:
        names: What ONNX calls a node's value, by the node's index in the symbol.
        shapes: The shape of each value for one image.
        index: The symbol's node that is being written.
    """

    def __init__(self, names: dict[int, str], shapes: dict[int, Shape]) -> None:
        self.names, self.shapes, self.index = names, shapes, -1
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._taken = {"data", "probabilities"}

    def add(self, kind: str, *inputs: str, name: str, **settings: Any) -> str:
        """Add a node, and give the name of its value."""
        output = self._free(name)
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **settings))
        return output

    def constant(self, value: Any, name: str, dtype: type = np.float32) -> str:
        """Keep a constant, and give its name."""
        name = self._free(name)
        self.constants.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def given(self, operator: Operator) -> list[str]:
        """What the node at hand takes."""
        return [self.names[source] for source in operator.node.inputs]

    def _free(self, name: str) -> str:
        free, number = name, 1
        while free in self._taken:
            number += 1
            free = f"{name}_{number}"
        self._taken.add(free)
        return free


Emitter = Callable[[_OnnxGraph, Operator], str]


def _nothing(graph: _OnnxGraph, operator: Operator) -> str:
    return graph.given(operator)[0]


def _simple(kind: str, **settings: Any) -> Emitter:
    return lambda graph, operator: graph.add(kind, *graph.given(operator), name=operator.node.name, **settings)


def _convolution(graph: _OnnxGraph, operator: Convolution) -> str:
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


def _batch_norm(graph: _OnnxGraph, operator: BatchNorm) -> str:
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
        case "prelu":  # one slope a channel: along the second side of what comes in
            after = graph.constant(list(range(1, len(graph.shapes[node.inputs[0]]) - 1)), f"{node.name}_axes", np.int64)
            return graph.add("PRelu", data, graph.add("Unsqueeze", *slope, after, name="slope"), name=node.name)
        case "rrelu":  # the mean of its bounds, where nothing is learnt
            bounds = node.number("lower_bound", 0.125), node.number("upper_bound", 0.334)
            return graph.add("LeakyRelu", data, name=node.name, alpha=sum(bounds) / 2)
        case _:
            return graph.add("LeakyRelu", data, name=node.name, alpha=node.number("slope", 0.25))


def _pooling(graph: _OnnxGraph, operator: Pooling) -> str:
    name, (data,) = operator.node.name, graph.given(operator)
    if operator.whole:
        if operator.kind == "sum":
            return graph.add("ReduceSum", data, graph.constant([2, 3], f"{name}_axes", np.int64), name=name)
        return graph.add({"max": "GlobalMaxPool", "avg": "GlobalAveragePool"}[operator.kind], data, name=name)
    # Padded out by hand, since ONNX's own conventions for windows that overhang are not MXNet's.
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
    """How many pixels of each window along one side count towards its mean."""
    starts = np.arange(windows) * stride - pad
    low, high = (-pad, size + pad) if pads else (0, size)
    return np.clip(starts + kernel, low, high) - np.clip(starts, low, high)


def _fully_connected(graph: _OnnxGraph, operator: FullyConnected) -> str:
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
    return graph.add("Concat", *graph.given(operator), name=operator.node.name, axis=operator.axis)


def _scalar(kind: str, *, reverse: bool = False) -> Emitter:
    def emit(graph: _OnnxGraph, operator: Operator) -> str:
        node = operator.node
        both: Sequence[str] = [
            *graph.given(operator),
            graph.constant(node.number("scalar", 1.0), f"{node.name}_scalar"),
        ]
        return graph.add(kind, *(reversed(both) if reverse else both), name=node.name)

    return emit


EMITTERS: dict[str, Emitter] = {
    "_copy": _nothing,
    "identity": _nothing,
    "BlockGrad": _nothing,
    "Cast": _nothing,
    "Dropout": _nothing,
    "Convolution": _convolution,
    "BatchNorm": _batch_norm,
    "Activation": _activation,
    "LeakyReLU": _leaky_relu,
    "Pooling": _pooling,
    "Flatten": _simple("Flatten", axis=1),
    "FullyConnected": _fully_connected,
    "Concat": _concat,
    "clip": _clip,
    "elemwise_add": _simple("Add"),
    "elemwise_sub": _simple("Sub"),
    "elemwise_mul": _simple("Mul"),
    "elemwise_div": _simple("Div"),
    "broadcast_add": _simple("Add"),
    "broadcast_sub": _simple("Sub"),
    "broadcast_mul": _simple("Mul"),
    "broadcast_div": _simple("Div"),
    "_plus_scalar": _scalar("Add"),
    "_minus_scalar": _scalar("Sub"),
    "_rminus_scalar": _scalar("Sub", reverse=True),
    "_mul_scalar": _scalar("Mul"),
    "_div_scalar": _scalar("Div"),
    "_rdiv_scalar": _scalar("Div", reverse=True),
}
