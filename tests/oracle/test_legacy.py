"""Genuine MXNet upgrades graphs in the form of 0.8. Read here, they give its answers."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from imageclassification import artifact
from imageclassification.legacy import ALIASES
from imageclassification.network import Network
from tests.unit.imageclassification.older import as_written_by_0_8

pytestmark = pytest.mark.nightly

HEADS = runpy.run_path(str(Path(__file__).parent / "blocks.py"))["HEADS"]
CHAINS = [
    ["norm", "convolution", "norm, gamma", "relu", "sum", "scalar sum", "difference"],
    ["convolution", "norm, fixed gamma", "product", "scalar product", "sum of three", "pooling, global avg"],
    ["concatenation", "quotient", "scalar quotient, reversed", "scalar difference, reversed", "broadcast sum"],
    ["norm, gamma", "gradient blocked", "cast", "identity", "scalar quotient", "broadcast difference", "dropout"],
]
TOLERANCE = 1e-4


@pytest.mark.parametrize("aliases", [0, 1, 2])
def test_a_graph_in_the_form_of_0_8_answers_here_as_in_genuine_mxnet(oracle, tmp_path, pictures, aliases):
    names = {name: known[min(aliases, len(known) - 1)] for name, known in ALIASES.items()}
    np.save(tmp_path / "images.npy", pictures)
    shared = {"seed": 5, "images": "images.npy"}
    tasks = [
        {"task": "make", "artifact": f"new{number}", "blocks": chain, "head": head, "answers": "new.npy", **shared}
        for number, (chain, head) in enumerate(zip(CHAINS, list(HEADS), strict=False))
    ]
    for made in oracle.run(tmp_path, tasks):
        assert made.gave
    for number in range(len(CHAINS)):
        old = tmp_path / f"old{number}"
        shutil.copytree(tmp_path / f"new{number}", old)
        symbol = json.loads((old / artifact.SYMBOL).read_text())
        (old / artifact.SYMBOL).write_text(json.dumps(as_written_by_0_8(symbol, names)))
    tasks = [
        {"task": "answer", "artifact": f"old{number}", "images": "images.npy", "answers": f"old{number}.npy"}
        for number in range(len(CHAINS))
    ]
    for number, answered in enumerate(oracle.run(tmp_path, tasks)):
        assert answered.raised is None, answered.raised
        found = artifact.read(tmp_path / f"old{number}")
        wanted = np.load(tmp_path / f"old{number}.npy")
        with torch.inference_mode():
            answers = Network(found.symbol, found.parameters).eval()(torch.from_numpy(pictures)).numpy()
        np.testing.assert_allclose(answers, wanted, atol=TOLERANCE)
        assert wanted.std(0).max() > 10 * TOLERANCE, "the images are not told apart, so that this could not fail"
