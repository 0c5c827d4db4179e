"""classifyImage: its request to the endpoint, the answers that it accepts, and the errors that are temporary."""

import base64
import hashlib
import io
import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError, ReadTimeoutError
from botocore.response import StreamingBody

PIXELS = b"the image's bytes"
SERIALIZED = {
    "image_url": "s3://photos/images/bicycle.png",
    "s3_bucket": "photos",
    "s3_key": "images/bicycle.png",
    "content_type": "image/png",
    "image_data": base64.b64encode(PIXELS).decode(),
    "inferences": [],
}


def event(name="run-1", **changes):
    return {"execution": {"name": name, "started_at": "2026-01-28T12:09:35.872Z"}, "input": SERIALIZED | changes}


@pytest.fixture
def module(load):
    return load("classify_image")


@pytest.fixture
def answers(module, stub):
    """A function that gives the endpoint one answer to one exact request."""

    def answers(body=b"[0.92, 0.08]", **expected):
        request = {
            "EndpointName": "scones-dev",
            "Accept": "application/json",
            "ContentType": "image/png",
            "Body": PIXELS,
            "InferenceId": "run-1",
            "CustomAttributes": "images/bicycle.png",
        }
        stub(module.runtime).add_response(
            "invoke_endpoint",
            {"Body": StreamingBody(io.BytesIO(body), len(body)), "InvokedProductionVariant": "AllTraffic"},
            {name: value for name, value in (request | expected).items() if value is not None},
        )

    return answers


def fails(module, monkeypatch, client, call, error):
    """Make a client's call raise."""

    def raising(**_):
        raise error

    monkeypatch.setattr(getattr(module, client), call, raising)


def refusal(code, status, message="the reason", **members):
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer | members, "InvokeEndpoint")


def test_adds_the_answer_and_drops_the_image(module, answers):
    answers()
    assert module.handler(event(confidence_threshold=0.7), None) == {
        "image_url": "s3://photos/images/bicycle.png",
        "s3_bucket": "photos",
        "s3_key": "images/bicycle.png",
        "content_type": "image/png",
        "confidence_threshold": 0.7,
        "inferences": [0.92, 0.08],
        "class_probabilities": {"bicycle": 0.92, "motorcycle": 0.08},
        "model": {
            "endpoint": "scones-dev",
            "variant": "AllTraffic",
            "package_version": 3,
            "package_arn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-dev/3",
        },
    }


def test_reads_the_object_itself_where_the_state_could_not_carry_it(module, answers, stub):
    stub(module.s3).add_response(
        "get_object",
        {"Body": StreamingBody(io.BytesIO(PIXELS), len(PIXELS))},
        {"Bucket": "photos", "Key": "images/bicycle.png"},
    )
    answers()
    assert module.handler(event(image_data=None), None)["inferences"] == [0.92, 0.08]


def test_the_sample_event_is_taken(module, answers, stub):
    sample = json.loads(Path(module.__file__).with_name("event.json").read_text().replace("BUCKET", "photos"))
    stub(module.s3).add_response("get_object", {"Body": StreamingBody(io.BytesIO(PIXELS), len(PIXELS))})
    answers(InferenceId="by-hand")
    assert module.handler(sample, None)["class_probabilities"]["bicycle"] == 0.92


def test_works_without_an_execution(module, answers):
    answers(InferenceId=None)
    assert module.handler(SERIALIZED, None)["inferences"] == [0.92, 0.08]


@pytest.mark.parametrize("labels", [["bus", "train", "tank"], [str(n) for n in range(100)]])
def test_serves_any_number_of_classes(module, answers, monkeypatch, labels):
    monkeypatch.setenv("CLASS_LABELS", json.dumps(labels))
    answers(json.dumps([1 / len(labels)] * len(labels)).encode())
    assert list(module.handler(event(), None)["class_probabilities"]) == labels


@pytest.mark.parametrize("name", ["n" * 65, "n" * 80, "Fahrrad-ü", "自転車"])
def test_an_execution_name_that_sagemaker_would_not_take_is_hashed(module, answers, name):
    digest = hashlib.sha256(name.encode()).hexdigest()
    assert len(digest) == 64
    answers(InferenceId=digest)
    module.handler(event(name), None)


