"""RecordIO channels: in files and pipes, with one label or several, and the errors for damaged or wrong ones."""

import os
import threading

import numpy as np
import pytest

from imageclassification.data import Channel, check_channels
from imageclassification.errors import InputDataError
from imageclassification.hyperparameters import parse
from imageclassification.recordio import ImageRecord, encode, write

RECORDS = {"ContentType": "application/x-recordio", "TrainingInputMode": "File", "RecordWrapperType": "None"}


def pack(job, split, labels=float):
    """The images of a split's list, packed in the format of MXNet's im2rec."""
    for line in (job.data(f"{split}_lst") / f"{split}.lst").read_text().splitlines():
        index, label, file = line.split("\t")
        yield ImageRecord((labels(label),), (job.data(split) / file).read_bytes(), id=int(index)).pack()


@pytest.fixture
def recorded(job):
    """The same images in .rec files, without lists."""
    job.from_lists = {
        split: Channel.read(job.root, split, parse(job.hyperparameters)) for split in ("train", "validation")
    }
    records = {split: list(pack(job, split)) for split in ("train", "validation")}
    for split, found in records.items():
        for path in [*job.data(split).iterdir(), *job.data(f"{split}_lst").iterdir()]:
            path.unlink()
        write(job.data(split) / f"{split}.rec", found)
    job.channels = {"train": dict(RECORDS), "validation": dict(RECORDS)}
    job.records = records
    return job


def read(job, name="train", **changes):
    return Channel.read(job.write(), name, parse(job.hyperparameters | changes))


def same(channel, other):
    np.testing.assert_array_equal(channel.labels, other.labels)
    assert channel.labels.dtype == other.labels.dtype
    for index in range(len(other)):
        np.testing.assert_array_equal(channel.image(index), other.image(index))


@pytest.mark.parametrize("split", ["train", "validation"])
def test_reads_the_images_that_were_packed(recorded, split):
    check_channels(recorded.write())
    same(read(recorded, split), recorded.from_lists[split])


def test_several_files_are_read_one_after_the_other(recorded):
    write(recorded.data("train") / "train.rec", recorded.records["train"][:5])
    write(recorded.data("train") / "train_more.rec", recorded.records["train"][5:])
    same(read(recorded), recorded.from_lists["train"])


def test_images_beyond_the_memory_are_read_again(recorded, monkeypatch):
    monkeypatch.setattr("imageclassification.data.channel.MEMORY_LIMIT", 0)
    channel = read(recorded)
    assert channel.kept == [None] * 16
    same(channel, recorded.from_lists["train"])


class Pipes:
    """Feeds each of a job's pipes once from a thread, as SageMaker does for an epoch."""

    def __init__(self, job):
        self.job = job

    def give(self, channel, content):
        path = self.job.data(f"{channel}_0")
        os.mkfifo(path)
        thread = threading.Thread(target=path.write_bytes, args=(content,), daemon=True)
        thread.start()


@pytest.fixture
def pipes(recorded):
    for split in ("train", "validation"):
        recorded.channels[split]["TrainingInputMode"] = "Pipe"
        (recorded.data(split) / f"{split}.rec").unlink()
    return Pipes(recorded)


def test_reads_a_pipe(recorded, pipes, monkeypatch):
    pipes.give("train", b"".join(map(encode, recorded.records["train"])))
    same(read(recorded), recorded.from_lists["train"])


def test_what_came_through_a_pipe_can_be_read_again(recorded, pipes, monkeypatch):
    monkeypatch.setattr("imageclassification.data.channel.MEMORY_LIMIT", 0)
    pipes.give("train", b"".join(map(encode, recorded.records["train"])))
    channel = read(recorded)
    for _ in range(2):
        same(channel, recorded.from_lists["train"])


def test_says_that_a_pipe_is_missing_empty_or_cut_short(recorded, pipes):
    with pytest.raises(
        InputDataError, match="channel 'train' is in Pipe mode, but there is no pipe input/data/train_0"
    ):
        read(recorded)
    pipes.give("train", b"")
    with pytest.raises(InputDataError, match="channel 'train' holds no image"):
        read(recorded)
    recorded.data("train_0").unlink()
    pipes.give("train", encode(recorded.records["train"][0])[:-4])
    with pytest.raises(InputDataError, match="channel 'train': record 0, at byte 0, is cut short"):
        read(recorded)


def test_a_record_has_a_label_for_each_class(recorded):
    several = [ImageRecord((index % 2, 1 - index % 2, 1), record[24:]).pack()
               for index, record in enumerate(recorded.records["train"])]  # fmt: skip
    write(recorded.data("train") / "train.rec", several)
    channel = read(recorded, num_classes="3", multi_label="1")
    assert channel.labels.dtype == np.float32
    np.testing.assert_array_equal(channel.labels[:2], [[0, 1, 1], [1, 0, 1]])
    with pytest.raises(InputDataError, match=r"train.rec: record 0 has 3 labels, and one .* set multi_label to 1"):
        read(recorded)
    with pytest.raises(InputDataError, match=r"train.rec: record 0 has 3 labels, but num_classes is 2"):
        read(recorded, multi_label="1")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"short", "train.rec: record 3 has 5 bytes, too few for an image's record"),
        (ImageRecord((5.0,), b"x").pack(), "train.rec: record 3 has label 5, but num_classes is 2"),
        (ImageRecord((0.5,), b"x").pack(), "train.rec: record 3 has label '0.5'"),
        (ImageRecord((float("nan"),), b"x").pack(), "train.rec: record 3 has label 'nan'"),
        (ImageRecord((1.0,), b"no image").pack(), "channel 'train': train.rec: record 3: these 8 bytes are"),
    ],
)
def test_says_which_record_is_wrong(recorded, record, reason):
    records = recorded.records["train"]
    write(recorded.data("train") / "train.rec", [*records[:3], record, *records[4:]])
    with pytest.raises(InputDataError, match=reason):
        read(recorded)


def test_says_what_does_not_go_with_the_hyperparameters(recorded):
    with pytest.raises(InputDataError, match="mini_batch_size is 900, but channel 'train' has 16 images"):
        read(recorded, num_training_samples="900", mini_batch_size="900")
    with pytest.raises(InputDataError, match="num_classes is 3, but channel 'train' has no image of label 2"):
        read(recorded, num_classes="3")
    with pytest.raises(
        InputDataError, match=r"record 0 is 10 x 10 pixels, smaller than image_shape 3,12,12; .* resize"
    ):
        read(recorded, image_shape="3,12,12")


def test_says_that_images_are_no_records(recorded):
    path = recorded.data("train") / "train.rec"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputDataError, match=r"train.rec: record 0, at byte 0, does not begin with RecordIO's magic"):
        read(recorded)
    path.rename(path.with_suffix(".png"))
    with pytest.raises(InputDataError, match=r"holds no \.rec file, .*: it holds train\.png; .*application/x-image"):
        read(recorded)


def test_records_are_resized_as_images_are(recorded):
    assert read(recorded, image_shape="3,12,12", resize="14").image(0).shape == (14, 14, 3)
