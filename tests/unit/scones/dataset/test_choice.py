"""Without a source option, the best available source is used and named."""

import pytest

from scones.dataset import Archive, Download, Sample, choose, ensure, ensure_others
from scones.errors import DatasetError
from tests.unit.scones.conftest import FINE

CLASSES = ("bicycle", "motorcycle")


class Unreachable(Download):
    """A download on a machine without a network."""

    def fetch(self):
        raise DatasetError("the university cannot be reached")


class Reachable(Download):
    """A download that works."""

    def fetch(self):
        return self.path


@pytest.fixture
def small(monkeypatch):
    """A smaller sample, because drawing the full one takes seconds."""
    monkeypatch.setattr("scones.dataset.choice.Sample", lambda: Sample(train=5, test=2))


def test_the_archive_that_the_variable_names_comes_first(archive, tmp_path):
    found = choose(CLASSES, tmp_path, variables={"CIFAR100_ARCHIVE": str(archive)}, download=Unreachable(tmp_path))
    assert found.source == Archive(archive)
    assert "CIFAR100_ARCHIVE" in found.reason


def test_a_variable_that_names_no_file_is_an_error_and_no_reason_to_fall_back(tmp_path):
    with pytest.raises(DatasetError, match="none cannot be read"):
        ensure(CLASSES, tmp_path / "out", cache=tmp_path, variables={"CIFAR100_ARCHIVE": str(tmp_path / "none")})


def test_then_what_was_fetched_before(tmp_path):
    download = Unreachable(tmp_path)
    download.path.write_bytes(b"")
    found = choose(CLASSES, tmp_path, variables={}, download=download)
    assert (found.source, "fetched before" in found.reason) == (download, True)


def test_then_what_can_be_fetched(tmp_path):
    found = choose(CLASSES, tmp_path, variables={}, download=Reachable(tmp_path))
    assert isinstance(found.source, Download)


def test_then_drawings_and_the_reason_is_said(tmp_path):
    found = choose(CLASSES, tmp_path, variables={}, download=Unreachable(tmp_path))
    assert found.source == Sample()
    assert "the university cannot be reached" in found.reason


def test_other_classes_than_the_drawn_ones_end_with_what_to_do(tmp_path):
    with pytest.raises(DatasetError, match=r"no images of 'bus': .*bicycle and motorcycle only.*\n.*--archive"):
        choose(("bus", "bicycle"), tmp_path, variables={}, download=Unreachable(tmp_path))


@pytest.mark.usefixtures("small")
def test_ensure_builds_and_says_that_they_are_drawn(tmp_path):
    ensured = ensure(CLASSES, tmp_path / "out", cache=tmp_path, variables={}, download=Unreachable(tmp_path))
    assert ensured.drawn
    assert (ensured.title, ensured.dataset.size("train")) == ("two-wheelers drawn by code", 8)


def test_a_backbone_learns_from_every_other_class_that_has_images(archive, tmp_path):
    found = ensure_others(CLASSES, tmp_path / "out", cache=tmp_path, variables={"CIFAR100_ARCHIVE": str(archive)})
    assert found.dataset.classes == ("apple", "bus", "tank", "train")
    assert found.dataset.size("train") == 4 * 18


def only(batch, wanted):
    """The images of a member of the archive whose label is wanted."""
    keep = [place for place, label in enumerate(batch[b"fine_labels"]) if wanted(label)]
    for key in (b"fine_labels", b"filenames"):
        batch[key] = [batch[key][place] for place in keep]
    batch[b"data"] = batch[b"data"][keep]


def test_a_backbone_learns_classes_without_test_images_and_none_without_training_images(pack, members, tmp_path):
    """An archive may have the test images of a few classes only."""
    bus, tank = FINE.index("bus"), FINE.index("tank")
    only(members["test"], lambda label: label != bus)
    only(members["train"], lambda label: label != tank)
    variables = {"CIFAR100_ARCHIVE": str(pack(members))}
    found = ensure_others(CLASSES, tmp_path / "out", cache=tmp_path, variables=variables).dataset
    assert found.classes == ("apple", "bus", "train")
    assert (found.size("train"), found.size("validation"), found.size("test")) == (3 * 18, 3 * 2, 0)
    assert found.recordio


def test_a_backbone_sees_no_image_that_it_is_judged_on_nor_one_of_two_labels(pack, members, tmp_path):
    """As in CIFAR-100 itself: images that stand in train and test at once, or under two labels."""
    train, test = members["train"], members["test"]
    places = {
        name: [place for place, label in enumerate(train[b"fine_labels"]) if FINE[label] == name] for name in FINE
    }
    bus, tank, train_, bicycle = (places[name] for name in ("bus", "tank", "train", "bicycle"))
    train[b"data"][bus[0]] = test[b"data"][0]
    train[b"data"][bus[1]] = train[b"data"][bicycle[0]]
    train[b"data"][tank[0]] = train[b"data"][train_[0]]
    train[b"data"][tank[1]] = train[b"data"][tank[2]]  # twice under one label: harmless
    archive = pack(members)
    made = [
        ensure_others(CLASSES, tmp_path / "out", cache=tmp_path, variables={"CIFAR100_ARCHIVE": str(archive)})
        for _ in range(2)
    ]
    name = [name.decode() for name in train[b"filenames"]]
    wanted = {
        f"train/{name[bus[0]]}": f"has the same pixels as test/{test[b'filenames'][0].decode()}",
        f"train/{name[bus[1]]}": f"has the same pixels as train/{name[bicycle[0]]}, whose class is left out",
        f"train/{name[tank[0]]}": f"has the same pixels as {name[train_[0]]}, which has another label",
        f"train/{name[train_[0]]}": f"has the same pixels as {name[tank[0]]}, which has another label",
    }
    for ensured in made:  # the second one finds the first one's data set
        found = ensured.dataset
        assert {one["file"]: one["reason"] for one in found.description["skipped"]} == wanted
        assert found.size("train") + found.size("validation") == 4 * 20 - 4
        assert "4 images are left out" in ensured.reason


def test_the_drawn_sample_has_nothing_for_a_backbone_and_it_is_said_what_to_give(tmp_path):
    with pytest.raises(DatasetError, match=r"the drawn sample has none; .* the university cannot be reached") as raised:
        ensure_others(CLASSES, tmp_path / "out", cache=tmp_path, variables={}, download=Unreachable(tmp_path))
    assert "CIFAR100_ARCHIVE" in raised.value.hint


def test_an_archive_of_the_own_classes_alone_has_nothing_for_a_backbone(archive, tmp_path):
    own = ("apple", "bicycle", "bus", "motorcycle", "tank")
    with pytest.raises(DatasetError, match=r"has 1 classes beside 'apple'.*needs two"):
        ensure_others(own, tmp_path / "out", cache=tmp_path, variables={"CIFAR100_ARCHIVE": str(archive)})
