"""``invoke notebook``: notebooks of both SDKs run to their last cell, and one that fails says where and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scones.errors import NotebookError
from scones.notebook import execution
from tests.local.conftest import eventually

# Their environment is a gigabyte, to be downloaded and unpacked.
pytestmark = pytest.mark.nightly

SOURCE = """
import sagemaker
from sagemaker import get_execution_role, image_uris
session = sagemaker.Session()
role, bucket = get_execution_role(), session.default_bucket()
print(role, bucket)
--
!aws s3 sync images s3://{bucket}/images --no-progress
--
from sagemaker.estimator import Estimator
image = image_uris.retrieve("image-classification", session.boto_region_name)
estimator = Estimator(image, role, instance_count=1, instance_type="ml.p3.2xlarge",
                      output_path=f"s3://{bucket}/models", sagemaker_session=session)
estimator.set_hyperparameters(image_shape="3,28,28", num_layers=20, num_classes=2, num_training_samples=8,
                              mini_batch_size=4, epochs=1)
from sagemaker.inputs import TrainingInput
inputs = {channel: TrainingInput(f"s3://{bucket}/images/{folder}/", content_type="application/x-image")
          for channel, folder in (("train", "train"), ("validation", "train"), ("train_lst", "lst"),
                                  ("validation_lst", "lst"))}
estimator.fit(inputs)
--
predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.xlarge")
predictor.serializer = sagemaker.serializers.IdentitySerializer("image/png")
print("answer", predictor.predict(open("images/train/0.png", "rb").read()).decode())
predictor.delete_endpoint()
"""


def notebook(path: Path, *sources: str) -> Path:
    """A notebook with some cells of code, and one of text at its begin."""
    text = {"cell_type": "markdown", "metadata": {}, "source": "# A notebook"}
    cells = [
        {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": one} for one in sources
    ]
    kernelspec = {"name": "conda_mxnet_p36", "display_name": "conda_mxnet_p36", "language": "python"}
    content = {"cells": [text, *cells], "metadata": {"kernelspec": kernelspec}, "nbformat": 4, "nbformat_minor": 4}
    path.write_text(json.dumps(content))
    return path


def outputs(path: Path) -> list[str]:
    """What each cell of code has printed."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    return ["".join("".join(one.get("text", "")) for one in cell["outputs"]) for cell in cells]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Eight images of two classes beside the notebook, and their list."""
    random = np.random.default_rng(0)
    (tmp_path / "images/train").mkdir(parents=True)
    (tmp_path / "images/lst").mkdir()
    for number in range(8):
        pixels = random.integers(0, 100, (28, 28, 3)) + 100 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"images/train/{number}.png")
    lines = [f"{number}\t{number % 2}\t{number}.png" for number in range(8)]
    (tmp_path / "images/lst/a.lst").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.mark.slow
def test_a_notebook_trains_deploys_and_asks_for_an_answer(
    images: Path, python_of: Callable[[int], Path], variables_of: Callable[[int], Mapping[str, str]]
) -> None:
    """One of SDK 2. ``test_own_notebook.py`` has one of SDK 3."""
    cells = [one.strip() for one in SOURCE.split("--\n") if one.strip()]
    reports: list[Mapping[str, Any]] = []
    path = notebook(images / "walkthrough.ipynb", *cells)
    done = execution.run(path, images / "out", python_of(2), variables_of(2), take=reports.append)
    said = outputs(done.notebook)
    role = "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole-notebook"
    assert f"{role} sagemaker-us-east-1-123456789012" in said[0].splitlines()
    assert len(json.loads(said[-1].partition("answer ")[2].splitlines()[0])) == 2
    assert done.cells == 4
    assert "walkthrough" in done.html.read_text()
    assert [report["cell"] for report in reports if "seconds" in report] == [1, 2, 3, 4]
    assert any(report.get("said") for report in reports)
    assert "Train-accuracy" in done.notebook.read_text()


