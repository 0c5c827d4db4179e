"""Training: the whole process, as the local cloud runs it, and its parts."""

import re
import signal

import numpy as np
import pytest
from PIL import Image

from imageclassification import artifact, backbones
from imageclassification.errors import HyperparameterError
from imageclassification.hyperparameters import parse
from imageclassification.predictor import Predictor
from imageclassification.symbol import resnet
from imageclassification.train import run
from scones.training.progress import Progress

pytestmark = pytest.mark.slow

LINE = re.compile(r"\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d (INFO|ERROR) \d+\] ")


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
    # The served model is the trained model: it gets the same images right.
    predictor = Predictor(made)
    for path in job.data("validation").iterdir():
        (row,) = predictor.probabilities([path.read_bytes()])
        assert row.argmax() == (0 if path.name.startswith("red") else 1)


def test_a_job_that_cannot_be_run_says_so_in_its_failure_file(job, finish):
    job.hyperparameters |= {"num_training_samples": "900", "mini_batch_size": "900"}
    with job.start() as process:
        output, errors = finish(process)
    assert process.returncode == 2
    reason = (job.root / "output/failure").read_text()
    assert reason.startswith("ClientError: mini_batch_size is 900, but")
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
    assert "what was kept so far is the model" in output
    assert artifact.read(job.root / "model").epoch >= 1


def test_a_job_leaves_with_the_process_that_started_it(job):
    job.hyperparameters["epochs"] = "100000"
    with job.start() as process:
        wait_for(process, "Epoch[0] Validation-accuracy")
        process.stdin.close()
        assert process.wait(timeout=60) != 0


def test_a_job_that_is_stopped_at_once_ends_without_a_model(job):
    run(job.write(), seed=0, stopped=lambda: True)
    assert not (job.root / "model").exists()


@pytest.mark.parametrize("after", [5, 110])  # operators, of 74: of the first batch's way forward, and of its way back
def test_a_job_is_stopped_in_the_middle_of_a_batch(job, messages, after):
    """A batch of a large network takes minutes on a CPU, and its owner should not wait for it."""
    asked = []

    def stopped():
        asked.append(1)
        return len(asked) > after

    run(job.write(), seed=0, stopped=stopped)
    assert len(asked) == after + 1  # asked no more: the rest of the pass was left out
    assert messages()[-1] == "Stopped in epoch 0; what was kept so far is the model"
    assert not (job.root / "model").exists()


def test_a_long_job_says_so_before_and_after_its_first_batches(job, messages, monkeypatch):
    monkeypatch.setattr("imageclassification.forecast.LONG", 1e-6)
    monkeypatch.setattr("imageclassification.forecast.ENOUGH", 0.0)
    job.hyperparameters |= {"epochs": "2"}
    run(job.write(), seed=0)
    said = messages()
    first = next(place for place, line in enumerate(said) if line.startswith("This machine has no GPU"))
    estimate = next(place for place, line in enumerate(said) if line.startswith("Estimate: "))
    assert first < estimate < next(place for place, line in enumerate(said) if "Train-accuracy" in line)
    assert re.fullmatch(r"Estimate: \S+ s a batch, \S+ s an epoch, \S+ s for 2 epochs", said[estimate])


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
    for split in ("Train", "Validation"):
        assert (f"Epoch[0] {split}-top_k_accuracy_2=1.000000" in lines) == ("top_k" in settings)


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


def test_without_a_model_channel_the_containers_own_weights_are_started_from(job, messages):
    job.hyperparameters |= {"use_pretrained_model": "1", "learning_rate": "0", "epochs": "1"}
    run(job.write(), seed=0)
    (said,) = [line for line in messages() if line.startswith("Starting from this container's own weights")]
    assert said.endswith("with a new last layer")
    own = backbones.fitting(parse(job.hyperparameters)).artifact()
    made = artifact.read(job.root / "model")
    assert made.num_classes == 2
    np.testing.assert_array_equal(made.parameters["arg:conv0_weight"], own.parameters["arg:conv0_weight"])