@pytest.mark.parametrize("name", ["n" * 64, "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "run_1"])
def test_an_execution_name_that_fits_is_sent_as_it_is(module, answers, name):
    answers(InferenceId=name)
    module.handler(event(name), None)


@pytest.mark.parametrize(
    "key", ["a b.png", "räder/自転車.png", "100%/a+b.png", "a=b&c.png", "k" * 1024, "line\r\nX-Evil: 1"]
)
def test_a_capture_tells_the_key_and_no_key_can_forge_a_header(module, key):
    sent = module.custom_attributes(key)
    assert unquote(sent) == key
    assert len(sent) <= 1024
    assert all("!" <= letter <= "~" for letter in sent)


def test_a_key_too_long_to_be_told_is_told_by_its_digest(module, answers):
    key = "ü" * 512
    answers(CustomAttributes="sha256=" + hashlib.sha256(key.encode()).hexdigest())
    module.handler(event(s3_key=key), None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"\xff\xfe\x00",
        b"null",
        b'{"predictions": [0.9, 0.1]}',
        b"0.9",
        b"[0.92]",
        b"[0.5, 0.3, 0.2]",
        b"[[0.92, 0.08]]",
        b'["0.92", "0.08"]',
        b"[true, false]",
        b"[null, 1.0]",
        b"[NaN, 0.5]",
        b"[Infinity, 0]",
        b"[1.2, -0.2]",
        b"[0.5, 0.4]",
        b"[0.6, 0.6]",
        b"[" * 100_000,
        b"0.92,0.08",
    ],
    ids=lambda body: ascii(body)[:30],
)
def test_refuses_an_answer_that_is_not_a_probability_for_each_class(module, answers, refuses, body):
    answers(body)
    refuses("InvalidInferenceError", module.handler, event(), None, match="endpoint's")


@pytest.mark.parametrize(
    "body", [b"[0.9200000166893005, 0.0799999833106995]", b"[1, 0]", b"[0.333, 0.666]", b" [1e0,0E0]\n"]
)
def test_takes_the_rounding_of_32_bit_floats(module, answers, body):
    answers(body)
    assert module.handler(event(), None)["inferences"] == json.loads(body)


@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException", 400, "Rate exceeded"),
        refusal("TooManyRequestsException", 429),
        refusal("ServiceUnavailable", 503),
        refusal("InternalFailure", 500),
        refusal("InternalDependencyException", 530),
        refusal("ModelNotReadyException", 429),
        refusal("ModelError", 424, OriginalStatusCode=500, OriginalMessage="worker died"),
        refusal("ModelError", 424, OriginalStatusCode=0, OriginalMessage="no answer in 60 seconds"),
        refusal("ModelError", 424, OriginalStatusCode=429, OriginalMessage="busy"),
        ReadTimeoutError(endpoint_url="https://runtime"),
        EndpointConnectionError(endpoint_url="https://runtime"),
    ],
    ids=str,
)
def test_what_can_pass_has_the_name_that_is_retried(module, monkeypatch, refuses, error):
    fails(module, monkeypatch, "runtime", "invoke_endpoint", error)
    refuses("EndpointUnavailableError", module.handler, event(), None, match="endpoint scones-dev: ")


@pytest.mark.parametrize(("code", "status"), [("ValidationError", 400), ("AccessDeniedException", 403)])
def test_what_cannot_pass_is_not_retried(module, monkeypatch, refuses, code, status):
    fails(module, monkeypatch, "runtime", "invoke_endpoint", refusal(code, status, "Endpoint scones-dev not found."))
    refuses("EndpointRefusedError", module.handler, event(), None, match="not found")


def test_an_image_that_the_model_refuses_is_invalid_in_the_models_own_words(module, monkeypatch, refuses):
    error = refusal("ModelError", 424, OriginalStatusCode=400, OriginalMessage="Unable to decode image")
    fails(module, monkeypatch, "runtime", "invoke_endpoint", error)
    refuses("InvalidImageError", module.handler, event(), None, match="Unable to decode image")


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (refusal("NoSuchKey", 404), "ImageNotFoundError"),
        (refusal("AccessDenied", 403), "ImageRefusedError"),
        (ParamValidationError(report="Invalid bucket name"), "ImageNotFoundError"),
        (refusal("SlowDown", 503), "EndpointUnavailableError"),
        (ReadTimeoutError(endpoint_url="https://s3"), "EndpointUnavailableError"),
    ],
    ids=str,
)
def test_an_object_that_went_away_between_the_steps_is_named(module, monkeypatch, refuses, error, name):
    fails(module, monkeypatch, "s3", "get_object", error)
    refuses(name, module.handler, event(image_data=None), None, match="s3://photos/images/bicycle.png")


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        "x",
        {},
        {"image_url": "s3://photos/a.png"},
        SERIALIZED | {"s3_key": 5},
        SERIALIZED | {"s3_key": ""},
        SERIALIZED | {"s3_key": "\ud800.png"},
        SERIALIZED | {"s3_key": "k" * 1025},
        SERIALIZED | {"s3_bucket": "not a bucket", "image_data": None},
        SERIALIZED | {"s3_bucket": "\ud800" * 3},
        SERIALIZED | {"content_type": "image/png\r\nX-Evil: 1"},
        SERIALIZED | {"content_type": "\ud800"},
        SERIALIZED | {"image_data": "?"},
    ],
    ids=lambda given: ascii(given)[:40],
)
def test_refuses_what_serialize_image_data_would_not_give(module, refuses, given):
    refuses("InvalidInputError", module.handler, given, None)


def test_logs_one_json_line_with_the_executions_name_and_no_image(module, answers, capsys):
    answers()
    module.handler(event(), None)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["execution"] == "run-1"
    assert SERIALIZED["image_data"] not in line
    assert len(line) < 400


@pytest.mark.parametrize(
    ("variant", "candidate", "expected"),
    [("AllTraffic", "a/2", "a/1"), ("Candidate", "a/2", "a/2"), ("Candidate", None, "a/1"), (None, "a/2", "a/1")],
)
def test_the_model_named_is_that_of_the_variant_that_answered(module, variant, candidate, expected):
    variables = {"MODEL_PACKAGE": "a/1", **({"CANDIDATE_PACKAGE": candidate} if candidate else {})}
    assert module.package_of(variant, variables) == expected


@pytest.mark.parametrize("execution", [None, 5, "run-1", ["run-1"], {"name": 5}, {"name": ["run-1"]}, {"name": None}])
def test_an_envelope_that_holds_no_execution_is_named_and_logged(module, refuses, capsys, execution):
    refuses("InvalidInputError", module.handler, {"execution": execution, "input": SERIALIZED}, None, match="execution")
    assert json.loads(capsys.readouterr().out)["error"] == "InvalidInputError"


def test_a_name_with_half_a_character_is_hashed_too(module, answers):
    name = "run-\ud800"
    answers(InferenceId=hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest())
    module.handler(event(name), None)


def test_a_request_that_botocore_refuses_to_send_is_not_retried(module, monkeypatch, refuses):
    error = ParamValidationError(report="Invalid length for parameter EndpointName")
    fails(module, monkeypatch, "runtime", "invoke_endpoint", error)
    refuses("EndpointRefusedError", module.handler, event(), None, match="Invalid length")
