import dataclasses
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from invoke import Context
from invoke.exceptions import Exit
from rich.console import Console

from scones.service.workflow import ExecutionOutcome, ImageRun, StateRun
from scones.tasks import evaluate, run, views
from scones.tasks.terminal import terminal

PASSED = ExecutionOutcome(
    arn="arn:aws:states:us-east-1:123456789012:execution:scones:one",
    status="SUCCEEDED",
    output={
        "classification": "bicycle",
        "confidence_score": 0.92,
        "threshold": 0.8,
        "class_probabilities": {"bicycle": 0.92, "motorcycle": 0.08},
        "model": {"endpoint": "scones-dev"},
    },
    seconds=1.25,
)
LOW = ExecutionOutcome(
    arn="arn:two",
    status="FAILED",
    error="ThresholdConfidenceNotMet",
    cause="THRESHOLD_CONFIDENCE_NOT_MET: the model is 0.62 sure of bicycle; the threshold is 0.80",
    seconds=0.5,
)
CAT = ExecutionOutcome(
    arn="arn:cat",
    status="FAILED",
    error="NotOneOfTheClasses",
    cause="NOT_ONE_OF_THE_CLASSES: the model is 0.97 sure of other: the image is none of bicycle, motorcycle; no",
)
FAILED = ExecutionOutcome(arn="arn:four", status="FAILED", error="InvalidImageError", cause="cut short [/oops]")
TIMED_OUT = ExecutionOutcome(arn="arn:three", status="TIMED_OUT")


def printed(renderable) -> str:
    console = Console(width=160, file=io.StringIO())
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("codes", "expected"), [([0, 0], 0), ([0, 3, 3], 3), ([3, 1], 1), ([0, 1], 1), ([0, 2], 1), ([], 0)]
)
def test_many_executions_end_with_3_only_when_nothing_but_low_confidence_failed(codes, expected):
    assert views.combined_exit_code(codes) == expected


def test_a_passed_execution_shows_its_result():
    text = printed(views.outcome_lines(PASSED, "photos/my bicycle.png"))
    assert "my bicycle.png" in text
    assert "bicycle 0.9200, motorcycle 0.0800" in text
    assert "0.9200 (threshold 0.8)" in text
    assert "SUCCEEDED" in text


def test_a_failed_execution_shows_error_and_cause_as_they_are():
    text = printed(views.outcome_lines(FAILED, "a.png"))
    assert "InvalidImageError" in text
    assert "cut short [/oops]" in text


def test_an_image_of_none_of_the_classes_is_shown_as_one_and_counted_where_there_is_one():
    assert "none of the classes: other 0.97" in printed(views.outcome_lines(CAT, "cat.png"))
    many = printed(views.summary_table([ImageRun("cat.png", CAT), ImageRun("b.png", PASSED)]))
    assert "1 passed, 0 low confidence, 1 not one of the classes, 0 failed" in many
    assert "not one of the classes │ none of the classes: other 0.97" in " ".join(many.split())


def test_an_unsure_answer_is_shown_by_its_class_and_how_sure_it_is():
    one = printed(views.outcome_lines(LOW, "a.png"))
    assert "bicycle 0.62 < 0.80" in one
    many = printed(views.summary_table([ImageRun("photos/my bicycle.png", LOW), ImageRun("b.png", PASSED)]))
    assert [cell.strip() for cell in many.splitlines()[4].split("│")[1:4]] == [
        "my bicycle.png",
        "low confidence",
        "bicycle 0.62 < 0.80",
    ]


