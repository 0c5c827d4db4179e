"""A correct channel is read as the algorithm reads it. A wrong one gives an error that says how to correct it."""

import itertools
import threading

import numpy as np
import pytest
from PIL import Image

from imageclassification.data import Channel, ahead, batches, check_channels
from imageclassification.errors import InputDataError
from imageclassification.hyperparameters import parse


def read(job, name="train", **changes):
    return Channel.read(job.write(), name, parse(job.hyperparameters | changes))


def test_reads_images_and_labels_in_the_lists_order(job):
    channel = read(job)
    assert len(channel) == 16
    np.testing.assert_array_equal(channel.labels, [0, 1] * 8)
    for index in range(len(channel)):
        brightest = channel.image(index).reshape(-1, 3).mean(0).argmax()
        assert brightest == 2 * channel.labels[index]


def test_labels_may_be_written_as_mxnets_im2rec_does(job):
    job.train_list.write_text(job.train_list.read_text().replace("\t1\t", "\t1.000000\t") + "\n")
    assert read(job).labels.tolist() == [0, 1] * 8


def test_several_lists_are_read_one_after_the_other(job):
    lines = job.train_list.read_text().splitlines(keepends=True)
    job.train_list.write_text("".join(lines[:10]))
    (job.data("train_lst") / "train_more.lst").write_text("".join(lines[10:]))
    assert len(read(job)) == 16


def rewrite(job, number, line):
    lines = job.train_list.read_text().splitlines()
    lines[number - 1] = line
    job.train_list.write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2\t5\tred_2.png", "train.lst line 3 has label 5, but num_classes is 2.*set num_classes to 6"),
        ("2\t-1\tred_2.png", "train.lst line 3 has label '-1'"),
        ("2\tbicycle\tred_2.png", "train.lst line 3 has label 'bicycle'; a label is a class index"),
        ("2\tnan\tred_2.png", "label 'nan'"),
        ("2\tinf\tred_2.png", "label 'inf'"),
        ("2 0 red_2.png", "train.lst line 3 must be index, label and path separated by tabs"),
        ("2\t0\t1\tred_2.png", "multi_label"),
        ("2\t0\tgone.png", r"names 'gone.png', which channel 'train' does not hold \(1 of 16"),
        ("2\t0\t../validation/red_0.png", "lies outside the channel"),
        ("2\t0\t/etc/hostname", "lies outside the channel"),
        ("1\t0\tred_2.png", "train.lst line 3 has index 1, as train.lst line 2 has; every image needs an index"),
    ],
)
def test_says_which_line_of_a_list_is_wrong(job, line, reason):
    rewrite(job, 3, line)
    with pytest.raises(InputDataError, match=reason):
        read(job)


@pytest.mark.parametrize("said", ["900", "12"])
def test_says_how_many_training_samples_there_are_and_takes_them_all(job, caplog, said):
    assert len(read(job, num_training_samples=said)) == 16
    assert f"num_training_samples is {said}, but channel 'train' has 16 images" in caplog.text


def test_says_that_a_batch_has_more_images_than_there_are(job):
    with pytest.raises(InputDataError, match=r"mini_batch_size is 17, but .* 16 images; set mini_batch_size to 16"):
        read(job, num_training_samples="900", mini_batch_size="17")


def test_says_which_classes_have_no_image(job):
    with pytest.raises(InputDataError, match="num_classes is 4, but channel 'train' has no image of label 2, 3"):
        read(job, num_classes="4")


def test_says_which_image_is_smaller_than_the_network_takes(job):
    with pytest.raises(InputDataError, match=r"is 10 x 10 pixels, smaller than image_shape 3,12,12; .* resize to 12"):
        read(job, image_shape="3,12,12")


def test_resizing_makes_small_images_large_enough(job):
    assert read(job, image_shape="3,12,12", resize="14").image(0).shape == (14, 14, 3)


def test_names_an_image_that_is_none(job):
    (job.data("train") / "red_4.png").write_bytes(b"no image")
    with pytest.raises(InputDataError, match=r"channel 'train': red_4\.png: .*neither a PNG nor a JPEG"):
        read(job)


