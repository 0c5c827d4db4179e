"""How much memory a network takes, found before any of it is taken.

Example::

    >>> from imageclassification import program
    >>> from imageclassification.symbol import resnet
    >>> network = program.read(resnet(20, 2, (3, 28, 28)))
    >>> found = need(network, program.shapes(network, (3, 28, 28)))
    >>> found.parameters, found.peak, found.training
    (1093624, 208128, 2111048)

Each number takes four bytes, because everything is computed in float32.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
from dataclasses import dataclass
from pathlib import Path

from imageclassification.errors import ArtifactError, HyperparameterError
from imageclassification.program import Shapes, TrainingProgram

NUMBER = 4  # bytes
LARGEST = 2 << 30  # bytes for the parameters and one image; 200 layers take 300 MB for 224 x 224 pixels
KEPT_BLOCK = 32 << 20  # bytes; the most that every glibc accepts
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # the numbers of mallopt's options in glibc's malloc.h
COPIES = 3  # in training, of the parameters: the weights, their gradients and the optimizer's state


@dataclass(frozen=True)
class MemoryNeed:
    """The bytes that a network takes.

    Attributes:
        parameters: The weights and running statistics. One that several nodes use is counted once.
        peak: The most that the outputs of one image take at one time, without training.
        training: What the outputs of one image take in training, which keeps them all.
    """

    parameters: int
    peak: int
    training: int


def need(program: TrainingProgram, shapes: Shapes) -> MemoryNeed:
    """Finds what a network takes for one image."""
    sizes = {index: NUMBER * math.prod(shape) for index, shape in shapes.values.items()}
    last_use = {source: index for index in program.steps for source in program.nodes[index].inputs}
    done: dict[int, list[int]] = {}
    for source, last in last_use.items():
        if source not in program.parameters:
            done.setdefault(last, []).append(source)
    held = peak = sizes[program.data]
    for index, operator in program.steps.items():
        held += sizes[index]
        inputs = [shapes.values[source] for source in program.nodes[index].inputs]
        peak = max(peak, held + NUMBER * operator.scratch(*inputs))
        held -= sum(sizes[source] for source in done.get(index, []))
    return MemoryNeed(
        parameters=sum(sizes[index] for index in program.parameters),
        peak=peak,
        training=sum(sizes[index] for index in (program.data, *program.steps)),
    )


def check(found: MemoryNeed) -> None:
    """Refuses a network that takes more memory than any network of the algorithm.

    Raises:
        ArtifactError: If the parameters and the outputs of one image take more than ``LARGEST``.
    """
    if found.parameters + found.peak > LARGEST:
        raise ArtifactError(
            f"the artifact's network takes {found.parameters / 1e6:,.0f} MB for its parameters and "
            f"{found.peak / 1e6:,.0f} MB for one image; {LARGEST / 1e6:,.0f} MB are allowed together",
            hint="use the artifact of an Image Classification job",
        )


def check_training(found: MemoryNeed, batch: int, *, machine: int) -> None:
    """Refuses a training that this machine's memory cannot hold.

    Args:
        found: The network's need.
        batch: The number of images that are computed together.
        machine: The machine's memory in bytes.

    Raises:
        HyperparameterError: If it takes more than the machine has. The message has the batch size that fits.
    """
    fixed = COPIES * found.parameters
    if fixed + batch * found.training > machine:
        most = (machine - fixed) // found.training
        then = (
            f"set mini_batch_size to {most} or less" if most > 0 else "use a smaller network or a smaller image_shape"
        )
        raise HyperparameterError(
            f"mini_batch_size is {batch}, and training takes {(fixed + batch * found.training) / 1e6:,.0f} MB for it; "
            f"this machine has {machine / 1e6:,.0f} MB; {then}"
        )


def keep_freed() -> None:
    """Lets this process keep the memory that it frees, for the next batch.

    glibc gives large blocks back to the kernel, which clears them page by page when they are wanted again: for a batch
    of 64 images at 3,28,28, a tenth of its time. Another C library than glibc is left as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(TRIM_THRESHOLD, 2**31 - 1)
        mallopt(MMAP_THRESHOLD, KEPT_BLOCK)


def of_machine() -> int:
    """The memory of this machine in bytes, or what its container may use of it."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # "max" if there is no limit
        found = min(found, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return found
