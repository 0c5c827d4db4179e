from datetime import UTC, datetime, timedelta

import pytest

from scones.errors import InputError
from scones.service.capture.period import Period, parse, span

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T06", datetime(2026, 11, 20, 6, tzinfo=UTC)),
        ("2026-11-20T06:15Z", datetime(2026, 11, 20, 6, 15, tzinfo=UTC)),
        ("2026-11-20 06:15+02:00", datetime(2026, 11, 20, 4, 15, tzinfo=UTC)),
        ("7d", NOW - timedelta(days=7)),
        ("12h", NOW - timedelta(hours=12)),
        ("30m", NOW - timedelta(minutes=30)),
    ],
)
def test_reads_days_times_and_ages_as_utc(since, expected):
    assert parse(since, None, now=NOW) == Period(expected, None)


def test_a_day_given_as_the_end_is_meant_with_all_its_hours():
    period = parse("2026-11-20", "2026-11-20")
    assert datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC) in period
    assert datetime(2026, 11, 21, tzinfo=UTC) not in period


def test_without_ends_every_time_is_in_it():
    assert datetime(1999, 1, 1, tzinfo=UTC) in parse(None, None)


@pytest.mark.parametrize(
    "since", ["soon", "2026-13-01", "7w", "-3d", "999999d", "0001-01-01T00:00+12:00", "9999-12-31T23:30"]
)
def test_names_what_is_no_time_and_says_what_is(since):
    with pytest.raises(InputError, match=r"(?s)--since '.*' is not a time.*2024-01-28T12:30"):
        parse(since, None, now=NOW)


def test_refuses_an_end_before_the_start():
    with pytest.raises(InputError, match="--since 2026-11-21 is not before --until 2026-11-20"):
        parse("2026-11-21", "2026-11-20")


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (0.002, "22 November 2026, 12:30:00 to 12:30:07 UTC"),
        (2, "22 November 2026, 12:30 to 14:30 UTC"),
        (24 * 31, "22 November 2026 12:30 to 23 December 2026 12:30 UTC"),
    ],
)
def test_says_how_long_it_was_in_no_more_words_than_need_be(hours, expected):
    assert span(NOW, NOW + timedelta(hours=hours)) == expected
