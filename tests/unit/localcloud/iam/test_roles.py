"""A role's policies are collected again when something has changed, and not before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localcloud.iam.record import Record
from localcloud.iam.registry import Registry
from localcloud.iam.roles import CannotAssume, Roles

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
TRUST = {
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]
}
READS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


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
