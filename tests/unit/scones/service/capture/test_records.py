import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scones.errors import InputError
from scones.service import capture
from scones.service.capture.period import Period
from scones.service.capture.records import probabilities

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def broken_reason(folder: Path) -> str:
    found = capture.read(folder)
    assert not found.events
    (broken,) = found.broken
    return broken.reason


@pytest.mark.parametrize(
    ("output", "encoding"),
    [
        ("[0.9, 0.1]", "JSON"),
        ("[0.9, 0.1]", "BASE64"),
        ("0.9,0.1", "CSV"),
        ("0.9, 0.1\n", "BASE64"),
        ('{"prediction": [0.9, 0.1]}', "JSON"),
        ('{"prediction": [0.9, 0.1]}\n', "BASE64"),
        ("[[0.9, 0.1]]", "JSON"),
    ],
)
def test_reads_probabilities_in_every_encoding_that_sagemaker_captures(folder, capture_line, output, encoding):
    (event,) = capture.read(folder(capture_line(output, encoding=encoding))).events
    assert event.probabilities == (0.9, 0.1)
    assert (event.predicted, event.confidence) == (0, 0.9)


@pytest.mark.parametrize(
    "output",
    [
        "[0.9]",
        "[]",
        "[1.2, -0.2]",
        "[NaN, 1]",
        "[1e999, 0]",
        "[true, false]",
        '["0.9", "0.1"]',
        "{}",
        "null",
        "bicycle",
    ],
)
def test_an_output_that_is_not_probabilities_is_a_broken_line(folder, capture_line, output):
    assert "is not two or more probabilities" in broken_reason(folder(capture_line(output)))


def test_broken_lines_are_counted_with_their_place_and_the_others_are_read(folder, capture_line):
    whole = capture_line((0.2, 0.8))
    root = folder(capture_line(), whole[: len(whole) // 2], "", "[]", b"\xff\xfe\xff", whole)
    found = capture.read(root)
    assert [event.probabilities for event in found.events] == [(0.9, 0.1), (0.2, 0.8)]
    assert [(one.line, one.path.name) for one in found.broken] == [
        (2, "00-00-000-a.jsonl"),
        (4, "00-00-000-a.jsonl"),
        (5, "00-00-000-a.jsonl"),
    ]
    assert str(found.broken[0]).startswith(f"{found.broken[0].path}:2: not JSON")
    assert "captureData is missing" in found.broken[1].reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda whole: whole["eventMetadata"].pop("inferenceTime"), "inferenceTime 'None' is not an ISO 8601 time"),
        (lambda whole: whole["eventMetadata"].update(inferenceTime="yesterday"), "inferenceTime 'yesterday' is not"),
        (
            lambda whole: whole["eventMetadata"].update(inferenceTime="0001-01-01T00:00:00+23:59"),
            "is not an ISO 8601 time",
        ),
        (lambda whole: whole["captureData"].clear(), "has neither endpointInput nor endpointOutput"),
        (lambda whole: whole["captureData"].update(endpointOutput=[]), "endpointOutput is missing or not an object"),
        (lambda whole: whole["captureData"]["endpointOutput"].update(encoding="GZIP"), "encoding 'GZIP' is not one of"),
        (lambda whole: whole["captureData"]["endpointOutput"].update(data=7), "data is missing or not a string"),
        (
            lambda whole: whole["captureData"]["endpointOutput"].update(encoding="BASE64", data="@@@"),
            "data is not BASE64",
        ),
    ],
)
def test_says_what_is_wrong_with_a_broken_line(folder, capture_line, change, reason):
    whole = json.loads(capture_line())
    change(whole)
    assert reason in broken_reason(folder(json.dumps(whole)))


def test_json_nested_to_exhaust_the_stack_is_a_broken_line(folder, capture_line):
    assert broken_reason(folder("[" * 200_000)) == "JSON nested too deeply"
    assert broken_reason(folder(capture_line("[" * 200_000))) == "JSON nested too deeply"


def test_an_event_without_an_image_counts(folder, capture_line):
    (event,) = capture.read(folder(capture_line())).events
    assert event.has_image is False
    assert capture.image(event) is None


def test_an_event_without_a_captured_output_counts_without_a_prediction(folder, capture_line, png):
    whole = json.loads(capture_line(image=png()))
    del whole["captureData"]["endpointOutput"]
    (event,) = capture.read(folder(json.dumps(whole))).events
    assert event.has_image
    assert (event.probabilities, event.predicted, event.confidence) == (None, None, None)


def test_an_image_is_read_back_from_its_line_byte_for_byte(folder, capture_line, png):
    first, second = png(colour="red"), png(colour="blue")
    root = folder("é broken", capture_line((0.6, 0.4), image=first), "", capture_line((0.7, 0.3), image=second))
    assert [capture.image(event) for event in capture.read(root).events] == [first, second]


def test_an_input_that_is_no_image_is_not_taken_for_one(folder, capture_line):
    assert not capture.read(folder(capture_line(image=b"GIF89a..."))).events[0].has_image


