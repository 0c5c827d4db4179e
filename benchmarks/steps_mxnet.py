"""The same steps with genuine MXNet. The Python of the oracle's environment runs it (``tests/oracle``).

It takes FOLDER and SECONDS, as ``benchmarks.steps`` does, and the folder that has ``networks.py``. MXNet fuses
operators and uses cores as it does by itself.
"""

import json
import sys
import time
from pathlib import Path

import numpy

numpy.bool = bool  # MXNet 1.9.1 uses this name, which numpy 1.23 deprecates


def main(folder, seconds, networks):
    sys.path.insert(0, networks)
    import mxnet as mx
    from networks import resnet

    chosen = json.loads((folder / "hyperparameters.json").read_text())
    images, labels = numpy.load(folder / "images.npy"), numpy.load(folder / "labels.npy")
    shape = tuple(int(side) for side in chosen["image_shape"].split(","))
    module = mx.mod.Module(resnet(int(chosen["num_layers"]), int(chosen["num_classes"]), shape))
    module.bind([("data", images.shape[1:])], [("softmax_label", labels.shape[1:])])
    module.init_params(mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=2))
    options = {name: float(chosen[key]) for name, key in (("learning_rate", "learning_rate"), ("wd", "weight_decay"))}
    options["momentum"] = float(chosen["momentum"])
    module.init_optimizer(optimizer=chosen["optimizer"], optimizer_params=options)
    batches = [mx.io.DataBatch([mx.nd.array(x)], [mx.nd.array(y)]) for x, y in zip(images, labels, strict=True)]

    def step(batch):
        module.forward_backward(batch)
        module.update()

    for batch in batches[:3]:
        step(batch)
    mx.nd.waitall()
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        for batch in batches:
            step(batch)
            done += images.shape[1]
        mx.nd.waitall()
    return done / (time.perf_counter() - started)


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
