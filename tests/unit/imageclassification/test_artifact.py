"""model.tar.gz: an artifact is read back unchanged, and anything else is refused with a reason."""

import gzip
import io
import json
import shutil
import tarfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imageclassification import artifact, ndarray
from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError, NoArtifactError
from imageclassification.network import Network
from imageclassification.symbol import resnet

GENUINE = Path(__file__).parent / "genuine"
SHAPE = (3, 8, 8)


@pytest.fixture(scope="module")
def made():
    symbol = resnet(8, 2, SHAPE)
    parameters = Network.fresh(symbol, SHAPE, seed=0).parameter_arrays()
    return Artifact(symbol, parameters, [{"shape": [32, *SHAPE], "name": "data"}], 7)


def same(left, right):
    assert left.symbol == right.symbol
    assert left.shapes == right.shapes
    assert left.epoch == right.epoch
    assert left.parameters.keys() == right.parameters.keys()
    for name, value in left.parameters.items():
        np.testing.assert_array_equal(value, right.parameters[name])


def pack(path, members):
    """An archive of (name, bytes or TarInfo)."""
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members:
            if isinstance(data, tarfile.TarInfo):
                archive.addfile(data)
                continue
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def files_of(made, tmp_path):
    folder = artifact.write(tmp_path / "files", made)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("name", ["model.tar.gz", "model"])
def test_what_is_written_is_read_back(made, tmp_path, name):
    path = artifact.write(tmp_path / "new" / name, made)
    found = artifact.read(path)
    same(found, made)
    assert found.image_shape == SHAPE
    assert found.num_classes == 2


def test_reads_an_artifact_of_genuine_mxnet():
    found = artifact.read(GENUINE)
    assert (found.epoch, found.num_classes, found.image_shape) == (3, 3, (3, 9, 9))


@pytest.fixture
def zoo(tmp_path):
    """A checkpoint in the form of MXNet's model zoo: two files, and nowhere the images' shape."""
    symbol = resnet(18, 2, (3, 224, 224))
    parameters = Network.fresh(symbol, (3, 224, 224), seed=0).parameter_arrays()
    (tmp_path / "resnet-18-symbol.json").write_text(json.dumps(symbol))
    (tmp_path / "resnet-18-0000.params").write_bytes(ndarray.dumps(parameters))
    return tmp_path / "resnet-18-0000.params"


def test_a_checkpoint_of_mxnets_model_zoo_is_read_and_packed_as_the_algorithms(zoo, tmp_path):
    found = artifact.read(zoo)
    assert (found.image_shape, found.num_classes, found.epoch) == ((3, 224, 224), 2, 0)
    same(artifact.read(artifact.write(tmp_path / "model.tar.gz", found)), found)


def test_a_checkpoint_without_its_graph_says_which_file_is_missing(zoo):
    zoo.with_name("resnet-18-symbol.json").unlink()
    with pytest.raises(
        NoArtifactError, match=r"there is no .*resnet-18-symbol\.json\na checkpoint of MXNet is two files"
    ):
        artifact.read(zoo)
    with pytest.raises(ArtifactError, match=r"is not named as a checkpoint of MXNet, PREFIX-NNNN\.params"):
        artifact.read(zoo.rename(zoo.with_name("weights.params")))


def test_an_archive_holds_the_three_files_at_its_root(made, tmp_path):
    with tarfile.open(artifact.write(tmp_path / "model.tar.gz", made)) as archive:
        assert sorted(archive.getnames()) == [
            "image-classification-0007.params",
            "image-classification-symbol.json",
            "model-shapes.json",
        ]


def test_the_same_model_gives_the_same_bytes(made, tmp_path):
    first = artifact.write(tmp_path / "a.tar.gz", made).read_bytes()
    assert artifact.write(tmp_path / "b.tar.gz", made).read_bytes() == first


def test_a_later_epoch_replaces_an_earlier_one(made, tmp_path):
    artifact.write(tmp_path, made)
    artifact.write(tmp_path, Artifact(made.symbol, made.parameters, made.shapes, 12))
    assert [file.name for file in tmp_path.glob("*.params")] == ["image-classification-0012.params"]
    assert not list(tmp_path.glob(".*"))


def test_reads_an_archive_made_with_leading_dots(made, tmp_path):
    members = [(f"./{name}", data) for name, data in files_of(made, tmp_path).items()]
    same(artifact.read(pack(tmp_path / "model.tar.gz", members)), made)


def test_of_several_epochs_the_last_is_read(made, tmp_path):
    files = files_of(made, tmp_path)
    files["image-classification-0010.params"] = files["image-classification-0007.params"]
    assert artifact.read(pack(tmp_path / "model.tar.gz", files.items())).epoch == 10


def test_earlier_epochs_parameters_are_not_even_decoded(made, tmp_path):
    files = files_of(made, tmp_path)
    for order in (["0001", "0009"], ["0009", "0001"]):
        several = {name: data for name, data in files.items() if not name.endswith(".params")}
        for epoch in order:
            whole = files["image-classification-0007.params"] if epoch == "0009" else b"damaged"
            several[f"image-classification-{epoch}.params"] = whole
        assert artifact.read(pack(tmp_path / "model.tar.gz", several.items())).epoch == 9


