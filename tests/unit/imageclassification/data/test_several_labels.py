"""multi_label: lists hold several labels for each image, and wrong lists are refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageclassification.data import Channel, batches
from imageclassification.data.labels import Labels
from imageclassification.errors import InputDataError
from imageclassification.hyperparameters import parse

SETTINGS = {"num_classes": "3", "multi_label": "1"}


def read(job, name="train", **changes):
    return Channel.read(job.write(), name, parse(job.hyperparameters | SETTINGS | changes))


@pytest.fixture
def several(job):
    """Every image is red or blue, and every third image also has the label small."""
    for split in ("train", "validation"):
        path = job.data(f"{split}_lst") / f"{split}.lst"
        lines = []
        for line in path.read_text().splitlines():
            index, label, file = line.split("\t")
            lines.append(f"{index}\t{1 - int(label)}\t{label}\t{int(int(index) % 3 == 0)}\t{file}")
        path.write_text("\n".join(lines))
    return job


def test_a_list_has_a_column_for_each_class(several):
    channel = read(several)
    assert channel.labels.dtype == np.float32
    np.testing.assert_array_equal(channel.labels[:4], [[1, 0, 1], [0, 1, 0], [1, 0, 0], [0, 1, 1]])
    chosen = parse(several.hyperparameters | SETTINGS)
    found = list(batches(channel, chosen, np.random.default_rng(0)))
    assert [labels.shape for _, labels in found] == [(8, 3), (8, 3)]
    for images, labels in found:  # red is channel 0, blue channel 2
        np.testing.assert_array_equal(images[:, 0].mean((1, 2)) > images[:, 2].mean((1, 2)), labels[:, 0] == 1)


def change(job, text):
    lines = job.train_list.read_text().splitlines()
    lines[2] = text
    job.train_list.write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2\t1\t0\tred_2.png", "line 3 has 2 labels, but num_classes is 3; .* set num_classes to 2"),
        ("2\t1\t0\t2\tred_2.png", "line 3 has 2 among its labels; with multi_label each is 0 or 1"),
        ("2\t1\t0\tnan\tred_2.png", "line 3 has nan among its labels"),
        ("2\t1\t0\tred_2.png\tred_2.png", "line 3 has red_2.png among its labels"),
    ],
)
def test_says_which_labels_do_not_fit(several, line, reason):
    change(several, line)
    with pytest.raises(InputDataError, match=reason):
        read(several)


def test_an_image_may_be_of_no_class(several):
    change(several, "2\t0\t0\t0\tred_2.png")
    assert read(several).labels[2].tolist() == [0, 0, 0]


def test_says_which_class_has_no_image(several):
    several.train_list.write_text(
        several.train_list.read_text().replace("\t1\tred", "\t0\tred").replace("\t1\tblue", "\t0\tblue")
    )
    with pytest.raises(InputDataError, match="num_classes is 3, but channel 'train' has no image of label 2"):
        read(several)


def test_several_labels_need_multi_label(several):
    with pytest.raises(InputDataError, match=r"line 1 has 3 labels, and one is needed; .* set multi_label to 1"):
        read(several, multi_label="0")


@pytest.mark.parametrize(
    ("text", "label_format", "found"),
    [
        ("[1, 0, 1]", "multi-hot", (1, 0, 1)),
        ("[0, 2]", "class-id", (1, 0, 1)),
        ("[]", "class-id", (0, 0, 0)),
        ('["0", "2"]', "class-id", (1, 0, 1)),
        ("1", "class-id", (0, 1, 0)),
    ],
)
def test_reads_both_formats_of_a_manifests_list(text, label_format, found):
    assert Labels(3, several=True).of_json(text, "line 1", label_format) == found


@pytest.mark.parametrize(
    ("text", "label_format", "reason"),
    [
        ("[0, 2]", "multi-hot", "line 1 has 2 labels, but num_classes is 3"),
        ("[0, 3]", "class-id", "line 1 has label 3, but num_classes is 3"),
        ("[0, -1]", "class-id", "line 1 has label '-1'"),
        ("[0, 0.5]", "class-id", "line 1 has label '0.5'"),
        ("1", "multi-hot", "line 1 has label 1; .* a list with a 0 or 1 for each class"),
        ('{"a": 1}', "class-id", "line 1 has label .* neither a number nor a list of numbers"),
        ("[" * 900 + "]" * 900, "class-id", "line 1 has label .* neither a number nor a list of numbers"),
        ("1e300", "class-id", "line 1 has label 1000"),
        ("[true, 0, 1]", "multi-hot", "line 1 has True among its labels"),
        ("[null, 0, 1]", "multi-hot", "line 1 has None among its labels"),
        ("[" * 100_000, "class-id", "line 1 has label"),
    ],
)
def test_refuses_what_is_no_list_of_labels(text, label_format, reason):
    with pytest.raises(InputDataError, match=reason):
        Labels(3, several=True).of_json(text, "line 1", label_format)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=4)
).map(json.dumps)


@given(JSON | st.text(), st.booleans(), st.sampled_from(["multi-hot", "class-id"]))
def test_any_text_is_labels_or_a_reason_that_fits(text, several, label_format):
    labels = Labels(3, several)
    try:
        found = labels.of_json(text, "line 1", label_format)
        labels.check([found], ["line 1"])
    except InputDataError as error:
        assert len(str(error)) < 900  # noqa: PT017 - either is right
        return
    assert labels.gather([found]).shape == ((1, 3) if several else (1,))


def test_a_mistyped_number_of_classes_takes_no_memory():
    labels = Labels(10**12, several=False)
    with pytest.raises(InputDataError, match=r"has no image of label 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 …"):
        labels.check_all_seen(labels.gather([(0,), (1,)]), "channel 'train'")


@pytest.mark.parametrize("text", ["1", '"1"', "1.0", "[1]"])
def test_a_single_label_is_read_however_it_is_written(text):
    assert Labels(2, several=False).of_json(text, "line 1", "multi-hot") == (1,)
