"""Genuine MXNet answers, builds, trains and writes for the tests in this folder.

The Python of the oracle's environment runs it. That environment has MXNet 1.9.1 and nothing of this project::

    python genuine.py FOLDER

``FOLDER/tasks.json`` lists the tasks, as in ``{"task": "answer", "artifact": …}``: the name of a function below and its
arguments. ``FOLDER/results.json`` holds each result, or its traceback. Paths are relative to FOLDER.
"""

from __future__ import annotations

import io
import json
import logging
import runpy
import sys
import traceback
import types
from pathlib import Path

import numpy

numpy.bool = bool  # MXNet 1.9.1 uses this name, which numpy 1.23 deprecates

import mxnet as mx  # noqa: E402
from blocks import BLOCKS, HEADS  # noqa: E402
from networks import resnet  # noqa: E402
from PIL import Image  # noqa: E402

PREFIX = "image-classification"


def inferred(symbol, shape):
    """The shapes that MXNet infers for a network's arguments and running statistics, by name."""
    given, _, running = symbol.infer_shape(data=shape)
    arguments = dict(zip(symbol.list_arguments(), given, strict=True))
    return arguments, dict(zip(symbol.list_auxiliary_states(), running, strict=True))


def describe(folder, depth, classes, shape, symbol, **options):
    """The nodes and inferred shapes of MXNet's own network, and those of the given symbol."""
    own = resnet(depth, classes, shape, **options)

    def shapes(network):
        arguments, statistics = inferred(network, (1, *shape))
        found = {f"arg:{name}": side for name, side in arguments.items()}
        return found | {f"aux:{name}": side for name, side in statistics.items()}

    loaded = mx.sym.load(str(folder / symbol))
    return {"nodes": json.loads(own.tojson())["nodes"], "shapes": shapes(own), "loaded": shapes(loaded)}


def answer(folder, artifact, images, answers):
    """An artifact's answers. The artifact is loaded as in SageMaker's container."""
    (parameters,) = (folder / artifact).glob(f"{PREFIX}-*.params")
    prefix, epoch = str(folder / artifact / PREFIX), int(parameters.stem.rpartition("-")[2])
    labels = [name for name in mx.sym.load(f"{prefix}-symbol.json").list_arguments() if name.endswith("label")]
    module = mx.mod.Module.load(prefix, epoch, label_names=labels)
    found = numpy.load(folder / images)
    module.bind(for_training=False, data_shapes=[("data", found.shape)])
    module.forward(mx.io.DataBatch([mx.nd.array(found)]), is_train=False)
    numpy.save(folder / answers, module.get_outputs()[0].asnumpy())


def save(folder, artifact, symbol, arguments, statistics, shape, epoch=1):
    (folder / artifact).mkdir(parents=True)
    mx.model.save_checkpoint(str(folder / artifact / PREFIX), epoch, symbol, arguments, statistics)
    (folder / artifact / "model-shapes.json").write_text(json.dumps([{"shape": [32, *shape], "name": "data"}]))


def make(folder, artifact, blocks, head, seed, images, answers, dtype="float32"):
    """An artifact with random weights. Its network is a chain of these blocks, until the image becomes too small."""
    random = numpy.random.default_rng(seed)
    found = numpy.load(folder / images)
    with mx.name.NameManager():
        x = mx.sym.BatchNorm(mx.sym.Variable("data"), name="bn_data")
        for place, block in enumerate(blocks):
            longer = BLOCKS[block](mx.sym, x, f"block{place}")
            try:
                _, ((batch, *_),), _ = longer.infer_shape(data=found.shape)
            except mx.MXNetError:
                batch = None  # the image is too small for this block, or flat
            if batch == found.shape[0]:
                x = longer
        scores = mx.sym.FullyConnected(x, num_hidden=4, name="fc")
        symbol = HEADS[head](mx.sym, scores)

    def draw(name, shape):
        if name.endswith("moving_var"):
            value = random.uniform(0.5, 2, shape)
        elif name.endswith("weight"):
            value = random.normal(0, numpy.prod(shape[1:]) ** -0.5, shape)
        else:
            value = random.normal(0.3, 0.3, shape)
        if name.startswith("bn_data_moving"):  # as the statistics of pixels are
            value = value * 100 + 50 if name.endswith("mean") else value * 5000
        return mx.nd.array(value.astype(dtype), dtype=dtype)

    arguments, statistics = inferred(scores, found.shape)
    del arguments["data"]
    arguments = {name: draw(name, shape) for name, shape in arguments.items()}
    statistics = {name: draw(name, shape) for name, shape in statistics.items()}
    # Scores of about 1, because a saturated softmax hides differences.
    values = {name: value.astype("float32") for name, value in arguments.items()} | {"data": mx.nd.array(found)}
    states = {name: value.astype("float32") for name, value in statistics.items()}
    spread = float(scores.bind(mx.cpu(), values, aux_states=states).forward(is_train=False)[0].asnumpy().std())
    for name in ("fc_weight", "fc_bias"):
        arguments[name] = (arguments[name].astype("float32") / spread).astype(dtype)
    save(folder, artifact, symbol, arguments, statistics, found.shape[1:])
    answer(folder, artifact, images, answers)
    return sorted({node["op"] for node in json.loads(symbol.tojson())["nodes"]})