@pytest.mark.parametrize("columns", [60, None])
def test_an_arn_stays_in_one_piece_into_a_pipe_and_on_any_terminal(columns, monkeypatch):
    """A line that is longer than a terminal is left to the terminal, which copies it without breaks."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", str(columns))
    arn = f"arn:aws:states:us-east-1:123456789012:execution:{'scones-' * 20}:a"
    out = io.StringIO()
    run.show_runs(terminal(file=out), [ImageRun("a.png", dataclasses.replace(PASSED, arn=arn))])
    assert any(line.endswith(arn) for line in out.getvalue().splitlines())
    assert "\x1b" not in out.getvalue()


def test_a_table_in_a_pipe_is_as_wide_as_what_stands_in_it(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    out, image = io.StringIO(), f"s3://bucket/{'deep/' * 40}a.png"
    run.show_runs(terminal(file=out), [ImageRun(image, PASSED), ImageRun("b.png", problem="it is no picture " * 20)])
    assert image in out.getvalue()
    assert ("it is no picture " * 20).strip() in out.getvalue()


def test_a_state_shows_its_time_and_its_retries():
    text = printed(views.state_line(StateRun("Ask the model", "Task", "succeeded", 2.5, attempts=3)))
    assert text.split() == ["✔", "Ask", "the", "model", "2.50", "s", "3", "attempts"]
    failed = printed(views.state_line(StateRun("Filter", "Task", "failed", 0.1, 1, "ThresholdConfidenceNotMet")))
    assert failed.startswith("✘ Filter")
    assert "ThresholdConfidenceNotMet" in failed


def test_the_summary_has_a_row_for_every_image_whatever_became_of_it():
    text = printed(
        views.summary_table(
            [
                ImageRun("photos/one.png", PASSED),
                ImageRun("s3://b/two[/b].png", LOW),
                ImageRun("s3://b/three.png", TIMED_OUT),
                ImageRun("four.txt", problem="four.txt is not a PNG or JPEG"),
            ]
        )
    )
    assert "1 passed, 1 low confidence, 2 failed" in text
    for row in ("one.png", "two[/b].png", "s3://b/three.png", "TIMED_OUT", "four.txt is not a PNG or JPEG"):
        assert row in text


def test_the_summary_fits_a_narrow_terminal():
    """Every row ends with its border: nothing is cut off, and what became of an image stays in one piece."""
    console = Console(width=60, file=io.StringIO())
    many = "ImageNotFoundError: s3://scones-local-123456789012/nope.png cannot be read"
    console.print(
        views.summary_table(
            [ImageRun("s3://scones-local-123456789012/deep/" + "x" * 60, problem=many), ImageRun("x.png", LOW)]
        )
    )
    rows = [line.rstrip() for line in console.file.getvalue().splitlines() if "│" in line]
    assert any("low confidence" in row for row in rows)
    assert all(row.endswith("│") and len(row) <= 60 for row in rows)
    assert "0.62 < 0.80" in " ".join(console.file.getvalue().replace("│", " ").split())


@pytest.fixture
def captured(tmp_path: Path) -> Path:
    lines = [
        {
            "captureData": {"endpointOutput": {"mode": "OUTPUT", "encoding": "JSON", "data": json.dumps([p, 1 - p])}},
            "eventMetadata": {"eventId": f"id-{p}", "inferenceTime": "2026-11-22T12:00:00Z"},
        }
        for p in (0.95, 0.55)
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jsonl").write_text("\n".join([*map(json.dumps, lines), "broken"]))
    return tmp_path / "in"


def test_capture_reports_on_a_folder_and_names_broken_lines(captured, tmp_path, capsys):
    run.capture(Context(), from_=str(captured), out=str(tmp_path / "out"), classes="bicycle, motorcycle")
    out = capsys.readouterr().out
    assert "2 captured events" in out
    assert "bicycle" in out
    assert f"broken line: {captured / 'a.jsonl'}:3: not JSON" in out
    assert str(tmp_path / "out/index.html") in out
    assert json.loads((tmp_path / "out/report.json").read_text())["passed"] == 1


def test_capture_prints_json_that_keeps_to_its_schema(captured, tmp_path, printed_json):
    run.capture(Context(), from_=str(captured), out=str(tmp_path / "out"), classes="bicycle, motorcycle", json=True)
    found = printed_json("capture")
    assert (found["events"], found["passed"], found["report"]) == (2, 1, str(tmp_path / "out/index.html"))
    assert [one["name"] for one in found["models"][0]["classes"]] == ["bicycle"]
    assert found["broken"] == [found["broken"][0]]
    assert "a.jsonl:3: not JSON" in found["broken"][0]


def test_the_threshold_line_is_the_environments_unless_one_is_given(captured, tmp_path):
    for threshold, passed in ((None, 1), ("0.5", 2), ("0.99", 0)):
        run.capture(Context(), from_=str(captured), out=str(tmp_path / "out"), threshold=threshold)
        assert json.loads((tmp_path / "out/report.json").read_text())["passed"] == passed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"since": "2026-12-01"},
            "holds no captured event since 2026-12-01 00:00 UTC: 1 files, 2 events at other times",
        ),
        ({"since": "soon"}, "--since 'soon' is not a time"),
        ({"threshold": "80"}, "--threshold must be from 0 to 1, not 80"),
        ({"threshold": "high"}, "--threshold must be a number, not 'high'"),
        (
            {"endpoint": "scones-dev"},
            "--from reads a folder instead of an endpoint's captures: --endpoint would change",
        ),
        ({"wait": True}, "--from reads a folder instead of an endpoint's captures: --wait would change"),
        ({"rows": 0}, "--rows must be a whole number from 1 on, not '0'"),
    ],
)
def test_capture_refuses_what_it_cannot_use_with_the_value_and_what_to_do(captured, options, message):
    with pytest.raises(Exit) as refused:
        run.capture(Context(), from_=str(captured), **options)
    assert message in refused.value.message
    assert refused.value.code == 2


def test_execute_without_an_image_says_how_to_give_one():
    with pytest.raises(Exit, match="no image is given"):
        run.execute(Context(), image=[])


class StepFunctions:
    """A Step Functions client. Each execution ends with the outcome that is named at the end of its image's URL."""

    OUTCOMES = {"passed": PASSED, "low": LOW, "cat": CAT, "lost": TIMED_OUT}  # noqa: RUF012 (a constant)
    BEGAN = datetime(2026, 11, 22, tzinfo=UTC)

    def __init__(self):
        self.asked = {}

    def start_execution(self, stateMachineArn, name, input):
        assert stateMachineArn == "arn:machine"
        self.asked[name] = json.loads(input)
        return {"executionArn": name}

    def outcome(self, name):
        return self.OUTCOMES[self.asked[name]["image_url"].rpartition("/")[2]]

    def describe_execution(self, executionArn):
        outcome = self.outcome(executionArn)
        found = {"status": outcome.status, "error": outcome.error, "cause": outcome.cause}
        dates = {"startDate": self.BEGAN, "stopDate": self.BEGAN + timedelta(seconds=outcome.seconds)}
        return found | dates | ({"output": json.dumps(outcome.output)} if outcome.output else {})

    def get_paginator(self, operation):
        assert operation == "get_execution_history"
        return self

    def paginate(self, executionArn, **_):
        outcome, ended = self.outcome(executionArn), self.BEGAN + timedelta(seconds=0.25)
        named = {"name": "Ask the model"}
        events = [{"type": "TaskStateEntered", "timestamp": self.BEGAN, "stateEnteredEventDetails": named}]
        events += [{"type": "TaskScheduled", "timestamp": self.BEGAN}]
        if outcome.error:
            events += [{"type": "TaskFailed", "timestamp": ended, "taskFailedEventDetails": {"error": outcome.error}}]
        if outcome.status != "TIMED_OUT":
            events += [{"type": "TaskStateExited", "timestamp": ended, "stateExitedEventDetails": named}]
        end = "".join(word.capitalize() for word in outcome.status.split("_"))
        events += [{"type": f"Execution{end}", "timestamp": ended}]
        return [{"events": [{"id": id, "previousEventId": id - 1, **one} for id, one in enumerate(events, 1)]}]


