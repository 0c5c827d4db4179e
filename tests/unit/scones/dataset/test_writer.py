"""A data set on disk holds the source's images, appears whole or not at all, and has the same bytes every time."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scones.dataset import Archive, Folder, Sample, build, load
from scones.dataset.contents import Contents, Identity, Images
from scones.dataset.pictures import NAMES
from scones.errors import DatasetError
from scones.settings import ROOT

CLASSES = ("bicycle", "motorcycle")
REAL = ROOT.parent / "shared" / "data" / "cifar-100-vehicles.tar.gz"


class Given:
    """A source with the given images. It counts its reads."""

    def __init__(self, train, test, name="given"):
        self.contents, self.name, self.reads = Contents(train, test), name, 0

    def identity(self):
        return Identity("archive", self.name, "0" * 64)

    def read(self, classes, **options):
        self.reads += 1
        return self.contents


def given(names=None, **options):
    rng = np.random.default_rng(0)
    train, test = (rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8) for count in (40, 8))
    names = names or [f"a{place}.png" for place in range(40)]
    return Given(
        Images(train, np.arange(40) % 2, tuple(names)),
        Images(test, np.arange(8) % 2, tuple(f"b{place}.png" for place in range(8))),
        **options,
    )


def every_byte(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "build" / "dataset"


def test_writes_every_image_under_its_own_name_with_its_label(archive, members, out):
    dataset = build(Archive(archive), CLASSES, out)
    original = {}
    for member in ("train", "test"):
        batch = members[member]
        for row, label, name in zip(batch[b"data"], batch[b"fine_labels"], batch[b"filenames"], strict=True):
            original[member, name.decode()] = row.reshape(3, 32, 32).transpose(1, 2, 0), {1: 0, 3: 1}.get(label)
    seen = []
    for split, member in (("train", "train"), ("validation", "train"), ("test", "test")):
        for image in dataset.images(split):
            pixels, label = original[member, image.name]
            with Image.open(image.path) as opened:
                assert opened.mode == "RGB"
                assert np.array_equal(np.asarray(opened), pixels)
            assert (image.label, image.path) == (label, out / split / image.name)
            seen.append((member, image.name))
    assert sorted(seen) == sorted(key for key, (_, label) in original.items() if label is not None)
    assert dataset.counts == {
        "train": {"bicycle": 18, "motorcycle": 18},
        "validation": {"bicycle": 2, "motorcycle": 2},
        "test": {"bicycle": 4, "motorcycle": 4},
    }


def test_the_lists_are_what_the_algorithm_reads(out):
    build(given(), CLASSES, out)
    lines = (out / "train.lst").read_bytes().decode().split("\n")
    assert lines.pop() == ""
    for index, line in enumerate(lines):
        number, label, name = line.split("\t")
        assert (int(number), int(label) in (0, 1), (out / "train" / name).is_file()) == (index, True, True)
    assert len(lines) == len(list((out / "train").iterdir())) == 36


def test_describes_itself(out):
    dataset = build(given(), CLASSES, out, seed=3)
    described = json.loads((out / "dataset.json").read_text())
    assert described["classes"] == ["bicycle", "motorcycle"]
    assert described["seed"] == 3
    assert described["source"] == {"kind": "archive", "name": "given", "sha256": "0" * 64}
    assert described["image_shape"] == [3, 32, 32]
    for name, label in (("bicycle", 0), ("motorcycle", 1)):
        pixels = [np.asarray(Image.open(image.path)) for image in dataset.images("train") if image.label == label]
        assert described["means"][name] == pytest.approx(np.array(pixels).mean((0, 1, 2)), abs=1e-3)
    assert load(out) == dataset


def test_the_fingerprint_is_of_pixels_and_labels_only(out, tmp_path):
    dataset = build(given(), CLASSES, out)
    digest = hashlib.sha256(b'[["bicycle","motorcycle"],[36,4,8]]\n')
    for split in ("train", "validation", "test"):
        images = dataset.images(split)
        digest.update(b"".join(image.label.to_bytes(4, "little") for image in images))
        digest.update(b"".join(np.asarray(Image.open(image.path)).tobytes() for image in images))
    assert dataset.fingerprint == digest.hexdigest()
    renamed = build(given([f"z{place}.png" for place in range(40)], name="renamed"), CLASSES, tmp_path / "renamed")
    assert renamed.fingerprint == dataset.fingerprint
    swapped = build(given(), CLASSES[::-1], tmp_path / "swapped")
    assert swapped.fingerprint != dataset.fingerprint


def test_the_same_input_gives_the_same_bytes(archive, out, tmp_path):
    build(Archive(archive), CLASSES, out)
    build(Archive(archive), CLASSES, tmp_path / "again")
    assert every_byte(out) == every_byte(tmp_path / "again")
    build(Archive(archive), CLASSES, tmp_path / "other", seed=1)
    assert every_byte(out) != every_byte(tmp_path / "other")


def test_does_nothing_where_the_same_is_there(out):
    source = given()
    first = build(source, CLASSES, out)
    times = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert build(source, CLASSES, out) == first
    assert source.reads == 1
    assert times == {path: path.stat().st_mtime_ns for path in out.rglob("*")}


@pytest.mark.parametrize("harm", ["changed", "missing", "list"])
def test_repairs_a_data_set_that_was_changed(out, harm):
    source = given()
    dataset = build(source, CLASSES, out)
    before = every_byte(out)
    victim = dataset.images("validation")[0].path
    if harm == "changed":
        victim.write_bytes(dataset.images("train")[0].path.read_bytes())
    elif harm == "missing":
        victim.unlink()
    else:
        (out / "test.lst").write_text("0\t0\n")
    assert build(source, CLASSES, out) == dataset
    assert every_byte(out) == before


def test_a_class_called_train_does_not_meet_the_split_called_train(archive, out):
    dataset = build(Archive(archive), ("train", "bus", "tank"), out)
    assert dataset.counts["test"] == {"train": 4, "bus": 4, "tank": 4}
    assert sorted(path.name for path in out.iterdir()) == sorted(
        ["train", "validation", "test", "train.lst", "validation.lst", "test.lst", "dataset.json"]
    )


def test_a_source_that_fails_leaves_the_old_data_set(archive, out):
    build(given(), CLASSES, out)
    before = every_byte(out)
    archive.write_bytes(archive.read_bytes()[:1000])
    with pytest.raises(DatasetError):
        build(Archive(archive), CLASSES, out)
    assert every_byte(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["dataset"]


KILLED = """
import os, signal, sys
from pathlib import Path
from scones.dataset import Sample, build, writer
from scones.dataset.pictures import NAMES
written = 0
def png(pixels, original=writer.png):
    global written
    written += 1
    if written == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(pixels)
