"""A wrong data set gives an error that names the problem."""

import json

import pytest

from scones.dataset import Sample, build, load
from scones.errors import DatasetError


@pytest.fixture
def dataset(tmp_path):
    return build(Sample(train=5, test=2), ("bicycle", "motorcycle"), tmp_path / "dataset")


def test_a_missing_data_set_says_how_to_build_one(tmp_path):
    with pytest.raises(DatasetError, match=r"no data set in .*\n.*invoke etl"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": 99}', '{"format": 1, "classes": ["a"]}'])
def test_names_a_description_that_cannot_be_used(dataset, text):
    (dataset.root / "dataset.json").write_text(text)
    with pytest.raises(DatasetError, match=r"dataset.json .*\n.*invoke etl"):
        load(dataset.root)


@pytest.mark.parametrize("line", ["0\t2\ta.png", "0\t-1\ta.png", "0\tx\ta.png", "0 1 a.png", "", "0\t1\ta\tb"])
def test_names_the_line_of_a_list_that_is_wrong(dataset, line):
    (dataset.root / "test.lst").write_text(f"0\t1\ta.png\n{line}\n")
    with pytest.raises(DatasetError, match=r"test.lst, line 2: .* label of 0 to 1"):
        dataset.images("test")


def test_an_unknown_split_lists_those_there_are(dataset):
    with pytest.raises(DatasetError, match="no split 'tset'; there are: train, validation, test"):
        dataset.images("tset")


def test_knows_its_sizes(dataset):
    assert [dataset.size(split) for split in ("train", "validation", "test")] == [8, 2, 4]


def test_verify_finds_a_swapped_label(dataset):
    dataset.verify()
    lines = (dataset.root / "train.lst").read_text().splitlines()
    lines[0] = lines[0].replace("\t0\t", "\t9\t").replace("\t1\t", "\t0\t").replace("\t9\t", "\t1\t")
    (dataset.root / "train.lst").write_text("\n".join(lines) + "\n")
    with pytest.raises(DatasetError, match="have changed since it was built"):
        dataset.verify()


def test_its_description_is_sorted_json(dataset):
    text = (dataset.root / "dataset.json").read_text()
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"
