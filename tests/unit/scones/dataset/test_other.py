"""The class ``other``: as many images as a class has, of everything else, and the same ones every time."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from scones.dataset import Archive, Folder, Sample, WithOther, build, ensure
from scones.dataset.contents import Contents, Identity, Images
from scones.dataset.other import nothing, shapes
from scones.dataset.standing import OtherOption, agreeing
from scones.dataset.view import of_other
from scones.errors import DatasetError

CLASSES = ("bicycle", "motorcycle")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "dataset"


@pytest.fixture
def things(tmp_path):
    """A folder with pictures of anything, and a note among them."""
    for kind in ("cats", "dogs/small"):
        (tmp_path / "things" / kind).mkdir(parents=True)
        for number in range(20):
            shade = (7 * number, 200 if kind == "cats" else 20, 90)
            Image.new("RGB", (50, 40), shade).save(tmp_path / "things" / kind / f"{number}.png")
    (tmp_path / "things" / "note.txt").write_text("no picture")
    return tmp_path / "things"


def test_it_is_the_last_class_balanced_and_drawn_evenly_over_the_archives_other_classes(archive, out):
    dataset = build(WithOther(Archive(archive)), CLASSES, out)
    assert dataset.classes == ("bicycle", "motorcycle", "other")
    assert dataset.counts["validation"] == {"bicycle": 2, "motorcycle": 2, "other": 2}
    assert dataset.counts["test"] == {"bicycle": 4, "motorcycle": 4, "other": 4}
    assert dataset.counts["train"] == {"bicycle": 18, "motorcycle": 18, "other": 18 + dataset.other["nothing"]}
    assert dataset.other == {"kinds": {"apple": 6, "bus": 6, "tank": 6, "train": 6}, "nothing": 9}
    assert "24 images of 4 other kinds, drawn with seed 0, and 9 that show nothing" in of_other(dataset)
    assert "these kinds are few: apple, bus, tank, train; images of anything else may pass" in of_other(dataset)


def test_test_images_are_of_the_archives_test_images_and_the_wanted_classes_are_as_without_it(archive, members, out):
    dataset = build(WithOther(Archive(archive)), CLASSES, out)
    there = {name.decode() for name in members["test"][b"filenames"]}
    assert {image.name for image in dataset.images("test")} <= there
    plain = build(Archive(archive), CLASSES, out.with_name("plain"))
    for split in ("train", "validation", "test"):
        wanted = [image.name for image in dataset.images(split) if image.label < 2]
        assert wanted == [image.name for image in plain.images(split)]


def test_the_same_seed_draws_the_same_images_and_another_one_others(archive, out):
    first = build(WithOther(Archive(archive)), CLASSES, out)
    assert build(WithOther(Archive(archive)), CLASSES, out.with_name("again")).fingerprint == first.fingerprint
    assert build(WithOther(Archive(archive)), CLASSES, out.with_name("seed"), seed=1).fingerprint != first.fingerprint


def test_a_second_build_reads_nothing_and_one_without_it_replaces_it(archive, out, monkeypatch):
    build(WithOther(Archive(archive)), CLASSES, out)
    with monkeypatch.context() as patched:
        patched.setattr(Archive, "read", lambda *args, **options: pytest.fail("it was read again"))
        assert build(WithOther(Archive(archive)), CLASSES, out).other
    assert build(Archive(archive), CLASSES, out).classes == CLASSES
    assert "other_from" not in json.loads((out / "dataset.json").read_text())


def test_an_image_of_a_wanted_class_is_not_drawn_whatever_its_label(members, pack, out):
    """CIFAR-100 has images that stand under two labels, and in train and test at once."""
    train, test = members["train"], members["test"]
    wanted = [place for place, label in enumerate(train[b"fine_labels"]) if label == 1]
    foreign = [place for place, label in enumerate(train[b"fine_labels"]) if label not in (1, 3)]
    train[b"data"][foreign[:75]] = train[b"data"][wanted[0]]  # of 80: nearly all would be drawn otherwise
    dataset = build(WithOther(Archive(pack(members))), CLASSES, out)
    pixels = dataset.read("train")
    twin = train[b"data"][wanted[0]].reshape(3, 32, 32).transpose(1, 2, 0)
    assert [label for row, label in zip(pixels.pixels, pixels.labels, strict=True) if (row == twin).all()] in ([0], [])
    assert len(test[b"data"]) == 24


def test_an_archive_without_other_classes_says_what_it_has_and_what_helps(members, pack, out):
    for name in ("train", "test"):
        of = members[name]
        kept = [place for place, label in enumerate(of[b"fine_labels"]) if label in (1, 3)]
        members[name] = {key: value[kept] if key == b"data" else [value[p] for p in kept] for key, value in of.items()}
    with pytest.raises(
        DatasetError, match=r"'other' has 0 different images to learn from; 4 are needed\n.*--other-fol"
    ):
        build(WithOther(Archive(pack(members))), CLASSES, out)
    assert not out.exists()


def test_it_can_have_more_training_images_and_tests_as_many_as_a_class(archive, out):
    dataset = build(WithOther(Archive(archive), times=3), CLASSES, out)
    assert sum(dataset.other["kinds"].values()) == 60 + 4
    assert dataset.counts["validation"] == {"bicycle": 2, "motorcycle": 2, "other": 6}
    assert dataset.counts["test"] == {"bicycle": 4, "motorcycle": 4, "other": 4}


def test_kinds_can_be_held_out_to_measure_on_them(archive, out):
    source = WithOther(Archive(archive), without=("apple", "train"))
    dataset = build(source, CLASSES, out)
    assert dataset.other["kinds"] == {"bus": 12, "tank": 12}
    assert not any(image.name.startswith(("apple", "train")) for image in dataset.images("train"))
    assert build(WithOther(Archive(archive)), CLASSES, out).other["kinds"].keys() == {"apple", "bus", "tank", "train"}
    with pytest.raises(DatasetError, match=r"'other' cannot be without 'aple': .*\nnearest to 'aple': apple$"):
        build(WithOther(Archive(archive), without=("aple",)), CLASSES, out)


def test_a_folder_gives_its_other_sub_folders(tmp_path, out):
    for shade, name in enumerate(("cross", "round", "cats", "dogs")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (64, 48), (20 * number, 60 * shade, 9)).save(tmp_path / "photos" / name / f"{number}.png")
    dataset = build(WithOther(Folder(tmp_path / "photos", 48)), ("cross", "round"), out)
    assert dataset.counts["test"] == {"cross": 2, "round": 2, "other": 2}
    assert dataset.other["kinds"] == {"cats": 6, "dogs": 6}
    assert dataset.read("train").pixels.shape[1:] == (48, 48, 3)


def test_a_folder_of_anything_gives_the_images_instead(archive, things, out):
    source = WithOther(Archive(archive), things)
    dataset = build(source, CLASSES, out)
    assert dataset.other["kinds"] == {"cats": 12, "dogs": 12}
    assert next(str(one) for one in source.loose.passed_over()).startswith("note.txt: is no PNG")
    Image.new("RGB", (50, 40), (1, 2, 3)).save(things / "new.png")
    assert build(source, CLASSES, out).fingerprint != dataset.fingerprint, "another picture is another data set"


def test_a_damaged_picture_is_named_or_left_out(archive, things, out):
    (things / "cats" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    for path in sorted(things.glob("*/**/*.png"))[1:30]:
        path.unlink()
    with pytest.raises(
        DatasetError, match=r"pictures for the class 'other' cannot be used:\n  cats/0\.png: is damaged"
    ):
        build(WithOther(Archive(archive), things), CLASSES, out)
    dataset = build(WithOther(Archive(archive), things), CLASSES, out, skip_bad=True)
    assert sum(dataset.other["kinds"].values()) == 10, "few pictures are shared by train and test"
    assert [one["file"] for one in dataset.description["skipped"]] == ["cats/0.png"]


def test_a_folder_that_is_none_or_holds_no_picture_is_refused(archive, tmp_path, out):
    with pytest.raises(DatasetError, match="none is not a folder"):
        build(WithOther(Archive(archive), tmp_path / "none"), CLASSES, out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="empty holds no pictures"):
        build(WithOther(Archive(archive), tmp_path / "empty"), CLASSES, out)


def test_the_drawn_sample_draws_what_is_neither(out):
    dataset = build(WithOther(Sample(train=14, test=7)), CLASSES, out)
    assert dataset.other["kinds"] == dict.fromkeys(shapes.KINDS, 3)
    assert dataset.counts["test"] == {"bicycle": 7, "motorcycle": 7, "other": 7}


def test_pictures_of_nothing_are_of_every_kind_and_any_size():
    pixels, kinds = nothing.draw(40, np.random.default_rng(3), 48)
    assert (pixels.shape, pixels.dtype, set(kinds)) == ((40, 48, 48, 3), np.uint8, set(nothing.KINDS))
    spread = {kind: pixels[[one == kind for one in kinds]].std(axis=(1, 2)).mean() for kind in nothing.KINDS}
    assert spread["plain"] < 6 < spread["noise"]
    assert nothing.draw(0, np.random.default_rng(0))[0].shape == (0, 32, 32, 3)


class Contradicting:
    """A source whose classes are fine, and that has no other images."""

    def identity(self):
        return Identity("archive", "given", "0" * 64)

    def read(self, classes, **options):
        rng = np.random.default_rng(0)
        train, test = (rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8) for count in (40, 8))
        names = tuple(f"{place}.png" for place in range(40))
        return Contents(Images(train, np.arange(40) % 2, names), Images(test, np.arange(8) % 2, names[:8]))


def test_the_name_is_taken_once(archive, out):
    with pytest.raises(DatasetError, match=r"'other' is named in .*, and asked for with --other too"):
        build(WithOther(Contradicting()), ("bicycle", "other"), out)
    with pytest.raises(
        DatasetError, match=r"no class 'other'\n(.*\n)*for a class of whatever is none of the .*: --oth"
    ):
        build(Archive(archive), ("bicycle", "other"), out)


def agree(out, *, named=None, own=CLASSES, given=None, folder=None, setting=False):
    option = OtherOption(given, folder, setting)
    return agreeing(out, named=named, own=own, task="invoke train", environment="local", other=option, variables={})


def test_a_data_set_that_stands_has_it_or_not_as_was_asked(archive, things, out):
    build(WithOther(Archive(archive)), CLASSES, out)
    assert agree(out), "what a person has built holds for the jobs that follow"
    assert agree(out, given=True)
    assert agree(out, named=CLASSES, given=True)
    assert agree(out, named=(*CLASSES, "other"))
    assert agree(out, named=CLASSES, setting=True)
    with pytest.raises(DatasetError, match=r"but --classes names 'bicycle' and 'motorcycle'\n") as refused:
        agree(out, named=CLASSES)
    assert "train on what stands there: invoke train --classes bicycle,motorcycle --other --env" in str(refused.value)
    with pytest.raises(DatasetError, match=rf"'other' are to be of {things}\n") as refused:
        agree(out, given=True, folder=things)
    assert f"--classes bicycle,motorcycle --other --other-folder {things}" in str(refused.value)


def test_one_that_stands_without_it_is_not_taken_for_one_with_it(archive, out):
    build(Archive(archive), CLASSES, out, classes_from="environment")
    with pytest.raises(DatasetError, match=r"but --other makes 'bicycle', 'motorcycle' and 'other'\n") as refused:
        agree(out, given=True)
    assert "to build the other: invoke etl" in str(refused.value)
    assert "--classes bicycle,motorcycle --other" in str(refused.value).partition("to build")[2]
    with pytest.raises(DatasetError, match="but the environment has 'bicycle', 'motorcycle' and 'other'"):
        agree(out, setting=True)
    assert agree(out, given=False, setting=True)


def test_the_chosen_source_gives_it_too(archive, tmp_path, out):
    variables = {"CIFAR100_ARCHIVE": str(archive)}
    found = ensure(CLASSES, out, cache=tmp_path, variables=variables, other=OtherOption(own=True))
    assert found.dataset.classes == (*CLASSES, "other")
    build(Sample(train=5, test=2), CLASSES, out)
    with pytest.raises(
        DatasetError, match=r"to replace it: invoke etl --archive .* --classes bicycle,motorcycle --other"
    ):
        ensure(CLASSES, out, cache=tmp_path, variables=variables, other=OtherOption(True))