def zoo(folder, prefix, depth, classes, shape, images, answers):
    """A checkpoint as MXNet's model zoo has them, with random weights, and its answers to images."""
    random = numpy.random.default_rng(3)
    symbol, found = resnet(depth, classes, shape), numpy.load(folder / images)
    arguments, statistics = inferred(symbol, (1, *shape))
    for name in ("data", "softmax_label"):
        arguments.pop(name)

    def draw(name, sides):
        if name.endswith(("_gamma", "moving_var")):
            value = random.uniform(0.8, 1.2, sides)
        else:
            value = random.normal(0, numpy.prod(sides[1:]) ** -0.5 if name.endswith("weight") else 0.1, sides)
        if name.startswith("bn_data_moving"):
            value = value * 100 + 50 if name.endswith("mean") else value * 5000
        return mx.nd.array(value)

    arguments = {name: draw(name, sides) for name, sides in arguments.items()}
    statistics = {name: draw(name, sides) for name, sides in statistics.items()}
    mx.model.save_checkpoint(str(folder / prefix), 0, symbol, arguments, statistics)
    module = mx.mod.Module.load(str(folder / prefix), 0)
    module.bind(for_training=False, data_shapes=[("data", found.shape)])
    module.forward(mx.io.DataBatch([mx.nd.array(found)]), is_train=False)
    numpy.save(folder / answers, module.get_outputs()[0].asnumpy())
    return sorted(path.name for path in folder.glob(f"{prefix}*"))


def train(folder, artifact, records, shape, classes, depth=20, epochs=2, batch=16, rate=0.05):
    """Train a ResNet as the algorithm does, from a RecordIO file, and save it as a checkpoint.

    Returns the last epoch's training accuracy.
    """
    mx.random.seed(1)
    data = mx.io.ImageRecordIter(
        path_imgrec=str(folder / records),
        data_shape=tuple(shape),
        batch_size=batch,
        shuffle=True,
        seed=1,
        rand_crop=True,
        rand_mirror=True,
    )
    module = mx.mod.Module(resnet(depth, classes, shape))
    accuracy = mx.metric.Accuracy()
    module.fit(
        data,
        eval_metric=accuracy,
        num_epoch=epochs,
        initializer=mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=2),
        optimizer="sgd",
        optimizer_params={"learning_rate": rate, "momentum": 0.9, "wd": 5e-4},
    )
    (folder / artifact).mkdir(parents=True)
    module.save_checkpoint(str(folder / artifact / PREFIX), epochs)
    (folder / artifact / "model-shapes.json").write_text(json.dumps([{"shape": [batch, *shape], "name": "data"}]))
    return accuracy.get()[1]


def steps(folder, artifact, images, labels, optimizer, options, trained):
    """Train an artifact's network for one step on each batch, and save its parameters as a .params file."""
    batches, wanted = numpy.load(folder / images), numpy.load(folder / labels).astype("float32")
    symbol, arguments, statistics = mx.model.load_checkpoint(str(folder / artifact / PREFIX), 1)
    module = mx.mod.Module(symbol, label_names=["softmax_label"])
    module.bind([("data", batches.shape[1:])], [("softmax_label", wanted.shape[1:])])
    module.init_params(arg_params=arguments, aux_params=statistics)
    module.init_optimizer(optimizer=optimizer, optimizer_params=options)
    for pixels, found in zip(batches, wanted, strict=True):
        module.forward_backward(mx.io.DataBatch([mx.nd.array(pixels)], [mx.nd.array(found)]))
        module.update()
        mx.nd.waitall()  # otherwise a batch norm may lose the statistics of all steps but one
    module.save_params(str(folder / trained))


