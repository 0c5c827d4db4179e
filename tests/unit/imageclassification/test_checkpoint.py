"""A killed job continues from its checkpoint with the same result, and never from another job's checkpoint."""

import json
import re
import time

import numpy as np
import pytest
import torch
from PIL import Image

from imageclassification import artifact, checkpoint
from imageclassification.checkpoint import CheckpointFolder
from imageclassification.errors import UserError
from imageclassification.train import run

pytestmark = pytest.mark.slow

CHANGES = {"augmentation_type": "crop_color", "epochs": "5"}


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def wipe(job):
    """Delete the files that a new job does not have."""
    for path in (job.root / "model").glob("*"):
        path.unlink()


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Compute in one thread, as the processes of ``job.start`` do: only then are the sums exactly equal."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def messages(caplog):
    caplog.set_level("INFO", logger="image-classification")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adam", "learning_rate": "0.003"},
        {"optimizer": "nag", "checkpoint_frequency": "1", "early_stopping": "True"},
        {"precision_dtype": "float16", "optimizer": "rmsprop", "learning_rate": "0.001"},
    ],
    ids=lambda settings: settings.get("optimizer"),
)
def test_a_job_that_is_killed_makes_the_very_model_it_would_have_made(job, finish, messages, settings):
    job.hyperparameters |= CHANGES | settings
    (job.write() / "checkpoints").mkdir()
    with job.start() as process:  # another process, killed without a chance to clean up
        for line in process.stdout:
            if "Epoch[2] Train-accuracy" in line:
                break
        process.kill()
        finish(process)
    wipe(job)
    run(job.root, seed=0)
    resumed = files(job.root / "model")
    assert any(line.startswith("Going on after epoch") for line in messages())
    wipe(job)
    (job.root / "checkpoints").rename(job.root / "set-aside")
    run(job.root, seed=0)
    assert files(job.root / "model") == resumed


def accuracies(lines):
    return [line for line in lines if re.search("(Validation|Train)-accuracy|Storing", line)]


def test_a_job_that_goes_on_says_and_keeps_what_was_before(job, messages, caplog):
    job.hyperparameters |= CHANGES
    (job.write() / "checkpoints").mkdir()
    epochs = iter(range(100))
    run(job.root, seed=0, stopped=lambda: next(epochs) >= 6)  # 2 batches an epoch
    first = accuracies(messages())
    wipe(job)
    caplog.clear()
    run(job.root, seed=0)
    whole = accuracies(messages())
    assert whole[: len(first)] == first
    assert sum("Validation-accuracy" in line for line in whole) == 5
    caplog.clear()
    wipe(job)
    run(job.root, seed=0)  # training is complete: the job was killed during the upload of its model
    assert accuracies(messages()) == whole
    assert artifact.read(job.root / "model")


def test_without_the_folder_nothing_is_written(job):
    run(job.write(), seed=0)
    assert not (job.root / "checkpoints").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda job: job.hyperparameters.update(learning_rate="0.01"), "it has learning_rate 0.05, not 0.01;"),
        (lambda job: job.hyperparameters.update(top_k="2"), "it has top_k unset, not 2;"),
        (lambda job: relabel(job), "it has training data"),
        (lambda job: Image.new("RGB", (10, 10)).save(job.data("train") / "red_0.png"), "it has training data"),
    ],
    ids=["hyperparameter", "hyperparameter-unset", "labels", "image"],
)
def test_refuses_another_jobs_checkpoint(job, change, told):
    (job.write() / "checkpoints").mkdir()
    run(job.root, seed=0)
    change(job)
    with pytest.raises(UserError, match=f"the checkpoint is another job's: .*{told}"):
        run(job.write(), seed=0)


def relabel(job):
    lines = job.train_list.read_text().splitlines(keepends=True)
    lines[:2] = [lines[0].replace("\t0\t", "\t1\t"), lines[1].replace("\t1\t", "\t0\t")]
    job.train_list.write_text("".join(lines))


def test_refuses_another_seeds_checkpoint(job):
    (job.write() / "checkpoints").mkdir()
    run(job.root, seed=0)
    with pytest.raises(UserError, match="SCONES_SEED 0, not 1, starting weights "):
        run(job.root, seed=1)


def test_refuses_a_damaged_checkpoint_by_name(job):
    (job.write() / "checkpoints").mkdir()
    run(job.root, seed=0)
    path = job.root / "checkpoints" / checkpoint.FILE
    whole = path.read_bytes()
    middle = len(whole) // 2
    for damaged in (b"", whole[:middle], whole[:middle] + b"\xff\x00" * 8 + whole[middle + 16 :], b"PK" + bytes(100)):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"the checkpoint training-state\.npz is damaged"):
            run(job.root, seed=0)


def test_nothing_in_a_checkpoint_is_executed(tmp_path):
    class Boom:
        def __reduce__(self):
            return print, ("executed",)

    kept = CheckpointFolder(tmp_path, {})
    with (tmp_path / checkpoint.FILE).open("wb") as file:
        values = np.frombuffer(json.dumps({"format": 1, "identity": {}}).encode(), np.uint8)
        np.savez(file, values=values, evil=np.array([Boom()], dtype=object))
    with pytest.raises(UserError, match="damaged"):
        kept.load()


def test_the_last_checkpoint_survives_one_that_cannot_be_written(tmp_path):
    kept = CheckpointFolder(tmp_path, {"a": "1"})
    kept.save({"epoch": 1}, {"x": np.arange(3, dtype=np.float32)})
    with pytest.raises(TypeError):
        kept.save({"epoch": object()}, {})
    values, arrays = kept.load()
    assert (values["epoch"], arrays["x"].tolist()) == (1, [0, 1, 2])
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.FILE]


def test_a_checkpoint_of_the_default_network_takes_milliseconds(tmp_path):
    """Less than 2 % of an epoch, which takes over a second for 900 images."""
    random = np.random.default_rng(0)
    arrays = {f"{part}/{n}": random.random(7000, np.float32) for part in ("w", "m", "b") for n in range(60)}
    kept = CheckpointFolder(tmp_path, {})
    kept.save({}, arrays)
    started = time.process_time()
    kept.save({}, arrays)
    assert time.process_time() - started < 0.1
