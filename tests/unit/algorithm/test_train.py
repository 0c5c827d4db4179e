"""Training: the whole process as the local cloud runs it, and its parts."""

import re
import signal

import numpy as np
import pytest

from scones.algorithm import artifact
from scones.algorithm.loop import EarlyStopping, learning_rate
from scones.algorithm.predictor import Predictor
from scones.algorithm.train import refuse_unsupported, run
from scones.errors import HyperparameterError
from scones.training.hyperparameters import parse

LINE = re.compile(r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d (INFO|ERROR) \d+\] ")


def hyperparameters(**values):
    return parse({"num_classes": 2, "num_training_samples": 100} | values)


@pytest.fixture
def messages(caplog):
    caplog.set_level("INFO", logger="image-classification")
    return lambda: [record.getMessage() for record in caplog.records]


def test_a_job_runs_from_channels_to_artifact_and_logs_as_the_algorithm_does(job, finish):
    job.hyperparameters |= {"epochs": "12", "augmentation_type": "crop"}
    with job.start() as process:
        output, errors = finish(process)
    assert process.returncode == 0, errors
    assert errors == ""
    lines = output.splitlines()
    assert all(LINE.match(line) for line in lines)
    for epoch in range(12):
        assert any(re.search(rf"Epoch\[{epoch}\] Train-accuracy=[01]\.\d{{6}}$", line) for line in lines)
        assert any(re.search(rf"Epoch\[{epoch}\] Time cost=\d+\.\d{{3}}$", line) for line in lines)
        assert any(re.search(rf"Epoch\[{epoch}\] Validation-accuracy=[01]\.\d{{6}}$", line) for line in lines)
    accuracies = [float(value) for value in re.findall(r"Validation-accuracy=(\S+)", output)]
    stored = [float(value) for value in re.findall(r"Storing the best model with validation accuracy: (\S+)", output)]
    assert stored == sorted(set(stored))
    assert stored[-1] == max(accuracies) == 1.0
    made = artifact.read(job.root / "model")
    assert made.epoch == accuracies.index(1.0) + 1, "of equally good epochs, the first is kept"
    assert made.shapes == [{"shape": [8, 3, 8, 8], "name": "data"}]
    assert not (job.root / "output").exists()
    # What is served is what was trained: the images that the job was right on are answered right.
    predictor = Predictor(made)
    for path in job.data("validation").iterdir():
        (row,) = predictor.probabilities([path.read_bytes()])
        assert row.argmax() == (0 if path.name.startswith("red") else 1)


def test_a_job_that_cannot_be_run_says_so_in_its_failure_file(job, finish):
    job.hyperparameters["num_training_samples"] = "900"
    with job.start() as process:
        output, errors = finish(process)
    assert process.returncode == 2
    reason = (job.root / "output/failure").read_text()
    assert reason.startswith("ClientError: num_training_samples is 900")
    assert reason in output
    assert "Traceback" not in errors
    assert not (job.root / "model").exists()


def test_a_failure_of_the_algorithm_itself_is_told_apart(job, finish):
    (job.root / "model").write_text("a file where the folder goes")
    with job.start() as process:
        finish(process)
    assert process.returncode == 1
    assert (job.root / "output/failure").read_text().startswith("AlgorithmError: ")


def wait_for(process, text):
    for line in process.stdout:
        if text in line:
            return
    pytest.fail(f"the process never printed {text!r}")


def test_a_job_that_is_stopped_keeps_its_best_model(job, finish):
    job.hyperparameters["epochs"] = "100000"
    with job.start() as process:
        wait_for(process, "Epoch[1] Validation-accuracy")
        process.send_signal(signal.SIGTERM)
        output, errors = finish(process)
    assert process.returncode == 0, errors
    assert "the best model so far is kept" in output
    assert artifact.read(job.root / "model").epoch >= 1


def test_a_job_leaves_with_the_process_that_started_it(job):
    job.hyperparameters["epochs"] = "100000"
    with job.start() as process:
        wait_for(process, "Epoch[0] Validation-accuracy")
        process.stdin.close()
        assert process.wait(timeout=30) != 0


def test_a_job_that_is_stopped_at_once_ends_without_a_model(job):
    run(job.write(), seed=0, stopped=lambda: True)
    assert not (job.root / "model").exists()