@pytest.fixture
def run(
    tmp_path: Path, python_of: Callable[[int], Path], variables_of: Callable[[int], Mapping[str, str]]
) -> Callable[..., execution.ExecutedNotebook]:
    """Runs cells with SDK 3."""

    def go(*cells: str, take: Callable[[Mapping[str, Any]], None] = lambda report: None) -> execution.ExecutedNotebook:
        path = notebook(tmp_path / "some.ipynb", *cells)
        return execution.run(path, tmp_path / "out", python_of(3), variables_of(3), take=take)

    return go


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("def f():\n    raise ValueError('no\\nway')\nf()", r"\n  line 3: f\(\)\n  ValueError: no\n  way"),
        ("a = 1\nb = = 2", r"\n  line 2: b = = 2\n  SyntaxError: invalid syntax"),
        ("%%bash\nexit 3", r"\n  .*\n  CalledProcessError: "),
    ],
)
def test_a_failed_cell_is_named_with_its_line_and_its_error(run: Any, tmp_path: Path, cell: str, said: str) -> None:
    with pytest.raises(NotebookError, match=f"cell 2 of 3 failed{said}") as failed:
        run("print('first')", cell, "print('never')")
    assert str(tmp_path / "out" / "some.ipynb") in str(failed.value)
    assert outputs(tmp_path / "out" / "some.ipynb")[0] == "first\n"
    assert outputs(tmp_path / "out" / "some.ipynb")[2] == ""
    assert (tmp_path / "out" / "some.html").exists()


def test_an_interrupt_keeps_what_was_executed(run: Any, tmp_path: Path) -> None:
    def interrupt(report: Mapping[str, Any]) -> None:
        if report.get("said") == "begun":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("print('first')", "import time\nprint('begun', flush=True)\ntime.sleep(600)", take=interrupt)
    assert outputs(tmp_path / "out" / "some.ipynb") == ["first\n", "begun\n"]
    assert (tmp_path / "out" / "some.html").exists()


def runs(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


IGNORES_INTERRUPTS = """
import json, signal, sys
from pathlib import Path
from scones.notebook import execution
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as for a command that a script ends with &
path, folder, python, variables = sys.argv[1:]
execution.run(Path(path), Path(folder), Path(python), json.loads(variables), take=lambda report: None)
"""


def test_a_notebook_ends_with_the_process_that_runs_it(
    tmp_path: Path, python_of: Callable[[int], Path], variables_of: Callable[[int], Mapping[str, str]]
) -> None:
    """Also if that is killed, and was a background job, whose children ignore interrupts."""
    mine = tmp_path / "pid"
    path = notebook(
        tmp_path / "some.ipynb",
        "print('first')",
        f"import os, time\nopen({str(mine)!r}, 'x').write(str(os.getpid()))\ntime.sleep(600)",
    )
    arguments = [str(path), str(tmp_path / "out"), str(python_of(3)), json.dumps(dict(variables_of(3)))]
    running = subprocess.Popen([sys.executable, "-c", IGNORES_INTERRUPTS, *arguments])
    try:
        eventually(lambda: mine.exists() and mine.read_text(), seconds=60)
        kernel = int(mine.read_text())
    finally:
        running.kill()
        running.wait()
    eventually(lambda: not runs(kernel), seconds=60)
    eventually((tmp_path / "out" / "some.html").exists, seconds=60)
    assert outputs(tmp_path / "out" / "some.ipynb")[0] == "first\n"


def test_a_kernel_that_ends_is_said_to_have_ended(run: Any) -> None:
    with pytest.raises(NotebookError, match=r"the kernel ended.* in cell 2 of 2"):
        run("print('first')", "import os\nos._exit(1)")


def test_pip_in_a_notebook_cannot_change_the_pins(run: Any) -> None:
    """A course's notebook begins with ``pip install --upgrade sagemaker``. Here it changes nothing."""
    version = "import importlib.metadata as all\nprint(all.version('sagemaker').partition('.')[0])"
    done = run("!pip install --no-index --no-deps 'sagemaker<3'", version)
    assert outputs(done.notebook)[1] == "3\n"


def test_cells_whose_output_widget_shows_lines_end(run: Any) -> None:
    """A line in the moment in which a cell ended hung the run, within twenty such cells. The kernel reads all."""
    made = "import ipywidgets\nshown = ipywidgets.Output()\nshown"
    lines = ["with shown:\n    for _ in range(30):\n        print('line', flush=True)"] * 50
    done = run(made, *lines, "print(shown.outputs[0]['text'].count('line'))")
    assert outputs(done.notebook)[-1] == "1500\n"
