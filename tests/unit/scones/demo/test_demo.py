"""The demo shows its steps, and refuses environments on AWS."""

import contextlib
import dataclasses
import io

import pytest
from rich.console import Console

from imageclassification.errors import HyperparameterError
from localcloud import control
from localcloud.errors import LocalCloudError
from scones import settings
from scones.demo import Demo, DemoClaim, DemoOutcome
from scones.errors import SettingsError
from scones.steps import Step, Steps


def console(terminal=False):
    return Console(file=io.StringIO(), force_terminal=terminal, width=100)


def test_without_a_terminal_each_step_is_told_when_it_begins_and_when_it_ends():
    told = console()
    with Steps(told, ["Build the data set", "Train"]) as steps, steps.step("Train") as step:
        step.found = "accuracy 0.91"
    lines = told.file.getvalue().splitlines()
    assert lines[0] == "[2/2] Train …"
    assert lines[1].startswith("[2/2] done in 0.0 s: accuracy 0.91")


def test_on_a_terminal_the_list_stays_with_every_step_and_its_end():
    told = console(terminal=True)
    with Steps(told, ["One", "Two", "Three"]) as steps:
        with steps.step("One"):
            pass
        with contextlib.suppress(ValueError), steps.step("Two"):
            raise ValueError("boom")
    last = told.file.getvalue().splitlines()[-3:]
    assert ["✔" in last[0], "✘" in last[1], "·" in last[2]] == [True, True, True]


def test_a_step_that_raises_has_failed_and_the_rest_wait():
    with pytest.raises(ValueError, match="boom"), Steps(console(), ["One", "Two"]) as steps, steps.step("One"):
        raise ValueError("boom")
    assert [step.status for step in steps.steps] == ["failed", "waiting"]


@pytest.mark.parametrize(
    ("steps", "claims", "held"),
    [
        ([Step("One", "done")], [DemoClaim("so", True)], True),
        ([Step("One", "done")], [DemoClaim("so", True), DemoClaim("not so", False)], False),
        ([Step("One", "done"), Step("Two", "waiting")], [DemoClaim("so", True)], False),
        ([Step("One", "done")], [], False),
    ],
)
def test_the_outcome_holds_only_if_every_step_is_done_and_every_claim_held(steps, claims, held):
    assert DemoOutcome(steps, claims).held is held


def test_refuses_an_environment_on_aws():
    """The demo makes and deletes everything in its cloud."""
    with pytest.raises(SettingsError, match="environment 'prod' is on AWS"):
        Demo(settings.load("prod", variables={}), console())


def test_a_misspelt_hyperparameter_is_told_before_anything_is_started():
    with pytest.raises(HyperparameterError, match="did you mean epochs"):
        Demo(settings.load("local", variables={}), console(), overrides={"epoch": "3"})


def test_leaves_a_local_cloud_that_runs_alone(tmp_path, monkeypatch):
    environment = dataclasses.replace(settings.load("local", variables={}), cloud_path=tmp_path / "cloud.json")
    running = control.Cloud("http://127.0.0.1:5999", 5999, 1, tmp_path, 0.0, "local", "its own")
    monkeypatch.setattr(control, "status", lambda state: running)
    with pytest.raises(LocalCloudError, match=r"runs already at http://127\.0\.0\.1:5999(.|\n)*local\.down"):
        Demo(environment, console()).run()
