"""Schedule expressions: AWS's grammar, and the moments that they mean."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from localcloud.events.recurrence import BadExpression, Cron, Once, Rate, read


@pytest.mark.parametrize(
    "text",
    [
        *("rate(10 seconds)", "rate(1 minutes)", "rate(10 minute)", "rate(0 minutes)", "rate(-1 minutes)", "rate()"),
        *("rate( 10 minutes )", " rate(10 minutes)", "rate(10 MINUTES)", "rate(1.5 hours)", "every 5 minutes", ""),
        *("cron()", "cron(0 1 * * * *)", "cron(0 1 ? * ? *)", "cron(0 1 * * ?)", "cron(71 8 1 * ? *)"),
        *("cron(7 20 * * NOT *)", "cron(0 dummy ? * MON-FRI *)", "cron(0 12 32 * ? *)", "cron(0 12 ? 13 1 *)"),
        *("cron(0 12 ? * 8 *)", "cron(0 12 ? * 2#6 *)", "cron(0/0 12 * * ? *)", "cron(0 12 * * ? 1969)"),
        *("at(2026-01-01T00:00:00)", "cron(0 12 * * ? *) ", "cron(*-5 12 * * ? *)"),
    ],
)
def test_what_aws_refuses_in_a_rule_is_refused(text):
    with pytest.raises(BadExpression):
        read(text)


@pytest.mark.parametrize(
    ("text", "after", "moments"),
    [
        ("cron(0/15 8 * * ? *)", "2026-01-01T08:20", ["2026-01-01T08:30", "2026-01-01T08:45", "2026-01-02T08:00"]),
        ("cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00", ["2026-01-05T18:00", "2026-01-06T18:00"]),
        ("cron(0 0 L * ? *)", "2026-01-31T00:00", ["2026-02-28T00:00", "2026-03-31T00:00"]),
        ("cron(0 0 1W * ? *)", "2026-01-02T00:00", ["2026-02-02T00:00", "2026-03-02T00:00", "2026-04-01T00:00"]),
        ("cron(0 9 ? * 2#1 *)", "2026-01-01T00:00", ["2026-01-05T09:00", "2026-02-02T09:00"]),
        ("cron(0 9 ? * 6L *)", "2026-01-01T00:00", ["2026-01-30T09:00", "2026-02-27T09:00"]),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("cron(15 10 ? * L 2026)", "2026-12-20T00:00", ["2026-12-26T10:15", None]),
        ("cron(0 8,20 1 JAN,jul ? 2026-2027)", "2026-07-01T08:00", ["2026-07-01T20:00", "2027-01-01T08:00"]),
    ],
)
def test_cron_means_these_moments(text, after, moments):
    cron, moment = read(text), datetime.fromisoformat(after).replace(tzinfo=UTC).timestamp()
    assert isinstance(cron, Cron)
    found = []
    for _ in moments:
        following = cron.following(moment)
        found.append(None if following is None else datetime.fromtimestamp(following, UTC).isoformat()[:16])
        moment = following or moment
    assert found == moments


def test_a_time_zone_moves_with_daylight_saving_time_and_skips_what_does_not_exist():
    zone = ZoneInfo("Europe/Zurich")
    daily, skipped = read("cron(30 12 * * ? *)"), read("cron(30 2 * * ? *)")
    winter = datetime(2026, 3, 28, 11, 30, tzinfo=UTC).timestamp()
    assert daily.following(winter - 1, zone=zone) == winter
    assert daily.following(winter, zone=zone) == winter + 23 * 3600
    before = datetime(2026, 3, 28, 12, tzinfo=UTC).timestamp()
    assert datetime.fromtimestamp(skipped.following(before, zone=zone), zone).day == 30
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC).timestamp()
    first = skipped.following(autumn, zone=zone)
    assert datetime.fromtimestamp(skipped.following(first, zone=zone), zone).day == 26


def test_the_schedulers_expressions_are_read_when_they_are_asked_for():
    assert read("rate(1 minutes)", lenient=True) == Rate(60)
    once = read("at(2026-06-01T12:00:00)", lenient=True)
    assert isinstance(once, Once)
    noon = datetime(2026, 6, 1, 16, tzinfo=UTC).timestamp()
    assert once.following(0, zone=ZoneInfo("America/New_York")) == noon
    assert once.following(noon, zone=ZoneInfo("America/New_York")) is None
    with pytest.raises(BadExpression):
        read("at(2026-06-31T12:00:00)", lenient=True)
