"""A role's policies are collected again when something has changed, and not before."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from localcloud.iam.acting import Acting
from localcloud.iam.needs import on
from localcloud.iam.propagation import LateIdentities, Propagation, held
from localcloud.iam.record import Record, begin_step, read
from localcloud.iam.registry import Registry
from localcloud.iam.roles import AccessDenied, CannotAssume, Roles

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
TRUST = {
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]
}
READS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
WRITES = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]}


@pytest.fixture
def iam():
    from moto.iam.models import iam_backends

    iam_backends.clear()
    yield iam_backends[ACCOUNT]["aws"]
    iam_backends.clear()


def create(iam):
    return iam.create_role("r", json.dumps(TRUST), "/", None, None, [], 3600)


def test_a_change_counts_from_its_end_on(iam, tmp_path):
    changes = [0]
    roles = Roles(Record(Path(tmp_path)), Registry(), lambda: changes[0])
    create(iam)
    assert not roles.may(ROLE, "s3:GetObject", "arn:aws:s3:::b/k").allowed
    iam.put_role_policy("r", "p", json.dumps(READS))
    changes[0] += 1
    assert roles.may(ROLE, "s3:GetObject", "arn:aws:s3:::b/k").allowed
    iam.delete_role_policy("r", "p")
    changes[0] += 1
    assert not roles.may(ROLE, "s3:GetObject", "arn:aws:s3:::b/k").allowed


def test_a_role_can_be_made_and_assumed_in_the_course_of_one_request(iam, tmp_path):
    roles = Roles(Record(Path(tmp_path)), Registry(), lambda: 0)
    with pytest.raises(CannotAssume):
        roles.assume(ROLE, "lambda.amazonaws.com")
    create(iam)
    roles.assume(ROLE, "lambda.amazonaws.com")


def test_nothing_is_remembered_without_a_count_of_changes(iam, tmp_path):
    roles = Roles(Record(Path(tmp_path)), Registry())
    create(iam)
    assert not roles.may(ROLE, "s3:GetObject", "arn:aws:s3:::b/k").allowed
    iam.put_role_policy("r", "p", json.dumps(READS))
    assert roles.may(ROLE, "s3:GetObject", "arn:aws:s3:::b/k").allowed


@pytest.fixture
def late(iam, tmp_path):
    """Roles of a cloud where IAM's changes count after 8 seconds; its clock; and what tells it of a change."""
    clock, number = [100.0], [0]
    propagation = Propagation(8.0, held, lambda: clock[0])
    roles = Roles(
        Record(Path(tmp_path)), Registry(), lambda: number[0] + propagation.count(), LateIdentities(propagation)
    )
    propagation.begin()

    def changed():
        number[0] += 1
        propagation.changed(ACCOUNT)

    return roles, clock, changed


def may(roles):
    return roles.may(ROLE, "s3:GetObject", "arn:aws:s3:::b/k").allowed


def test_a_new_role_cannot_be_assumed_for_seconds(iam, late):
    roles, clock, changed = late
    create(iam)
    changed()
    for clock[0] in (100.0, 107.9):
        with pytest.raises(CannotAssume):
            roles.assume(ROLE, "lambda.amazonaws.com")
    clock[0] = 108.0
    roles.assume(ROLE, "lambda.amazonaws.com")


def test_a_policy_counts_seconds_after_it_was_put_and_also_after_it_has_gone(iam, late):
    roles, clock, changed = late
    create(iam)
    iam.put_role_policy("r", "p", json.dumps(READS))
    changed()
    assert not may(roles)
    clock[0] = 110.0
    assert may(roles)
    iam.delete_role_policy("r", "p")
    changed()
    clock[0] = 117.0
    assert may(roles)
    clock[0] = 118.0
    assert not may(roles)


def test_a_role_that_has_gone_counts_no_more_and_one_made_again_counts_later(iam, late):
    roles, clock, changed = late
    create(iam)
    changed()
    clock[0] = 120.0
    roles.assume(ROLE, "lambda.amazonaws.com")
    iam.delete_role("r")
    changed()
    with pytest.raises(CannotAssume):
        roles.assume(ROLE, "lambda.amazonaws.com")
    create(iam)
    changed()
    with pytest.raises(CannotAssume):
        roles.assume(ROLE, "lambda.amazonaws.com")
    clock[0] = 128.0
    roles.assume(ROLE, "lambda.amazonaws.com")


def test_what_a_cloud_holds_when_it_starts_counts_at_once(iam, tmp_path):
    create(iam)
    propagation = Propagation(8.0, held, lambda: 0.0)
    propagation.begin()
    roles = Roles(Record(Path(tmp_path)), Registry(), propagation.count, LateIdentities(propagation))
    roles.assume(ROLE, "lambda.amazonaws.com")


@pytest.fixture
def logging(iam, tmp_path):
    """A role that a service often uses to write logs, and a list with the number of changes."""
    changes, registry = [0], Registry()
    registry.permissions({"logs": on("*", "logs", "PutLogEvents")})
    create(iam)
    iam.put_role_policy("r", "p", json.dumps(WRITES))
    roles = Roles(Record(Path(tmp_path)), registry, lambda: changes[0])
    return Acting(roles, ROLE, account=ACCOUNT, region="us-east-1"), changes


def test_a_call_that_comes_often_is_refused_as_soon_as_the_policy_has_gone(iam, logging):
    role, changes = logging
    assert role.may_often("logs", "PutLogEvents", {"logGroupName": "g"})
    iam.delete_role_policy("r", "p")
    changes[0] += 1
    assert not role.may_often("logs", "PutLogEvents", {"logGroupName": "g"})


def test_a_call_that_comes_often_is_recorded_each_time(logging, tmp_path):
    role, _ = logging
    role.may_often("logs", "PutLogEvents", {"logGroupName": "g"})
    begin_step(tmp_path, "run")
    for _ in range(3):
        role.may_often("logs", "PutLogEvents", {"logGroupName": "g"})
    assert [judged.request.action for judged in read(tmp_path)] == ["logs:PutLogEvents"] * 3


def test_a_policy_that_ends_at_a_moment_ends_for_calls_that_come_often(iam, logging):
    role, changes = logging
    until = datetime.now(UTC) + timedelta(seconds=2)
    limited = {"DateLessThan": {"aws:CurrentTime": until.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    iam.put_role_policy(
        "r", "p", json.dumps({**WRITES, "Statement": [{**WRITES["Statement"][0], "Condition": limited}]})
    )
    changes[0] += 1
    while datetime.now(UTC) < until.replace(microsecond=0) - timedelta(seconds=0.1):
        assert role.may_often("logs", "PutLogEvents", {"logGroupName": "g"})
    while datetime.now(UTC) < until.replace(microsecond=0):
        role.may_often("logs", "PutLogEvents", {"logGroupName": "g"})
    assert not role.may_often("logs", "PutLogEvents", {"logGroupName": "g"})


def test_what_cannot_be_judged_in_a_roles_name_is_refused_and_named(iam, tmp_path):
    registry = Registry()
    registry.unjudged("ec2:*", {"ec2:tenancy"})
    roles = Roles(Record(Path(tmp_path)), registry, lambda: 0)
    create(iam)
    unsure = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    unsure["Condition"] = {"StringEquals": {"ec2:Tenancy": "default"}}
    iam.put_role_policy("r", "p", json.dumps({"Version": "2012-10-17", "Statement": [unsure]}))
    with pytest.raises(
        AccessDenied, match="has the condition key ec2:tenancy, whose value the local cloud does not know"
    ):
        roles.require(ROLE, "ec2:DescribeVpcs")