writer.png = png
build(Sample(train=20, test=4), ("bicycle", "motorcycle"), Path(sys.argv[1]))
"""


def test_a_killed_run_leaves_the_old_data_set_and_is_repeated_safely(archive, out, tmp_path):
    build(Archive(archive), CLASSES, out)
    before = every_byte(out)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(out)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert every_byte(out) == before
    assert len(list(out.parent.iterdir())) == 2
    build(Sample(train=20, test=4), CLASSES, out)
    assert [path.name for path in out.parent.iterdir()] == ["dataset"]
    build(Sample(train=20, test=4), CLASSES, tmp_path / "undisturbed")
    assert every_byte(out) == every_byte(tmp_path / "undisturbed")


def test_a_run_killed_between_the_two_moves_loses_nothing(archive, out):
    """At that moment the old data set has a temporary name. The next run finds it there."""
    build(Archive(archive), CLASSES, out)
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    out.rename(out.parent / f".dataset.old.{int(gone.stdout)}")
    with pytest.raises(DatasetError, match="no class"):
        build(Archive(archive), ("bicycle", "moon"), out)
    assert load(out).classes == CLASSES


def test_a_run_killed_between_the_two_moves_whose_folders_were_emptied_by_hand_is_repeated(archive, out):
    """Whoever tidies up by hand leaves folders without files. They are nobody's data."""
    build(Archive(archive), CLASSES, out)
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    old = out.parent / f".dataset.old.{int(gone.stdout)}"
    out.rename(old)
    for path in old.rglob("*.*"):
        path.unlink()
    build(Archive(archive), CLASSES, out)
    assert [path.name for path in out.parent.iterdir()] == ["dataset"]
    for path in out.rglob("*.*"):
        path.unlink()
    build(Archive(archive), CLASSES, out)
    assert load(out).classes == CLASSES


def test_leaves_a_running_process_its_half_made_data_set(out):
    beside = out.parent / f".dataset.new.{os.getppid()}"
    beside.mkdir(parents=True)
    build(given(), CLASSES, out)
    assert beside.is_dir()


def test_never_replaces_a_folder_that_is_no_data_set(out):
    out.mkdir(parents=True)
    (out / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(
        DatasetError, match=r"holds files that are no data set's, such as holiday.jpg.*\n.*--out.*rm -r"
    ):
        build(given(), CLASSES, out)
    assert (out / "holiday.jpg").exists()


def test_a_place_that_cannot_be_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="file/dataset cannot be written"):
        build(given(), CLASSES, tmp_path / "file" / "dataset")


@pytest.mark.parametrize("name", ["../../evil.png", "/etc/passwd", "a\\b.png", "a\tb.png", ".hidden.png", "a\n.png"])
def test_refuses_image_names_that_are_no_file_names(out, name):
    with pytest.raises(DatasetError, match="no plain file name"):
        build(given([name] * 40), CLASSES, out)
    assert not out.exists()


def test_tells_images_of_the_same_name_apart(out):
    dataset = build(given(["wheel.png", "Wheel.png"] * 20), CLASSES, out)
    names = [image.name.lower() for split in ("train", "validation") for image in dataset.images(split)]
    for split in ("train", "validation"):
        own = [image.name.lower() for image in dataset.images(split)]
        assert len(set(own)) == len(own)
    assert set(names) <= {"wheel.png", *(f"wheel-{number}.png" for number in range(2, 41))}


def test_lists_what_was_left_out(tmp_path, out):
    rng = np.random.default_rng(0)
    for name in CLASSES:
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(8):
            pixels = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{number}.png")
    (tmp_path / "pictures" / "bicycle" / "notes.txt").write_text("not a picture")
    source = Folder(tmp_path / "pictures")
    with pytest.raises(DatasetError, match="--skip-bad"):
        build(source, CLASSES, out)
    dataset = build(source, CLASSES, out, skip_bad=True)
    assert dataset.description["skipped"] == [{"file": "bicycle/notes.txt", "reason": f"is no {NAMES}"}]
    assert dataset.counts["test"] == {"bicycle": 1, "motorcycle": 1}
    with pytest.raises(DatasetError, match="--skip-bad"):
        build(source, CLASSES, out)


@pytest.mark.skipif(not REAL.is_file(), reason="the real images are not on this machine")
@pytest.mark.parametrize("classes", [CLASSES, ("bus", "train", "tank")])
def test_reads_the_real_images(out, classes):
    dataset = build(Archive(REAL), classes, out)
    assert dataset.counts == {
        split: dict.fromkeys(classes, count) for split, count in (("train", 450), ("validation", 50), ("test", 100))
    }