@pytest.mark.parametrize("content", [None, "", "\n\n"])
def test_says_when_there_is_no_list(job, content):
    job.train_list.unlink()
    if content is not None:
        job.train_list.write_text(content)
    with pytest.raises(InputDataError, match="channel 'train_lst'"):
        read(job)


@pytest.mark.parametrize(
    ("channel", "settings", "reason"),
    [
        ("train", {"ContentType": "text/csv"}, "'train' has content type 'text/csv'; it may be application/x-recordio"),
        ("train", {"TrainingInputMode": "Pipe"}, "'train' holds images in Pipe mode, .* as an augmented manifest"),
        ("validation", {"RecordWrapperType": "RecordIO"}, "'validation' has RecordWrapperType RecordIO, .* Pipe mode"),
        ("model", {"ContentType": "application/x-image"}, "channel 'model' has content type 'application/x-image'"),
        ("model", {"TrainingInputMode": "Pipe"}, "channel 'model' is in Pipe mode"),
    ],
)
def test_refuses_by_name_the_channels_it_cannot_read(job, channel, settings, reason):
    job.channels[channel] = settings
    with pytest.raises(InputDataError, match=reason):
        check_channels(job.write())


def test_lets_a_model_to_start_from_pass(job):
    job.channels["model"] = {"ContentType": "application/x-sagemaker-model", "TrainingInputMode": "File"}
    check_channels(job.write())


def test_names_the_channels_that_are_missing(job):
    del job.channels["train_lst"], job.channels["validation_lst"]
    with pytest.raises(InputDataError, match="lacks the channels train_lst, validation_lst"):
        check_channels(job.write())


@pytest.mark.parametrize("kind", [None, "image/png", "image/jpeg", "application/x-image; charset=binary"])
def test_takes_every_kind_of_image_channel(job, kind):
    job.channels["train"]["ContentType"] = kind
    check_channels(job.write())


def numbered(job, count=16, side=10):
    """Images of one value each, with a row and a column that show the place of a crop."""
    for path in job.data("train").iterdir():
        number = int(path.stem.split("_")[1])
        picture = np.full((side, side, 3), number, np.uint8)
        picture[..., 1], picture[..., 2] = np.arange(side)[:, None], np.arange(side)
        Image.fromarray(picture).save(path)


def test_an_epoch_has_every_image_once_with_its_label(job):
    numbered(job)
    hyperparameters = parse(job.hyperparameters)
    found = list(batches(read(job), hyperparameters, np.random.default_rng(0)))
    assert [images.shape for images, _ in found] == [(8, 3, 8, 8)] * 2
    numbers = np.concatenate([images[:, 0, 0, 0] for images, _ in found])
    labels = np.concatenate([labels for _, labels in found])
    assert sorted(numbers) == list(range(16))
    np.testing.assert_array_equal(labels, numbers % 2)
    assert numbers.tolist() != sorted(numbers)


def test_an_incomplete_last_batch_is_left_out(job):
    hyperparameters = parse(job.hyperparameters | {"mini_batch_size": "6"})
    assert [len(labels) for _, labels in batches(read(job), hyperparameters, np.random.default_rng(0))] == [6, 6]


def test_without_augmentation_the_middle_is_taken(job):
    numbered(job)
    for images, _ in batches(read(job), parse(job.hyperparameters), np.random.default_rng(0)):
        assert (images[:, 1, 0, 0] == 1).all()
        assert (images[:, 2, 0] == np.arange(1, 9)).all()


def test_crop_takes_any_place_and_mirrors_half(job):
    numbered(job)
    hyperparameters = parse(job.hyperparameters | {"augmentation_type": "crop"})
    channel, random = read(job), np.random.default_rng(0)
    places, mirrored = set(), []
    for _ in range(20):
        for images, _ in batches(channel, hyperparameters, random):
            columns = images[:, 2, 0].astype(int)
            flipped = columns[:, 0] > columns[:, -1]
            mirrored += flipped.tolist()
            places |= set(zip(images[:, 1, 0, 0].tolist(), columns.min(1).tolist(), strict=True))
            assert (np.abs(np.diff(columns)) == 1).all()
    assert places == {(top, left) for top in range(3) for left in range(3)}
    assert 0.4 < np.mean(mirrored) < 0.6


