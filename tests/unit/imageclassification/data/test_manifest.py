"""Augmented manifests: the pipe delivers an image's record, then its label's record."""

import json
import os
import threading

import numpy as np
import pytest

from imageclassification.data import Channel, check_channels
from imageclassification.errors import InputDataError
from imageclassification.hyperparameters import parse
from imageclassification.recordio import encode


@pytest.fixture
def manifest(job):
    """Writes a stream into a channel's pipe and reads the channel: pairs of an image's bytes and its label."""
    lines = [line.split("\t") for line in job.train_list.read_text().splitlines()]
    pairs = [((job.data("train") / file).read_bytes(), int(label)) for _, label, file in lines]
    settings = {"TrainingInputMode": "Pipe", "RecordWrapperType": "RecordIO", "ContentType": "application/x-recordio"}
    job.channels = {"train": settings, "validation": dict(settings)}

    def read(records, content_type=None, **changes):
        if content_type:
            settings["ContentType"] = content_type
        pipe = job.data("train_0")
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        threading.Thread(target=pipe.write_bytes, args=(b"".join(map(encode, records)),), daemon=True).start()
        check_channels(job.write())
        return Channel.read(job.root, "train", parse(job.hyperparameters | changes))

    read.pairs = pairs
    return read


def stream(pairs, label=lambda label: str(label).encode()):
    return [record for image, found in pairs for record in (image, label(found))]


@pytest.mark.parametrize("content_type", ["application/x-recordio", "application/x-image", "image/png", "image/jpeg"])
def test_reads_images_and_labels_in_the_manifests_order(manifest, job, content_type):
    channel = manifest(stream(manifest.pairs), content_type)
    assert channel.labels.tolist() == [label for _, label in manifest.pairs]
    for index in range(len(channel)):
        assert channel.image(index).reshape(-1, 3).mean(0).argmax() == 2 * channel.labels[index]


def test_a_label_may_still_be_in_quotation_marks(manifest):
    channel = manifest(stream(manifest.pairs, lambda label: json.dumps(str(label)).encode()))
    assert channel.labels.tolist() == [0, 1] * 8


@pytest.mark.parametrize(
    ("content_type", "lists"),
    [
        ("application/x-recordio", ([1, 0, 1], [0, 1, 0])),
        ("application/x-recordio; label-format=multi-hot", ([1, 0, 1], [0, 1, 0])),
        ("application/x-recordio; label-format=class-id", ([0, 2], [1])),
        ("image/png;label-format=class-id", ([0, 2], [1])),
    ],
)
def test_reads_lists_of_labels(manifest, content_type, lists):
    records = stream(manifest.pairs, lambda label: json.dumps(lists[label]).encode())
    channel = manifest(records, content_type, num_classes="3", multi_label="1")
    np.testing.assert_array_equal(channel.labels, np.array([[1, 0, 1], [0, 1, 0]] * 8, np.float32))


def test_refuses_a_label_format_that_there_is_none(manifest):
    with pytest.raises(InputDataError, match="'train' has label-format 'one-hot'; it may be multi-hot or class-id"):
        manifest(stream(manifest.pairs), "application/x-recordio; label-format=one-hot")


def test_says_that_a_list_needs_multi_label(manifest):
    with pytest.raises(InputDataError, match=r"line 1 of the manifest has 2 labels, .* set multi_label to 1"):
        manifest(stream(manifest.pairs, lambda label: b"[0, 1]"))


def swapped(records):
    return [record for image, label in zip(records[::2], records[1::2], strict=True) for record in (label, image)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (swapped, "line 1 of the manifest has no label after its image; its AttributeNames must be two"),
        (lambda records: records[::2], "line 1 of the manifest has no label after its image; its AttributeNames"),
        (lambda records: records[:-1], "line 16 of the manifest has an image and no label; its AttributeNames"),
        (lambda records: [*records[:3], b"cat", *records[4:]], "line 2 of the manifest has label 'cat'"),
        (
            lambda records: [*records[:3], b"7", *records[4:]],
            "line 2 of the manifest has label 7, but num_classes is 2",
        ),
        (lambda records: [*records[:2], b"no image", *records[3:]], "line 2 of the manifest: these 8 bytes are"),
        (lambda records: [], "channel 'train' holds no image"),
    ],
)
def test_says_what_is_wrong_with_a_manifest(manifest, change, reason):
    with pytest.raises(InputDataError, match=reason):
        manifest(change(stream(manifest.pairs)))
