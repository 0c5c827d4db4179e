"""Executions are started, followed and explained. AWS's service models check the requests and answers."""

import hashlib
import io
import re
import threading
import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import ANY, Stubber
from PIL import Image

from scones.errors import InputError, WorkflowError
from scones.service import workflow

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-dev-classify-image"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:scones-dev-classify-image:run-1"
START = datetime(2026, 1, 28, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def stub():
    """A function that makes a client and its Stubber. The client must use every answer."""
    stubbers = []

    def stub(service):
        client = boto3.client(service, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s")
        stubbers.append(Stubber(client))
        stubbers[-1].activate()
        return client, stubbers[-1]

    yield stub
    for stubber in stubbers:
        stubber.assert_no_pending_responses()


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "bicycle.dat"
    Image.new("RGB", (4, 4), "red").save(path, "PNG")
    return path


def event(number, kind, seconds, **details):
    """A HistoryEvent, ``seconds`` after the start."""
    return {
        "id": number,
        "previousEventId": number - 1,
        "type": kind,
        "timestamp": START + timedelta(seconds=seconds),
        **details,
    }


def entered(number, kind, name, seconds):
    return event(number, f"{kind}StateEntered", seconds, stateEnteredEventDetails={"name": name})


def left(number, kind, name, seconds):
    return event(number, f"{kind}StateExited", seconds, stateExitedEventDetails={"name": name})


def failed(number, error, seconds):
    details = {"resourceType": "lambda", "resource": "invoke", "error": error}
    return event(number, "TaskFailed", seconds, taskFailedEventDetails=details)


# An execution: the first state succeeds at its second attempt, the second state fails and is caught.
HISTORY = [
    event(1, "ExecutionStarted", 0),
    entered(2, "Task", "Read the image", 0.0),
    event(3, "TaskScheduled", 0.1),
    event(4, "TaskStarted", 0.1),
    failed(5, "Lambda.ServiceException", 0.5),
    event(6, "TaskScheduled", 1.5),
    event(7, "TaskStarted", 1.5),
    event(8, "TaskSucceeded", 2.0),
    left(9, "Task", "Read the image", 2.0),
    entered(10, "Task", "Ask the model", 2.0),
    event(11, "TaskScheduled", 2.1),
    failed(12, "InvalidImageError", 2.5),
    left(13, "Task", "Ask the model", 2.5),
    entered(14, "Choice", "Look for an explanation", 2.5),
    left(15, "Choice", "Look for an explanation", 2.6),
    entered(16, "Fail", "Fail with the reason given", 2.6),
    event(17, "ExecutionFailed", 2.75),
]


def test_a_history_tells_what_each_state_did_with_its_attempts_and_time():
    assert workflow.state_runs(HISTORY) == [
        workflow.StateRun("Read the image", "Task", "succeeded", 2.0, 2),
        workflow.StateRun("Ask the model", "Task", "failed", 0.5, 1, "InvalidImageError"),
        workflow.StateRun("Look for an explanation", "Choice", "succeeded", pytest.approx(0.1)),
        workflow.StateRun("Fail with the reason given", "Fail", "failed", pytest.approx(0.15)),
    ]


def test_a_state_that_has_not_ended_is_running_and_a_retry_shows():
    running = workflow.state_runs(HISTORY[:6])
    assert running == [workflow.StateRun("Read the image", "Task", "running", None, 2)]


@pytest.mark.parametrize("end", ["ExecutionAborted", "ExecutionTimedOut"])
def test_a_state_in_which_the_execution_was_ended_has_failed(end):
    (state,) = workflow.state_runs([*HISTORY[:4], event(5, end, 9)])
    assert (state.status, state.seconds) == ("failed", 9)


def test_a_timed_out_task_has_the_error_that_step_functions_gives_it():
    timed_out = event(5, "TaskTimedOut", 30, taskTimedOutEventDetails={"resourceType": "lambda", "resource": "invoke"})
    (state,) = workflow.state_runs([*HISTORY[:4], timed_out, left(6, "Task", "Read the image", 30)])
    assert (state.status, state.error) == ("failed", "States.Timeout")


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        ("SUCCEEDED", None, 0),
        ("FAILED", "ThresholdConfidenceNotMet", 3),
        ("FAILED", "NotOneOfTheClasses", 3),
        ("FAILED", "InvalidImageError", 1),
        ("FAILED", None, 1),
        ("TIMED_OUT", None, 1),
        ("ABORTED", "ThresholdConfidenceNotMetToo", 1),
    ],
)
def test_the_exit_code_tells_passed_from_refused_from_anything_else(status, error, code):
    assert workflow.exit_code(workflow.ExecutionOutcome(EXECUTION, status, error=error)) == code


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (
            {
                "status": "SUCCEEDED",
                "output": {"classification": "bicycle", "confidence_score": 0.92345678, "threshold": 0.8},
            },
            "bicycle, 0.9235 sure (threshold 0.8)",
        ),
        (
            {
                "status": "FAILED",
                "error": "ThresholdConfidenceNotMet",
                "cause": "THRESHOLD_CONFIDENCE_NOT_MET: the model is 0.62 sure of a; b; the threshold is 0.80",
            },
            "a; b 0.62 < 0.80",
        ),
        (
            {"status": "FAILED", "error": "ThresholdConfidenceNotMet", "cause": "another function's words"},
            "ThresholdConfidenceNotMet: another function's words",
        ),
        (
            {
                "status": "FAILED",
                "error": "NotOneOfTheClasses",
                "cause": "NOT_ONE_OF_THE_CLASSES: the model is 0.97 sure of other: the image is none of bicycle; no",
            },
            "none of the classes: other 0.97",
        ),
        ({"status": "FAILED", "error": "InvalidImageError", "cause": "cut short"}, "InvalidImageError: cut short"),
        ({"status": "TIMED_OUT"}, "the execution is TIMED_OUT"),
    ],
)
def test_an_outcome_is_explained_in_a_sentence(outcome, sentence):
    assert workflow.explain(workflow.ExecutionOutcome(EXECUTION, **outcome)) == sentence


