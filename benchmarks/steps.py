"""Steps of training alone: forward, backward and update, on images that are ready. ``benchmarks.speed`` runs it.

Example (not run: it measures for seconds)::

    $ python -m benchmarks.steps FOLDER float32 5
    842.1

``FOLDER`` has ``images.npy`` (float32, batches x batch x C x H x W), ``labels.npy`` and ``hyperparameters.json``. It
prints images per second.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from imageclassification.train import OPENMP


def main(folder: Path, dtype: str, seconds: float) -> float:
    for name, value in OPENMP.items():  # before PyTorch loads OpenMP
        os.environ.setdefault(name, value)
    import torch

    from imageclassification import memory, symbol
    from imageclassification.hyperparameters import parse
    from imageclassification.network import Network
    from imageclassification.objective import Objective
    from imageclassification.optimization import Optimizer
    from imageclassification.precision import Precision

    memory.keep_freed()
    chosen = parse(json.loads((folder / "hyperparameters.json").read_text()))
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    network = Network.fresh(
        symbol.resnet(chosen.num_layers, chosen.num_classes, chosen.image_shape), chosen.image_shape, seed=0
    )
    network = network.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # not in its stub
    optimizer, objective = Optimizer(network, chosen), Objective(multi_label=False)
    precision = Precision(dtype, torch.device("cpu"))
    batches = [
        (torch.from_numpy(images), torch.from_numpy(labels))
        for images, labels in zip(np.load(folder / "images.npy"), np.load(folder / "labels.npy"), strict=True)
    ]

    def step(images: torch.Tensor, labels: torch.Tensor) -> None:
        with precision.arithmetic():
            scores = network.logits(images)
        precision.backward(objective.loss(scores.float(), labels))
        optimizer.step(chosen.learning_rate)

    for images, labels in batches[:3]:
        step(images, labels)
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        for images, labels in batches:
            step(images, labels)
            done += len(labels)
    return done / (time.perf_counter() - started)


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
