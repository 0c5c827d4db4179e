"""recordResult writes each execution's result once, tells it, and gives back what it could not handle."""

import io
import json

import pytest
from botocore.response import StreamingBody

NAME = "arrival-photo-7-0d5cfa91d0e0a84a9b1ae3b96f4d19a1"
ARN = f"arn:aws:states:us-east-1:123456789012:execution:scones-dev-classify-image:{NAME}"
OUTPUT = {
    "image_processed": True,
    "image_url": "s3://bucket/incoming/photo 7.jpg",
    "classification": "bicycle",
    "confidence_score": 0.92,
    "threshold": 0.8,
    "class_probabilities": {"bicycle": 0.92, "motorcycle": 0.08},
    "model": {"package_version": 3},
    "processing_time_ms": 120,
}
ANSWER = ("classification", "confidence_score", "threshold", "class_probabilities", "model", "processing_time_ms")
KEY = f"results/dt=2025-11-30/{NAME}.json"


def message(**changes):
    detail = {
        "executionArn": ARN,
        "name": NAME,
        "status": "SUCCEEDED",
        "startDate": 1764500000000,
        "stopDate": 1764500000150,
        "input": json.dumps({"s3_bucket": "bucket", "s3_key": "incoming/photo 7.jpg", "s3_version": "v1"}),
        "output": json.dumps(OUTPUT),
        **changes,
    }
    return {"messageId": "m1", "body": json.dumps({"detail": detail})}


@pytest.fixture
def record(load, monkeypatch):
    for name, value in {"BUCKET": "bucket", "RESULTS": "results", "SOURCE": "scones-dev"}.items():
        monkeypatch.setenv(name, value)
    return load("record_result")


def told(record, stub, s3=None, **answer):
    """Answer both requests, after others of an S3 stub. Returns what they had."""
    sent = {}
    (s3 or stub(record.s3)).add_response("put_object", {})
    stub(record.events).add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}], **answer})
    for client in (record.s3, record.events):
        client.meta.events.register(
            "provide-client-params.*", lambda params, model, **_: sent.update({model.name: params})
        )
    return sent


def test_an_answer_is_written_and_told(record, stub):
    sent = told(record, stub)
    assert record.handler({"Records": [message()]}, None) == {"batchItemFailures": []}
    assert (sent["PutObject"]["Bucket"], sent["PutObject"]["Key"]) == ("bucket", KEY)
    found = json.loads(sent["PutObject"]["Body"].getvalue())
    assert found == {
        "execution": NAME,
        "status": "SUCCEEDED",
        "image_url": "s3://bucket/incoming/photo 7.jpg",
        "s3_version": "v1",
        "started_at": "2025-11-30T10:53:20.000+00:00",
        "ended_at": "2025-11-30T10:53:20.150+00:00",
        **{name: OUTPUT[name] for name in ANSWER},
    }
    (entry,) = sent["PutEvents"]["Entries"]
    assert (entry["Source"], entry["DetailType"], entry["Resources"]) == ("scones-dev", "ImageClassified", [ARN])
    assert json.loads(entry["Detail"]) == {**found, "result_key": KEY}


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_what_has_no_answer_has_its_reason(record, stub, status):
    sent = told(record, stub)
    failed = message(status=status, output=None, error="ThresholdConfidenceNotMet", cause="0.62 < 0.8")
    assert record.handler({"Records": [failed]}, None) == {"batchItemFailures": []}
    found = json.loads(sent["PutObject"]["Body"].getvalue())
    assert (found["status"], found["error"], found["cause"]) == (status, "ThresholdConfidenceNotMet", "0.62 < 0.8")
    assert sent["PutEvents"]["Entries"][0]["DetailType"] == "ImageNotClassified"


def test_an_event_that_nobody_took_comes_again(record, stub, capsys):
    told(record, stub, FailedEntryCount=1, Entries=[{"ErrorCode": "ThrottlingException"}])
    assert record.handler({"Records": [message()]}, None) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert "ThrottlingException" in json.loads(capsys.readouterr().out)["reason"]


def test_an_execution_that_runs_has_no_result(record, capsys):
    assert record.handler({"Records": [message(status="RUNNING")]}, None) == {
        "batchItemFailures": [{"itemIdentifier": "m1"}]
    }
    assert "has not ended" in json.loads(capsys.readouterr().out)["reason"]


def standing(ended_at, etag):
    content = json.dumps({"ended_at": ended_at}).encode()
    return {"ETag": etag, "Body": StreamingBody(io.BytesIO(content), len(content))}


EARLIER, SAME, LATER = (f"2025-11-30T10:53:20.{ms}+00:00" for ms in ("149", "150", "151"))


def test_a_redriven_executions_result_is_written_over_its_first_one_even_if_another_writer_is_faster(record, stub):
    """Between the look and the write there is another one, which is earlier still."""
    s3 = stub(record.s3)
    for code, tag in (("PreconditionFailed", '"1"'), ("ConditionalRequestConflict", '"2"')):
        s3.add_client_error("put_object", code)
        s3.add_response("get_object", standing(EARLIER, tag), {"Bucket": "bucket", "Key": KEY})
    sent = told(record, stub, s3)
    assert record.handler({"Records": [message()]}, None) == {"batchItemFailures": []}
    assert sent["PutObject"]["IfMatch"] == '"2"'
    assert sent["PutEvents"]["Entries"][0]["DetailType"] == "ImageClassified"


def test_a_late_failure_does_not_overwrite_the_success_of_a_redrive(record, stub, capsys):
    """It is told to nobody, and no message comes again."""
    s3 = stub(record.s3)
    s3.add_client_error("put_object", "PreconditionFailed")
    s3.add_response("get_object", standing(LATER, '"1"'))
    late = message(status="FAILED", output=None, error="States.Timeout")
    assert record.handler({"Records": [late]}, None) == {"batchItemFailures": []}
    assert LATER in json.loads(capsys.readouterr().out)["not_written"]


def test_an_event_that_comes_twice_is_told_again(record, stub):
    """The first time may have ended between writing and telling."""
    s3 = stub(record.s3)
    s3.add_client_error("put_object", "PreconditionFailed")
    s3.add_response("get_object", standing(SAME, '"1"'))
    stub(record.events).add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    assert record.handler({"Records": [message()]}, None) == {"batchItemFailures": []}


def test_what_is_no_result_is_not_overwritten(record, stub, capsys):
    s3 = stub(record.s3)
    s3.add_client_error("put_object", "PreconditionFailed")
    s3.add_response("get_object", {"ETag": '"1"', "Body": StreamingBody(io.BytesIO(b"notes"), 5)})
    assert record.handler({"Records": [message()]}, None) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert f"s3://bucket/{KEY} is no result" in json.loads(capsys.readouterr().out)["reason"]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "{}", '{"detail": null}'])
def test_what_is_no_event_is_given_back_and_logged(record, body, capsys):
    found = record.handler({"Records": [{"messageId": "m1", "body": body}]}, None)
    assert found == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert json.loads(capsys.readouterr().out)["level"] == "ERROR"
