"""``precision_dtype``: the arithmetic of training.

``float16`` is mixed precision: layers compute in half precision, weights that are learnt stay float32. On CUDA half
precision is float16, whose small gradients would vanish: the loss is scaled up, the gradients down again, and a step
whose gradients overflowed is left out while the scale is halved (P. Micikevicius et al., "Mixed Precision Training",
2018). On a CPU it is bfloat16, which needs no scaling, where the processor multiplies it itself: 20 layers at 3,28,28
train twice as fast with AVX-512's. Other processors would be slower with it than without, and compute in float32.

What is written is float32 in any case, the weights and the graph. MXNet computes float16 on GPUs only ("FP16 gemm on
cpu not implemented"), and hosting runs on CPUs: a float16 model trained here could not be served there.

::

    precision = Precision("float16", torch.device("cuda"))
    with precision.arithmetic():
        scores = network.logits(images)
    precision.backward(loss)
    if precision.unscale(network.parameters()):
        optimizer.step(rate)
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager

import torch
from torch import Tensor

FIRST_SCALE, STEPS_TO_DOUBLE = 2.0**16, 2000
BFLOAT16 = ("avx512_bf16", "amx_bf16")  # what torch.cpu.get_capabilities calls processors' instructions for it


def half_type(device: torch.device) -> torch.dtype | None:
    """The half precision that is faster than float32 on a device; None where none is."""
    if device.type == "cuda":
        return torch.float16
    capable = torch.cpu.get_capabilities()
    return torch.bfloat16 if any(capable.get(name) for name in BFLOAT16) else None


class Precision:
    """How a job computes.

    Attributes:
        scale: What the loss is multiplied by; 1 where gradients cannot vanish.
        good: Steps since the scale was last changed.
    """

    def __init__(self, dtype: str, device: torch.device) -> None:
        self._device = device
        self._half = half_type(device) if dtype == "float16" else None
        self.scale = FIRST_SCALE if self._half is torch.float16 else 1.0
        self.good = 0

    def arithmetic(self) -> AbstractContextManager:
        """The context that a forward pass belongs into."""
        return torch.autocast(self._device.type, self._half, enabled=self._half is not None)

    def backward(self, loss: Tensor) -> None:
        """Find the gradients of a loss, as yet scaled."""
        (loss * self.scale if self._half is torch.float16 else loss).backward()

    def unscale(self, weights: Iterable[Tensor]) -> bool:
        """Give the gradients their true size; false, and no gradients, where they overflowed."""
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
