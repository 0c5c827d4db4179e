"""A job trains on the data set that stands, and nothing replaces one of another source unasked."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from scones.dataset import Archive, Download, Folder, Sample, build, ensure, taken
from scones.dataset.standing import agreeing
from scones.errors import DatasetError

CLASSES = ("bicycle", "motorcycle")
OWN = ("cross", "round one")


class Unreachable(Download):
    """A download on a machine without a network."""

    def fetch(self):
        raise DatasetError("the university cannot be reached")


@pytest.fixture
def photos(tmp_path):
    for shade, name in enumerate(OWN):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (64, 48), (20 * number, 100 * shade, 9)).save(tmp_path / "photos" / name / f"{number}.png")
    return Folder(tmp_path / "photos")


def found(out, *, named=None, own=CLASSES, variables=None):
    return agreeing(out, named=named, own=own, task="invoke train", environment="local", variables=variables or {})


def test_classes_that_a_person_named_hold_for_the_jobs_that_follow(photos, tmp_path):
    built = build(photos, OWN, tmp_path / "out", seed=7)
    there = found(tmp_path / "out", variables={"CIFAR100_ARCHIVE": "elsewhere.tar.gz"})
    assert (there, there.seed) == (built, 7)
    said = taken(there, CLASSES, variables={"CIFAR100_ARCHIVE": "elsewhere.tar.gz"})
    assert said.title == "the folder photos"
    for part in ("cross, round one; seed 7", "not the environment's classes", "elsewhere.tar.gz"):
        assert part in said.reason


def test_without_a_data_set_there_is_nothing_to_agree_with(tmp_path):
    assert found(tmp_path / "out", named=("bus", "tank")) is None


@pytest.mark.parametrize(("inside", "place"), [(True, "photos"), (False, "PATH/TO/photos")])
def test_an_option_that_names_other_classes_is_refused_with_both_commands(photos, tmp_path, monkeypatch, inside, place):
    """The folder's name is a path only where the folder is."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path if inside else tmp_path / "elsewhere")
    build(photos, OWN, tmp_path / "build" / "dataset", seed=7)
    with pytest.raises(
        DatasetError, match=r"'cross' and 'round one' \(the folder photos, seed 7\), but --classes"
    ) as no:
        found(tmp_path / "build" / "dataset", named=("round one", "cross"))
    assert no.value.hint.splitlines() == [
        "to train on what stands there: invoke train --classes 'cross,round one' --env local",
        f"to build the other: invoke etl --folder {place} --fit crop --classes 'round one,cross' --seed 7",
    ]


def test_classes_of_an_environment_that_has_others_now_are_refused_with_both_commands(archive, tmp_path):
    build(Archive(archive), CLASSES, tmp_path / "build" / "dataset", classes_from="environment")
    with pytest.raises(DatasetError, match=r"but the environment has 'bus' and 'tank'") as no:
        found(tmp_path / "build" / "dataset", own=("bus", "tank"), variables={"CIFAR100_ARCHIVE": str(archive)})
    assert no.value.hint.splitlines() == [
        "to train on what stands there: invoke train --classes bicycle,motorcycle --env local",
        f"to build the other: invoke etl --archive {archive} --env local",
    ]
    assert found(tmp_path / "build" / "dataset", named=CLASSES, own=("bus", "tank")) is not None


def test_a_description_that_cannot_be_read_is_not_built_over_by_a_job(tmp_path):
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(DatasetError, match=r"dataset\.json cannot be read"):
        found(tmp_path)


def test_without_a_source_a_folders_data_set_is_not_replaced(photos, tmp_path):
    out = tmp_path / "build" / "dataset"
    build(photos, OWN, out, seed=7)
    before = (out / "dataset.json").read_bytes()
    with pytest.raises(DatasetError, match=r"the folder photos, seed 7.*no source is named") as no:
        ensure(CLASSES, out, cache=tmp_path, variables={"CIFAR100_ARCHIVE": "all.tar.gz"}, seed=3)
    assert no.value.hint.splitlines()[1].endswith(
        "invoke etl --archive all.tar.gz --classes bicycle,motorcycle --seed 3"
    )
    assert (out / "dataset.json").read_bytes() == before


def test_without_a_network_drawings_do_not_replace_photographs(archive, tmp_path):
    build(Archive(archive), CLASSES, tmp_path / "out")
    with pytest.raises(DatasetError, match="the archive small"):
        ensure(CLASSES, tmp_path / "out", cache=tmp_path, variables={}, download=Unreachable(tmp_path))


def test_of_the_same_source_other_classes_and_seeds_are_built(archive, tmp_path):
    variables = {"CIFAR100_ARCHIVE": str(archive)}
    build(Archive(archive), CLASSES, tmp_path / "out")
    ensured = ensure(("bus", "tank"), tmp_path / "out", cache=tmp_path, variables=variables, seed=2)
    assert (ensured.dataset.classes, ensured.dataset.seed) == (("bus", "tank"), 2)


def test_drawings_stand_without_a_download_that_would_be_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("scones.dataset.choice.Sample", lambda: Sample(train=5, test=2))
    build(Sample(train=5, test=2), CLASSES, tmp_path / "out")
    monkeypatch.setattr(Download, "fetch", lambda self: pytest.fail("a download was tried"))
    ensured = ensure(CLASSES, tmp_path / "out", cache=tmp_path, variables={}, seed=2)
    assert (ensured.drawn, ensured.dataset.seed) == (True, 2)
    assert "invoke etl --download" in ensured.reason


def test_who_named_the_classes_is_part_of_the_description(archive, tmp_path):
    build(Archive(archive), CLASSES, tmp_path / "out", classes_from="environment")
    build(Archive(archive), CLASSES, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "dataset.json").read_text())["classes_from"] == "option"
