"""invoke aws.check says what it costs, asks, takes the steps, and takes everything down whatever they found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from invoke import Context, Exit

from scones import settings
from scones.delivery.firsthour import Attempt, FirstHour, Notes
from scones.errors import CheckError, InputError
from scones.settings import Environment
from scones.tasks import aws

Run = Callable[..., None]


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    found = replace(settings.load("dev", variables={}), build_name=str(tmp_path / "build"))
    monkeypatch.setattr("scones.settings.load", lambda *_: found)
    return found


@pytest.fixture
def done(dev: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, instead of the steps. A step fails if its name is in the file ``fails``."""
    order: list[str] = []

    def take(key: str) -> str:
        order.append(key)
        fails = tmp_path / "fails"
        if fails.exists() and key in fails.read_text():
            raise CheckError("AWS refused it")
        return "seen"

    monkeypatch.setattr(
        FirstHour,
        "trials",
        lambda self: [
            Attempt("stacks", "Stacks", lambda: take("stacks")),
            Attempt("ab", "A/B", lambda: take("ab"), needs=("stacks",)),
        ],
    )
    monkeypatch.setattr(FirstHour, "clean", lambda self: take("clean"))
    monkeypatch.setattr("scones.delivery.firsthour.workplace.make", lambda environment: environment)
    (tmp_path / "build" / "aws-check" / "dev" / "project" / ".git").mkdir(parents=True)
    return order


def check(**options: Any) -> None:
    aws.check(Context(), **{"env": "dev", "yes": True, **options})


def test_it_costs_less_than_five_dollars(dev: Environment) -> None:
    assert 0.5 < sum(line.cost for line in aws.estimate(dev)) < 5


def test_it_asks_before_it_spends(done: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit, match=r"scones-checkdev in us-east-1; AWS charges for it"):
        check(yes=False)
    assert done == []
    assert "US dollars in all" in capsys.readouterr().out


def test_every_step_is_taken_and_then_all_is_taken_down(
    done: list[str], dev: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    check()
    assert done == ["stacks", "ab", "clean"]
    said = capsys.readouterr().out
    assert said.count("held") == 3
    assert sorted(path.name for path in (dev.build / "aws-check" / "dev").iterdir()) == ["last.json", "lock"]


def test_what_does_not_hold_is_said_and_all_is_taken_down(
    done: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fails").write_text("stacks")
    with pytest.raises(Exit, match="not every step held"):
        check()
    assert done == ["stacks", "clean"]
    said = capsys.readouterr().out
    assert "Stacks (0 s): did not hold\n    AWS refused it" in said
    assert "A/B (0 s): skipped\n    it needs 'Stacks', which did not hold" in said


def test_what_cannot_be_deleted_is_deleted_by_a_later_run(done: list[str], tmp_path: Path, dev: Environment) -> None:
    (tmp_path / "fails").write_text("clean")
    with pytest.raises(Exit, match=r"something may still cost money; .*invoke aws\.check --env dev --clean"):
        check()
    (tmp_path / "fails").unlink()
    check(clean=True)
    assert done == ["stacks", "ab", "clean", "clean"]
    assert not (dev.build / "aws-check" / "dev" / "project").exists()


def test_nothing_is_made_to_be_cleaned(done: list[str], dev: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    (dev.build / "aws-check" / "dev" / "project" / ".git").rmdir()
    check(clean=True)
    assert done == []
    assert "there is nothing to take down" in capsys.readouterr().out


def test_one_step_brings_those_that_it_needs(dev: Environment, tmp_path: Path) -> None:
    trials = FirstHour(dev, Notes(tmp_path / "notes.json")).trials()
    assert [one.key for one in aws.chosen(trials, ["rollback"])] == ["stacks", "service", "rollback"]
    assert aws.chosen(trials, []) == trials
    with pytest.raises(InputError, match="there is no step 'rolback'; there are: stacks, stop"):
        aws.chosen(trials, ["rolback"])


def test_the_guide_lists_every_step(dev: Environment, tmp_path: Path) -> None:
    guide = (settings.ROOT / "docs" / "first-hour.md").read_text()
    keys = [trial.key for trial in FirstHour(dev, Notes(tmp_path / "notes.json")).trials()]
    rows = [line.split("`")[1] for line in guide.splitlines() if line.startswith("| `")]
    assert rows == [*keys, "clean"]
