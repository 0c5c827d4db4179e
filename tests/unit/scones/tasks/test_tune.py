"""The refusals, questions and results of ``invoke tune``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit

from imageclassification import ranges
from scones import settings
from scones.tasks import tune as tasks
from scones.training.trials import TuningSnapshot, TuningTrial

from .conftest import FEW, Workplace

VALUES = {"learning_rate": "0.1", "optimizer": "nag"}
SEARCHED = ranges.merge([ranges.read_range("learning_rate=0.01:0.3"), ranges.read_choice("optimizer=sgd,nag")])
DONE = TuningSnapshot(
    "t",
    "Completed",
    "Random",
    SEARCHED,
    {"epochs": "3"},
    2,
    (
        TuningTrial(1, "t-001", "Completed", VALUES, 3, 3, 0.8, 0.9, 10),
        TuningTrial(2, "t-002", "Stopped", {**VALUES, "optimizer": "sgd"}, 3, 1, 0.5, 0.5, 4),
    ),
    best_name="t-001",
)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The registered training jobs."""
    found: list[str] = []
    monkeypatch.setattr("scones.tasks.registry.register_job", lambda environment, job, console: found.append(job))
    return found


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Any], Path]:
    """Makes following a tuning job end in this way. Returns the folder of the results."""

    def make(*outcomes: Any) -> Path:
        left = list(outcomes)

        def follow(*arguments: Any) -> TuningSnapshot:
            outcome = left.pop(0)
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        environment = dataclasses.replace(
            settings.load("dev", variables={}), root=tmp_path, classes=("bicycle", "motorcycle")
        )
        monkeypatch.setattr("scones.settings.load", lambda *_: environment)
        monkeypatch.setattr("scones.training.watch.follow", follow)
        return tmp_path / "build" / "tuning" / "t"

    return make


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"set": ["epochs"]}, "--set epochs is not NAME=VALUE"),
        ({"set": ["epochs=none"]}, "epochs is 'none'"),
        ({"range": ["epochs=1:9"]}, "does not let epochs be searched"),
        ({"choice": ["optimizer=lion"]}, "optimizer cannot be 'lion'"),
        (
            {"range": ["momentum=0.1:0.2"], "set": ["momentum=0.9"]},
            "momentum is given as a range .* and as a value .0.9",
        ),
        ({"range": ["momentum=0.1:0.2", "momentum=0.1:0.3"]}, "momentum is given twice"),
        ({"jobs": "none"}, "--jobs must be a whole number"),
        ({"parallel": "0"}, "--parallel must be a whole number from 1"),
        ({"seed": "-1"}, "--seed must be a whole number from 0"),
        ({"strategy": "Hyperband"}, "no strategy 'Hyperband'; there are: Bayesian, Random, Grid"),
        ({"name": "x" * 33}, "cannot be a tuning job's name"),
        ({"set": ["optimizer=adam"]}, "are for sgd and nag, not for adam(.|\n)*--range learning_rate="),
        ({"set": ["optimizer=sgd"], "strategy": "grid"}, "nothing is left to search"),
        ({"choice": ["optimizer=sgd,nag"], "strategy": "grid", "jobs": "3"}, "every combination, 2 here: --jobs 3"),
        ({"range": ["momentum=0.1:0.2"], "strategy": "grid"}, "momentum is a range of numbers"),
        ({"seed": "2147483648"}, "--seed must be a whole number from 0 to 2147483647"),
        ({"attach": "t", "jobs": "3", "range": ["a"]}, "--range, --jobs would change nothing"),
        ({"attach": "t", "early_stopping": False}, "--no-early-stopping would change nothing"),
        ({"env": "devv"}, "no environment 'devv'"),
    ],
)
def test_a_mistake_is_told_before_anything_is_done(untouched: None, options: dict[str, Any], said: str) -> None:
    with pytest.raises(Exit, match=said) as ended:
        tasks.tune(Context(), **{"env": "dev", **options})
    assert ended.value.code == 2


def test_what_is_searched_is_what_was_asked_for_else_the_defaults_without_what_is_fixed() -> None:
    asked = list(SEARCHED.values())
    assert tasks._searched(asked, {"epochs": "3"}, settings.Tuning()) == SEARCHED
    left = tasks._searched([], {"optimizer": "nag", "learning_rate": "0.1"}, settings.Tuning())
    assert set(left) == set(ranges.SMALL_IMAGES) - {"optimizer", "learning_rate"}


def test_default_batches_that_are_larger_than_the_data_set_are_not_searched() -> None:
    default = tasks._searched([], {}, settings.Tuning())
    search = tasks.SearchOrder(default, settings.Tuning(), None, None, default=True)
    assert tasks._fitting(search, 36).searched.keys() == default.keys() - {"mini_batch_size"}
    assert tasks._fitting(search, 900) == search
    asked = dataclasses.replace(search, default=False)
    assert tasks._fitting(asked, 36) == asked


