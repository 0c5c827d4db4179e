"""startWorkflow starts one execution for each version of an object, and gives back what it could not handle."""

import json

import pytest

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-dev-classify-image"
EXECUTION = MACHINE.replace(":stateMachine:", ":execution:")


def message(key="incoming/photo 7.jpg", version="v1", number=1, **changes):
    found = {
        "key": key,
        "size": 4212,
        "sequencer": "00617F08299329D189",
        **({"version-id": version} if version else {}),
    }
    event = {"detail-type": "Object Created", "detail": {"bucket": {"name": "bucket"}, "object": found}, **changes}
    return {"messageId": f"m{number}", "body": json.dumps(event)}


@pytest.fixture
def start(load, monkeypatch):
    monkeypatch.setenv("STATE_MACHINE_ARN", MACHINE)
    monkeypatch.setenv("SUFFIXES", '[".png", ".jpg", ".TIFF"]')
    monkeypatch.delenv("AT_MOST", raising=False)
    return load("start_workflow")


def expected(start, key="incoming/photo 7.jpg", version="v1"):
    given = {"s3_bucket": "bucket", "s3_key": key, "s3_version": version}
    name = start.name_of("bucket", key, version)
    return {"stateMachineArn": MACHINE, "name": name, "input": json.dumps(given, sort_keys=True)}


def started(start, given):
    return {"executionArn": f"{EXECUTION}:{given['name']}", "startDate": "2026-01-28T12:09:35Z"}


def test_an_object_starts_an_execution_with_its_version(start, stub, capsys):
    given = expected(start)
    stub(start.states).add_response("start_execution", started(start, given), given)
    assert start.handler({"Records": [message()]}, None) == {"batchItemFailures": []}
    line = json.loads(capsys.readouterr().out)
    assert line["execution_arn"] == f"{EXECUTION}:{given['name']}"
    assert line["image_url"] == "s3://bucket/incoming/photo 7.jpg"


@pytest.mark.parametrize("key", ["incoming/a.Jpg", "incoming/b/c.JPG", "incoming/.pnG", "incoming/d.tiff"])
def test_a_suffix_counts_in_any_case(start, stub, key):
    given = expected(start, key)
    stub(start.states).add_response("start_execution", started(start, given), given)
    assert start.handler({"Records": [message(key)]}, None) == {"batchItemFailures": []}


@pytest.mark.parametrize("key", ["incoming/notes.txt", "incoming/", "incoming/jpg", "incoming/a.jpg.part"])
def test_what_has_another_suffix_starts_nothing_and_waits_for_nothing(start, key, monkeypatch, capsys):
    """It is no failure: it must not become a dead letter."""
    monkeypatch.setenv("AT_MOST", "2")
    assert start.handler({"Records": [message(key)]}, None) == {"batchItemFailures": []}
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["image_url"]) == ("INFO", f"s3://bucket/{key}")
    assert ".png" in line["not_started"]


def test_the_same_version_has_the_same_name_and_every_other_one_another(start):
    names = {
        start.name_of(bucket, key, version)
        for bucket in ("a", "b")
        for key in ("x/1.png", "x/2.png", "y/1.png", "x/1", "x/.png", "ü.png", "x" * 1000 + ".png")
        for version in ("v1", "v2")
    }
    assert len(names) == 28
    assert all(len(name) <= 80 and name.isascii() and name.startswith("arrival-") for name in names)
    assert start.name_of("a", "in/Photo 7 (1).jpg", "v1").startswith("arrival-Photo-7-1-")
    assert start.name_of("a", "in/Photo 7 (1).jpg", "v1") == start.name_of("a", "in/Photo 7 (1).jpg", "v1")


def test_a_second_event_of_an_ended_execution_is_handled(start, stub):
    stub(start.states).add_client_error("start_execution", "ExecutionAlreadyExists", expected_params=expected(start))
    assert start.handler({"Records": [message()]}, None) == {"batchItemFailures": []}


def test_an_object_without_a_version_has_its_sequencer(start, stub):
    name = start.name_of("bucket", "incoming/photo 7.jpg", "00617F08299329D189")
    given = {"s3_bucket": "bucket", "s3_key": "incoming/photo 7.jpg"}
    wanted = {"stateMachineArn": MACHINE, "name": name, "input": json.dumps(given)}
    stub(start.states).add_response("start_execution", started(start, wanted), wanted)
    assert start.handler({"Records": [message(version=None)]}, None) == {"batchItemFailures": []}


def test_only_what_failed_comes_again(start, stub, capsys):
    stubber = stub(start.states)
    stubber.add_client_error("start_execution", "ThrottlingException")
    given = expected(start, version="v2")
    stubber.add_response("start_execution", started(start, given), given)
    records = [message(number=1), message(number=2, version="v2")]
    assert start.handler({"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    levels = [json.loads(line)["level"] for line in capsys.readouterr().out.splitlines()]
    assert levels == ["ERROR", "INFO"]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "{}", '{"detail-type": "Object Created"}', '"text"'])
def test_what_is_no_arrival_is_given_back_and_logged(start, body, capsys):
    found = start.handler({"Records": [{"messageId": "m1", "body": body}]}, None)
    assert found == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert json.loads(capsys.readouterr().out)["level"] == "ERROR"


def test_another_kind_of_event_is_named(start, capsys):
    start.handler({"Records": [message(**{"detail-type": "Object Deleted"})]}, None)
    assert "'Object Deleted', not 'Object Created'" in json.loads(capsys.readouterr().out)["reason"]


def test_with_a_limit_it_waits_until_the_execution_has_ended(start, stub, monkeypatch):
    monkeypatch.setenv("AT_MOST", "2")
    waits = []
    monkeypatch.setattr(start.time, "sleep", waits.append)
    given, stubber = expected(start), stub(start.states)
    stubber.add_response("start_execution", started(start, given), given)
    stubber.add_client_error("describe_execution", "ExecutionDoesNotExist")  # it may not be known yet
    for status in ("RUNNING", "FAILED"):
        answer = {"executionArn": f"{EXECUTION}:{given['name']}", "stateMachineArn": MACHINE, "status": status}
        answer["startDate"] = "2026-01-28T12:09:35Z"
        stubber.add_response("describe_execution", answer, {"executionArn": f"{EXECUTION}:{given['name']}"})
    assert start.handler({"Records": [message()]}, None) == {"batchItemFailures": []}
    assert waits == [0.1, 0.2, 0.4]