def test_an_image_is_uploaded_under_its_digest_and_name_with_the_type_of_its_bytes(stub, picture):
    s3, answers = stub("s3")
    key = f"images/{hashlib.sha256(picture.read_bytes()).hexdigest()[:16]}/{picture.name}.png"
    answers.add_client_error("head_object", "404", http_status_code=404)
    answers.add_response(
        "put_object", {}, {"Bucket": "photos", "Key": key, "Body": picture.read_bytes(), "ContentType": "image/png"}
    )
    assert workflow.upload(s3, "photos", picture) == f"s3://photos/{key}"


def test_an_image_that_is_there_is_not_uploaded_again(stub, tmp_path):
    s3, answers = stub("s3")
    answers.add_response("head_object", {}, {"Bucket": "photos", "Key": ANY})
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "JPEG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    assert workflow.upload(s3, "photos", tmp_path / "a.png").endswith("/a.png")


@pytest.mark.parametrize(
    ("name", "form", "key"),
    [
        ("my bicycle.webp", "WEBP", "my bicycle.webp.png"),
        ("Vélo", "JPEG", "Vélo.jpg"),
        ("two\nlines.PNG", "PNG", "two\N{REPLACEMENT CHARACTER}lines.PNG"),
    ],
)
def test_an_uploaded_image_keeps_its_name_and_gets_the_ending_of_what_it_is_converted_to(
    stub, tmp_path, name, form, key
):
    s3, answers = stub("s3")
    answers.add_response("head_object", {}, {"Bucket": "photos", "Key": ANY})
    Image.new("RGB", (4, 4)).save(tmp_path / name, form)
    assert re.fullmatch(rf"s3://photos/images/[0-9a-f]{{16}}/{key}", workflow.upload(s3, "photos", tmp_path / name))


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"text", "is not a PNG or JPEG"), (b"GIF89a", "is damaged"), (b"", "is empty"), (None, "cannot be read")],
)
def test_refuses_to_upload_what_is_no_image(stub, tmp_path, content, reason):
    s3, _ = stub("s3")
    if content is not None:
        (tmp_path / "a.gif").write_bytes(content)
    with pytest.raises(InputError, match=f"a.gif.*{reason}"):
        workflow.upload(s3, "photos", tmp_path / "a.gif")


def test_an_execution_is_named_after_its_image_and_asked_for_the_threshold(stub):
    sfn, answers = stub("stepfunctions")
    answers.add_response(
        "start_execution",
        {"executionArn": EXECUTION, "startDate": START},
        {
            "stateMachineArn": MACHINE,
            "name": ANY,
            "input": '{"image_url": "s3://photos/test/a bicycle.png", "confidence_threshold": 0.9}',
        },
    )
    found = workflow.start(sfn, MACHINE, "s3://photos/test/a bicycle.png", 0.9)
    assert re.fullmatch(r"a-bicycle-[0-9a-f]{16}", found.name)
    assert (found.arn, found.image_url) == (EXECUTION, "s3://photos/test/a bicycle.png")


@pytest.mark.parametrize("key", ["k" * 1024, "自転車.png", "a/", "x.png", "-.png", "%2e%2e/%00.png"])
def test_any_keys_execution_has_a_name_that_step_functions_and_sagemaker_take(stub, key):
    """A name has at most 64 characters, so that it can be InvokeEndpoint's InferenceId, and is new each time."""
    sfn, answers = stub("stepfunctions")
    names = set()
    for _ in range(2):
        answers.add_response("start_execution", {"executionArn": EXECUTION, "startDate": START})
        names.add(workflow.start(sfn, MACHINE, f"s3://photos/{key}").name)
    assert len(names) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", name) for name in names)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, 80, float("nan"), True, "0.8"])
