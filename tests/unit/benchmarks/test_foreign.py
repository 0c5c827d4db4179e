"""What passes of pictures that a model has never seen."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import foreign
from scones.dataset import Archive, Sample, WithOther, build
from scones.errors import InputError

CLASSES = ("bicycle", "motorcycle")


def test_what_the_data_set_has_not_seen_is_asked_kind_by_kind(archive, untrained, tmp_path, monkeypatch):
    monkeypatch.setattr(foreign, "NOTHING", 20)
    data = build(WithOther(Archive(archive), without=("apple", "train")), CLASSES, tmp_path / "out")
    kinds = foreign.held_out(Archive(archive), data, each=7)
    assert {kind: images.shape for kind, images in kinds.items()} == dict.fromkeys(("apple", "train"), (7, 32, 32, 3))
    found = foreign.measure(untrained, data, kinds)
    assert (len(found.test), {kind: len(one) for kind, one in found.nothing.items()}) == (
        8,
        {"plain": 4, "shade": 3, "noise": 3, "text": 10},
    )
    assert found.to_json()["thresholds"][0]["threshold"] == 0.5


def test_shares_are_of_what_passes():
    found = foreign.ForeignBench(
        test=np.array([0.9, 0.7, -np.inf, 0.85]),
        correct=np.array([True, True, False, False]),
        kinds={"cat": np.array([-np.inf, 0.95]), "dog": np.array([0.5, -np.inf])},
        nothing={"plain": np.array([-np.inf] * 4)},
    )
    assert found.at(0.8) == foreign.Passing(0.8, wanted=0.5, right=0.5, foreign=0.25, nothing=0.0)
    assert found.accuracy == 0.5


def test_a_data_set_that_has_seen_everything_or_has_no_other_is_refused(archive, tmp_path):
    with pytest.raises(InputError, match=r"shows everything that small\.tar\.gz has"):
        foreign.held_out(Archive(archive), build(WithOther(Archive(archive)), CLASSES, tmp_path / "out"))
    with pytest.raises(InputError, match=r"has no class 'other'\n.*--other"):
        foreign.held_out(Archive(archive), build(Sample(train=5, test=2), CLASSES, tmp_path / "plain"))
