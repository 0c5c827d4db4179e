"""``precision_dtype``: the arithmetic of training.

``float16`` is mixed precision: layers compute in half precision, and the learnt weights stay float32. On CUDA, half
precision is float16. Small gradients would become 0 in it, so the loss is multiplied by a scale and the gradients are
divided by it. A step with gradients that overflow is left out, and the scale is halved (P. Micikevicius et al., "Mixed
Precision Training", 2018).

On a CPU with instructions for it, half precision is bfloat16, which needs no scale. With AVX-512, 20 layers at 3,28,28
train twice as fast. Other CPUs are slower with half precision, so they compute in float32.

The artifact is always float32, weights and graph. MXNet computes float16 on GPUs only ("FP16 gemm on cpu not
implemented"), so hosting on CPUs could not serve a float16 model.

Example::

    >>> precision = Precision("float32", torch.device("cpu"))
    >>> weight = torch.tensor([3.0], requires_grad=True)
    >>> with precision.arithmetic():
    ...     loss = (weight * weight).sum()
    >>> precision.backward(loss)
    >>> precision.unscale([weight]), weight.grad  # True: the optimizer may step
    (True, tensor([6.]))
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

FIRST_SCALE, STEPS_TO_DOUBLE = 2.0**16, 2000
BFLOAT16 = ("avx512_bf16", "amx_bf16")  # CPUs' instructions for bfloat16, by torch.cpu.get_capabilities' names


def half_type(device: torch.device) -> torch.dtype | None:
    """The half precision that is faster than float32 on a device; None if none is."""
    if device.type == "cuda":
        return torch.float16
    capable = torch.cpu.get_capabilities()
    return torch.bfloat16 if any(capable.get(name) for name in BFLOAT16) else None


class Precision:
    """The arithmetic of a job.

    Attributes:
        scale: The loss is multiplied by it. 1 without float16.
        good: The number of steps since the last change of the scale.
    """

    def __init__(self, dtype: str, device: torch.device) -> None:
        self._device = device
        self._half = half_type(device) if dtype == "float16" else None
        self.scale = FIRST_SCALE if self._half is torch.float16 else 1.0
        self.good = 0

    def arithmetic(self) -> AbstractContextManager[Any]:
        """The context for a forward pass."""
        return torch.autocast(self._device.type, self._half, enabled=self._half is not None)

    def backward(self, loss: Tensor) -> None:
        """Computes the gradients of a loss, multiplied by the scale."""
        (loss * self.scale if self._half is torch.float16 else loss).backward()

    def unscale(self, weights: Iterable[Tensor]) -> bool:
        """Divides the gradients by the scale. Returns False, and drops the gradients, if one overflowed."""
        if self._half is not torch.float16:
            return True
        weights = list(weights)
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        torch._foreach_mul_(gradients, 1 / self.scale)
        if torch.stack(torch._foreach_norm(gradients)).isfinite().all():
            self.good += 1
            if self.good == STEPS_TO_DOUBLE:
                self.scale, self.good = self.scale * 2, 0
            return True
        self.scale, self.good = max(self.scale / 2, 1.0), 0
        for weight in weights:
            weight.grad = None
        return False
