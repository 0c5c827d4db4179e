"""An artifact or a training that takes too much memory is refused by name and figure, before the memory is taken."""

from __future__ import annotations

import gzip
import io
import json
import os
import platform
import resource
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

from imageclassification import artifact, graph, memory, ndarray, program, tarballs, train
from imageclassification.artifact import Artifact
from imageclassification.checkpoint import CheckpointFolder
from imageclassification.errors import ArtifactError, HyperparameterError, UserError
from imageclassification.network import Network
from imageclassification.predictor import Predictor
from imageclassification.symbol import resnet

SHAPE = (3, 32, 32)
PYTHON = str(Path(memory.__file__).parents[1])


class Graph:
    """A symbol graph that is built node by node."""

    def __init__(self):
        self.nodes = []
        self.data = self.add("null", "data")

    def add(self, operator, name, *inputs, **settings):
        settings = {key: str(value) for key, value in settings.items()}
        self.nodes.append({"op": operator, "name": name, "attrs": settings, "inputs": [[one, 0, 0] for one in inputs]})
        return len(self.nodes) - 1

    def symbol(self, last):
        last = self.add("Flatten", "flat", self.add("Pooling", "pool", last, global_pool=True, pool_type="avg"))
        weight, label = self.add("null", "weight"), self.add("null", "softmax_label")
        last = self.add("FullyConnected", "fc", last, weight, num_hidden=2, no_bias=True)
        last = self.add("SoftmaxOutput", "softmax", last, label)
        return {"nodes": self.nodes, "arg_nodes": [], "heads": [[last, 0, 0]]}


def wide(branches: int, doublings: int):
    """Branches that are all needed at the end, each with 3 * 2**doublings channels."""
    made, ends = Graph(), []
    for branch in range(branches):
        at = made.add("Activation", f"start{branch}", made.data, act_type="relu")
        for number in range(doublings):
            at = made.add("Concat", f"branch{branch}_{number}", at, at, num_args=2, dim=1)
        ends.append(at)
    last = ends[-1]
    for number, end in enumerate(reversed(ends[:-1])):
        last = made.add("elemwise_add", f"sum{number}", last, end)
    return made.symbol(last)


def packed(path, symbol, parameters, shape=SHAPE):
    """An archive of an artifact that was not checked."""
    files = {
        artifact.SYMBOL: json.dumps(symbol).encode(),
        artifact.SHAPES: json.dumps([{"name": "data", "shape": [1, *shape]}]).encode(),
        "image-classification-0001.params": ndarray.dumps(parameters),
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def weight(channels: int) -> dict[str, np.ndarray]:
    return {"arg:weight": np.zeros((2, channels), np.float32)}


def test_a_small_archive_of_a_network_that_takes_gigabytes_is_refused_by_figure(tmp_path):
    """No node gives more than 400 MB, but eight such outputs are held at one time."""
    path = packed(tmp_path / "model.tar.gz", wide(8, 15), weight(3 << 15))
    assert path.stat().st_size < 24_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(
        ArtifactError, match=r"takes 1 MB for its parameters and [34],\d{3} MB for one image; 2,147 MB are"
    ):
        artifact.read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel": "(1048576, 1048576)", "pad": "(1048575, 1048575)", "stride": "(524288, 524288)"},
        {"kernel": "(1048576, 1048576)", "pad": "(1048575, 1048575)", "stride": "(524288, 524288)", "pool_type": "avg"},
    ],
)
def test_the_copy_that_padding_makes_counts(tmp_path, settings):
    made = Graph()
    symbol = made.symbol(made.add("Pooling", "huge", made.data, **settings))
    with pytest.raises(ArtifactError, match=r"MB for one image; 2,147 MB are allowed"):
        artifact.read(packed(tmp_path / "model.tar.gz", symbol, weight(3)))


def test_what_is_held_is_counted_as_the_network_holds_it():
    """A parameter of many nodes counts once. An output counts until its last use."""
    made = Graph()
    scale, at = made.add("null", "scale", **{"__shape__": "(1, 3, 1, 1)"}), made.data
    for number in range(50):
        at = made.add("broadcast_mul", f"times{number}", at, scale)
    read = program.read(made.symbol(at))
    found = memory.need(read, program.shapes(read, SHAPE))
    image = 4 * 3 * 32 * 32
    assert found.parameters == 4 * (3 + 2 * 3)
    assert found.peak == 2 * image
    assert found.training > 50 * image


def test_every_network_of_the_algorithm_is_allowed():
    for layers, shape in ((110, (3, 28, 28)), (200, (3, 224, 224)), (152, (3, 512, 512))):
        read = program.read(resnet(layers, 1000, shape))
        memory.check(memory.need(read, program.shapes(read, shape)))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has mallopt")