def save_list(folder, arrays, path):
    """Write a .params file of a numpy archive's arrays."""
    found = numpy.load(folder / arrays)
    mx.nd.save(str(folder / path), {name: mx.nd.array(found[name], dtype=found[name].dtype) for name in found.files})


def load_list(folder, path, arrays, scalars=False):
    """Read a .params file into a numpy archive. With ``scalars``, MXNet uses numpy's meaning of shapes."""
    with mx.util.np_shape(scalars):
        found = mx.nd.load(str(folder / path))
        numpy.savez(folder / arrays, **{name: value.asnumpy() for name, value in found.items()})


def write_records(folder, path, pictures):
    """Write a RecordIO file of PNG images; a picture is its side, its colour and its labels."""
    file = mx.recordio.MXRecordIO(str(folder / path), "w")
    random = numpy.random.default_rng(3)
    for number, (side, channel, labels) in enumerate(pictures):
        pixels = random.integers(0, 120, (side, side, 3), numpy.uint8)
        pixels[..., channel] += 120
        encoded = io.BytesIO()
        Image.fromarray(pixels).save(encoded, "PNG")
        label = labels[0] if len(labels) == 1 else labels
        file.write(mx.recordio.pack(mx.recordio.IRHeader(0, label, number, 0), encoded.getvalue()))
    file.close()


def write_bytes(folder, path, records):
    """Write a RecordIO file of these bytes, given in hexadecimal."""
    file = mx.recordio.MXRecordIO(str(folder / path), "w")
    for record in records:
        file.write(bytes.fromhex(record))
    file.close()


def im2rec(folder, images, listing, prefix):
    """Pack the images of a .lst file with MXNet's own im2rec, without re-encoding them."""
    sys.modules.setdefault("cv2", types.ModuleType("cv2"))  # im2rec imports it and does not need it here
    (folder / f"{prefix}.lst").write_text((folder / listing).read_text())
    arguments, sys.argv = sys.argv, ["im2rec", str(folder / prefix), str(folder / images), "--pass-through"]
    try:
        tool = runpy.run_path(str(Path(mx.__file__).parent / "tools/im2rec.py"), run_name="__main__")
        tool["record"].close()  # im2rec leaves this to the end of its process
    finally:
        sys.argv = arguments


def read_records(folder, path):
    """The bytes of each record of a RecordIO file, in hexadecimal."""
    file = mx.recordio.MXRecordIO(str(folder / path), "r")
    found = []
    while (record := file.read()) is not None:
        found.append(record.hex())
    return found


def unpack_records(folder, path):
    """For each image's record: its labels, its number and the image's bytes in hexadecimal."""
    found = []
    for record in read_records(folder, path):
        header, image = mx.recordio.unpack(bytes.fromhex(record))
        found.append([numpy.atleast_1d(header.label).tolist(), header.id, image.hex()])
    return found


def iterate_records(folder, path, shape, labels, pixels):
    """Save the pixels that MXNet's iterator reads from a RecordIO file, in the file's order. Return the labels."""
    data = mx.io.ImageRecordIter(
        path_imgrec=str(folder / path), data_shape=tuple(shape), batch_size=1, label_width=labels, shuffle=False
    )
    batches = [(batch.data[0].asnumpy()[0], batch.label[0].asnumpy().ravel().tolist()) for batch in data]
    numpy.save(folder / pixels, numpy.stack([image for image, _ in batches]))
    return [found for _, found in batches]


def decode(folder, path):
    """The pixels of an image file, as MXNet decodes it with OpenCV."""
    return mx.image.imdecode((folder / path).read_bytes(), to_rgb=1).asnumpy().tolist()


TASKS = {
    function.__name__: function
    for function in (
        describe,
        answer,
        make,
        zoo,
        train,
        steps,
        save_list,
        load_list,
        write_records,
        write_bytes,
        im2rec,
        read_records,
        unpack_records,
        iterate_records,
        decode,
    )
}


def main(folder):
    results = []
    for entry in json.loads((folder / "tasks.json").read_text()):
        task = entry.pop("task")
        try:
            results.append({"gave": TASKS[task](folder, **entry)})
        except Exception:  # noqa: BLE001, one case's failure is that case's
            results.append({"raised": traceback.format_exc()})
    (folder / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)  # MXNet logs each epoch of training
    main(Path(sys.argv[1]))
