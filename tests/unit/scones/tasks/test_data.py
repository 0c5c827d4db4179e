"""``invoke etl`` as a user sees it."""

from dataclasses import replace

import pytest
from invoke import Context
from invoke.exceptions import Exit
from moto import mock_aws

from scones import aws, settings
from scones.dataset import Sample, load
from scones.tasks.data import etl


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """The environment has its own build folder, and the classes of the small archive."""
    environment = replace(settings.load("local"), root=tmp_path, classes=("bicycle", "motorcycle"))
    monkeypatch.setattr(settings, "load", lambda name=None: environment)
    monkeypatch.delenv("CIFAR100_ARCHIVE", raising=False)
    return tmp_path / "build" / "dataset"


def test_builds_in_the_build_folder_and_says_what_it_built(archive, elsewhere, capsys):
    etl(Context(), archive=str(archive), classes="train,bus")
    assert load(elsewhere).classes == ("train", "bus")
    printed = capsys.readouterr().out
    for word in ("small.tar.gz", "asked for with --archive", "train", "bus", "18", "invoke train"):
        assert word in printed


def test_the_data_set_is_a_document_that_keeps_to_its_schema(archive, elsewhere, printed_json):
    etl(Context(), archive=str(archive), classes="train,bus", json=True)
    first = printed_json("etl")
    assert (first["folder"], first["replaced"], first["uri"]) == (str(elsewhere), None, None)
    assert [(one["name"], one["train"]) for one in first["classes"]] == [("train", 18), ("bus", 18)]
    etl(Context(), archive=str(archive), classes="bus,train", json=True)
    assert printed_json("etl")["replaced"] == first["fingerprint"]


def test_writes_recordio_where_asked_and_says_so(archive, elsewhere, capsys):
    etl(Context(), archive=str(archive), recordio=True)
    printed = " ".join(capsys.readouterr().out.split())
    assert "also as RecordIO: train.rec, validation.rec, test.rec" in printed
    assert "next: invoke train --recordio" in printed
    assert load(elsewhere).recordio


def test_the_variable_names_the_archive(archive, elsewhere, monkeypatch, capsys):
    monkeypatch.setenv("CIFAR100_ARCHIVE", str(archive))
    etl(Context())
    assert load(elsewhere).classes == ("bicycle", "motorcycle")
    assert "CIFAR100_ARCHIVE names it" in capsys.readouterr().out


def test_drawn_images_are_announced_so_that_nobody_misses_it(elsewhere, monkeypatch, capsys):
    monkeypatch.setattr("scones.dataset.Sample", lambda: Sample(train=5, test=2))
    etl(Context(), sample=True)
    printed = capsys.readouterr().out
    assert "SAMPLE DATA" in printed
    assert "not photographs" in printed


def test_what_is_replaced_is_named_and_nothing_of_another_source_is_replaced_unasked(
    archive, elsewhere, monkeypatch, capsys
):
    etl(Context(), archive=str(archive), classes="train,bus", seed="7")
    monkeypatch.setenv("CIFAR100_ARCHIVE", str(archive.with_name("other.tar.gz")))
    archive.with_name("other.tar.gz").write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(Exit, match=r"holds a data set of 'train' and 'bus' \(the archive small.tar.gz, seed 7\)") as no:
        etl(Context(), seed="3")
    assert "invoke etl --archive" in str(no.value)
    assert load(elsewhere).seed == 7
    capsys.readouterr()
    monkeypatch.setattr("scones.dataset.Sample", lambda: Sample(train=5, test=2))
    etl(Context(), sample=True)
    printed = " ".join(capsys.readouterr().out.split())
    assert "it has replaced a data set of 'train' and 'bus' (the archive small.tar.gz, seed 7)" in printed


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"sample": True, "download": True}, 2, "one source is needed, not 2: --download, --sample"),
        ({"sample": True, "classes": "bicycle"}, 2, "two classes or more, not 1"),
        ({"sample": True, "classes": "bicycle,moped"}, 2, "not 'moped'"),
        ({"archive": "none.tar.gz"}, 2, "none.tar.gz cannot be read"),
        ({"folder": "none"}, 2, "none is not a folder"),
        ({"sample": True, "seed": -1}, 2, "--seed must be a whole number from 0 on, not '-1'"),
    ],
)
def test_a_mistake_is_one_message_and_an_exit_code(options, code, message):
    with pytest.raises(Exit, match=message) as caught:
        etl(Context(), **options)
    assert caught.value.code == code


def test_uploads_to_the_bucket_named(archive, elsewhere, monkeypatch, capsys):
    inside = settings.load()
    monkeypatch.setattr(settings, "load", lambda name=None: replace(inside, cloud_path=None))
    with mock_aws():
        s3 = aws.client(settings.load(), "s3")
        s3.create_bucket(Bucket="scones-images")
        etl(Context(), archive=str(archive), bucket="scones-images")
        prefix = f"datasets/{load(elsewhere).fingerprint}"
        assert f"uploaded to s3://scones-images/{prefix}" in capsys.readouterr().out
        assert s3.list_objects_v2(Bucket="scones-images", Prefix=f"{prefix}/train/")["KeyCount"] == 36
