"""The operators that an artifact may hold, each with its options, as blocks of networks.

A block takes MXNet's ``mx.sym`` (this file imports nothing, so that the tests can read the names), a symbol of images
and a name for its parameters. It suits images of any size, of a number of channels that three divides.
"""

from __future__ import annotations

from functools import partial


def _convolution(sym, x, name, **settings):
    settings.setdefault("kernel", (3, 3))
    return sym.Convolution(x, name=name, num_filter=6, **settings)


def _norm(sym, x, name, **settings):
    return sym.BatchNorm(x, name=name, **settings)


def _activation(sym, x, name, kind):
    return sym.Activation(x, name=name, act_type=kind)


def _leaky(sym, x, name, kind, **settings):
    return sym.LeakyReLU(x, name=name, act_type=kind, **settings)


def _randomized(sym, x, name, **settings):
    return sym.LeakyReLU(x, name=name, act_type="rrelu", **settings)[0]  # the second is the mask of its training


def _pooling(sym, x, name, **settings):
    return sym.Pooling(x, name=name, **settings)


def _scale(sym, x, name):
    return sym.Variable(f"{name}_scale", shape=(1, 1, 1, 1))


def _means(sym, x, name):
    """One number a channel, between 1 and 2, as squeeze-and-excitation has."""
    pooled = sym.Pooling(x, kernel=(1, 1), global_pool=True, pool_type="avg")
    return 1 + sym.Activation(pooled, act_type="sigmoid")


def _other(sym, x, name):
    return sym.Convolution(x, name=f"{name}_other", num_filter=3, kernel=(1, 1))


def _same(sym, x, name):
    """Another value of the same shape, above zero."""
    return sym.Activation(x, act_type="sigmoid") + 0.5