def test_validation_sees_the_whole_image_as_the_endpoint_does(job):
    numbered(job)
    for path in job.data("validation").iterdir():
        picture = np.zeros((16, 16, 3), np.uint8)
        picture[:, 12:] = 250  # only the last quarter, which a crop from the middle misses almost completely
        Image.fromarray(picture).save(path)
    seen = np.stack(list(read(job, "validation", augmentation_type="crop").whole((3, 8, 8))))
    assert seen.shape == (8, 3, 8, 8)
    assert (seen[..., 7] == 250).all()
    assert (seen[..., 0] == 0).all()


def test_images_beyond_the_memory_are_read_again(job, monkeypatch):
    monkeypatch.setattr("imageclassification.data.channel.MEMORY_LIMIT", 3 * 10 * 10 * 3)
    channel = read(job)
    assert sum(kept is not None for kept in channel.kept) == 3
    monkeypatch.setattr("imageclassification.data.channel.MEMORY_LIMIT", 1 << 30)
    for index, wanted in enumerate(read(job).kept):
        np.testing.assert_array_equal(channel.image(index), wanted)


def test_says_how_many_images_no_list_names(job, caplog):
    lines = job.train_list.read_text().splitlines(keepends=True)
    job.train_list.write_text("".join(lines[:-2]))
    assert len(read(job, num_training_samples="14")) == 14
    assert "channel 'train' holds 2 images that no .lst file names" in caplog.text


def test_a_network_of_one_channel_sees_grey(job):
    channel = read(job, image_shape="1,8,8")
    assert channel.image(0).shape == (10, 10, 1)
    red, green, blue = np.moveaxis(read(job).image(0).astype(float), -1, 0)
    np.testing.assert_allclose(channel.image(0)[..., 0], 0.299 * red + 0.587 * green + 0.114 * blue, atol=1)
    assert next(channel.whole((1, 8, 8))).shape == (1, 8, 8)


@pytest.mark.parametrize("augmentation", [{}, {"augmentation_type": "crop_color_transform"}])
def test_batches_of_grey_images_have_one_channel(job, augmentation):
    hyperparameters = parse(job.hyperparameters | {"image_shape": "1,8,8"} | augmentation)
    channel = read(job, image_shape="1,8,8")
    found = list(batches(channel, hyperparameters, np.random.default_rng(0)))
    assert [images.shape for images, _ in found] == [(8, 1, 8, 8)] * 2
    if not augmentation:
        seen = sorted(image.tobytes() for images, _ in found for image in images)
        assert seen == sorted(channel.image(index)[1:9, 1:9].tobytes() for index in range(16))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("\t".join(["0", *["1"] * 5000, "red_0.png"]), "line 1 has 5000 labels"),
        ("9" * 5000, "line 1 must be"),
        ("0\t" + "9" * 5000 + "x\tred_0.png", "line 1 has label"),
        ("0\t0\t" + "a/" * 3000, "line 1 names"),
    ],
)
def test_a_reason_fits_into_a_failure_reason_however_long_the_value(job, line, reason):
    rewrite(job, 1, line)
    with pytest.raises(InputDataError, match=reason) as refused:
        read(job)
    assert len(str(refused.value)) < 900


def test_the_next_batch_is_prepared_while_one_is_in_use():
    """In the same order; the thread ends with the batches, with an error, and when no more are wanted."""
    begun = [threading.Event() for _ in range(4)]

    def source():
        for number, event in enumerate(begun):
            event.set()
            if number == 3:
                raise InputDataError("damaged")
            yield number, number

    found = ahead(source())
    assert next(found) == (0, 0)
    assert begun[1].wait(60)
    assert [number for number, _ in itertools.islice(found, 2)] == [1, 2]
    with pytest.raises(InputDataError, match="damaged"):
        next(found)
    unfinished = ahead(source())
    next(unfinished)
    unfinished.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("batches")]
