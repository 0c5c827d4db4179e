"""The table of steps and statements follows only from the judged requests."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.iam import record
from localcloud.iam.evaluation import Access, Policies, Principal, evaluate
from localcloud.iam.policies import Statement, statements
from localcloud.iam.principals import session_of
from localcloud.iam.record import Judged, Record
from scones.proof import ProofOutcome, matrix

ROLE = "arn:aws:iam::123456789012:role/reader"
SOURCE = "role/reader/own"


def allow(sid: str, *actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}


def granted(*given: dict[str, Any]) -> tuple[Statement, ...]:
    return statements({"Statement": list(given)}, source=SOURCE)


def judged(step: str, action: str, policies: Policies, resource: str = "arn:aws:s3:::images/a.png") -> Judged:
    request = Access(action, (resource,)).by(session_of(ROLE, "session"))
    return Judged(step, request, policies, evaluate(request, policies))


def test_a_statement_is_needed_by_the_steps_that_are_refused_something_without_it():
    some = granted(allow("Read", "s3:GetObject"), allow("Write", "s3:PutObject"), allow("Delete", "s3:DeleteObject"))
    policies = Policies(identity=some)
    found = matrix(
        [
            judged("train", "s3:GetObject", policies),
            judged("train", "s3:PutObject", policies),
            judged("execute", "s3:GetObject", policies),
        ],
        some,
    )
    assert {row.name: row.steps for row in found} == {
        "own/Read": ("train", "execute"),
        "own/Write": ("train",),
        "own/Delete": (),
    }
    assert found[0].example == "s3:GetObject arn:aws:s3:::images/a.png"
    assert {row.role for row in found} == {"reader"}


def test_of_two_statements_that_allow_the_same_neither_is_needed():
    some = granted(allow("One", "s3:GetObject"), allow("Other", "s3:Get*"))
    found = matrix([judged("train", "s3:GetObject", Policies(identity=some))], some)
    assert [row.steps for row in found] == [(), ()]


def test_what_was_refused_needs_nothing():
    some = granted(allow("Read", "s3:GetObject", resource="arn:aws:s3:::other/*"))
    found = matrix([judged("train", "s3:GetObject", Policies(identity=some))], some)
    assert [row.steps for row in found] == [()]


def test_actions_that_nobody_took_are_named():
    some = granted(allow("Read", "s3:GetObject", "s3:List*"))
    found = matrix([judged("train", "s3:GetObject", Policies(identity=some))], some)
    assert found[0].unused == ("s3:List*",)


def test_a_boundarys_statement_is_needed_too():
    identity, boundary = (
        granted(allow("Read", "s3:GetObject")),
        statements({"Statement": allow("Bound", "s3:*")}, source="boundary/limit"),
    )
    found = matrix([judged("train", "s3:GetObject", Policies(identity, boundary))], [*identity, *boundary])
    assert [row.steps for row in found] == [("train",), ("train",)]


# Services act as themselves here, allowed by a topic's policy.

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
TLS_ONLY = {
    "Sid": "RefuseWithoutTLS",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sns:Publish",
    "Resource": TOPIC,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def topic(*services: str) -> tuple[Statement, ...]:
    publish = {"Sid": "Publish", "Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC}
    named = {"Service": [f"{one}.amazonaws.com" for one in services]}
    return statements({"Statement": [{**publish, "Principal": named}, TLS_ONLY]}, source="topic/alarms")


def published(some: tuple[Statement, ...], service: str = "cloudwatch") -> Judged:
    access = Access("sns:Publish", (TOPIC,), {"aws:securetransport": ("true",)})
    request, policies = access.by(Principal(f"{service}.amazonaws.com", "", "service")), Policies(resource=some)
    return Judged("go off", request, policies, evaluate(request, policies))


def test_a_resources_statement_is_needed_by_what_a_service_does_in_its_own_name():
    some = topic("cloudwatch")
    found, _ = matrix([published(some)], some)
    assert (found.role, found.name, found.steps) == ("topic alarms", "Publish", ("go off",))
    assert not found.superfluous
    assert not found.not_shown
    idle, _ = matrix([], some)
    assert idle.superfluous


def test_a_statement_that_denies_is_needed_where_a_request_by_plain_http_is_refused_by_it_alone():
    some = topic("cloudwatch")
    _, found = matrix([published(some)], some)
    assert (found.steps, found.refuses, found.example) == ((), ("go off",), f"sns:Publish {TOPIC}")
    assert not found.superfluous
    twice = (*some, *statements({"Statement": {**TLS_ONLY, "Sid": "Again"}}, source="topic/alarms"))
    assert [row.superfluous for row in matrix([published(twice)], twice)] == [False, True, True]
    assert matrix([], some)[1].superfluous


def test_what_the_local_cloud_does_not_do_is_named_and_proves_nothing():
    both, alone = topic("cloudwatch", "budgets"), topic("budgets")
    found, _ = matrix([published(both)], both)
    assert found.steps == ("go off",)
    assert found.not_shown[0].startswith("budgets.amazonaws.com: the local cloud measures no costs")
    unshown, _ = matrix([], alone)
    assert not unshown.steps
    assert not unshown.superfluous
    outcome = ProofOutcome([], rows=[unshown])
    assert outcome.not_shown == [f"topic/alarms/Publish for {unshown.not_shown[0]}"]
    assert not matrix([], both)[0].steps
    assert matrix([], both)[0].superfluous  # CloudWatch could use it


def test_a_service_that_could_have_used_a_statement_and_did_not_is_named():
    some = topic("cloudwatch", "events")
    assert matrix([published(some)], some)[0].unused == ("events.amazonaws.com",)


@pytest.fixture
def conditional() -> Policies:
    document = {"Statement": {**allow("List", "s3:ListBucket"), "Condition": {"StringLike": {"s3:prefix": ["a/*"]}}}}
    resource = statements(
        {"Statement": {**allow("In", "s3:*"), "Principal": {"AWS": "arn:aws:iam::1:root"}}}, source="bucket/images"
    )
    return Policies(identity=statements(document, source=SOURCE), resource=resource)


def test_what_a_cloud_records_is_read_back_as_it_was(tmp_path, conditional):
    recording = Record(tmp_path)
    first = judged("list", "s3:ListBucket", conditional)
    recording.add(first.request, first.policies, first.decision)
    assert record.read(tmp_path) == []  # no request was for it
    for step in ("list", "again"):
        record.begin_step(tmp_path, step)
        recording.add(first.request, first.policies, first.decision)
    read = record.read(tmp_path)
    assert [one.step for one in read] == ["list", "again"]
    assert (read[0].request, read[0].policies, read[0].decision) == (first.request, first.policies, first.decision)


def test_what_the_local_cloud_does_without_asking_is_told_and_not_called_superfluous():
    some = granted(allow("StartItsChildren", "states:StartExecution"), allow("StartOthers", "states:StartExecution"))
    unasked, other = matrix([], some)
    assert (unasked.superfluous, other.superfluous) == (False, True)
    assert unasked.not_shown[0].startswith("StartItsChildren: the local cloud starts the children")
    asked, _ = matrix([judged("batch", "states:StartExecution", Policies(identity=some[:1]))], some)
    assert asked.steps == ("batch",)
    assert asked.not_shown == ()
