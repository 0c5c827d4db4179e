"""``invoke train``: what it refuses, what it asks, what it leaves behind."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from invoke import Context
from invoke.exceptions import Exit
from rich.console import Console

from scones import settings
from scones.tasks import train as tasks
from scones.training import job
from scones.training.progress import Progress


class Keyboard:
    """Somebody, or nobody, at the terminal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, there: bool, answer: bool = False) -> None:
        self.questions: list[str] = []
        self._answer = answer
        monkeypatch.setattr("sys.stdin", self)
        monkeypatch.setattr("scones.tasks.prepare.asked", self._ask)
        self.there = there

    def isatty(self) -> bool:
        return self.there

    def _ask(self, question: str) -> bool:
        self.questions.append(question)
        return self._answer


def follower(*outcomes: Any) -> Callable[..., Any]:
    """A ``job.follow`` that ends in each of the outcomes in turn."""
    left = list(outcomes)

    def follow(environment: settings.Environment, name: str, view: Any) -> Any:
        outcome = left.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return follow


FINISHED = job.Outcome(
    job.Job("j", "arn", "Completed", "Completed", None, "image", "s3://b/m", "s3://b/d"), Progress("j", 1, "Completed")
)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"set": ["epochs"]}, "--set epochs is not NAME=VALUE"),
        ({"set": ["epochs=1", "epochs=2"]}, "given twice"),
        ({"set": ["epochs=none"]}, "epochs is 'none'"),
        ({"set": ["learning_rat=1"]}, "did you mean learning_rate"),
        ({"env": "devv"}, "no environment 'devv'"),
        ({"classes": "bicycle,bicycle"}, "bicycle"),
        ({"name": "no name"}, "'no name' cannot be a training job's name"),
        ({"attach": "j", "set": ["epochs=3"], "name": "k"}, "--set, --name would change nothing"),
    ],
)
def test_a_mistake_is_told_before_anything_is_done(
    options: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untouched(*arguments: Any, **options: Any) -> None:
        raise AssertionError("something was done")

    monkeypatch.setattr("scones.dataset.ensure", untouched)
    monkeypatch.setattr("scones.terraform.Stack.apply", untouched)
    with pytest.raises(Exit, match=said) as ended:
        tasks.train(Context(), **{"env": "dev", **options})
    assert ended.value.code == 2


def test_nothing_that_costs_money_is_started_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = settings.load("dev", variables={})
    Keyboard(monkeypatch, there=False)
    with pytest.raises(tasks.InputError, match=r"ml.g4dn.xlarge in us-east-1, for at most 60 minutes") as refused:
        tasks._confirm(environment, Console(file=io.StringIO()))
    assert "--yes" in refused.value.hint
    asked = Keyboard(monkeypatch, there=True, answer=False)
    with pytest.raises(tasks.InputError, match="nothing was started"):
        tasks._confirm(environment, Console(file=io.StringIO()))
    assert asked.questions == ["Go on?"]
    tasks._confirm(settings.load("local", variables={}), Console(file=io.StringIO()))
    assert asked.questions == ["Go on?"]


def test_after_ctrl_c_a_job_goes_on_and_is_told_how_to_be_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = settings.load("dev", variables={})
    monkeypatch.setattr(job, "follow", follower(KeyboardInterrupt()))
    monkeypatch.setattr(job, "stop", lambda environment, name: pytest.fail("the job was stopped"))
    asked = Keyboard(monkeypatch, there=True, answer=False)
    with pytest.raises(Exit, match="invoke train --attach j --env dev") as ended:
        tasks._follow(environment, "j", Console(file=io.StringIO()))
    assert ended.value.code == 130
    assert asked.questions == ["Stop the training job?"]


def test_after_ctrl_c_a_job_is_stopped_where_a_person_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(job, "follow", follower(KeyboardInterrupt(), FINISHED))
    monkeypatch.setattr(job, "stop", lambda environment, name: stopped.append(name))
    Keyboard(monkeypatch, there=True, answer=True)
    found = tasks._follow(settings.load("dev", variables={}), "j", Console(file=io.StringIO()))
    assert stopped == ["j"]
    assert found is FINISHED


def test_ctrl_c_while_a_job_stops_tells_how_to_follow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to run the same command again, which would start another job."""
    monkeypatch.setattr(job, "follow", follower(KeyboardInterrupt(), KeyboardInterrupt()))
    monkeypatch.setattr(job, "stop", lambda environment, name: None)
    Keyboard(monkeypatch, there=True, answer=True)
    with pytest.raises(Exit, match="invoke train --attach j --env dev") as ended:
        tasks._follow(settings.load("dev", variables={}), "j", Console(file=io.StringIO()))
    assert ended.value.code == 130
