from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from scones.service.ab.comparison import compare
from scones.service.capture.analysis import (
    by_model,
    class_sentence,
    current,
    least_sure,
    pass_sentence,
    right_sentence,
    steps_of,
    summarise,
    time_sentence,
    trend,
)
from scones.service.capture.labels import KnownImage, KnownImages
from scones.service.capture.models import UNKNOWN, AnsweringModel
from scones.service.capture.records import Event

START = datetime(2026, 11, 22, tzinfo=UTC)
BOTH = ("bicycle", "motorcycle")
FIRST, SECOND = AnsweringModel("scones/1", BOTH, "5f"), AnsweringModel("scones/2", (*BOTH, "square"), "6a")


def event(
    number: int,
    *probabilities: float,
    minutes: float = 0,
    name: str = "",
    model: AnsweringModel = FIRST,
    variant: str = "AllTraffic",
) -> Event:
    return Event(
        event_id=f"e{number}",
        time=START + timedelta(minutes=minutes or number),
        probabilities=probabilities or None,
        inference_id=None,
        custom_attributes=(name,) if name else (),
        has_image=bool(probabilities),
        path=Path("f"),
        line=number,
        offset=0,
        variant=variant,
        model=model,
    )


EVENTS = [
    event(1, 0.9, 0.1),
    event(2, 0.2, 0.8),
    event(3, 0.75, 0.25),
    event(4),
    event(5, 0.5, 0.5),
    event(6, 0.99, 0.01),
]


def test_counts_what_passed_and_what_has_no_answer():
    summary = summarise(EVENTS, threshold=0.8)
    assert (summary.events, summary.predictions, summary.images, summary.passed) == (6, 5, 5, 3)
    assert summary.median == 0.8
    assert (summary.first, summary.last) == (START + timedelta(minutes=1), START + timedelta(minutes=6))


def test_a_confidence_equal_to_the_threshold_passes_as_in_the_workflow():
    assert summarise([event(1, 0.2, 0.8)], threshold=0.8).passed == 1


def test_describes_each_class_that_was_answered():
    bicycle, motorcycle = summarise(EVENTS, threshold=0.8).classes
    assert (bicycle.name, bicycle.count, bicycle.passed) == ("bicycle", 4, 2)
    assert (bicycle.minimum, bicycle.median, bicycle.maximum) == (0.5, pytest.approx(0.825), 0.99)
    # quartiles of 0.5 0.75 0.9 0.99 by linear interpolation, by hand
    assert (bicycle.lower_quartile, bicycle.upper_quartile) == (pytest.approx(0.6875), pytest.approx(0.9225))
    assert (motorcycle.name, motorcycle.count, motorcycle.passed) == ("motorcycle", 1, 1)


def test_a_class_without_a_known_name_shows_its_index():
    model = AnsweringModel("scones/1", ("bicycle",))
    events = [event(1, 0.9, 0.1, model=model), event(2, 0.2, 0.8, model=model), event(3, 0.9, 0.1, model=UNKNOWN)]
    assert [one.name for one in summarise(events, threshold=0.8).classes] == ["bicycle", "class 1", "class 0"]


def test_each_model_is_counted_for_itself_with_its_own_class_names():
    """A third class came with the second model. The first model's answers keep their names."""
    events = [event(1, 0.9, 0.1), event(2, 0.3, 0.7), event(3, 0.05, 0.05, 0.9, model=SECOND), event(4)]
    first, second = by_model(events, threshold=0.8)
    assert (first.answerer.name, first.summary.events, first.summary.passed) == ("version 1", 3, 1)
    assert [one.name for one in first.summary.classes] == ["bicycle", "motorcycle"]
    assert (second.answerer.name, second.summary.events) == ("version 2", 1)
    assert [one.name for one in second.summary.classes] == ["square"]


LABELS = KnownImages(
    by_name={
        f"{name}.png": KnownImage(label, f"{name}.png", "5f") for name, label in zip("abcd", BOTH * 2, strict=True)
    }
)


def test_a_model_is_right_as_far_as_labels_are_known():
    """An image that was answered twice counts once, and one without a label not at all."""
    events = [
        event(1, 0.4, 0.6, name="a.png"),
        event(2, 0.9, 0.1, name="a.png"),  # right, passes
        event(3, 0.9, 0.1, name="b.png"),  # wrong, passes
        event(4, 0.7, 0.3, name="c.png"),  # right, refused
        event(5, 0.6, 0.4, name="d.png"),  # wrong, refused
        event(6, 0.9, 0.1, name="own photo.png"),
    ]
    (one,) = by_model(events, threshold=0.8, labels=LABELS)
    found = one.measured
    assert (found.images, found.right, found.passed, found.passed_wrong, found.refused_right) == (4, 2, 2, 1, 1)
    assert found.rows == [("bicycle", (2, 0)), ("motorcycle", (2, 0))]
    low, high = found.interval
    assert low < found.accuracy < high
    assert right_sentence(one) == "version 1 is right on 50 % of 4 images with a known label"
    assert pass_sentence(one) == "At 0.80 version 1 answers 50 % of images; 50 % of these are wrong"
    assert not found.seen


def test_a_model_of_another_data_set_may_have_seen_the_images():
    (one,) = by_model([event(1, 0.9, 0.05, 0.05, name="a.png", model=SECOND)], threshold=0.8, labels=LABELS)
    assert (one.measured.images, one.measured.seen) == (1, True)


