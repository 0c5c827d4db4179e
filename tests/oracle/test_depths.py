"""At every depth, the graph is the same as MXNet's own, and genuine MXNet gives this project's answers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from imageclassification import artifact, program
from imageclassification.artifact import Artifact
from imageclassification.network import Network
from imageclassification.symbol import resnet

pytestmark = pytest.mark.nightly

CLASSES = 5
TOLERANCE = 1e-4
POOL = np.random.default_rng(1).standard_normal(1_000_003, np.float32)
SMALL, MIDDLE, LARGE = (3, 28, 28), (3, 32, 32), (3, 64, 48)
# Depth, image and options. Above a height of 32, the ImageNet form has another stem.
CASES: dict[str, dict[str, Any]] = {
    **{f"{depth} of {SMALL}": {"depth": depth, "shape": SMALL} for depth in (20, 32, 44, 56, 110)},
    **{f"{depth} of {MIDDLE}": {"depth": depth, "shape": MIDDLE} for depth in (18, 34, 50, 101, 152, 200)},
    **{f"{depth} of {LARGE}": {"depth": depth, "shape": LARGE} for depth in (18, 50)},
    "grey": {"depth": 20, "shape": (1, 28, 28)},
    "several labels": {"depth": 20, "shape": SMALL, "multi_label": True},
    "half precision": {"depth": 20, "shape": SMALL, "dtype": "float16"},
}


def options(case: str) -> dict[str, Any]:
    return {key: value for key, value in CASES[case].items() if key in ("multi_label", "dtype")}


def symbol_of(case: str) -> dict[str, Any]:
    return resnet(CASES[case]["depth"], CLASSES, CASES[case]["shape"], **options(case))


def drawn(case: str) -> dict[str, np.ndarray]:
    """Weights of variance 2 / fan-in, taken from one million drawn numbers: to draw 250 million is slow."""
    found = {}
    for name, shape in program.shapes(program.read(symbol_of(case)), CASES[case]["shape"]).parameters.items():
        if name.endswith("_weight"):
            start = len(found) * 7919 % 1000
            found[name] = np.resize(POOL[start:], shape) * np.float32(np.sqrt(2 / np.prod(shape[1:])))
        else:
            found[name] = np.full(shape, name.endswith(("_gamma", "_moving_var")), np.float32)
    return found


def trained(case: str, images: np.ndarray) -> tuple[Artifact, np.ndarray]:
    """A network in a trained state, and its answers: all statistics have changed, and scores are about 1."""
    shape = CASES[case]["shape"]
    network = Network(symbol_of(case), drawn(case)).eval()
    torch.manual_seed(1)
    with torch.inference_mode():
        for name, value in network.state_dict().items():  # it shares the network's memory
            if name.endswith("_gamma") and name != "arg:bn_data_gamma":
                value.uniform_(0.2, 0.6)  # small, so that two hundred sums do not overflow
            elif name.endswith("_moving_var"):
                value.uniform_(0.5, 2)
            elif name.endswith(("_beta", "_mean")):
                value.normal_(0, 0.2)
        state = network.state_dict()
        state["aux:bn_data_moving_mean"].add_(120)
        state["aux:bn_data_moving_var"].add_(4000)
        scores = network.logits(torch.from_numpy(images))
        spread = scores.std(0).mean()
        state["arg:fc1_weight"].div_(spread)
        state["arg:fc1_bias"].sub_(scores.mean(0)).div_(spread)
        answers = network(torch.from_numpy(images)).numpy()
    return Artifact(symbol_of(case), network.parameter_arrays(), [{"shape": [32, *shape], "name": "data"}], 7), answers


@dataclass(frozen=True)
class Outcome:
    """The outcome of one case: genuine MXNet's graph and answers, and this project's answers."""

    graph: Any
    theirs: Any
    ours: np.ndarray


@pytest.fixture(scope="module")
def outcomes(oracle, tmp_path_factory) -> dict[str, Outcome]:
    folder: Path = tmp_path_factory.mktemp("depths")
    tasks, answers = [], {}
    for number, (case, settings) in enumerate(CASES.items()):
        images = np.random.default_rng(number).integers(0, 256, (3, *settings["shape"])).astype(np.float32)
        images *= np.array([0.4, 0.7, 1], np.float32)[:, None, None, None]
        np.save(folder / f"{number}-images.npy", images)
        made, answers[case] = trained(case, images)
        artifact.write(folder / str(number), made)
        tasks += [
            {
                "task": "describe",
                "classes": CLASSES,
                "symbol": f"{number}/image-classification-symbol.json",
                **settings,
            },
            {
                "task": "answer",
                "artifact": str(number),
                "images": f"{number}-images.npy",
                "answers": f"{number}-answers.npy",
            },
        ]
    results = iter(oracle.run(folder, tasks))
    found = {}
    for number, case in enumerate(CASES):
        described, answered = next(results), next(results)
        theirs = np.load(folder / f"{number}-answers.npy") if answered.raised is None else answered.raised
        found[case] = Outcome(described, theirs, answers[case])
    shutil.rmtree(folder)  # a gigabyte of weights
    return found


@pytest.mark.parametrize("case", [case for case in CASES if case != "half precision"])
def test_genuine_mxnet_answers_as_ours_from_an_artifact_written_here(outcomes, case):
    outcome = outcomes[case]
    assert isinstance(outcome.theirs, np.ndarray), outcome.theirs
    np.testing.assert_allclose(outcome.theirs, outcome.ours, atol=TOLERANCE)
    assert outcome.ours.std(0).max() > 10 * TOLERANCE, "the images are not told apart, so that this could not fail"


def test_genuine_mxnet_loads_half_precision_and_computes_it_on_gpus_only(outcomes):
    """So this project writes no half precision for a CPU. The test fails if MXNet can compute it there after all."""
    assert "FP16 gemm on cpu not implemented" in outcomes["half precision"].theirs


@pytest.mark.parametrize("case", CASES)
def test_the_graph_is_mxnets_own(outcomes, case):
    wanted = outcomes[case].graph.gave["nodes"]
    found = symbol_of(case)["nodes"]
    assert [node["name"] for node in found] == [node["name"] for node in wanted]
    for ours, theirs in zip(found, wanted, strict=True):
        assert (ours["op"], ours.get("attrs")) == (theirs["op"], theirs.get("attrs")), ours["name"]
        assert [entry[:2] for entry in ours["inputs"]] == [entry[:2] for entry in theirs["inputs"]], ours["name"]


@pytest.mark.parametrize("case", CASES)
def test_parameters_have_the_shapes_that_genuine_mxnet_infers(outcomes, case):
    ours = program.shapes(program.read(symbol_of(case)), CASES[case]["shape"]).parameters
    described = outcomes[case].graph.gave
    for theirs in (described["shapes"], described["loaded"]):
        wanted = {name: tuple(shape) for name, shape in theirs.items()}
        del wanted["arg:data"], wanted["arg:softmax_label"]
        assert ours == wanted
