"""An endpoint answers every request while Terraform updates it, even to a model that cannot load."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import update

pytestmark = [pytest.mark.usefixtures("provider_is_here"), pytest.mark.nightly]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> update.Run:
    folder: Path = tmp_path_factory.mktemp("update")
    return update.measure(folder, clients=2, pause=0.05)


def test_not_one_request_fails(run: update.Run) -> None:
    assert run.requests > 60
    assert (run.failed, run.errors) == (0, ())


def test_an_update_that_was_rolled_back_fails_the_apply_and_destroys_nothing(run: update.Run) -> None:
    rolled_back = run.phases[0]
    assert "unexpected state 'RollingBack'" in rolled_back.outcome
    assert "did not pass the ping health check" in rolled_back.reason
    assert set(rolled_back.answered) == {"model 1"}
    assert rolled_back.kept, "the endpoint's configuration and model must still be there"


def test_the_model_before_is_taken_up_again_with_an_empty_plan(run: update.Run) -> None:
    again = run.phases[1]
    assert (again.outcome, again.runs, again.changes_after) == ("applied", "model 1", False)
    assert set(again.answered) == {"model 1"}


def test_a_model_that_loads_takes_over_with_an_empty_plan(run: update.Run) -> None:
    taken = run.phases[2]
    assert (taken.outcome, taken.runs, taken.changes_after) == ("applied", "model 2", False)
    assert set(taken.answered) == {"model 1", "model 2"}
    assert taken.kept
