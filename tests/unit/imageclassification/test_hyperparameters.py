"""Hyperparameters have the algorithm's names, defaults, ranges and rules, and their errors say what to do."""

import dataclasses
import subprocess
import sys

import pytest

from imageclassification.errors import HyperparameterError
from imageclassification.hyperparameters import Hyperparameters, allowed, check_pretrained, parse
from scones.training.recipe import SMALL_IMAGES

DATA = {"num_classes": "2", "num_training_samples": "900"}


def read(**values):
    return parse(DATA | values)


def test_defaults_are_the_algorithms():
    assert dataclasses.asdict(read()) == {
        "num_classes": 2,
        "num_training_samples": 900,
        "image_shape": (3, 224, 224),
        "num_layers": 152,
        "epochs": 30,
        "mini_batch_size": 32,
        "learning_rate": 0.1,
        "lr_scheduler_factor": 0.1,
        "lr_scheduler_step": None,
        "optimizer": "sgd",
        "momentum": 0.9,
        "weight_decay": 0.0001,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "eps": 1e-8,
        "gamma": 0.9,
        "use_pretrained_model": False,
        "augmentation_type": None,
        "resize": None,
        "multi_label": False,
        "use_weighted_loss": False,
        "top_k": None,
        "precision_dtype": "float32",
        "kv_store": None,
        "checkpoint_frequency": None,
        "early_stopping": False,
        "early_stopping_min_epochs": 10,
        "early_stopping_patience": 5,
        "early_stopping_tolerance": 0.0,
        "given": frozenset(DATA),
    }


# All at once, except top_k, which multi_label excludes.
EVERY_ONE = DATA | {
    "image_shape": "3,224,224",
    "num_layers": "50",
    "epochs": "12",
    "mini_batch_size": "64",
    "learning_rate": "0.05",
    "lr_scheduler_factor": "0.5",
    "lr_scheduler_step": "4,8",
    "optimizer": "adam",
    "momentum": "0.8",
    "weight_decay": "0.0005",
    "beta_1": "0.8",
    "beta_2": "0.99",
    "eps": "1e-06",
    "gamma": "0.95",
    "use_pretrained_model": "1",
    "augmentation_type": "crop_color_transform",
    "resize": "256",
    "multi_label": "1",
    "use_weighted_loss": "1",
    "precision_dtype": "float16",
    "kv_store": "dist_sync",
    "checkpoint_frequency": "3",
    "early_stopping": "True",
    "early_stopping_min_epochs": "5",
    "early_stopping_patience": "3",
    "early_stopping_tolerance": "0.01",
}


def test_what_is_sent_is_what_was_set():
    assert EVERY_ONE.keys() | {"top_k"} == allowed().keys()
    assert parse(EVERY_ONE).to_strings() == EVERY_ONE
    assert read().to_strings() == DATA
    assert read(optimizer="sgd").to_strings() == DATA | {"optimizer": "sgd"}  # set, though it is the default


def test_what_is_sent_is_read_back_the_same():
    chosen = parse(EVERY_ONE)
    assert parse(chosen.to_strings()) == chosen
    built = Hyperparameters(num_classes=2, num_training_samples=900, epochs=7, early_stopping=True)
    assert built.to_strings() == DATA | {"epochs": "7", "early_stopping": "True"}


def test_python_values_are_taken_too():
    chosen = parse(
        {
            "num_classes": 2,
            "num_training_samples": 900,
            "image_shape": (3, 28, 28),
            "num_layers": 20,
            "learning_rate": 0.2,
            "lr_scheduler_step": [3, 5],
            "early_stopping": True,
            "use_pretrained_model": False,
        }
    )
    assert chosen == read(
        image_shape="3,28,28", num_layers="20", learning_rate="0.2", lr_scheduler_step="3,5", early_stopping="true"
    )