@pytest.fixture
def deployed():
    """A state machine that gives each image the outcome named in its URL."""
    return run.Deployed(machine="arn:machine", bucket="b", s3=None, sfn=StepFunctions())


@pytest.mark.parametrize(
    ("images", "code", "shown"),
    [
        (["s3://b/low"], 3, ["✘ Ask the model", "0.25 s", "ThresholdConfidenceNotMet", "bicycle 0.62 < 0.80"]),
        (["s3://b/lost"], 1, ["TIMED_OUT"]),
        (["s3://b/passed", "s3://b/low"], 3, ["2 images", "1 passed, 1 low confidence, 0 failed"]),
        (["s3://b/low", "s3://b/cat"], 3, ["0 passed, 1 low confidence, 1 not one of the classes, 0 failed"]),
        (["s3://b/passed", "s3://b/low", "s3://b/lost"], 1, ["1 passed, 1 low confidence, 1 failed"]),
    ],
)
def test_execute_shows_what_became_of_the_images_and_ends_with_its_code(deployed, images, code, shown):
    console = Console(width=160, file=io.StringIO())
    runs = run.execute_images(console, deployed, images)
    assert len(deployed.answered) == len(images) - images.count("s3://b/lost")  # what the endpoint will capture
    run.show_runs(console, runs)
    assert views.combined_exit_code(one.exit_code for one in runs) == code
    out = console.file.getvalue()
    for text in shown:
        assert text in out


