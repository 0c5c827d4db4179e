"""The RecordIO files hold the lists' labels and the PNGs' pixels, and have the same bytes every time."""

import pytest

from imageclassification.recordio import read, unpack
from scones.dataset import SPLITS, Sample, build, load, taken, upload, write_records
from scones.errors import DatasetError

CLASSES = ("bicycle", "motorcycle")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "dataset"


def make(out, **options):
    return build(Sample(train=10, test=3), CLASSES, out, **options)


def test_a_file_holds_its_splits_images_in_the_lists_order(out):
    dataset = make(out, recordio=True)
    assert dataset.recordio
    for split in SPLITS:
        records = [unpack(record) for record in read(dataset.records(split))]
        listed = [line.split("\t") for line in (out / f"{split}.lst").read_text().splitlines()]
        assert [record.id for record in records] == [int(index) for index, _, _ in listed]
        assert [record.labels for record in records] == [(float(label),) for _, label, _ in listed]
        assert [record.data for record in records] == [(out / split / name).read_bytes() for *_, name in listed]


def test_the_same_images_give_the_same_bytes_and_fingerprint(out, tmp_path):
    one, other = make(out, recordio=True), make(tmp_path / "other", recordio=True)
    assert one.fingerprint == other.fingerprint == make(tmp_path / "without").fingerprint
    for split in SPLITS:
        assert one.records(split).read_bytes() == other.records(split).read_bytes()


def test_they_are_added_to_a_data_set_that_is_there_and_stay(out):
    before = (make(out).root / "dataset.json").stat().st_mtime_ns
    assert not load(out).recordio
    assert make(out, recordio=True).recordio
    assert make(out).recordio
    assert (out / "dataset.json").stat().st_mtime_ns == before


def test_they_are_gone_when_other_images_come(out):
    make(out, recordio=True)
    assert not make(out, seed=1).recordio


def test_a_damaged_file_is_written_again(out):
    dataset = make(out, recordio=True)
    whole = dataset.records("test").read_bytes()
    dataset.records("test").write_bytes(whole[:-8])
    make(out, recordio=True)
    assert dataset.records("test").read_bytes() == whole


def test_what_stands_gets_them_too(out):
    assert taken(make(out), CLASSES, recordio=True, variables={}).dataset.recordio


def test_says_which_image_is_missing(out):
    dataset = make(out)
    dataset.images("validation")[0].path.unlink()
    with pytest.raises(DatasetError, match=rf"{dataset.images('validation')[0].name}: No such file"):
        write_records(dataset)
    assert sorted(path.name for path in out.glob("*.rec")) == ["train.rec"]
    assert not dataset.recordio


def test_they_are_uploaded_with_the_rest(out):
    sent = {}

    class Client:
        def get_paginator(self, name):
            return self

        def paginate(self, **request):
            return [{}]

        def put_object(self, *, Key, Body, ContentType, **request):
            sent[Key] = (ContentType, Body)

    dataset = make(out, recordio=True)
    upload(dataset, Client(), "bucket")
    for split in SPLITS:
        found = sent[f"datasets/{dataset.fingerprint}/{split}.rec"]
        assert found == ("application/x-recordio", dataset.records(split).read_bytes())