def test_the_environments_limits_are_changed_by_what_is_typed() -> None:
    own = settings.Tuning(max_jobs=5, max_parallel_jobs=2, early_stopping=True, strategy="Bayesian")
    assert tasks._limits(own, None, None, None, True) == own
    assert tasks._limits(own, "7", "1", "random", False) == settings.Tuning(7, 1, False, "Random")


def test_no_more_trials_are_asked_for_than_there_are_combinations(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise SageMaker refuses the tuning job, after everything has been made and uploaded."""
    monkeypatch.setattr("scones.training.watch.follow", lambda *_: DONE)

    def most(name: str, **options: Any) -> int:
        tasks.tune(
            Context(), choice=["optimizer=sgd,nag"], jobs="8", set=FEW, name=name, yes=True, register=False, **options
        )
        limits = workplace.asked_to_tune(name)["HyperParameterTuningJobConfig"]["ResourceLimits"]
        return limits["MaxNumberOfTrainingJobs"]

    assert most("choices") == 2
    assert most("numbers", range=["momentum=0.1:0.2"]) == 8


def test_what_is_searched_is_left_out_of_what_all_trials_share(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scones.training.watch.follow", lambda *_: DONE)
    searched = ["learning_rate=0.01:0.3:log"]
    tasks.tune(Context(), range=searched, set=[*FEW, "epochs=3"], name="t", seed="7", yes=True, register=False)
    asked = workplace.asked_to_tune("t")
    static = asked["TrainingJobDefinition"]["StaticHyperParameters"]
    assert (static["epochs"], static["num_training_samples"]) == ("3", "36")
    assert "learning_rate" not in static
    assert asked["TrainingJobDefinition"]["OutputDataConfig"] == {
        "S3OutputPath": "s3://scones/models",
        "KmsKeyId": "key",
    }
    assert "searching learning_rate" in capsys.readouterr().out
    assert any(key.endswith("/train.lst") for key in workplace.uploaded())


def test_the_trials_know_the_class_of_nothing_wanted_if_it_is_asked_for(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scones.training.watch.follow", lambda *_: DONE)
    tasks.tune(Context(), other=True, set=FEW, name="t", yes=True, register=False)
    static = workplace.asked_to_tune("t")["TrainingJobDefinition"]["StaticHyperParameters"]
    assert static["num_classes"] == "3"


def test_money_is_not_spent_where_nobody_can_agree_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(Exception, match=r"up to 12 jobs, 2 at a time, on ml\.g4dn\.xlarge in us-east-1(.|\n)*--yes"):
        tasks._confirm(settings.load("dev", variables={}), settings.Tuning(), Console())


def test_the_best_model_is_registered_and_the_trials_are_left_behind(
    ended: Any, registered: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ended(DONE)
    tasks.tune(Context(), attach="t")
    assert registered == ["t-001"]
    assert [trial["outcome"] for trial in json.loads((folder / "trials.json").read_text())["trials"]] == [
        "completed",
        "stopped early",
    ]
    assert (folder / "trials.png").read_bytes().startswith(b"\x89PNG")
    assert "0.800" in capsys.readouterr().out


def test_a_tuning_job_is_a_document_that_keeps_to_its_schema(
    ended: Any, registered: list[str], printed_json: Any
) -> None:
    folder = ended(DONE)
    tasks.tune(Context(), attach="t", register=False, json=True)
    found = printed_json("tune")
    assert (found["best"], found["model"], found["folder"]) == ("t-001", None, str(folder))
    assert [one["outcome"] for one in found["trials"]] == ["completed", "stopped early"]


def test_without_register_the_next_command_is_told(
    ended: Any, registered: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    ended(DONE)
    tasks.tune(Context(), attach="t", register=False)
    assert registered == []
    assert "next: invoke register --job t-001 --env dev" in capsys.readouterr().out


def test_a_tuning_job_without_a_model_fails_with_its_reason(ended: Any, registered: list[str]) -> None:
    failed = TuningTrial(1, "t-001", "Failed", VALUES, 3, failure_reason="ClientError: no")
    ended(dataclasses.replace(DONE, status="Failed", trials=(failed,), best_name=None, failure_reason="All failed"))
    with pytest.raises(Exit, match="'t' found no model: All failed") as told:
        tasks.tune(Context(), attach="t")
    assert told.value.code == 1
    assert registered == []


@pytest.mark.parametrize("answer", [True, False])
def test_ctrl_c_asks_whether_to_stop_and_the_job_can_be_followed_again(
    answer: bool, ended: Any, registered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []
    ended(KeyboardInterrupt(), dataclasses.replace(DONE, status="Stopped"))
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr("scones.tasks.prepare.asked", lambda question: answer)
    monkeypatch.setattr("scones.training.tuning.stop", lambda environment, name: stopped.append(name))
    if answer:
        tasks.tune(Context(), attach="t")
        assert (stopped, registered) == (["t"], ["t-001"])  # the results until then
    else:
        with pytest.raises(Exit, match="invoke tune --attach t --env dev") as told:
            tasks.tune(Context(), attach="t")
        assert told.value.code == 130
        assert stopped == []