def test_execute_ends_well_when_the_image_passed(deployed):
    console = Console(width=160, file=io.StringIO())
    runs = run.execute_images(console, deployed, ["s3://b/passed"], threshold=0.8)
    run.show_runs(console, runs)
    assert [one.exit_code for one in runs] == [0]
    assert [asked["confidence_threshold"] for asked in deployed.sfn.asked.values()] == [0.8]
    out = console.file.getvalue()
    assert "✔ Ask the model" in out
    assert "bicycle" in out


def test_execute_prints_json_that_keeps_to_its_schema_and_ends_with_the_same_code(
    deployed, monkeypatch, printed_json, capfd
):
    monkeypatch.setattr(run, "_deployed", lambda *_, **__: deployed)
    with pytest.raises(Exit) as ended:
        run.execute(Context(), image=["s3://b/passed", "s3://b/low", "s3://b/lost"], json=True)
    assert ended.value.code == 1
    found = printed_json("execute")
    assert (found["passed"], found["low_confidence"], found["failed"]) == (1, 1, 1)
    passed, low, lost = found["images"]
    assert (passed["classification"], passed["probabilities"]) == ("bicycle", {"bicycle": 0.92, "motorcycle": 0.08})
    assert (low["result"], low["classification"], low["confidence"], low["threshold"]) == (
        "low confidence",
        "bicycle",
        0.62,
        0.8,
    )
    assert (lost["result"], lost["error"]) == ("failed", None)
    assert all(one["execution"] for one in found["images"])


def test_a_script_tells_an_image_of_none_of_the_classes_from_an_unsure_one(deployed, monkeypatch, printed_json):
    monkeypatch.setattr(run, "_deployed", lambda *_, **__: deployed)
    with pytest.raises(Exit) as ended:
        run.execute(Context(), image=["s3://b/passed", "s3://b/low", "s3://b/cat"], json=True)
    assert ended.value.code == 3
    found = printed_json("execute")
    assert (found["low_confidence"], found["not_one_of_the_classes"], found["failed"]) == (1, 1, 0)
    cat = found["images"][2]
    assert (cat["result"], cat["classification"], cat["confidence"]) == ("not one of the classes", "other", 0.97)
    assert cat["threshold"] is None, "no threshold lets it pass"