BLOCKS = {
    "convolution": _convolution,
    "convolution, no bias": partial(_convolution, no_bias=True),
    "convolution, stride and pad": partial(_convolution, stride=(2, 1), pad=(1, 0)),
    "convolution, oblong kernel": partial(_convolution, kernel=(3, 2)),
    "convolution, dilated": partial(_convolution, dilate=(2, 1), pad=(2, 1)),
    "convolution, groups": partial(_convolution, num_group=3, no_bias=True),
    "convolution, 1 x 1": partial(_convolution, kernel=(1, 1)),
    "norm": _norm,
    "norm, gamma": partial(_norm, fix_gamma=False, eps=2e-5),
    "norm, fixed gamma": partial(_norm, fix_gamma=True, eps=1e-4, momentum=0.5),
    "norm, global statistics": partial(_norm, fix_gamma=False, use_global_stats=True),
    "norm, last axis": partial(_norm, fix_gamma=False, axis=-1),
    "norm, rows": partial(_norm, fix_gamma=False, axis=2),
    **{kind: partial(_activation, kind=kind) for kind in ("relu", "sigmoid", "tanh", "softrelu", "softsign")},
    **{f"leaky, {kind}": partial(_leaky, kind=kind) for kind in ("leaky", "prelu", "elu", "selu", "gelu")},
    "leaky, slope": partial(_leaky, kind="leaky", slope=0.1),
    "leaky, elu of another slope": partial(_leaky, kind="elu", slope=0.8),
    "leaky, rrelu": _randomized,
    "leaky, rrelu of other bounds": partial(_randomized, lower_bound=0.2, upper_bound=0.6),
    "leaky, one prelu for all": lambda sym, x, name: sym.LeakyReLU(
        x, gamma=sym.Variable(f"{name}_gamma", shape=(1,)), act_type="prelu", name=name
    ),
    **{
        f"pooling, {kind} {convention}{' and pad' if pad else ''}{' counted' if counted else ' not counted'}": partial(
            _pooling,
            kernel=(4, 4),
            stride=(3, 2) if pad else (2, 3),  # windows that reach beyond the image, and none that begins there
            pad=(1, 1) if pad else (0, 0),
            pool_type=kind,
            pooling_convention=convention,
            count_include_pad=counted,
        )
        for kind in ("max", "avg", "sum")
        for convention in ("valid", "full")
        for pad in (False, True)
        for counted in ((True, False) if kind == "avg" else (True,))
    },
    "pooling, defaults": partial(_pooling, kernel=(2, 2)),
    "pooling, oblong": partial(_pooling, kernel=(3, 2), stride=(2, 3), pad=(0, 1)),
    "pooling, wide pad": partial(_pooling, kernel=(3, 3), pad=(2, 2), pool_type="max"),
    "pooling, wide stride": partial(_pooling, kernel=(1, 1), stride=(5, 4), pooling_convention="full", pool_type="avg"),
    "pooling, 1 x 1 average": partial(_pooling, kernel=(1, 1), pool_type="avg"),
    **{
        f"pooling, global {kind}": partial(_pooling, global_pool=True, pool_type=kind) for kind in ("max", "avg", "sum")
    },
    "pooling, global with the rest said": partial(
        _pooling, global_pool=True, kernel=(7, 7), pad=(3, 3), stride=(2, 2), pool_type="avg"
    ),
    "identity": lambda sym, x, name: sym.identity(x, name=name),
    "gradient blocked": lambda sym, x, name: sym.BlockGrad(x, name=name),
    "dropout": lambda sym, x, name: sym.Dropout(x, p=0.4, name=name),
    "dropout, axes": lambda sym, x, name: sym.Dropout(x, p=0.4, axes=(2, 3), name=name),
    "cast": lambda sym, x, name: sym.Cast(sym.Cast(x, dtype="float64"), dtype="float32"),
    "clip": lambda sym, x, name: sym.clip(x, a_min=-0.5, a_max=0.75),
    "concatenation": lambda sym, x, name: sym.Concat(x, _other(sym, x, name), x * 2, dim=1, name=name),
    "concatenation, rows": lambda sym, x, name: sym.Concat(x, x * 0.5, dim=2, name=name),
    "sum": lambda sym, x, name: x + _same(sym, x, name),
    "sum of three": lambda sym, x, name: sym.add_n(x, _same(sym, x, name), x, name=name),
    "difference": lambda sym, x, name: x - _same(sym, x, name),
    "product": lambda sym, x, name: x * _same(sym, x, name),
    "quotient": lambda sym, x, name: x / _same(sym, x, name),
    "scalar sum": lambda sym, x, name: x + 0.25,
    "scalar difference": lambda sym, x, name: x - 0.25,
    "scalar product": lambda sym, x, name: x * 1.5,
    "scalar quotient": lambda sym, x, name: x / 3,
    "scalar difference, reversed": lambda sym, x, name: 1 - x,
    "scalar quotient, reversed": lambda sym, x, name: 2 / (x * x + 1),
    "broadcast sum": lambda sym, x, name: sym.broadcast_add(x, _scale(sym, x, name)),
    "broadcast difference": lambda sym, x, name: sym.broadcast_sub(x, _means(sym, x, name)),
    "broadcast difference, reversed": lambda sym, x, name: sym.broadcast_sub(_scale(sym, x, name), x),
    "broadcast product": lambda sym, x, name: sym.broadcast_mul(x, _means(sym, x, name)),
    "broadcast quotient": lambda sym, x, name: sym.broadcast_div(x, _means(sym, x, name)),
    "dense": lambda sym, x, name: sym.FullyConnected(x, num_hidden=6, name=name),
    "dense, no bias": lambda sym, x, name: sym.FullyConnected(x, num_hidden=6, no_bias=True, name=name),
    "dense, not flat": lambda sym, x, name: sym.FullyConnected(x, num_hidden=6, flatten=False, name=name),
    "flat": lambda sym, x, name: sym.Flatten(x, name=name),
}

HEADS = {
    "SoftmaxOutput": lambda sym, x: sym.SoftmaxOutput(x, name="softmax"),
    "LogisticRegressionOutput": lambda sym, x: sym.LogisticRegressionOutput(x, name="softmax"),
    "SoftmaxActivation": lambda sym, x: sym.SoftmaxActivation(x, name="softmax"),
    "softmax": lambda sym, x: sym.softmax(x, name="softmax"),
    "softmax, temperature": lambda sym, x: sym.softmax(x, axis=1, temperature=2.5, name="softmax"),
    "softmax, passed on": lambda sym, x: sym.identity(sym.SoftmaxOutput(x, name="softmax")),
}
