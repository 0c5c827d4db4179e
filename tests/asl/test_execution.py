"""The local cloud executes the state machine, and the tests check how each execution ends.

A stand-in replaces classifyImage, so that no endpoint is needed. The image's key tells the stand-in what to answer or
raise. The other functions are the real ones.
"""

import io
import json
import uuid
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from scones.service import definition, packaging, workflow

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = """
import json
import os
import signal
import time


def handler(event, context):
    request = event["input"]
    script = request["s3_key"].rsplit("/", 1)[-1]
    if script == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if script == "sleep":
        time.sleep(30)
    if script.endswith("Error"):
        raise type(script, (Exception,), {})("because \\u00e9 \\"quotes\\" {braces}")
    found = {name: value for name, value in request.items() if name != "image_data"}
    top = float(script.removesuffix("-other"))
    if script.endswith("-other"):
        chances = {"bicycle": 1 - top, "motorcycle": 0.0, "other": top}
        return found | {"inferences": [*chances.values()], "class_probabilities": chances, "model": event["execution"]}
    found |= {"inferences": [top, 1 - top], "class_probabilities": {"bicycle": top, "motorcycle": 1 - top}}
    return found | {"model": event["execution"]}
"""


def deploy(cloud, name, content, timeout=20, environment=()):
    found = cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=f"arn:aws:iam::123456789012:role/scones-{name.rpartition('-')[2]}",
        Handler="handler.handler",
        Code={"ZipFile": content},
        Timeout=timeout,
        Environment={"Variables": dict(environment)},
    )
    return found["FunctionArn"]


def stand_in():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", STAND_IN)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def bucket(cloud):
    name = f"scones-{uuid.uuid4().hex[:12]}"
    cloud.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def machine(cloud):
    """The state machine as applied, with a single retry, so that a permanent failure does not take a minute."""
    tag = uuid.uuid4().hex[:8]
    cloud.role(f"scones-{tag}")
    template = (ROOT / "asl" / "classify_image.asl.json").read_text()
    values = {"partition": "aws", "classify_image_arn": deploy(cloud, f"classify-image-{tag}", stand_in(), timeout=1)}
    for name in definition.functions(template):
        if name != "classify-image":
            folder = name.replace("-", "_")
            values[f"{folder}_arn"] = deploy(
                cloud,
                f"{name}-{tag}",
                packaging.build(ROOT / "lambdas" / folder),
                environment={"CONFIDENCE_THRESHOLD": "0.8", "OTHER_CLASS": "other"},
            )
    machine = json.loads(definition.render(template, values))
    for state in machine["States"].values():
        for retrier in state.get("Retry", []):
            retrier["MaxAttempts"] = 1
    return cloud.client("stepfunctions").create_state_machine(
        name=f"classify-{tag}", definition=json.dumps(machine), roleArn=f"arn:aws:iam::123456789012:role/scones-{tag}"
    )["stateMachineArn"]


@pytest.fixture
def run(cloud, machine):
    """A function that executes any JSON input to its end."""

    def run(given):
        sfn = cloud.client("stepfunctions")
        arn = sfn.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
        return workflow.follow(sfn, arn, timeout=60)

    return run


@pytest.fixture
def image(cloud, bucket):
    """A function that stores an image. Its key tells the stand-in what to do."""

    def image(key, size=(32, 32)):
        buffer = io.BytesIO()
        Image.effect_noise(size, 60).save(buffer, "PNG")
        cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())
        return f"s3://{bucket}/{key}"

    return image


def tasks(outcome):
    return [(state.name, state.status, state.attempts) for state in outcome.states if state.kind == "Task"]


def test_a_confident_answer_gives_exactly_the_contracts_object(run, image):
    url = image("0.92")
    outcome = run({"image_url": url})
    assert outcome.status == "SUCCEEDED", outcome
    output = dict(outcome.output)
    assert 0 < output.pop("processing_time_ms") < 30_000
    assert output.pop("model")["name"] == outcome.arn.rsplit(":", 1)[1]
    assert output == {
        "image_processed": True,
        "image_url": url,
        "classification": "bicycle",
        "confidence_score": 0.92,
        "passed_threshold": True,
        "threshold": 0.8,
        "class_probabilities": {"bicycle": 0.92, "motorcycle": pytest.approx(0.08)},
    }
    assert workflow.exit_code(outcome) == 0
    states = json.loads((ROOT / "asl" / "classify_image.asl.json").read_text())["States"]
    assert tasks(outcome) == [(name, "succeeded", 1) for name, state in states.items() if state["Type"] == "Task"]


def test_the_console_users_form_and_their_own_threshold_are_taken(run, image, bucket):
    image("test/0.7")
    outcome = run({"image_data": "", "s3_bucket": bucket, "s3_key": "test/0.7", "confidence_threshold": 0.7})
    assert outcome.output["threshold"] == 0.7


def test_an_unsure_answer_fails_out_loud_with_both_numbers_and_is_not_retried(run, image):
    outcome = run({"image_url": image("0.6")})
    assert (outcome.status, outcome.error) == ("FAILED", "ThresholdConfidenceNotMet")
    assert outcome.cause == "THRESHOLD_CONFIDENCE_NOT_MET: the model is 0.60 sure of bicycle; the threshold is 0.80"
    assert workflow.exit_code(outcome) == 3
    assert tasks(outcome)[-1] == ("Pass only confident answers", "failed", 1)