def test_with_json_the_progress_of_an_execution_goes_to_stderr(deployed, monkeypatch, capfd):
    monkeypatch.setattr(run, "_deployed", lambda *_, **__: deployed)
    run.execute(Context(), image=["s3://b/passed"], json=True)
    out, err = capfd.readouterr()
    assert "Ask the model" in err
    assert json.loads(out)["passed"] == 1


@pytest.mark.parametrize("threshold", ["1.5", "-1", "nan", "sure"])
def test_execute_refuses_a_threshold_that_is_none(threshold):
    with pytest.raises(Exit) as refused:
        run.execute(Context(), image=["s3://b/passed"], threshold=threshold)
    assert refused.value.code == 2
    assert "threshold" in refused.value.message


@pytest.fixture
def split_and_artifact(tmp_path):
    """A data set with a test split of two drawn images, and an artifact that has never learnt anything."""
    from PIL import Image

    from imageclassification import artifact
    from imageclassification.network import Network
    from imageclassification.symbol import resnet

    root = tmp_path / "dataset"
    (root / "test").mkdir(parents=True)
    for color in ("red", "blue"):
        Image.new("RGB", (32, 32), color).save(root / f"test/{color}.png")
    (root / "test.lst").write_text("0\t0\tred.png\n1\t1\tblue.png\n")
    classes = ["bicycle", "motorcycle"]
    described = {
        "format": 1,
        "classes": classes,
        "counts": {split: dict.fromkeys(classes, 1) for split in ("train", "validation", "test")},
        "fingerprint": "abc",
        "means": {name: [0, 0, 0] for name in classes},
        "source": {"kind": "sample", "name": "drawn", "sha256": ""},
    }
    (root / "dataset.json").write_text(json.dumps(described))
    symbol = resnet(20, 2, (3, 8, 8))
    parameters = Network.fresh(symbol, (3, 8, 8), seed=0).parameter_arrays()
    shapes = [{"shape": [1, 3, 8, 8], "name": "data"}]
    return root, artifact.write(tmp_path / "model.tar.gz", artifact.Artifact(symbol, parameters, shapes, 1))


def test_evaluate_lets_an_artifact_answer_without_any_cloud(split_and_artifact, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # where nobody answers
    monkeypatch.setenv("SCONES_ENV", "dev")
    root, path = split_and_artifact
    evaluate.evaluate(Context(), artifact=str(path), dataset=str(root), out=str(tmp_path / "evaluation.json"))
    kept = json.loads((tmp_path / "evaluation.json").read_text())
    assert (kept["artifact"], kept["dataset_fingerprint"], kept["images"]) == (str(path), "abc", 2)
    assert f"accuracy {kept['accuracy']:.1%}" in capsys.readouterr().out
    assert "of 2 images" in (tmp_path / "evaluation.html").read_text()


def test_evaluate_prints_json_that_keeps_to_its_schema(split_and_artifact, tmp_path, printed_json):
    root, path = split_and_artifact
    out = tmp_path / "evaluation.json"
    evaluate.evaluate(Context(), artifact=str(path), dataset=str(root), out=str(out), json=True)
    found, kept = printed_json("evaluate"), json.loads(out.read_text())
    assert (found["accuracy"], found["confusion"], found["file"]) == (kept["accuracy"], kept["confusion"], str(out))
    assert [one["name"] for one in found["classes"]] == ["bicycle", "motorcycle"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"artifact": "absent.tar.gz"}, 2, "no model artifact at absent.tar.gz"),
        ({"workers": "2"}, 2, "--workers is for an endpoint's requests"),
        ({"limit": "0"}, 2, "--limit must be a whole number from 1 on, not '0'"),
    ],
)
def test_evaluate_refuses_what_it_cannot_use(split_and_artifact, options, code, message):
    root, path = split_and_artifact
    with pytest.raises(Exit) as refused:
        evaluate.evaluate(Context(), **{"artifact": str(path), "dataset": str(root)} | options)
    assert message in refused.value.message
    assert refused.value.code == code
