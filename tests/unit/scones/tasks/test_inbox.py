"""invoke inbox: what failed has its reason and a next step, by the kind of error."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from invoke import Context

from scones.service.inbox import FailedArrival, Inbox, QueueLoad
from scones.tasks import inbox as task

NOW = datetime(2026, 1, 28, tzinfo=UTC)
REFUSED = "s3://b/in/a.png cannot be read: AccessDenied; allow it"


def failed(error: str, cause: str = "") -> FailedArrival:
    return FailedArrival("arn:e", "arrival-a-0d", "s3://b/in/a.png", error, cause, NOW, redrivable=False)


@pytest.mark.parametrize(
    ("failures", "said", "unsaid"),
    [
        ([failed("ImageRefusedError", REFUSED)], [REFUSED, "next: invoke inbox.retry --env dev"], ["--error"]),
        (
            [failed("InvalidImageError"), failed("ThresholdConfidenceNotMet")],
            [
                "the same picture gives InvalidImageError or ThresholdConfidenceNotMet again: put another one",
                "invoke inbox.retry --error InvalidImageError --env dev",
            ],
            ["next:"],
        ),
        ([failed("States.Timeout"), failed("InvalidImageError")], ["next: invoke", "--error InvalidImageError"], []),
        ([], ["arrivals: 0 wait"], ["invoke inbox.retry"]),
    ],
)
def test_every_failure_has_a_next_step(
    failures: list[FailedArrival],
    said: list[str],
    unsaid: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Inbox({"arrivals": QueueLoad(0, 0, 0)}, (), tuple(failures))
    monkeypatch.setenv("COLUMNS", "200")  # no line is broken
    monkeypatch.setattr(task, "with_arrivals", lambda environment: {})
    monkeypatch.setattr(task, "_look", lambda *given: found)
    task.listing(Context(), env="dev")
    shown = capsys.readouterr().out
    assert [text for text in said if text not in shown] == []
    assert [text for text in unsaid if text in shown] == []
