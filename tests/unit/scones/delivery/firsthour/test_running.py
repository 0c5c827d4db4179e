"""Steps that fail do not end the others, and an interrupted run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localcloud.errors import LocalCloudError
from scones.delivery.firsthour import Attempt, AttemptEnd, Notes, NotTried, requests, run
from scones.errors import CheckError, CloudError, InputError


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes.load(tmp_path / "notes.json")


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "CreateRole")


def states(notes: Notes, *trials: Attempt) -> dict[str, str]:
    shown: dict[str, str] = {}
    run(trials, notes, show=lambda trial, found: shown.update({trial.key: found.state}), clock=lambda: 0.0)
    return shown


def failing(error: Exception) -> Attempt:
    def take() -> str:
        raise error

    return Attempt("failing", "A step", take)


def test_a_step_that_fails_ends_only_those_that_need_it(notes: Notes) -> None:
    after = Attempt("after", "After it", lambda: "", needs=("failing",))
    further = Attempt("further", "After that", lambda: "", needs=("after",))
    other = Attempt("other", "Another", lambda: "seen")
    found = states(notes, failing(CheckError("the plan is not empty")), after, further, other)
    assert found == {"failing": "did not hold", "after": "skipped", "further": "skipped", "other": "held"}
    assert notes.findings["further"].said == "it needs 'After it', which was skipped"


@pytest.mark.parametrize(
    ("error", "state"),
    [(refused("AccessDenied"), "did not hold"), (NotTried("there is no GPU"), "skipped")],
)
def test_what_a_cloud_refuses_is_a_finding(notes: Notes, error: Exception, state: str) -> None:
    assert states(notes, failing(error)) == {"failing": state}


def test_after_an_interruption_only_what_has_not_ended_is_taken(notes: Notes) -> None:
    taken = []
    first = Attempt("first", "First", lambda: taken.append("first") or "seen")

    def interrupted() -> str:
        notes.keep("job", "scones-checkdev-1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        states(notes, first, Attempt("second", "Second", interrupted))
    again = Notes.load(notes.path)
    second = Attempt("second", "Second", lambda: taken.append("second") or f"went on with {again.facts['job']}")
    assert states(again, first, second) == {"first": "held", "second": "held"}
    assert taken == ["first", "second"]
    assert again.findings["second"] == AttemptEnd("held", "went on with scones-checkdev-1", 0.0)


def test_a_session_that_has_ended_is_an_interruption_and_no_finding(notes: Notes) -> None:
    """Else every later step would be said not to hold, and nothing could be taken down."""
    with pytest.raises(CloudError, match="the credentials do not hold any more, in 'A step'"):
        states(notes, failing(refused("ExpiredTokenException")))
    assert notes.findings == {}


def test_a_local_cloud_that_does_not_run_is_said_once_and_is_no_finding(notes: Notes) -> None:
    with pytest.raises(LocalCloudError, match="is not running"):
        states(notes, failing(LocalCloudError("the cloud is not running")), Attempt("other", "Another", lambda: "seen"))
    assert notes.findings == {}


def test_notes_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("[]")
    with pytest.raises(InputError, match="does not hold the notes of a run"):
        Notes.load(tmp_path / "notes.json")


def test_waiting_sends_requests_until_it_is_true_or_too_late() -> None:
    sent: list[int] = []
    assert requests.until(lambda: len(sent) == 3, seconds=9, between=lambda: sent.append(1), clock=lambda: 0.0)
    assert len(sent) == 3
    times = iter(range(100))
    assert not requests.until(lambda: False, seconds=9, between=lambda: None, clock=lambda: float(next(times)))
