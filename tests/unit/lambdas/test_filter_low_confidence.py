"""filterLowConfidence: confident answers pass, others fail with a reason, and wrong thresholds are refused."""

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

MODEL = {"endpoint": "scones-dev", "variant": "AllTraffic", "package_version": 3, "package_arn": "arn"}


def event(probabilities=None, started_at="2026-01-28T12:09:35.872Z", **changes):
    probabilities = {"bicycle": 0.92, "motorcycle": 0.08} if probabilities is None else probabilities
    classified = {
        "image_url": "s3://photos/a.png",
        "s3_key": "a.png",
        "class_probabilities": probabilities,
        "model": MODEL,
    }
    return {"execution": {"name": "run-1", "started_at": started_at}, "input": classified | changes}


@pytest.fixture
def module(load):
    return load("filter_low_confidence")


def test_passing_gives_the_contracts_object_and_no_more(module):
    found = module.handler(event(), None)
    assert isinstance(found.pop("processing_time_ms"), int)
    assert found == {
        "image_processed": True,
        "image_url": "s3://photos/a.png",
        "classification": "bicycle",
        "confidence_score": 0.92,
        "passed_threshold": True,
        "threshold": 0.8,
        "class_probabilities": {"bicycle": 0.92, "motorcycle": 0.08},
        "model": MODEL,
    }


def test_the_sample_event_passes(module):
    sample = json.loads(Path(module.__file__).with_name("event.json").read_text())
    assert module.handler(sample, None)["classification"] == "bicycle"


@pytest.mark.parametrize(
    ("top", "threshold", "sure", "least"),
    [
        (0.5679123456789, 0.8, "0.57", "0.80"),
        (0.7996, 0.8, "0.7996", "0.8000"),
        (0.81234, 0.815, "0.812", "0.815"),
        (0.999, 1, "0.999", "1.000"),
    ],
)
def test_not_passing_raises_the_named_error_with_both_numbers_as_a_person_reads_them(
    module, refuses, top, threshold, sure, least
):
    given = event({"bicycle": 1 - top, "motorcycle": top})
    given["input"]["confidence_threshold"] = threshold
    match = f"^THRESHOLD_CONFIDENCE_NOT_MET: the model is {sure} sure of motorcycle; the threshold is {least}$"
    refuses("ThresholdConfidenceNotMet", module.handler, given, None, match=match)


@pytest.mark.parametrize(
    ("top", "passes"), [(0.8, True), (math.nextafter(0.8, 0), False), (math.nextafter(0.8, 1), True)]
)
def test_the_threshold_is_inclusive(module, refuses, top, passes):
    given = event({"bicycle": top, "motorcycle": 1 - top})
    if passes:
        assert module.handler(given, None)["confidence_score"] == top
    else:
        refuses("ThresholdConfidenceNotMet", module.handler, given, None)


@pytest.mark.parametrize(
    ("probabilities", "top"),
    [({"bus": 0.05, "train": 0.05, "tank": 0.9}, "tank"), ({"only": 1}, "only"), ({"b": 0.5, "a": 0.5}, "b")],
)
def test_looks_at_every_class_and_takes_the_first_of_equals(module, probabilities, top):
    assert module.handler(event(probabilities, confidence_threshold=0.5), None)["classification"] == top


@pytest.mark.parametrize("threshold", [0, 0.0, 0.5, 0.92, 1e-300])
def test_an_executions_own_threshold_wins(module, threshold):
    assert module.handler(event(confidence_threshold=threshold), None)["threshold"] == threshold


def test_a_threshold_of_null_is_none(module):
    assert module.handler(event(confidence_threshold=None), None)["threshold"] == 0.8


def test_certainty_passes_a_threshold_of_one(module):
    assert module.handler(event({"bicycle": 1.0, "motorcycle": 0.0}, confidence_threshold=1), None)["passed_threshold"]


@pytest.mark.parametrize(
    "threshold",
    [
        "0.8",
        "",
        True,
        False,
        math.nan,
        math.inf,
        -math.inf,
        -0.1,
        1.0000001,
        80,
        10**400,
        [0.8],
        {"gt": 0},
        "x" * 200_000,
    ],
    ids=lambda threshold: ascii(threshold)[:20],
)
def test_refuses_a_threshold_that_is_not_a_number_from_0_to_1(module, refuses, threshold):
    given = event(confidence_threshold=threshold)
    refuses("InvalidThresholdError", module.handler, given, None, match="not a number from 0 to 1")


def test_tells_someone_who_thinks_in_percent(module, refuses):
    refuses("InvalidThresholdError", module.handler, event(confidence_threshold=80), None, match="80 percent is 0.8")