def test_refuses_a_threshold_before_anything_is_started(stub, threshold):
    sfn, _ = stub("stepfunctions")
    with pytest.raises(InputError, match="must be a number from 0 to 1"):
        workflow.start(sfn, MACHINE, "s3://photos/a.png", threshold)


def test_a_missing_state_machine_says_what_to_apply(stub):
    sfn, answers = stub("stepfunctions")
    answers.add_client_error("start_execution", "StateMachineDoesNotExist", http_status_code=400)
    with pytest.raises(WorkflowError, match=r"invoke tf\.apply --stack service"):
        workflow.start(sfn, MACHINE, "s3://photos/a.png")


def describe(answers, status, **more):
    answers.add_response(
        "describe_execution",
        {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "status": status, "startDate": START, **more},
        {"executionArn": EXECUTION},
    )


def history(answers, events, token=None, **asked):
    answer = {"events": events} | ({"nextToken": token} if token else {})
    asked = {"executionArn": EXECUTION, "includeExecutionData": False, "maxResults": 1000, **asked}
    answers.add_response("get_execution_history", answer, asked)


def test_following_tells_every_beginning_and_end_once_and_gives_the_outcome(stub):
    sfn, answers = stub("stepfunctions")
    describe(answers, "RUNNING")
    history(answers, HISTORY[:2])
    describe(answers, "RUNNING")
    history(answers, HISTORY[:10])
    describe(answers, "FAILED", stopDate=START + timedelta(seconds=2.75), error="InvalidImageError", cause="cut short")
    history(answers, HISTORY[:9], token="more")  # the last page is not complete yet
    history(answers, HISTORY[9:], nextToken="more")
    told = []
    outcome = workflow.follow(sfn, EXECUTION, told.append, pause=0)
    assert [(state.name, state.status) for state in told] == [
        ("Read the image", "running"),
        ("Read the image", "succeeded"),
        ("Ask the model", "running"),
        ("Ask the model", "failed"),
        ("Look for an explanation", "running"),
        ("Look for an explanation", "succeeded"),
        ("Fail with the reason given", "running"),
        ("Fail with the reason given", "failed"),
    ]
    assert (outcome.status, outcome.error, outcome.cause) == ("FAILED", "InvalidImageError", "cut short")
    assert outcome.seconds == 2.75
    assert outcome.states == tuple(workflow.state_runs(HISTORY))


def test_following_an_execution_that_is_not_there_says_so(stub):
    sfn, answers = stub("stepfunctions")
    answers.add_client_error("describe_execution", "ExecutionDoesNotExist", http_status_code=400)
    with pytest.raises(WorkflowError, match="there is no execution"):
        workflow.follow(sfn, EXECUTION)


def test_following_is_given_up_in_time_or_when_told_and_says_how_to_stop_the_execution(stub):
    sfn, answers = stub("stepfunctions")
    stop = threading.Event()
    stop.set()
    for given in ({"timeout": 0}, {"stop": stop}):
        describe(answers, "RUNNING")
        with pytest.raises(WorkflowError, match="no longer followed"):
            workflow.follow(sfn, EXECUTION, pause=0, **given)


def test_images_are_files_urls_and_what_folders_hold(tmp_path, picture, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "folder" / "deeper"
    folder.mkdir(parents=True)
    for name in ("b.PNG", "a.jpeg", "notes.txt", "c.jpg"):
        (folder / name).write_bytes(b"")
    found = workflow.images_of(["s3://photos/a.png", str(picture), "~/folder"])
    assert found == ["s3://photos/a.png", str(picture), *(str(folder / name) for name in ("a.jpeg", "b.PNG", "c.jpg"))]


def test_names_the_image_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"there is no image bicycl\.png"):
        workflow.images_of(["bicycl.png"])
    with pytest.raises(InputError, match="holds no PNG, JPEG, WebP"):
        workflow.images_of([str(tmp_path)])


def test_an_interruption_neither_starts_the_rest_nor_waits_for_what_runs():
    class Running:
        """A state machine. Only its first execution ends."""

        class exceptions:
            class StateMachineDoesNotExist(Exception): ...

            class ExecutionDoesNotExist(Exception): ...

        def __init__(self):
            self.started = []

        def start_execution(self, name, **_):
            self.started.append(name)
            return {"executionArn": name}

        def describe_execution(self, executionArn):
            return {"status": "RUNNING"}

    def interrupt(found):
        raise KeyboardInterrupt

    sfn, threads = Running(), threading.active_count()
    images = ["missing.png", *(f"s3://photos/{n}.png" for n in range(50))]
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        workflow.run_many(None, sfn, "photos", MACHINE, images, workers=3, on_done=interrupt)
    while threading.active_count() > threads and time.monotonic() < began + 10:
        threading.Event().wait(0.01)
    assert threading.active_count() == threads
    assert len(sfn.started) <= 4