def test_a_text_too_large_for_a_graph_is_not_read(made, tmp_path):
    files = files_of(made, tmp_path) | {"image-classification-symbol.json": b" " * (1 << 25)}
    with pytest.raises(ArtifactError, match=r"symbol.json of 33,554,432 bytes, more than a model has"):
        artifact.read(pack(tmp_path / "model.tar.gz", files.items()))


def test_a_text_nested_without_end_is_refused(made, tmp_path):
    files = files_of(made, tmp_path) | {"image-classification-symbol.json": b"[" * 100_000}
    with pytest.raises(ArtifactError, match=r"symbol.json is not JSON"):
        artifact.read(pack(tmp_path / "model.tar.gz", files.items()))


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_damaged_archive_is_an_error_or_an_artifact(made, tmp_path_factory, changes):
    """The damage comes before the compression, because gzip's checksum finds later damage."""
    folder = tmp_path_factory.mktemp("damaged")
    data = bytearray(gzip.decompress(artifact.write(folder / "model.tar.gz", made).read_bytes()))
    for place, value in changes:
        data[place] = value
    (folder / "model.tar.gz").write_bytes(gzip.compress(bytes(data), compresslevel=1))
    with suppress(ArtifactError):
        assert artifact.read(folder / "model.tar.gz").num_classes > 0
    shutil.rmtree(folder)


def test_links_and_paths_elsewhere_are_never_followed(made, tmp_path):
    files = files_of(made, tmp_path)
    link = tarfile.TarInfo("model-shapes.json")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "files" / "model-shapes.json")
    del files["model-shapes.json"]
    members = [("x", link), ("../model-shapes.json", b"[]"), ("sub/model-shapes.json", b"[]"), *files.items()]
    with pytest.raises(ArtifactError, match=r"it lacks model-shapes\.json"):
        artifact.read(pack(tmp_path / "model.tar.gz", members))
    assert not (tmp_path.parent / "model-shapes.json").exists()


def test_a_file_too_large_for_a_model_is_not_read(made, tmp_path, monkeypatch):
    monkeypatch.setattr(artifact, "LARGEST_FILE", 1000)
    with pytest.raises(ArtifactError, match="more than a model has"):
        artifact.read(artifact.write(tmp_path / "model.tar.gz", made))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a model.tar.gz"),
        (b"not an archive", "is not a model.tar.gz"),
        (None, "there is no model artifact"),
    ],
)
def test_says_when_a_file_is_no_archive(tmp_path, content, reason):
    path = tmp_path / "model.tar.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArtifactError, match=reason):
        artifact.read(path)


def test_no_cut_of_an_archive_makes_it_crash(made, tmp_path):
    data = artifact.write(tmp_path / "model.tar.gz", made).read_bytes()
    for length in range(0, len(data) - 8, len(data) // 40):
        (tmp_path / "cut.tar.gz").write_bytes(data[:length])
        with pytest.raises(ArtifactError):
            artifact.read(tmp_path / "cut.tar.gz")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("image-classification-symbol.json", b"{", "symbol.json is not JSON"),
        ("image-classification-symbol.json", b"[]", "holds a list, not a dict"),
        ("model-shapes.json", b"[]", "does not give the shape of 'data'"),
        ("model-shapes.json", b'[{"name": "data", "shape": [1, 3, 100000, 8]}]', "impossible shape"),
        ("model-shapes.json", b'[{"name": "data", "shape": [1, 4, 8, 8]}]', r"'arg:bn_data_gamma' has shape \(3,\)"),
        ("image-classification-0007.params", b"damaged", "cut short"),
    ],
)
def test_says_which_file_is_damaged(made, tmp_path, name, content, reason):
    files = files_of(made, tmp_path) | {name: content}
    with pytest.raises(ArtifactError, match=reason):
        artifact.read(pack(tmp_path / "model.tar.gz", files.items()))


def test_names_a_parameter_that_is_missing(made, tmp_path):
    parameters = dict(made.parameters)
    del parameters["arg:fc1_bias"]
    artifact.write(tmp_path, Artifact(made.symbol, parameters, made.shapes, 1))
    with pytest.raises(ArtifactError, match="lack 'arg:fc1_bias'"):
        artifact.read(tmp_path)


def test_shapes_are_written_as_the_algorithm_writes_them(made, tmp_path):
    artifact.write(tmp_path, made)
    assert json.loads((tmp_path / "model-shapes.json").read_text()) == [{"shape": [32, 3, 8, 8], "name": "data"}]


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_a_number_that_is_none_in_json_is_one_error(made, tmp_path, number):
    files = files_of(made, tmp_path)
    shapes = json.dumps([{"name": "data", "shape": [32, 3, 8, 8]}]).replace("32", number)
    path = pack(tmp_path / "model.tar.gz", (files | {artifact.SHAPES: shapes.encode()}).items())
    with pytest.raises(ArtifactError, match=r"model-shapes\.json is not JSON"):
        artifact.read(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused_by_name(made, tmp_path, value):
    """An endpoint would serve them, and answer [NaN, NaN] with status 200."""
    parameters = {name: array.copy() for name, array in made.parameters.items()}
    parameters["arg:fc1_bias"][1] = value
    path = artifact.write(tmp_path / "model.tar.gz", replace(made, parameters=parameters))
    with pytest.raises(ArtifactError, match=r"arg:fc1_bias.* no numbers"):
        artifact.read(path)
