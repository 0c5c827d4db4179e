"""``invoke etl`` as a user sees it."""

from dataclasses import replace

import pytest
from invoke import Context
from invoke.exceptions import Exit
from moto import mock_aws
from PIL import Image

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


def test_other_is_made_where_asked_and_said(archive, elsewhere, capsys):
    etl(Context(), archive=str(archive), other=True)
    assert load(elsewhere).classes == ("bicycle", "motorcycle", "other")
    printed = " ".join(capsys.readouterr().out.split())
    assert "'other': 24 images of 4 other kinds, drawn with seed 0, and 9 that show nothing" in printed


def test_a_script_reads_what_other_shows(archive, elsewhere, printed_json):
    etl(Context(), archive=str(archive), other=True, json=True)
    found = printed_json("etl")
    assert found["other"] == {"apple": 6, "bus": 6, "tank": 6, "train": 6}
    assert [one["name"] for one in found["classes"]] == ["bicycle", "motorcycle", "other"]


def test_the_environment_may_have_it_and_an_option_leaves_it_out(archive, elsewhere, monkeypatch):
    environment = replace(settings.load("local"), other=True)
    monkeypatch.setattr(settings, "load", lambda name=None: environment)
    etl(Context(), archive=str(archive))
    assert load(elsewhere).classes == ("bicycle", "motorcycle", "other")
    etl(Context(), archive=str(archive), no_other=True)
    assert load(elsewhere).classes == ("bicycle", "motorcycle")


def test_a_folder_of_anything_says_what_it_passes_over(archive, tmp_path, elsewhere, capsys):
    (tmp_path / "cats").mkdir()
    for number in range(8):
        Image.new("RGB", (40, 40), (30 * number, 9, 9)).save(tmp_path / "cats" / f"{number}.png")
    (tmp_path / "cats" / "notes.txt").write_text("no picture")
    etl(Context(), archive=str(archive), other_folder=str(tmp_path / "cats"))
    assert load(elsewhere).other["kinds"] == {"cats": 8}
    assert "1 file is passed over" in capsys.readouterr().out


def test_options_that_contradict_each_other_are_refused(archive, elsewhere):
    with pytest.raises(Exit, match="--no-other and --other-folder contradict each other"):
        etl(Context(), archive=str(archive), no_other=True, other_folder="cats")
    assert not elsewhere.exists()
