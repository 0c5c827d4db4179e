"""MXNet's operators: the predicted shape is the computed shape, and an error names what is not supported.

tests/oracle compares the computed values with genuine MXNet.
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from imageclassification.errors import ArtifactError
from imageclassification.graph import Node
from imageclassification.operators import build

SIDE = st.integers(1, 12)
TWO = st.tuples(st.integers(1, 5), st.integers(1, 5))


def node(operator, inputs=1, **settings):
    return Node("a", operator, tuple(range(inputs)), {key: str(value) for key, value in settings.items()})


@given(SIDE, SIDE, TWO, TWO, st.tuples(st.integers(0, 4), st.integers(0, 4)), st.data())
@settings(max_examples=300, deadline=None)
def test_pooling_gives_the_shape_that_is_foretold(height, width, kernel, stride, pad, data):
    pad = tuple(min(p, k - 1) for p, k in zip(pad, kernel, strict=True))
    operator = build(
        node(
            "Pooling",
            kernel=kernel,
            stride=stride,
            pad=pad,
            pool_type=data.draw(st.sampled_from(["max", "avg", "sum"])),
            pooling_convention=data.draw(st.sampled_from(["valid", "full"])),
            count_include_pad=data.draw(st.booleans()),
        )
    )
    wanted = operator.shape((1, 2, height, width))
    if min(wanted) > 0:
        found = operator(torch.rand(1, 2, height, width), training=False)
        assert found.shape == wanted
        assert found.isfinite().all()


@given(
    SIDE, SIDE, TWO, TWO, TWO, st.tuples(st.integers(0, 4), st.integers(0, 4)), st.sampled_from([1, 2]), st.booleans()
)
@settings(max_examples=200, deadline=None)
def test_convolution_gives_the_shapes_that_are_foretold(height, width, kernel, stride, dilate, pad, groups, no_bias):
    settings = {"kernel": kernel, "stride": stride, "dilate": dilate, "pad": pad, "num_group": groups}
    operator = build(node("Convolution", 2 if no_bias else 3, num_filter=4, no_bias=no_bias, **settings))
    shapes = operator.inputs([(1, 2, height, width), *[None] * (1 if no_bias else 2)])
    wanted = operator.shape(*shapes)
    if min(wanted) > 0:
        assert operator(*map(torch.rand, shapes), training=False).shape == wanted


def test_an_average_leaves_the_padding_out_where_it_is_said():
    image = torch.ones(1, 1, 3, 3)
    counted = build(node("Pooling", kernel=(3, 3), pad=(1, 1), pool_type="avg"))
    left_out = build(node("Pooling", kernel=(3, 3), pad=(1, 1), pool_type="avg", count_include_pad=False))
    assert counted(image, training=False)[0, 0, 0, 0] == pytest.approx(4 / 9)
    assert left_out(image, training=False)[0, 0, 0, 0] == 1


def test_the_full_convention_rounds_up_and_counts_no_overhang():
    image = torch.arange(5.0).expand(1, 1, 1, 5)
    settings = {"kernel": (1, 2), "stride": (1, 2), "pool_type": "avg"}
    valid, full = build(node("Pooling", **settings)), build(node("Pooling", pooling_convention="full", **settings))
    assert valid(image, training=False).flatten().tolist() == [0.5, 2.5]
    assert full(image, training=False).flatten().tolist() == [0.5, 2.5, 4]


def test_dropout_and_random_slopes_act_only_in_training():
    ones = -torch.ones(4, 3, 5, 5)
    drop, slope = build(node("Dropout", p=0.5)), build(node("LeakyReLU", act_type="rrelu"))
    assert torch.equal(drop(ones, training=False), ones)
    assert set(drop(ones, training=True).unique().tolist()) == {-2.0, 0.0}
    assert slope(ones, training=False).unique().tolist() == pytest.approx([-(0.125 + 0.334) / 2])
    assert slope(ones, training=True).unique().numel() > 10


def test_dropout_along_axes_drops_whole_planes():
    planes = build(node("Dropout", p=0.5, axes=(2, 3)))(torch.ones(8, 8, 4, 4), training=True)
    assert set(planes.amax((2, 3)).unique().tolist()) == {0.0, 2.0}
    assert torch.equal(planes.amax((2, 3)), planes.amin((2, 3)))


def test_a_batch_norm_learns_the_channels_of_its_axis():
    operator = build(node("BatchNorm", 5, axis=-1, momentum=0.5, fix_gamma=False))
    images, ones = torch.rand(4, 2, 3, 6), torch.ones(6)
    mean, variance = torch.zeros(6), torch.ones(6)
    assert operator.inputs([images.shape, None, None, None, None])[1:] == [(6,)] * 4
    operator(images, ones, ones, mean, variance, training=True)
    torch.testing.assert_close(mean, images.mean((0, 1, 2)) / 2)


def test_global_statistics_are_used_and_kept_in_training_too():
    operator = build(node("BatchNorm", 5, use_global_stats=True, eps=0.5))
    images, mean, variance = torch.rand(4, 2, 3, 3), torch.full((2,), 0.25), torch.full((2,), 3.5)
    found = operator(images, torch.ones(2), torch.zeros(2), mean, variance, training=True)
    torch.testing.assert_close(found, (images - 0.25) / 2)
    assert mean.tolist() == [0.25, 0.25]


def test_nothing_learns_through_blocked_gradients():
    image = torch.ones(1, 1, requires_grad=True)
    assert not build(node("BlockGrad"))(image, training=True).requires_grad


def test_gelu_is_the_exact_one():
    values = torch.linspace(-3, 3, 20)
    wanted = functional.gelu(values, approximate="none")
    torch.testing.assert_close(build(node("LeakyReLU", act_type="gelu"))(values, training=False), wanted)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (node("RNN"), "'a' is a 'RNN', an operator that is not supported"),
        (node("Pooling", kernel=(2, 2), pool_type="lp"), "'a' is a 'Pooling of pool_type 'lp''"),
        (node("Pooling", kernel=(2, 2), pooling_convention="same"), "'Pooling of pooling_convention 'same''"),
        (node("Pooling", kernel=(2, 2), layout="NHWC"), "'Pooling of layout NHWC'"),
        (node("Pooling", kernel=(2, 2), pad=(2, 0)), r"has pad \(2, 0\); it must be smaller than its kernel \(2, 2\)"),
        (node("Pooling"), "has no kernel"),
        (node("Pooling", kernel=(0, 1)), r"kernel '\(0, 1\)'; it must be whole numbers of 1 or more"),
        (node("Convolution", 3, kernel=(1, 1), num_filter=2, layout="NHWC"), "'Convolution of layout NHWC'"),
        (node("Convolution", 2, kernel=(1, 1), num_filter=2), "lacks an input: it takes 2, without its bias"),
        (node("Convolution", 4, kernel=(1, 1), num_filter=2), "takes 4 inputs, more than its data, weight, bias"),
        (node("LeakyReLU", 1, act_type="prelu"), "lacks an input: it takes 1, without its gamma"),
        (node("LeakyReLU", 1, act_type="swish"), "'LeakyReLU of act_type 'swish''"),
        (node("Activation", 1, act_type="mish"), "'Activation of act_type 'mish''"),
        (node("Cast", dtype="int32"), "'Cast of dtype 'int32''"),
        (node("Dropout", p=1), "has p 1.0; it must be at least 0 and less than 1"),
        (node("Dropout", mode="always"), "'Dropout of mode 'always''"),
        (node("clip", a_min=0), "has no a_max"),
        (node("_mul_scalar", scalar="x"), "scalar 'x'; it must be a number"),
    ],
)
def test_names_the_operator_and_the_node_that_cannot_be_run(made, reason):
    with pytest.raises(ArtifactError, match=reason):
        build(made)


@pytest.mark.parametrize(
    ("made", "shapes", "reason"),
    [
        (node("Convolution", 2, kernel=(1, 1), num_filter=4, num_group=2, no_bias=1), [(1, 3, 4, 4), None], "into 2"),
        (node("Convolution", 2, kernel=(1, 1), num_filter=4, no_bias=1), [(1, 3), None], r"not the shape \(1, 3\)"),
        (node("BatchNorm", 5, axis=4), [(1, 3, 4, 4), *[None] * 4], "axis 4"),
    ],
)
def test_names_a_node_whose_input_does_not_suit_it(made, shapes, reason):
    with pytest.raises(ArtifactError, match=reason):
        build(made).inputs(shapes)


@pytest.mark.parametrize(
    ("made", "shapes", "reason"),
    [
        (node("elemwise_add", 2), [(1, 3), (1, 4)], r"takes shapes that differ: \(1, 3\) and \(1, 4\)"),
        (node("broadcast_mul", 2), [(1, 3), (1, 4)], "do not fit together"),
        (node("Concat", 2), [(1, 3, 4, 4), (1, 3, 5, 4)], "do not fit together"),
        (node("Concat", 2, dim=5), [(1, 3), (1, 3)], "axis 5"),
    ],
)
def test_names_a_node_whose_inputs_do_not_fit_together(made, shapes, reason):
    with pytest.raises(ArtifactError, match=reason):
        build(made).shape(*shapes)