def test_memory_that_was_freed_is_taken_again_without_the_kernel():
    """Blocks of a batch's size: each time that the kernel clears a page anew is a page fault."""
    code = """
        import resource
        import numpy as np
        from imageclassification import memory
        memory.keep_freed()
        def faults():
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        def batch():
            blocks = [np.ones(3_200_000 // 8) for _ in range(8)]
        batch()
        before = faults()
        for _ in range(10):
            batch()
        print(faults() - before)
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env={**os.environ, "PYTHONPATH": PYTHON}, capture_output=True
    )
    assert int(found.stdout) < 1000, found  # 10 x 8 blocks have 62,500 pages


def test_large_outputs_are_computed_in_small_batches(monkeypatch):
    symbol = resnet(20, 2, (3, 28, 28))
    made = Artifact(
        symbol,
        Network.fresh(symbol, (3, 28, 28), seed=0).parameter_arrays(),
        [{"name": "data", "shape": [1, 3, 28, 28]}],
        1,
    )
    file = io.BytesIO()
    from PIL import Image

    Image.new("RGB", (28, 28), "red").save(file, "PNG")
    images = [file.getvalue()] * 5
    together = Predictor(made).probabilities(images)
    monkeypatch.setattr("imageclassification.predictor.LARGEST_OUTPUTS", 2 * 208_128)
    batches = []
    predictor = Predictor(made)
    forward = predictor._network.forward
    monkeypatch.setattr(predictor._network, "forward", lambda batch: batches.append(len(batch)) or forward(batch))
    np.testing.assert_allclose(predictor.probabilities(images), together, rtol=1e-5)
    assert batches == [2, 2, 1]


def test_training_that_this_machine_cannot_hold_is_refused_with_the_batch_that_fits(job, monkeypatch):
    monkeypatch.setattr("imageclassification.memory.of_machine", lambda: 4_000_000)
    with pytest.raises(
        HyperparameterError, match=r"mini_batch_size is 8, .* this machine has 4 MB; set .* to \d or less"
    ):
        train.run(job.write(), seed=0)
    monkeypatch.setattr("imageclassification.memory.of_machine", lambda: 1_000_000)
    with pytest.raises(HyperparameterError, match="use a smaller network or a smaller image_shape"):
        train.run(job.write(), seed=0)


def test_the_machine_has_memory():
    assert memory.of_machine() > 1 << 28


def test_more_nodes_or_arrays_than_a_network_has_are_refused(tmp_path):
    with pytest.raises(ArtifactError, match="the symbol has 10,001 nodes"):
        graph.nodes({"nodes": [{"op": "null", "name": str(number), "inputs": []} for number in range(10_001)]})
    empty = ndarray.dumps({str(number): np.zeros((0,), np.float32) for number in range(20_001)})
    with pytest.raises(ArtifactError, match=r"says it has 20,001 arrays, more than a network has"):
        ndarray.loads(empty)


def archive(path, *members, compresslevel=1):
    """A gzip file of raw tar members: (TarInfo, the size of zeros that follow)."""
    with gzip.open(path, "wb", compresslevel=compresslevel) as file:
        for member, size in members:
            file.write(member.tobuf(tarfile.GNU_FORMAT))
            for start in range(0, size, 1 << 20):
                file.write(bytes(min(1 << 20, size - start)))
            file.write(bytes(-size % 512))
        file.write(bytes(1024))
    return path


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_of_an_archive_is_not_read_into_memory_if_it_is_large(tmp_path, kind):
    member = tarfile.TarInfo("a")
    member.type, member.size = kind, 40 << 20
    with pytest.raises(ArtifactError, match="a header in it has 41,943,040 bytes"):
        artifact.read(archive(tmp_path / "model.tar.gz", (member, 40 << 20)))


def test_an_archive_that_grows_or_has_members_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tarballs, "LARGEST", 20 << 20)
    member = tarfile.TarInfo("other")
    member.size = 30 << 20
    with pytest.raises(ArtifactError, match=r"its member 'other' ends after 31,457,792 bytes"):
        artifact.read(archive(tmp_path / "model.tar.gz", (member, 30 << 20)))
    monkeypatch.setattr(tarballs, "MOST", 100)
    with pytest.raises(ArtifactError, match="has more than 100 members"):
        artifact.read(archive(tmp_path / "model.tar.gz", *[(tarfile.TarInfo("a"), 0)] * 101))


def test_a_checkpoint_that_grows_is_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr("imageclassification.checkpoint.LARGEST", 1 << 20)
    with zipfile.ZipFile(tmp_path / "training-state.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("values.npy", bytes(2 << 20))
    with pytest.raises(UserError, match=r"is damaged \(ValueError: it has 2,097,152 bytes when it is unpacked\)"):
        CheckpointFolder(tmp_path, {}).load()


def test_a_checkpoint_whose_array_claims_more_than_the_machine_has_is_damaged(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 55,)})
    with zipfile.ZipFile(tmp_path / "training-state.npz", "w") as file:
        file.writestr("values.npy", header.getvalue())
    with pytest.raises(UserError, match="is damaged"):
        CheckpointFolder(tmp_path, {}).load()