def test_names_that_sagemaker_adds_are_passed_over():
    assert read(_tuning_objective_metric="validation:accuracy") == read()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("learning_rat", "did you mean learning_rate=1?"),
        ("epoch", "did you mean epochs=1?"),
        ("lr", "did you mean learning_rate=1?"),
        ("batch_size", "did you mean mini_batch_size=1?"),
        ("Weight-Decay", "did you mean weight_decay=1?"),
        ("zzz", "there are: num_classes"),
    ],
)
def test_an_unknown_name_gets_the_nearest(name, hint):
    with pytest.raises(HyperparameterError, match=f"there is no hyperparameter '{name}'") as caught:
        read(**{name: "1"})
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize("name", ["num_classes", "num_training_samples"])
def test_names_the_one_that_is_missing(name):
    with pytest.raises(HyperparameterError, match=f"hyperparameter {name} is missing"):
        parse({key: value for key, value in DATA.items() if key != name})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("num_classes", ["0", "-1", "2.0", "two", "", "٣"]),
        ("epochs", ["0", "1e2", " "]),
        ("mini_batch_size", ["0"]),
        ("learning_rate", ["-0.1", "1.01", "nan", "inf", "fast"]),
        ("momentum", ["1.5"]),
        ("weight_decay", ["-1e-9"]),
        ("eps", ["2"]),
        ("num_layers", ["21", "8", "resnet50"]),
        ("image_shape", ["28", "28,28", "3,0,28", "3,28,28,1", "3,28,4097", "(3,28,28)", "3x28x28"]),
        ("lr_scheduler_step", ["", "0,5", "5,5", "9,3", "a", "1.5"]),
        ("optimizer", ["SGD", "adamw"]),
        ("augmentation_type", ["flip", ""]),
        ("use_pretrained_model", ["True", "2"]),
        ("top_k", ["1"]),
        ("precision_dtype", ["bfloat16"]),
        ("kv_store", ["device"]),
        ("early_stopping", ["yes", "1"]),
        ("resize", ["0", "4097"]),
        ("checkpoint_frequency", ["0"]),
    ],
)
def test_refuses_values_out_of_range_with_what_is_allowed(name, values):
    for value in values:
        with pytest.raises(HyperparameterError) as caught:
            read(**{name: value})
        assert caught.value.message == f"{name} is '{value}'; it must be {allowed()[name][1]}"


def test_a_mistyped_choice_gets_the_nearest():
    with pytest.raises(HyperparameterError) as caught:
        read(optimizer="SGD")
    assert caught.value.hint == "did you mean sgd?"


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_depths_for_small_images_go_with_small_images_only(depth):
    assert read(num_layers=depth, image_shape="3,28,28").num_layers == depth
    with pytest.raises(HyperparameterError, match=rf"num_layers is {depth}, but images over 28 pixels .* 18, 34, 50"):
        read(num_layers=depth, image_shape="3,32,32")


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152, 200])
def test_depths_for_large_images_go_with_large_images_only(depth):
    assert read(num_layers=depth, image_shape="3,32,32").num_layers == depth
    with pytest.raises(HyperparameterError, match=rf"num_layers is {depth}, but images up to 28 pixels .* 20, 32, 44"):
        read(num_layers=depth, image_shape="3,28,28")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"mini_batch_size": "901"}, r"mini_batch_size is 901, more than num_training_samples \(900\)"),
        ({"resize": "223"}, "resize is 223, less than the sides of image_shape 3,224,224"),
        ({"top_k": "3"}, "top_k is 3, more than num_classes, 2"),
        ({"checkpoint_frequency": "31"}, "checkpoint_frequency is 31, more than epochs, 30"),
        ({"use_weighted_loss": "1"}, "use_weighted_loss is 1, but multi_label is 0"),
        ({"top_k": "2", "multi_label": "1"}, "top_k is 2 with multi_label 1"),
        ({"image_shape": "4,224,224"}, r"image_shape is 4,224,224, of 4 channels; images are grey \(1\) or RGB \(3\)"),
    ],
)
def test_refuses_values_that_do_not_go_together(values, reason):
    with pytest.raises(HyperparameterError, match=reason):
        read(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"mini_batch_size": "900"},
        {"resize": "224"},
        {"top_k": "2"},
        {"checkpoint_frequency": "30"},
        {"lr_scheduler_step": "40,50"},  # beyond the last epoch: never reached, as in the algorithm
        {"learning_rate": "0"},
        {"momentum": "1"},
    ],
)
def test_takes_values_at_the_ends_of_their_ranges(values):
    assert read(**values)


def test_pretrained_weights_for_other_images_come_from_a_model_channel_only():
    small = read(use_pretrained_model="1", image_shape="3,28,28", num_layers="20")
    check_pretrained(small, model_channel=True)
    with pytest.raises(HyperparameterError, match="the container's own weights are for 3,224,224") as caught:
        check_pretrained(small, model_channel=False)
    assert "invoke train --model" in caught.value.hint
    check_pretrained(read(use_pretrained_model="1"), model_channel=False)


def test_the_recipe_for_small_images_is_allowed_and_sent_whole():
    assert parse(DATA | SMALL_IMAGES).to_strings() == DATA | SMALL_IMAGES


def test_needs_neither_torch_nor_numpy():
    """A task that only sends a job must start quickly."""
    modules = "sys, imageclassification.hyperparameters, scones.training.recipe"
    command = f"import {modules}; print({{'torch', 'numpy'}} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
