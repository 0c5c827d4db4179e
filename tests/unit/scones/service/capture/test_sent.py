"""What was sent is known to the last request, and what of it is not captured yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones.service.capture.period import Period
from scones.service.capture.records import Event
from scones.service.capture.sent import Capturing, capturing, kept, noting, to_come

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
IDS = [f"evaluate-{number}" for number in range(400)]


def events(ids: list[str], variant: str = "AllTraffic") -> list[Event]:
    return [
        Event(one, NOON, (0.9, 0.1), one, (), False, Path("f"), number, 0, variant=variant)
        for number, one in enumerate(ids)
    ]


def send(folder: Path, ids: list[str] = IDS, at: datetime = NOON) -> None:
    with noting(folder, "e", "invoke evaluate", lambda: at) as answered:
        answered += ids


def test_says_how_many_of_the_sent_requests_are_still_to_come(tmp_path: Path) -> None:
    send(tmp_path)
    later = NOON + timedelta(minutes=1)
    (found,) = to_come(kept(tmp_path, "e"), events(IDS[:389]), Capturing(), now=later)
    assert str(found) == "11 of 400 requests that invoke evaluate sent at 12:00 UTC are still to come"
    assert to_come(kept(tmp_path, "e"), events(IDS), Capturing(), now=later) == []


def test_a_shadows_copy_is_not_the_callers_answer(tmp_path: Path) -> None:
    send(tmp_path, IDS[:2])
    (found,) = to_come(kept(tmp_path, "e"), events(IDS[:2], "Shadow"), Capturing(), now=NOON)
    assert found.missing == 2


def test_what_did_not_come_in_an_hour_never_will(tmp_path: Path) -> None:
    send(tmp_path, IDS[:5])
    (found,) = to_come(kept(tmp_path, "e"), [], Capturing(), now=NOON + timedelta(hours=2))
    assert found.late
    assert str(found) == "5 of 5 requests that invoke evaluate sent at 12:00 UTC were never captured"
    assert to_come(kept(tmp_path, "e"), [], Capturing(), now=NOON + timedelta(days=2)) == []


def test_what_was_answered_before_ctrl_c_is_noted(tmp_path: Path) -> None:
    def interrupted() -> None:
        with noting(tmp_path, "e", "invoke evaluate", lambda: NOON) as answered:
            answered.append("evaluate-0")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [one.ids for one in kept(tmp_path, "e")] == [("evaluate-0",)]


def test_only_this_endpoint_and_this_period_count(tmp_path: Path) -> None:
    send(tmp_path)
    assert kept(tmp_path, "other") == []
    assert kept(tmp_path, "e", Period(since=NOON + timedelta(seconds=1))) == []
    assert kept(tmp_path, "e", Period(until=NOON + timedelta(hours=1))) == []
    (tmp_path / "sent" / "damaged.json").write_text("{")
    assert len(kept(tmp_path, "e")) == 1


def test_notes_of_the_day_before_are_removed(tmp_path: Path) -> None:
    send(tmp_path, ["old"])
    send(tmp_path, ["new"], NOON + timedelta(days=2))
    assert [one.ids for one in kept(tmp_path, "e")] == [("new",)]


class Endpoint:
    def __init__(self, **config: Any) -> None:
        self.config = config

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if not self.config:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "gone"}}, "DescribeEndpoint")
        return {"CreationTime": NOON, "DataCaptureConfig": self.config}


@pytest.mark.parametrize(
    ("endpoint", "percentage"),
    [
        (Endpoint(EnableCapture=True, CaptureStatus="Started", CurrentSamplingPercentage=100), 100),
        (Endpoint(EnableCapture=True, CaptureStatus="Started", CurrentSamplingPercentage=20), 20),
        (Endpoint(EnableCapture=False, CaptureStatus="Stopped", CurrentSamplingPercentage=100), 0),
        (Endpoint(), 100),
    ],
)
def test_an_endpoint_that_captures_a_part_promises_nothing(endpoint: Any, percentage: int, tmp_path: Path) -> None:
    found = capturing(endpoint, "e")
    assert found.percentage == percentage
    send(tmp_path)
    assert bool(to_come(kept(tmp_path, "e"), [], found, now=NOON)) == (percentage == 100)


def test_requests_to_an_earlier_endpoint_of_the_name_are_not_waited_for(tmp_path: Path) -> None:
    send(tmp_path)
    newer = replace(Capturing(), since=NOON + timedelta(minutes=1))
    assert to_come(kept(tmp_path, "e"), [], newer, now=NOON + timedelta(minutes=2)) == []