def test_own_weights_that_do_not_fit_are_refused_at_once_with_those_that_do(job, messages):
    job.hyperparameters |= {"use_pretrained_model": "1", "num_layers": "32"}
    with pytest.raises(HyperparameterError, match=r"num_layers 32 .* are for num_layers 20 and images of 3 channels"):
        run(job.write(), seed=0)
    assert not any(line.startswith("Training on") for line in messages())


def test_every_nth_epoch_is_kept_where_it_is_asked_for(job, messages):
    job.hyperparameters |= {"epochs": "5", "checkpoint_frequency": "2"}
    run(job.write(), seed=0)
    kept = sorted(path.name for path in (job.root / "model").glob("*.params"))
    assert kept == ["image-classification-0002.params", "image-classification-0004.params"]
    assert artifact.read(job.root / "model").epoch == 4
    assert "checkpoint_frequency is 2: the model serves the last epoch that was stored" in messages()
    progress = Progress("job", 5)
    for line in messages():
        progress = progress.after(line)
    assert progress.saved == 3, "who registers the job finds the accuracy of the artifact, not of the last epoch"


def test_a_job_that_ends_before_the_first_epoch_to_keep_leaves_no_model(job, messages):
    """AWS promises the parameters of every so many epochs, and nothing before."""
    job.hyperparameters |= {"epochs": "50", "checkpoint_frequency": "50", "early_stopping": "True"}
    job.hyperparameters |= {"early_stopping_min_epochs": "1", "early_stopping_patience": "1"}
    run(job.write(), seed=0)
    epochs = sum("Validation-accuracy" in line for line in messages())
    assert 0 < epochs < 50
    assert messages()[-1] == f"No model is kept: training ended after epoch {epochs} of checkpoint_frequency 50"
    assert not list((job.root / "model").glob("*.params"))


def test_several_labels_an_image_are_learnt_and_judged_label_by_label(job, messages):
    """Red is label 0, blue label 1, and every image has label 2."""
    job.hyperparameters |= {"num_classes": "3", "multi_label": "1", "use_weighted_loss": "1", "epochs": "15"}
    for split in ("train", "validation"):
        listed = job.data(f"{split}_lst") / f"{split}.lst"
        rows = [line.split("\t") for line in listed.read_text().splitlines()]
        marks = {"0": "1\t0", "1": "0\t1"}
        listed.write_text("".join(f"{index}\t{marks[label]}\t1\t{path}\n" for index, label, path in rows))
    run(job.write(), seed=0)
    accuracies = [float(line.split("=")[1]) for line in messages() if "Validation-accuracy" in line]
    assert accuracies[-1] == 1.0
    assert all(accuracy * 24 == pytest.approx(round(accuracy * 24), abs=1e-4) for accuracy in accuracies)
    predictor = Predictor(artifact.read(job.root / "model"))
    (row,) = predictor.probabilities([(job.data("validation") / "red_0.png").read_bytes()])
    assert (row > 0.5).tolist() == [True, False, True]
    assert row.sum() > 1.5


def test_grey_images_are_learnt(job, messages):
    for split in ("train", "validation"):
        for path in job.data(split).iterdir():
            Image.new("L", (10, 10), 200 if path.name.startswith("red") else 40).save(path)
    job.hyperparameters |= {"image_shape": "1,8,8", "epochs": "8"}
    run(job.write(), seed=0)
    assert max(float(line.split("=")[1]) for line in messages() if "Validation-accuracy" in line) == 1.0
    assert artifact.read(job.root / "model").image_shape == (1, 8, 8)


def test_half_precision_learns_and_is_written_in_single_precision(job, messages):
    """The model must run on a CPU, and MXNet computes float16 only on GPUs."""
    job.hyperparameters |= {"precision_dtype": "float16", "epochs": "10"}
    run(job.write(), seed=0)
    assert max(float(line.split("=")[1]) for line in messages() if "Validation-accuracy" in line) == 1.0
    made = artifact.read(job.root / "model")
    assert {array.dtype for array in made.parameters.values()} == {np.dtype(np.float32)}
    assert made.symbol == resnet(20, 2, (3, 8, 8))
