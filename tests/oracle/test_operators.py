"""Genuine MXNet makes artifacts of every operator. This project reads them and gives MXNet's answers."""

from __future__ import annotations

import random
import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from imageclassification import artifact, graph
from imageclassification.network import Network
from imageclassification.operators import OPERATORS

pytestmark = pytest.mark.nightly

NAMES = runpy.run_path(str(Path(__file__).parent / "blocks.py"))
BLOCKS, HEADS = list(NAMES["BLOCKS"]), list(NAMES["HEADS"])
RANDOM_NETWORKS = 40
TOLERANCE = 1e-4


def cases() -> dict[str, dict[str, Any]]:
    """The networks to make: each block alone, each head alone, and random chains of blocks."""
    found = {block: {"blocks": [block], "head": "SoftmaxOutput"} for block in BLOCKS}
    found |= {f"head {head}": {"blocks": [], "head": head} for head in HEADS}
    draw = random.Random(7)
    for number in range(RANDOM_NETWORKS):
        # With these, a window may lie beyond a small image and hold only the lowest number.
        blocks = draw.sample([block for block in BLOCKS if "max full" not in block], draw.randint(3, 8))
        dtype = "float16" if number % 4 == 3 else "float32"
        found[f"random {number}, {dtype}"] = {"blocks": blocks, "head": draw.choice(HEADS), "dtype": dtype}
    return found


CASES = cases()


@dataclass(frozen=True)
class Made:
    folder: Path
    results: dict[str, Any]


@pytest.fixture(scope="module")
def made(oracle, tmp_path_factory, pictures) -> Made:
    folder = tmp_path_factory.mktemp("operators")
    np.save(folder / "images.npy", pictures)
    tasks = [
        {
            "task": "make",
            "artifact": str(number),
            "seed": number,
            "images": "images.npy",
            "answers": f"{number}.npy",
            **case,
        }
        for number, case in enumerate(CASES.values())
    ]
    return Made(folder, dict(zip(CASES, oracle.run(folder, tasks), strict=True)))


@pytest.mark.parametrize("case", CASES)
def test_an_artifact_of_genuine_mxnet_answers_here_as_there(made, pictures, case):
    result, number = made.results[case].gave, list(CASES).index(case)
    assert result
    found = artifact.read(made.folder / str(number))
    wanted = np.load(made.folder / f"{number}.npy")
    assert found.num_classes == wanted.shape[1]
    assert {value.dtype for value in found.parameters.values()} == {np.dtype(CASES[case].get("dtype", "float32"))}
    with torch.inference_mode():
        answers = Network(found.symbol, found.parameters).eval()(torch.from_numpy(pictures)).numpy()
    np.testing.assert_allclose(answers, wanted, atol=TOLERANCE)
    assert wanted.std(0).max() > 10 * TOLERANCE, "the images are not told apart, so that this could not fail"


def test_every_operator_that_is_read_here_was_tried(made):
    tried = {node for result in made.results.values() for node in result.gave}
    # An alias, which MXNet 1.x writes as _copy; and what takes two devices, tried by test_legacy.py in one.
    assert set(OPERATORS) - tried == {"identity", "_CrossDeviceCopy"}


def test_a_graph_in_older_spellings_is_the_same_graph(made):
    """MXNet called the settings ``attr`` before 1.0, and ``param`` before that."""
    symbol = artifact.read(made.folder / "0").symbol
    for spelling in ("attr", "param"):
        older = [
            {spelling if key == "attrs" else key: value for key, value in node.items()} for node in symbol["nodes"]
        ]
        assert graph.nodes({**symbol, "nodes": older}) == graph.nodes(symbol)
