from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from scones.service.capture.analysis import least_sure, summarise, trend
from scones.service.capture.records import Event

START = datetime(2026, 11, 22, tzinfo=UTC)


def event(number: int, *probabilities: float, minutes: float = 0) -> Event:
    time = START + timedelta(minutes=minutes or number)
    return Event(f"e{number}", time, probabilities or None, None, (), bool(probabilities), Path("f"), number, 0)


EVENTS = [
    event(1, 0.9, 0.1),
    event(2, 0.2, 0.8),
    event(3, 0.75, 0.25),
    event(4),
    event(5, 0.5, 0.5),
    event(6, 0.99, 0.01),
]


def test_counts_what_passed_and_what_has_no_answer():
    summary = summarise(EVENTS, threshold=0.8, classes=("bicycle", "motorcycle"))
    assert (summary.events, summary.predictions, summary.images, summary.passed) == (6, 5, 5, 3)
    assert summary.median == 0.8
    assert (summary.first, summary.last) == (START + timedelta(minutes=1), START + timedelta(minutes=6))


def test_a_confidence_equal_to_the_threshold_passes_as_in_the_workflow():
    assert summarise([event(1, 0.2, 0.8)], threshold=0.8).passed == 1


def test_describes_each_class_that_was_answered():
    bicycle, motorcycle = summarise(EVENTS, threshold=0.8, classes=("bicycle", "motorcycle")).classes
    assert (bicycle.name, bicycle.count, bicycle.passed) == ("bicycle", 4, 2)
    assert (bicycle.minimum, bicycle.median, bicycle.maximum) == (0.5, pytest.approx(0.825), 0.99)
    # quartiles of 0.5 0.75 0.9 0.99 by linear interpolation, by hand
    assert (bicycle.lower_quartile, bicycle.upper_quartile) == (pytest.approx(0.6875), pytest.approx(0.9225))
    assert (motorcycle.name, motorcycle.count, motorcycle.passed) == ("motorcycle", 1, 1)


def test_a_class_without_a_known_name_shows_its_index():
    assert [one.name for one in summarise(EVENTS, threshold=0.8, classes=("bicycle",)).classes] == [
        "bicycle",
        "class 1",
    ]


def test_without_answers_there_is_no_median():
    summary = summarise([event(1)], threshold=0.8)
    assert (summary.predictions, summary.median, summary.classes) == (0, None, ())
    assert summarise([], threshold=0.8).first is None


def test_the_least_sure_come_first_and_only_those_with_an_answer():
    assert [one.event_id for one in least_sure(EVENTS, 3)] == ["e5", "e3", "e2"]
    assert len(least_sure(EVENTS, 100)) == 5


def test_the_trend_is_the_median_of_each_step_that_has_requests():
    """Two bursts, an hour apart, in six steps of ten minutes: only the first and the last step have a value."""
    events = [event(n, 0.9 - n / 100, 0, minutes=n / 10) for n in range(1, 6)]
    events += [event(n, 0.6, 0.4, minutes=60) for n in range(6, 10)]
    found = trend(events, steps=6)
    assert found.median.tolist() == [pytest.approx(0.87), 0.6]
    assert found.low[0] == pytest.approx(np.percentile([0.89, 0.88, 0.87, 0.86, 0.85], 10))
    assert found.times == sorted(found.times)
    assert START < found.times[0] < START + timedelta(minutes=12)


def test_the_trend_of_a_single_moment_is_one_value():
    found = trend([event(n, 0.9, 0.1, minutes=1) for n in range(3)], steps=10)
    assert found.median.tolist() == [0.9]
