"""What IAM has refused, from a local cloud's log: who, what, and the statement that is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from scones.console.refused import IamRefusals, Tail

USER = "User: arn:aws:sts::123456789012:assumed-role/scones-local-hosting/abc is not authorized to perform:"
BUCKET = "arn:aws:s3:::scones-local/a.png"


def refused(action: str, why: str, resource: str = BUCKET, code: str = "AccessDenied") -> str:
    return f"refused ({code}): {USER} {action}{f' on resource: {resource}' if resource else ''} {why}"


def asked(second: int, status: int = 403) -> str:
    return f"2026-11-30T10:00:{second:02}.000+00:00 {status} s3 GET /scones-local/a.png 3 ms"


IDENTITY = "because no identity-based policy allows the s3:GetObject action"


def test_equal_refusals_are_one_with_their_number_and_the_last_time() -> None:
    log = IamRefusals()
    put = refused("s3:PutObject", "because no identity-based policy allows the s3:PutObject action")
    log.take([refused("s3:GetObject", IDENTITY), asked(1), asked(2, 200), put, asked(3)])
    log.take([refused("s3:GetObject", IDENTITY), asked(4)])
    newest, older = log.newest()
    assert (newest["action"], newest["count"], newest["at"]) == ("s3:GetObject", 2, "2026-11-30T10:00:04.000+00:00")
    assert (older["action"], older["count"], older["at"]) == ("s3:PutObject", 1, "2026-11-30T10:00:03.000+00:00")
    assert newest["who"] == "role scones-local-hosting"
    assert newest["statement"] == {
        "Sid": "S3GetObject",
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": BUCKET,
    }


@pytest.mark.parametrize(
    ("why", "place"),
    [
        (IDENTITY, "in a policy of role scones-local-hosting"),
        ("because no permissions boundary allows the s3:GetObject action", "in the permissions boundary of"),
        ("because no resource-based policy allows the s3:GetObject action", "in the policy of the resource itself"),
        ("because no session policy allows the s3:GetObject action", "in the session policy"),
    ],
)
def test_the_statement_belongs_where_the_message_says(why: str, place: str) -> None:
    log = IamRefusals()
    log.take([refused("s3:GetObject", why)])
    (found,) = log.newest()
    assert found["place"].startswith(place)
    assert found["statement"] is not None
    assert found["at"] is None, "the line with the time has not come yet"


def test_what_a_statement_denies_no_statement_allows() -> None:
    log = IamRefusals()
    log.take([refused("s3:GetObject", "with an explicit deny in a resource-based policy"), asked(1)])
    (found,) = log.newest()
    assert found["statement"] is None
    assert "denies" in found["place"]


def test_an_action_without_a_resource_and_other_words_before_the_message() -> None:
    log = IamRefusals()
    line = refused("ec2:DescribeVpcs", "because no identity-based policy allows the ec2:DescribeVpcs action", "")
    log.take([line.replace("): ", "): You are not authorized to perform this operation. "), asked(1)])
    (found,) = log.newest()
    assert (found["resource"], found["statement"]["Sid"]) == ("*", "Ec2DescribeVpcs")


def test_other_refusals_and_hostile_lines_are_none_of_iam() -> None:
    log = IamRefusals()
    log.take(
        [
            "refused (NotImplemented): the local cloud does not support s3:GetBucketRequestPayment",
            "2026-11-30T10:00:00.000+00:00 403 s3 GET /refused (AccessDenied): User: a is not authorized 1 ms",
            "",
        ]
    )
    assert log.newest() == []


def test_a_log_is_read_once_to_its_last_whole_line_and_also_after_its_exchange(tmp_path: Path) -> None:
    path = tmp_path / "cloud.log"
    tail = Tail(path)
    assert list(tail.read()) == []
    path.write_text("one\ntwo\nthr")
    assert list(tail.read()) == ["one", "two"]
    with path.open("a") as log:
        log.write("ee\n")
    assert list(tail.read()) == ["three"]
    assert list(tail.read()) == []
    path.rename(tmp_path / "cloud.previous.log")
    path.write_text("a new log\n")
    assert list(tail.read()) == ["a new log"]
