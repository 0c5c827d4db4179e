"""Mixed precision: which parts use half precision, and how the loss is scaled."""

import numpy as np
import torch

from imageclassification.precision import FIRST_SCALE, STEPS_TO_DOUBLE, Precision


def capable_of(monkeypatch, *instructions):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(instructions, True))


def test_half_precision_on_a_cpu_needs_no_scaling(monkeypatch):
    capable_of(monkeypatch, "avx512_bf16")
    precision = Precision("float16", torch.device("cpu"))
    weight = torch.ones(2, 2, requires_grad=True)
    with precision.arithmetic():
        assert (weight @ weight).dtype == torch.bfloat16
    precision.backward(weight.sum())
    assert precision.unscale([weight])
    assert (weight.grad == 1).all()


def test_a_processor_that_is_no_faster_in_half_precision_computes_in_single(monkeypatch):
    capable_of(monkeypatch, "avx2")
    with Precision("float16", torch.device("cpu")).arithmetic():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_single_precision_is_left_alone():
    precision = Precision("float32", torch.device("cpu"))
    with precision.arithmetic():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_a_scaled_loss_gives_the_same_gradients():
    precision = Precision("float16", torch.device("cuda"))  # only a device's name: nothing is computed there
    weight = torch.full((3,), 0.5, requires_grad=True)
    precision.backward((weight**2).sum())
    assert (weight.grad == FIRST_SCALE).all()
    assert precision.unscale([weight])
    assert (weight.grad == 1).all()


def test_a_step_that_overflowed_is_left_out_and_the_scale_halved():
    precision = Precision("float16", torch.device("cuda"))
    weights = [torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)]
    for value, weight in zip((1.0, np.inf), weights, strict=True):
        weight.grad = torch.full((1,), value)
    assert not precision.unscale(weights)
    assert [weight.grad for weight in weights] == [None, None]
    assert precision.scale == FIRST_SCALE / 2
    for _ in range(STEPS_TO_DOUBLE):
        weights[0].grad = torch.ones(1)
        assert precision.unscale(weights[:1])
    assert precision.scale == FIRST_SCALE