def test_an_answer_of_an_unknown_model_is_neither_right_nor_wrong():
    (one,) = by_model([event(1, 0.9, 0.1, name="a.png", model=UNKNOWN)], threshold=0.8, labels=LABELS)
    assert one.measured.images == 0
    assert right_sentence(one) == "How often the model is right is not known: no image of it has a label"
    assert "how many of these are wrong is not known" in pass_sentence(one)


def test_titles_say_what_came_out():
    events = [event(n, 0.9, 0.1) for n in range(1, 4)]
    events += [event(n, 0.2, 0.75, 0.05, model=SECOND) for n in range(4, 6)]
    traffic = by_model(events, threshold=0.8)
    assert time_sentence(traffic) == (
        "2 of 5 answers were below 0.80; version 2 has answered since 2026-11-22 00:04 UTC"
    )
    assert class_sentence(traffic[1]) == "version 2 answered only motorcycle, half of the time with less than 75 %"


def test_the_pinned_model_is_the_current_one_beside_a_candidate_and_a_shadow():
    events = [event(1, 0.9, 0.1), event(2, 0.9, 0.1, model=SECOND, variant="Candidate")]
    events += [event(3, 0.9, 0.1, model=SECOND, variant="Shadow")]
    assert current(by_model(events, threshold=0.8)).answerer.variant == "AllTraffic"


def test_an_image_that_was_evaluated_and_executed_stands_once_among_the_least_sure():
    """By its bytes, whatever its requests called it. The present model's answer counts, and no shadow's."""
    evaluated = replace(event(1, 0.55, 0.45, name="bike.png"), digest="d1")
    executed = replace(event(2, 0.6, 0.4, name="images/d1.png"), digest="d1")
    shadow = replace(event(3, 0.5, 0.5, name="images/d1.png", variant="Shadow"), digest="d1")
    other = replace(event(4, 0.7, 0.3, name="bike.png"), digest="d2")
    assert least_sure([evaluated, executed, shadow, other], 24) == [executed, other]


def test_without_answers_there_is_no_median():
    summary = summarise([event(1)], threshold=0.8)
    assert (summary.predictions, summary.median, summary.classes) == (0, None, ())
    assert summarise([], threshold=0.8).first is None


def test_the_least_sure_come_first_and_only_those_with_an_answer():
    assert [one.event_id for one in least_sure(EVENTS, 3)] == ["e5", "e3", "e2"]
    assert len(least_sure(EVENTS, 100)) == 5


def test_the_trend_is_the_median_of_each_step_and_nothing_where_there_was_no_traffic():
    """Two bursts, an hour apart, in six steps of ten minutes: the line has a gap between the first and the last."""
    events = [event(n, 0.9 - n / 100, 0, minutes=n / 10) for n in range(1, 6)]
    events += [event(n, 0.6, 0.4, minutes=60) for n in range(6, 10)]
    found = trend(events, steps_of(events, 6))
    assert found.median.tolist() == pytest.approx([0.87, *[np.nan] * 4, 0.6], nan_ok=True)
    assert found.low[0] == pytest.approx(np.percentile([0.89, 0.88, 0.87, 0.86, 0.85], 10))
    assert found.times == sorted(found.times)
    assert START < found.times[0] < START + timedelta(minutes=12)


def test_the_trend_of_a_single_moment_is_one_value():
    events = [event(n, 0.9, 0.1, minutes=1) for n in range(3)]
    found = trend(events, steps_of(events, 10))
    assert [value for value in found.median.tolist() if not np.isnan(value)] == [0.9]


def test_the_answer_other_never_passes_and_is_counted_for_itself():
    model = AnsweringModel("scones/3", (*BOTH, "other"), "5f")
    labels = KnownImages(
        by_name={
            "a.png": KnownImage("bicycle", "a.png", "5f"),
            "cat.png": KnownImage("other", "cat.png", "5f"),
            "dog.png": KnownImage("other", "dog.png", "5f"),
        }
    )
    events = [
        event(1, 0.9, 0.05, 0.05, name="a.png", model=model),
        event(2, 0.01, 0.02, 0.97, name="cat.png", model=model),
        event(3, 0.85, 0.05, 0.1, name="dog.png", model=model),
        event(4, 0.5, 0.3, 0.2, model=model),
    ]
    [one] = by_model(events, threshold=0.8, labels=labels)
    assert (one.summary.passed, one.summary.foreign) == (2, 1)
    assert {found.name: found.passed for found in one.summary.classes} == {"bicycle": 2, "other": 0}
    measured = one.measured
    assert (measured.right, measured.passed, measured.passed_wrong, measured.refused_right) == (2, 2, 1, 1)
    assert (measured.foreign, measured.passed_foreign, measured.wanted_right) == (2, 1, 1)
    assert pass_sentence(one) == (
        "At 0.80 version 3 answers 100 % of the images of its classes and 50 % of anything else; "
        "50 % of these are wrong"
    )
    assert time_sentence([one]) == "1 of 4 answers were below 0.80, and 1 were none of the classes"
    assert [(found.low, found.foreign) for found in compare(events, threshold=0.8, labels=labels)] == [(1, 1)]
