"""The whole workflow as a user types it, in a copy of the project with its own local cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import control
from scones.settings import ROOT

pytestmark = pytest.mark.usefixtures("provider_is_here")

# Enough epochs to pass the gate of validation accuracy, and few enough to leave some images unsure.
EPOCHS = 10
BUILD = "build/demo"  # the demo's own, and after it that of all tasks


class Checkout:
    """A copy of the project in which invoke runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.build = root / BUILD
        ignored = shutil.ignore_patterns(".terraform*", "__pycache__", "*.egg-info")
        for name in ("python", "terraform", "asl", "lambdas"):
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        shutil.copy(ROOT / "tasks.py", root)
        # The drawn images and the counts below need these classes, whatever classes the project has now.
        own = root / "terraform" / "environments" / "local" / "environment.json"
        own.write_text(json.dumps(json.loads(own.read_text()) | {"classes": ["bicycle", "motorcycle"]}))
        # All copies share one download.
        shared = ROOT / "build" / "terraform"
        shared.mkdir(parents=True, exist_ok=True)
        (root / "build").mkdir()
        (root / "build" / "terraform").symlink_to(shared)

    def invoke(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``invoke ARGUMENTS`` in the copy."""
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_", "SCONES_ENV"))
        }
        variables |= {"PYTHONPATH": str(self.root / "python"), "COLUMNS": "160", "SCONES_BUILD": BUILD}
        return subprocess.run(
            [sys.executable, "-m", "invoke", *arguments],
            cwd=self.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
        )

    def image(self) -> str:
        """The test image with the model's most confident correct answer."""
        found = json.loads((self.build / "evaluation.json").read_text())
        right = [
            one
            for one in found["predictions"]
            if one["label"] == found["classes"][one["probabilities"].index(max(one["probabilities"]))]
        ]
        return f"{BUILD}/dataset/test/{max(right, key=lambda one: max(one['probabilities']))['name']}"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The copy. Its local cloud ends with the tests, also after a failure."""
    found = Checkout(tmp_path_factory.mktemp("checkout"))
    yield found
    control.down(found.build / "local")


@pytest.fixture(scope="module")
def demo(checkout: Checkout) -> subprocess.CompletedProcess[str]:
    """The output of ``invoke demo --keep``, which keeps its cloud running for the next tests."""
    return checkout.invoke("demo", "--keep", "--set", f"epochs={EPOCHS}")


def test_the_demo_holds_what_it_claims(demo: subprocess.CompletedProcess[str]) -> None:
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "✘" not in demo.stdout
    for claim in (
        "a second plan of every stack is empty",
        "an unsure image's execution FAILED with ThresholdConfidenceNotMet",
        "4 pictures that arrived have their results in s3://scones-local-123456789012/results/",
        "a file that arrived and is no picture FAILED with InvalidImageError",
        "captured events equal invocations (216 of 216), none broken",
    ):
        assert f"✔ {claim}" in demo.stdout


def test_the_report_is_one_page_that_needs_nothing_else(demo: object, checkout: Checkout) -> None:
    page = (checkout.build / "report" / "index.html").read_text()
    assert page.count("data:image/png;base64,") > 2
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_confident_image_passes_with_exit_code_0(demo: object, checkout: Checkout) -> None:
    ran = checkout.invoke("execute", "--image", checkout.image())
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "SUCCEEDED" in ran.stdout


def test_an_image_below_the_threshold_fails_out_loud_with_exit_code_3(demo: object, checkout: Checkout) -> None:
    """After so short a training, no model answers with a probability of exactly 1."""
    unsure = sorted((checkout.build / "dataset" / "test").iterdir())[:20]
    ran = checkout.invoke("execute", *(part for one in unsure for part in ("--image", str(one))), "--threshold", "1")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    cells = [[cell.strip() for cell in line.split("│")] for line in ran.stdout.splitlines()]
    rows = {row[1]: row[2:4] for row in cells if len(row) == 6}
    for image in unsure:
        result, answer = rows[image.name]
        assert result == "low confidence"
        assert "< 1.0" in answer, "the class, how sure the model is, and the threshold"


def test_what_an_image_was_taken_for_is_one_json_document(demo: object, checkout: Checkout) -> None:
    ran = checkout.invoke("execute", "--image", checkout.image(), "--threshold", "1", "--json")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    (found,) = json.loads(ran.stdout)["images"]
    assert (found["result"], found["threshold"], found["error"]) == ("low confidence", 1, "ThresholdConfidenceNotMet")
    assert 0 < found["confidence"] < 1
    assert "Ask the model" in ran.stderr


def test_bytes_that_are_no_image_are_refused_before_anything_runs(demo: object, checkout: Checkout) -> None:
    (checkout.root / "note.png").write_text("not a picture")
    ran = checkout.invoke("execute", "--image", "note.png")
    assert ran.returncode == 2
    assert "note.png is not a PNG or JPEG" in ran.stderr


@pytest.mark.nightly
def test_a_second_model_is_registered_and_the_first_one_pinned_again(demo: object, checkout: Checkout) -> None:
    """A model below the gate is registered and waits for approval. Terraform does not deploy it."""
    scratch = ("--set", "use_pretrained_model=0")
    weak = checkout.invoke("train", "--set", "epochs=1", "--set", "learning_rate=0.000001", *scratch)
    assert weak.returncode == 0, weak.stdout + weak.stderr
    assert "PendingManualApproval" in weak.stdout
    pin = checkout.build / "local" / "model.tfvars.json"
    assert json.loads(pin.read_text())["model"]["version"] == 1

    assert checkout.invoke("pin", "2").returncode == 1
    assert checkout.invoke("pin", "2", "--approve").returncode == 0
    assert json.loads(pin.read_text())["model"]["version"] == 2
    planned = checkout.invoke("tf.plan", "--stack", "service", "--json")
    assert planned.returncode == 2
    changed = {one["address"] for one in json.loads(planned.stdout)["changes"]}
    assert "module.endpoint.aws_sagemaker_endpoint.this[0]" in changed
    assert "\x1b" not in planned.stderr, "Terraform writes no colours into a pipe"
    assert checkout.invoke("pin", "1").returncode == 0
    assert checkout.invoke("tf.plan", "--stack", "service").returncode == 0


def test_a_misspelt_hyperparameter_is_refused_before_anything_is_created(demo: object, checkout: Checkout) -> None:
    ran = checkout.invoke("train", "--set", "num_layer=18")
    assert ran.returncode == 2
    assert "num_layers" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_captures_are_downloaded_incrementally(demo: object, checkout: Checkout) -> None:
    again = checkout.invoke("capture")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "here already" in again.stdout


@pytest.mark.nightly
def test_everything_can_be_taken_down(demo: object, checkout: Checkout) -> None:
    for stack in ("service", "foundation"):
        ran = checkout.invoke("tf.destroy", "--stack", stack, "--yes")
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert checkout.invoke("local.down").returncode == 0
    ended = checkout.invoke("local.status")
    assert ended.returncode == 1
    assert "it was ended in order" in ended.stdout
    assert checkout.invoke("local.reset", "--yes").returncode == 0
    assert not (checkout.root / "build" / "local").exists(), "the demo and all that followed had a cloud of their own"