def test_the_same_seed_gives_the_same_model(job):
    job.hyperparameters |= {"augmentation_type": "crop", "epochs": "1"}
    models = []
    for seed in (3, 3, 4):
        run(job.write(), seed=seed)
        models.append(artifact.read(job.root / "model").parameters)
    for name, value in models[0].items():
        np.testing.assert_array_equal(value, models[1][name])
    assert (models[0]["arg:fc1_weight"] != models[2]["arg:fc1_weight"]).any()


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adam", "learning_rate": "0.003"},
        {"optimizer": "rmsprop", "learning_rate": "0.001"},
        {"optimizer": "nag"},
        {"top_k": "2", "kv_store": "dist_sync"},
        {"resize": "12", "augmentation_type": "crop"},
    ],
)
def test_every_way_of_training_learns(job, settings, messages):
    job.hyperparameters |= {"epochs": "15"} | settings
    run(job.write(), seed=0)
    lines = messages()
    assert max(float(line.split("=")[1]) for line in lines if "Validation-accuracy" in line) == 1.0
    assert ("Epoch[0] Train-top_k_accuracy_2=1.000000" in lines) == ("top_k" in settings)


def test_early_stopping_ends_the_job(job, messages):
    job.hyperparameters |= {"epochs": "60", "early_stopping": "True", "early_stopping_min_epochs": "2"}
    job.hyperparameters |= {"early_stopping_patience": "3", "learning_rate": "0"}
    run(job.write(), seed=0)
    ended = [line for line in messages() if line.startswith("Early stopping")]
    assert ended == ["Early stopping at epoch 4: best validation accuracy 0.500000"]


def test_hyperparameters_that_make_the_loss_overflow_are_the_owners_to_mend(job):
    job.hyperparameters |= {"optimizer": "rmsprop", "learning_rate": "1", "gamma": "1", "eps": "0"}
    with pytest.raises(HyperparameterError, match=r"nan in epoch 0 .*lower learning_rate"):
        run(job.write(), seed=0)


def test_the_rate_is_multiplied_at_each_step():
    chosen = hyperparameters(learning_rate=0.8, lr_scheduler_factor=0.5, lr_scheduler_step="2,5")
    assert [learning_rate(chosen, epoch) for epoch in range(7)] == [0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]
    assert learning_rate(hyperparameters(), 29) == 0.1


def ended(accuracies, **settings):
    """The epoch with which training ends, None where it goes to its end."""
    early = EarlyStopping(hyperparameters(early_stopping=True, **settings))
    return next((epoch for epoch, accuracy in enumerate(accuracies) if early.ends(epoch, accuracy)), None)


def test_early_stopping_waits_its_patience_after_the_least_epochs():
    flat = [0.5] * 30
    assert ended(flat) == 14  # at least 10 epochs, then 5 more without anything better
    assert ended(flat, early_stopping_min_epochs=1, early_stopping_patience=2) == 2
    assert ended([0.5, 0.6, 0.7, 0.8] * 2, early_stopping_min_epochs=1, early_stopping_patience=5) is None


def test_early_stopping_counts_only_what_passes_the_tolerance():
    slow = [0.5 * 1.01**epoch for epoch in range(30)]  # a hundredth better each epoch; the tolerance is relative
    settings = {"early_stopping_min_epochs": 1, "early_stopping_patience": 4}
    assert ended(slow, **settings) is None
    assert ended(slow, early_stopping_tolerance=0.03, **settings) is None  # reached within the patience
    assert ended(slow, early_stopping_tolerance=0.05, **settings) == 4


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("use_pretrained_model", {"use_pretrained_model": 1}),
        ("multi_label", {"multi_label": 1}),
        ("precision_dtype", {"precision_dtype": "float16"}),
        ("checkpoint_frequency", {"checkpoint_frequency": 1}),
        ("image_shape", {"image_shape": "1,28,28", "num_layers": 20}),
    ],
)
def test_refuses_by_name_what_is_not_supported(name, values):
    with pytest.raises(HyperparameterError, match=f"^{name} .*not supported here yet"):
        refuse_unsupported(hyperparameters(**values))


def test_every_supported_value_passes():
    refuse_unsupported(hyperparameters(augmentation_type="crop", top_k=2, kv_store="dist_async", early_stopping=True))