@pytest.mark.parametrize("threshold", [0.8, 0])
def test_an_image_of_none_of_the_classes_fails_out_loud_whatever_the_threshold_is(run, image, threshold):
    outcome = run({"image_url": image("0.97-other"), "confidence_threshold": threshold})
    assert (outcome.status, outcome.error) == ("FAILED", "NotOneOfTheClasses")
    assert outcome.cause.startswith(
        "NOT_ONE_OF_THE_CLASSES: the model is 0.97 sure of other: the image is none of bicyc"
    )
    assert (workflow.exit_code(outcome), str(workflow.refused(outcome))) == (3, "none of the classes: other 0.97")
    assert tasks(outcome)[-1] == ("Pass only confident answers", "failed", 1)


@pytest.mark.parametrize(
    ("given", "error", "cause"),
    [
        ("s3://photos/a.png", "InvalidInputError", "not a JSON object but 's3://photos/a.png'"),
        ([], "InvalidInputError", "not a JSON object"),
        (None, "InvalidInputError", "not a JSON object"),
        ({}, "InvalidInputError", "names no image"),
        ({"image_url": "https://elsewhere/a.png"}, "InvalidInputError", "not of the form s3://BUCKET/KEY"),
        ({"image_url": "s3://no-such-bucket-here/a.png"}, "ImageNotFoundError", "NoSuchBucket"),
    ],
    ids=str,
)
def test_a_bad_input_ends_with_its_named_error_at_once(run, given, error, cause):
    outcome = run(given)
    assert (outcome.status, outcome.error) == ("FAILED", error)
    assert cause in outcome.cause
    assert tasks(outcome) == [("Read the image", "failed", 1)]
    assert workflow.exit_code(outcome) == 1


def test_a_missing_object_and_one_that_is_no_image_are_told_apart(run, cloud, bucket):
    cloud.client("s3").put_object(Bucket=bucket, Key="text", Body=b"hello")
    assert run({"image_url": f"s3://{bucket}/missing"}).error == "ImageNotFoundError"
    assert run({"image_url": f"s3://{bucket}/text"}).error == "InvalidImageError"


@pytest.mark.parametrize("threshold", ["0.8", 80, -1, True])
def test_a_threshold_that_is_none_ends_with_its_named_error(run, image, threshold):
    outcome = run({"image_url": image("0.9"), "confidence_threshold": threshold})
    assert outcome.error == "InvalidThresholdError"


def test_what_can_pass_is_retried_and_then_ends_as_endpoint_unavailable_in_its_own_words(run, image):
    outcome = run({"image_url": image("EndpointUnavailableError")})
    assert outcome.error == "EndpointUnavailableError"
    assert outcome.cause == 'because é "quotes" {braces}'
    assert tasks(outcome)[-1] == ("Ask the model", "failed", 2)


@pytest.mark.parametrize("error", ["InvalidInferenceError", "EndpointRefusedError", "KeyError"])
def test_any_other_error_of_a_function_is_passed_on_and_not_retried(run, image, error):
    outcome = run({"image_url": image(error)})
    assert (outcome.error, outcome.cause) == (error, 'because é "quotes" {braces}')
    assert tasks(outcome)[-1] == ("Ask the model", "failed", 1)


def test_a_function_that_does_not_end_is_retried_and_then_unavailable(run, image):
    outcome = run({"image_url": image("sleep")})
    assert outcome.error == "EndpointUnavailableError"
    assert "timed out" in outcome.cause.lower()
    assert tasks(outcome)[-1] == ("Ask the model", "failed", 2)


def test_a_function_that_is_killed_is_tried_again_and_then_unavailable(run, image):
    outcome = run({"image_url": image("killed")})
    assert outcome.error == "EndpointUnavailableError"
    assert "Runtime.ExitError" in outcome.cause
    assert tasks(outcome)[-1] == ("Ask the model", "failed", 2)


def test_an_image_too_large_for_a_state_goes_through_all_the_same(run, image):
    outcome = run({"image_url": image("large/0.9", size=(800, 800))})
    assert outcome.status == "SUCCEEDED", outcome


def test_following_tells_each_state_as_it_begins_and_ends(cloud, machine, image):
    told = []
    sfn = cloud.client("stepfunctions")
    execution = workflow.start(sfn, machine, image("0.95"), threshold=0.9)
    outcome = workflow.follow(sfn, execution.arn, on_state=told.append)
    assert [(state.name, state.status) for state in told] == [
        (state.name, status) for state in outcome.states for status in ("running", "succeeded")
    ]
    assert outcome.output["threshold"] == 0.9


def test_many_images_are_run_at_once_and_each_has_its_own_end(cloud, machine, bucket, image, tmp_path):
    picture = tmp_path / "bicycle.png"
    Image.effect_noise((32, 32), 60).save(picture)
    images = [image("0.9"), str(picture), image("0.5"), str(tmp_path / "missing.png")]
    done = []
    runs = workflow.run_many(
        cloud.client("s3"), cloud.client("stepfunctions"), bucket, machine, images, on_done=done.append
    )
    assert [found.image for found in runs] == images
    # The stand-in reads its orders from the key. The key of a local file has none, so the function fails.
    assert [found.exit_code for found in runs] == [0, 1, 3, 1]
    assert "missing.png cannot be read" in runs[3].problem
    assert sorted(found.image for found in done) == sorted(images)
