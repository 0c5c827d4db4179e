"""Makes the symbol graphs of the networks that Image Classification trains: ResNet v2, as MXNet writes them.

Example::

    >>> symbol = resnet(num_layers=20, num_classes=2, image_shape=(3, 28, 28))
    >>> symbol["nodes"][-1]["op"], sum(node["op"] == "Convolution" for node in symbol["nodes"])
    ('SoftmaxOutput', 22)

The network is that of MXNet's example ``image-classification/symbols/resnet.py``: a batch norm of the pixels
(``bn_data``), then the network of K. He et al., "Identity Mappings in Deep Residual Networks", 2016. The nodes have the
names and the order that MXNet 1.x gives them. MXNet can load the graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imageclassification.errors import HyperparameterError

EPSILON = "2e-05"
MOMENTUM = "0.9"
MXNET_VERSION = 10300  # 1.3.0, as in the built-in container's artifacts
IMAGENET_UNITS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}


def stages(num_layers: int, height: int) -> tuple[tuple[int, ...], tuple[int, ...], bool]:
    """The stages of a ResNet v2 of this depth for images of this height.

    Up to a height of 28 the network has the three stages of CIFAR's networks, above it the four of ImageNet's.

    Returns:
        The number of units in each stage, the channels (of the stem, then of each stage), and whether the units are
        bottlenecks.

    Raises:
        HyperparameterError: If there is no such network.

    Example::

        >>> stages(num_layers=20, height=28)
        ((3, 3, 3), (16, 16, 32, 64), False)
    """
    if height <= 28:
        if 8 <= num_layers < 164 and (num_layers - 2) % 6 == 0:  # MXNet's example has bottlenecks from 164 layers on
            return ((num_layers - 2) // 6,) * 3, (16, 16, 32, 64), False
    elif num_layers in IMAGENET_UNITS:
        bottleneck = num_layers >= 50
        channels = (64, 256, 512, 1024, 2048) if bottleneck else (64, 64, 128, 256, 512)
        return IMAGENET_UNITS[num_layers], channels, bottleneck
    raise HyperparameterError(f"there is no network of num_layers {num_layers} for images of height {height}")


def resnet(
    num_layers: int,
    num_classes: int,
    image_shape: tuple[int, int, int],
    *,
    multi_label: bool = False,
    dtype: str = "float32",
) -> dict[str, Any]:
    """The symbol graph of a ResNet v2.

    Args:
        num_layers: 18, 34, 50, 101, 152 or 200; for images up to 28 pixels high 20, 32, 44, 56 or 110.
        num_classes: The number of outputs.
        image_shape: Channels, height, width.
        multi_label: Whether an image may have several labels. Then each class has a probability of its own (sigmoid).
        dtype: ``float32``, or ``float16`` for the layers between the input and the scores. MXNet computes float16 on
            GPUs only ("FP16 gemm on cpu not implemented"), so a model for CPUs must be ``float32``.

    Returns:
        The graph, ready for ``json.dumps``.

    Raises:
        HyperparameterError: If there is no network of this depth for images of this height, or no such dtype.
    """
    if dtype not in ("float32", "float16"):
        raise HyperparameterError(f"precision_dtype is {dtype!r}; it must be float32 or float16")
    height = image_shape[1]
    units, channels, bottleneck = stages(num_layers, height)
    graph = _Graph()
    body = graph.variable("data")
    body = graph.add("_copy", "id", [body]) if dtype == "float32" else graph.cast(body, dtype)
    body = graph.batch_norm("bn_data", body, fix_gamma=True)
    if height <= 32:
        body = graph.convolution("conv0", body, channels[0], kernel=3)
    else:
        body = graph.convolution("conv0", body, channels[0], kernel=7, stride=2)
        body = graph.activated("bn0", "relu0", body)
        window = {"kernel": "(3, 3)", "pad": "(1, 1)", "pool_type": "max", "stride": "(2, 2)"}
        body = graph.add("Pooling", "pooling0", [body], window)
    for stage, (count, filters) in enumerate(zip(units, channels[1:], strict=True), start=1):
        for unit in range(1, count + 1):
            body = graph.residual_unit(
                f"stage{stage}_unit{unit}",
                body,
                filters,
                stride=2 if stage > 1 and unit == 1 else 1,
                matches=unit > 1,
                bottleneck=bottleneck,
            )
    body = graph.activated("bn1", "relu1", body)
    body = graph.add("Pooling", "pool1", [body], {"global_pool": "True", "kernel": "(7, 7)", "pool_type": "avg"})
    body = graph.add("Flatten", "flatten0", [body])
    settings = {"num_hidden": str(num_classes)}
    weight, bias = graph.variable("fc1_weight", settings), graph.variable("fc1_bias", settings)
    body = graph.add("FullyConnected", "fc1", [body, weight, bias], settings)
    if dtype != "float32":
        body = graph.cast(body, "float32")
    head = "LogisticRegressionOutput" if multi_label else "SoftmaxOutput"
    graph.add(head, "softmax", [body, graph.variable("softmax_label")])
    return graph.symbol()


class _Graph:
    """A symbol graph under construction. The methods add nodes and return the index of the last one."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.sums = 0
        self.casts = 0

    def add(self, operator: str, name: str, inputs: Sequence[int], settings: Mapping[str, str] | None = None) -> int:
        node: dict[str, Any] = {"op": operator, "name": name}
        if settings:
            node["attrs"] = dict(settings)
        # The third number of an input is 1 if the node updates it: the running statistics of a batch norm.
        updated = range(3, 5) if operator == "BatchNorm" else ()
        node["inputs"] = [[source, 0, int(place in updated)] for place, source in enumerate(inputs)]
        self.nodes.append(node)
        return len(self.nodes) - 1

    def variable(self, name: str, settings: Mapping[str, str] | None = None) -> int:
        return self.add("null", name, [], settings)

    def cast(self, body: int, dtype: str) -> int:
        self.casts += 1
        return self.add("Cast", f"cast{self.casts - 1}", [body], {"dtype": dtype})

    def batch_norm(self, name: str, body: int, *, fix_gamma: bool = False) -> int:
        settings = {"eps": EPSILON, "fix_gamma": str(fix_gamma), "momentum": MOMENTUM}
        initial = {"moving_mean": '["zero", {}]', "moving_var": '["one", {}]'}
        own = [
            self.variable(f"{name}_{part}", ({"__init__": initial[part]} if part in initial else {}) | settings)
            for part in ("gamma", "beta", "moving_mean", "moving_var")
        ]
        return self.add("BatchNorm", name, [body, *own], settings)

    def activated(self, norm: str, relu: str, body: int) -> int:
        return self.add("Activation", relu, [self.batch_norm(norm, body)], {"act_type": "relu"})

    def convolution(self, name: str, body: int, filters: int, *, kernel: int, stride: int = 1) -> int:
        settings = {"kernel": f"({kernel}, {kernel})", "no_bias": "True", "num_filter": str(filters)}
        if not name.endswith("_sc"):  # in MXNet's example, projections have no setting for the padding
            settings["pad"] = f"({kernel // 2}, {kernel // 2})"
        settings |= {"stride": f"({stride}, {stride})", "workspace": "256"}
        return self.add("Convolution", name, [body, self.variable(f"{name}_weight", settings)], settings)

    def residual_unit(self, name: str, body: int, filters: int, *, stride: int, matches: bool, bottleneck: bool) -> int:
        """Batch norm, activation and convolution, two or three times; then the sum with the input or its projection."""
        if bottleneck:
            layers = [(filters // 4, 1, 1), (filters // 4, 3, stride), (filters, 1, 1)]
        else:
            layers = [(filters, 3, stride), (filters, 3, 1)]
        branch = body
        for place, (width, kernel, step) in enumerate(layers, start=1):
            branch = self.activated(f"{name}_bn{place}", f"{name}_relu{place}", branch)
            if place == 1:
                activated = branch
            branch = self.convolution(f"{name}_conv{place}", branch, width, kernel=kernel, stride=step)
        if not matches:
            body = self.convolution(f"{name}_sc", activated, filters, kernel=1, stride=stride)
        self.sums += 1
        return self.add("elemwise_add", f"_plus{self.sums - 1}", [branch, body])

    def symbol(self) -> dict[str, Any]:
        # A batch norm has three outputs: data, mean and variance. The other nodes have one.
        rows = [0]
        for node in self.nodes:
            rows.append(rows[-1] + (3 if node["op"] == "BatchNorm" else 1))
        return {
            "nodes": self.nodes,
            "arg_nodes": [index for index, node in enumerate(self.nodes) if node["op"] == "null"],
            "node_row_ptr": rows,
            "heads": [[len(self.nodes) - 1, 0, 0]],
            "attrs": {"mxnet_version": ["int", MXNET_VERSION]},
        }