@pytest.mark.parametrize(
    ("metadata", "attributes", "name"),
    [
        ({"customAttributes": ["images/a.png"], "inferenceId": "run-1"}, ("images/a.png",), "images/a.png"),
        ({"customAttributes": "images/a.png"}, ("images/a.png",), "images/a.png"),
        ({"customAttributes": ["a", "b"]}, ("a", "b"), "a, b"),
        ({"customAttributes": ["images/V%C3%A9lo%201.png"]}, ("images/V%C3%A9lo%201.png",), "images/Vélo 1.png"),
        ({"customAttributes": ["%1b[2J"]}, ("%1b[2J",), "\N{REPLACEMENT CHARACTER}[2J"),
        ({"customAttributes": None, "inferenceId": "run-1"}, (), "run-1"),
        ({}, (), "the-id"),
    ],
)
def test_joins_an_event_to_what_its_caller_called_it(folder, capture_line, metadata, attributes, name):
    (event,) = capture.read(folder(capture_line(event_id="the-id", **metadata))).events
    assert event.custom_attributes == attributes
    assert event.name == name


def test_an_uploaded_image_is_shown_by_its_files_name_and_never_by_a_digest(folder, capture_line):
    sent = {
        "images/0123456789abcdef/my%20bicycle.png": "my bicycle.png",
        "datasets/0f/test/a.png": "datasets/0f/test/a.png",
    }
    lines = [capture_line(event_id=name, customAttributes=[name]) for name in sent]
    assert {event.event_id: event.title for event in capture.read(folder(*lines)).events} == sent


def test_text_from_a_caller_cannot_steer_a_terminal_or_break_an_encoding(folder, capture_line):
    hostile = "\x1b[2J\u202egnp.exe\ud800" + "a" * 5000
    (event,) = capture.read(folder(capture_line(customAttributes=[hostile]))).events
    assert event.name.isprintable()
    assert len(event.name.encode()) < 1100


def test_times_are_utc_whatever_the_offset_and_events_come_in_their_order(folder, capture_line):
    times = ["2026-11-22T13:00:01+01:00", "2026-11-22T12:00:00Z", "2026-11-22T12:00:02.5", "2026-11-22T11:59:59Z"]
    found = capture.read(folder(*(capture_line(time=time) for time in times)))
    assert [event.time - NOON for event in found.events] == [timedelta(seconds=n) for n in (-1, 0, 1, 2.5)]
    assert {event.time.tzinfo for event in found.events} == {UTC}


def test_an_event_that_is_in_two_files_counts_once(folder, capture_line):
    folder(capture_line(event_id="one"))
    root = folder(capture_line(event_id="one"), capture_line(event_id="two"), name="copy/again.jsonl")
    found = capture.read(root)
    assert sorted(event.event_id for event in found.events) == ["one", "two"]
    assert (found.files, found.duplicates) == (2, 1)


def test_only_events_of_the_period_are_given(folder, capture_line):
    root = folder(*(capture_line(time=f"2026-11-22T{hour}:00:00Z") for hour in (10, 11, 12, 13)))
    found = capture.read(root, Period(NOON - timedelta(hours=1), NOON + timedelta(hours=1)))
    assert [event.time.hour for event in found.events] == [11, 12]
    assert found.outside == 2


def test_reads_only_the_files_it_is_given(folder, capture_line):
    root = folder(capture_line(event_id="mine"))
    folder(capture_line(event_id="other"), name="old/b.jsonl")
    found = capture.read([root / "e/AllTraffic/2026/11/22/12/00-00-000-a.jsonl"])
    assert [event.event_id for event in found.events] == ["mine"]
    assert found.name(found.events[0].path) == "00-00-000-a.jsonl"


def test_a_folder_that_is_missing_or_empty_is_an_error_that_names_it(tmp_path):
    with pytest.raises(InputError, match=r"there is no folder .*nowhere"):
        capture.read(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"holds no \.jsonl file"):
        capture.read(tmp_path)


def test_no_files_at_all_are_no_events():
    assert capture.read([]) == capture.Capture((), (), root=Path())


def test_probabilities_may_exceed_one_by_rounding_only():
    assert probabilities(b"[1.000001, 0]") == (1.000001, 0.0)


def test_reads_the_traffic_that_aws_captured(real_traffic):
    """The two files hold nine requests. The file with the earlier name has the later events."""
    found = capture.read(real_traffic)
    assert (len(found.events), found.broken, found.files) == (9, (), 2)
    assert [event.predicted for event in found.events].count(1) == 6
    assert min(event.confidence for event in found.events) == 0.7925882339477539
    assert found.events[0].time == datetime(2024, 1, 28, 11, 57, 35, tzinfo=UTC)
    assert all(capture.image(event).startswith(b"\x89PNG") for event in found.events)


@pytest.mark.parametrize(
    "time",
    [
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "1970-01-01T00:00:00Z",
        "2028-01-01T00:00:00Z",
        "2017-11-28T23:59:59Z",
    ],
)
def test_a_time_out_of_any_reason_is_a_broken_line(folder, capture_line, time):
    found = capture.read(folder(capture_line(), capture_line(time=time)), now=NOON)
    assert len(found.events) == 1
    assert "inferenceTime" in found.broken[0].reason
