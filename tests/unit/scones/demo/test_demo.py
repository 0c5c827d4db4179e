"""The demo shows its steps, and refuses environments on AWS."""

import contextlib
import io
import shutil

import pytest
from rich.console import Console

from imageclassification.errors import HyperparameterError
from localcloud.errors import LocalCloudError
from scones import settings
from scones.demo import Demo, DemoClaim, DemoOutcome, workplace
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


@pytest.fixture
def project(tmp_path):
    """A copy of the project's environments, without a build."""
    shutil.copytree(settings.ROOT / "terraform" / "environments", tmp_path / "terraform" / "environments")
    (tmp_path / "terraform" / "stacks").mkdir()
    return tmp_path


def test_has_a_cloud_a_pin_and_build_outputs_of_its_own_and_shares_downloads(project):
    users = settings.load("local", root=project, variables={})
    own = Demo(users, console(), classes=("bus", "train")).environment
    assert own.classes == ("bus", "train")
    for place in ("build", "cloud_path", "pin_path", "candidate_path"):
        assert getattr(own, place).is_relative_to(project / "build" / "demo")
        assert not getattr(users, place).is_relative_to(project / "build" / "demo")
    assert own.downloads == users.downloads == project / "build"
    assert settings.load("local", root=project, variables={"SCONES_BUILD": "build/demo"}) == workplace.of(users)


@pytest.mark.parametrize("keep", [False, True])
def test_what_an_earlier_demo_kept_goes_first_and_its_own_cloud_goes_last_unless_it_is_kept(project, keep):
    users = settings.load("local", root=project, variables={})
    for path in (users.cloud_path.parent / "cloud.lock", users.pin_path, users.build / "dataset" / "dataset.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("the user's")
    environment = workplace.of(users)
    (environment.build / "local").mkdir(parents=True)
    (environment.build / "local" / "cloud.lock").touch()
    environment.pin_path.write_text("{}")
    (environment.build / "report").mkdir()
    with workplace.alone(environment, keep=keep) as state:
        assert list(environment.build.iterdir()) == []
        with pytest.raises(LocalCloudError, match="another demo is running"), workplace.alone(environment, keep=keep):
            pass
        for path in (state / "cloud.lock", state / "cloud.sqlite", environment.build / "report" / "index.html"):
            path.parent.mkdir(exist_ok=True)
            path.touch()
    assert (state / "cloud.sqlite").exists() is keep
    assert (environment.build / "report" / "index.html").exists()
    assert users.pin_path.read_text() == "the user's"
    assert (users.build / "dataset" / "dataset.json").exists()
