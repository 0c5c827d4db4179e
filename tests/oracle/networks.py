"""The network of MXNet's published example for image classification, made by MXNet itself.

Only ``genuine.py`` imports it, because it needs MXNet.
"""

from __future__ import annotations

import mxnet as mx

UNITS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}


def resnet(depth, classes, shape, *, multi_label=False, dtype="float32"):
    """The ResNet v2 of MXNet's published example for image classification, named by MXNet's own rules."""
    height = shape[1]
    if height > 28:
        units, deep = UNITS[depth], depth >= 50
        stem, *channels = (64, 256, 512, 1024, 2048) if deep else (64, 64, 128, 256, 512)
    else:
        units, deep = ((depth - 2) // 6,) * 3, False
        stem, *channels = 16, 16, 32, 64

    def norm(x, name, fix_gamma=False):
        return mx.sym.BatchNorm(x, fix_gamma=fix_gamma, eps=2e-5, momentum=0.9, name=name)

    def convolution(x, name, filters, kernel, stride=1, **settings):
        size, step = (kernel, kernel), (stride, stride)
        return mx.sym.Convolution(
            x, num_filter=filters, kernel=size, stride=step, no_bias=True, workspace=256, name=name, **settings
        )

    def unit(x, name, filters, stride, first):
        layers = [(filters, 3, stride), (filters, 3, 1)]
        if deep:
            layers = [(filters // 4, 1, 1), (filters // 4, 3, stride), (filters, 1, 1)]
        inner, entry = x, None
        for place, (width, kernel, step) in enumerate(layers, 1):
            inner = mx.sym.Activation(norm(inner, f"{name}_bn{place}"), act_type="relu", name=f"{name}_relu{place}")
            entry = inner if entry is None else entry
            inner = convolution(inner, f"{name}_conv{place}", width, kernel, step, pad=(kernel // 2, kernel // 2))
        return inner + (convolution(entry, f"{name}_sc", filters, 1, stride) if first else x)

    with mx.name.NameManager():
        x = mx.sym.Variable("data")
        x = mx.sym.identity(x, name="id") if dtype == "float32" else mx.sym.Cast(x, dtype=dtype)
        x = norm(x, "bn_data", fix_gamma=True)
        if height <= 32:
            x = convolution(x, "conv0", stem, 3, pad=(1, 1))
        else:
            x = convolution(x, "conv0", stem, 7, 2, pad=(3, 3))
            x = mx.sym.Activation(norm(x, "bn0"), act_type="relu", name="relu0")
            x = mx.sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max", name="pooling0")
        for stage, (count, filters) in enumerate(zip(units, channels, strict=True), 1):
            for number in range(1, count + 1):
                stride = 2 if stage > 1 and number == 1 else 1
                x = unit(x, f"stage{stage}_unit{number}", filters, stride, number == 1)
        x = mx.sym.Activation(norm(x, "bn1"), act_type="relu", name="relu1")
        x = mx.sym.Pooling(x, global_pool=True, kernel=(7, 7), pool_type="avg", name="pool1")
        x = mx.sym.FullyConnected(mx.sym.Flatten(x), num_hidden=classes, name="fc1")
        if dtype != "float32":
            x = mx.sym.Cast(x, dtype="float32")
        return (mx.sym.LogisticRegressionOutput if multi_label else mx.sym.SoftmaxOutput)(x, name="softmax")