@pytest.mark.parametrize("configured", ["", "high", "nan", "-1", "80", "0,8"])
def test_refuses_to_work_with_a_misconfigured_threshold(module, refuses, monkeypatch, configured):
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", configured)
    refuses("InvalidThresholdError", module.handler, event(), None, match="CONFIDENCE_THRESHOLD")


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {},
        {"inferences": [0.9, 0.1]},
        {"class_probabilities": {}},
        {"class_probabilities": [0.9, 0.1]},
        {"class_probabilities": {"bicycle": math.nan, "motorcycle": 0.1}},
        {"class_probabilities": {"bicycle": "0.9"}},
        {"class_probabilities": {"bicycle": True}},
        {"class_probabilities": {"bicycle": 1.5}},
    ],
    ids=str,
)
def test_refuses_what_classify_image_would_not_give(module, refuses, given):
    refuses("InvalidInputError", module.handler, given, None)


def test_the_time_is_counted_from_the_executions_start(module):
    started = datetime.now(UTC) - timedelta(milliseconds=1_500)
    stamp = started.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert 1_500 <= module.handler(event(started_at=stamp), None)["processing_time_ms"] < 4_000


def test_a_clock_that_runs_behind_gives_no_negative_time(module):
    started = datetime.now(UTC) + timedelta(minutes=5)
    assert module.handler(event(started_at=started.isoformat()), None)["processing_time_ms"] == 0


def test_without_an_execution_there_is_no_time(module):
    assert module.handler(event()["input"], None)["processing_time_ms"] is None


def test_logs_one_json_line_whether_it_passes_or_not(module, refuses, capsys):
    module.handler(event(), None)
    refuses("ThresholdConfidenceNotMet", module.handler, event({"bicycle": 0.5, "motorcycle": 0.5}), None)
    passed, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert (passed["execution"], passed["classification"]) == ("run-1", "bicycle")
    assert (failed["execution"], failed["error"]) == ("run-1", "ThresholdConfidenceNotMet")


@pytest.mark.parametrize(
    "execution",
    [
        None,
        5,
        ["run-1"],
        {"name": 5},
        {"name": "run-1", "started_at": 5},
        {"name": "run-1", "started_at": "yesterday"},
        {"name": "run-1", "started_at": "2026-01-28T12:09:35"},
        {"name": "run-1", "started_at": "9999-12-31T23:59:59.999999"},
    ],
    ids=str,
)
def test_an_envelope_that_holds_no_execution_is_named_and_logged(module, refuses, capsys, execution):
    given = event() | {"execution": execution}
    refuses("InvalidInputError", module.handler, given, None, match="execution")
    assert json.loads(capsys.readouterr().out)["error"] == "InvalidInputError"


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_start_at_the_ends_of_time_is_counted_all_the_same(module, start):
    assert module.handler(event(started_at=start), None)["processing_time_ms"] >= 0


@pytest.mark.parametrize("threshold", [0.0, 0.8, 1.0])
def test_an_image_of_none_of_the_classes_is_refused_by_its_own_name_with_any_threshold(
    module, refuses, monkeypatch, threshold
):
    monkeypatch.setenv("OTHER_CLASS", "other")
    given = event({"bicycle": 0.02, "motorcycle": 0.01, "other": 0.97}, confidence_threshold=threshold)
    match = "^NOT_ONE_OF_THE_CLASSES: the model is 0.97 sure of other: the image is none of bicycle, motorcycle; no thr"
    refuses("NotOneOfTheClasses", module.handler, given, None, match=match)


def test_other_is_a_class_like_any_if_the_model_does_not_say_what_it_is(module, monkeypatch):
    monkeypatch.delenv("OTHER_CLASS", raising=False)
    assert module.handler(event({"bicycle": 0.03, "other": 0.97}), None)["classification"] == "other"


def test_a_wanted_class_is_judged_by_the_threshold_beside_other(module, refuses, monkeypatch):
    monkeypatch.setenv("OTHER_CLASS", "other")
    assert module.handler(event({"bicycle": 0.9, "motorcycle": 0.02, "other": 0.08}), None)["passed_threshold"]
    unsure = event({"bicycle": 0.5, "motorcycle": 0.05, "other": 0.45})
    refuses("ThresholdConfidenceNotMet", module.handler, unsure, None)


def test_many_classes_are_counted_not_named(module, refuses, monkeypatch):
    monkeypatch.setenv("OTHER_CLASS", "other")
    chances = {f"class {number}": 0.001 for number in range(40)} | {"other": 0.96}
    refuses("NotOneOfTheClasses", module.handler, event(chances), None, match="none of the model's 40 classes")


def test_a_wrong_threshold_is_told_also_for_such_an_image(module, refuses, monkeypatch):
    monkeypatch.setenv("OTHER_CLASS", "other")
    given = event({"bicycle": 0.03, "other": 0.97}, confidence_threshold=80)
    refuses("InvalidThresholdError", module.handler, given, None)
