"""What a training job says of the time that it takes."""

import pytest

from imageclassification import forecast, program, symbol
from imageclassification.hyperparameters import parse


def job(**values):
    given = {"num_classes": 2, "num_training_samples": 1000, "mini_batch_size": 50, **values}
    return parse(given)


def made(chosen, *, own=True):
    one = forecast.work(chosen.num_layers, chosen.num_classes, chosen.image_shape)
    return forecast.Forecast(chosen, one, train=1000, validation=200, own=own)


def test_the_multiplications_are_those_of_the_papers():
    """He et al., "Deep Residual Learning for Image Recognition", table 1: 1.8, 3.6, 3.8, 7.6 and 11.3 billion."""
    found = [forecast.work(depth, 1000, (3, 224, 224)) / 1e9 for depth in (18, 34, 50, 101, 152)]
    assert found == pytest.approx([1.8, 3.6, 3.8, 7.6, 11.3], rel=0.1)


def test_the_work_of_a_given_graph_is_found_too():
    read = program.read(symbol.resnet(20, 2, (3, 28, 28)))
    assert forecast.multiplications(read, program.shapes(read, (3, 28, 28))) == forecast.work(20, 2, (3, 28, 28))


def test_a_long_job_says_so_at_once_and_then_how_long_and_what_is_quicker():
    long = made(job(image_shape=(3, 32, 32), num_layers=152, epochs=30))
    at_once = long.at_first(threads=2)
    assert "more than some minutes" in at_once[0]
    assert at_once[1].startswith("Quicker would be: num_layers=18 (")
    assert long.after(1, 20.0) == []  # the first batch prepares things
    lines = long.after(2, 60.0)
    assert lines[0] == "Estimate: 30 s a batch, 11 min an epoch, 5.3 h for 30 epochs"
    assert "num_layers=18 (" in lines[1]
    assert "image_shape=3,28,28 with num_layers=20 (" in lines[1]
    assert "StopTrainingJob" in lines[2]
    assert long.after(3, 90.0) == []  # once


def test_fewer_epochs_are_named_if_one_fits():
    chosen = made(job(image_shape=(3, 28, 28), num_layers=20, epochs=30))
    lines = chosen.after(5, 10.0)
    assert lines == [
        "Estimate: 2.0 s a batch, 43 s an epoch, 21 min for 30 epochs",
        "Quicker would be: epochs=7 (4.3 times)",
    ]


def test_a_short_job_says_nothing():
    short = made(job(image_shape=(3, 28, 28), num_layers=20, epochs=2))
    assert short.at_first(threads=2) == []
    assert short.after(10, 1.0) == []


def test_an_interrupted_job_counts_the_epochs_that_are_left():
    left = made(job(image_shape=(3, 28, 28), num_layers=20, epochs=30))
    assert left.after(5, 10.0, epochs_done=20)[0].endswith("7 min for 10 epochs")
    assert made(job(image_shape=(3, 28, 28), num_layers=20, epochs=30)).after(5, 10.0, epochs_done=25) == []


def test_a_batch_that_takes_half_a_minute_is_enough():
    assert made(job(image_shape=(3, 224, 224), num_layers=152)).after(1, 31.0)[0].startswith("Estimate: 31 s a batch")


def test_an_epoch_of_one_batch_is_enough():
    chosen = job(image_shape=(3, 28, 28), num_layers=20, epochs=300, mini_batch_size=1000)
    assert made(chosen).after(1, 4.0)[0].startswith("Estimate: 4.0 s a batch")


def test_the_depth_of_a_given_network_is_not_to_be_chosen():
    given = made(job(image_shape=(3, 32, 32), num_layers=152, epochs=30), own=False)
    assert "num_layers" not in " ".join(given.after(2, 60.0))
