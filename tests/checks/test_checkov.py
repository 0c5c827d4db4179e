"""The Terraform files keep checkov's policies or give a reason, and checkov finds a file that does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scones import settings
from scones.delivery.checks import checkov, environment
from scones.errors import CheckError, SetupError

TERRAFORM = settings.ROOT / "terraform"
SKIP = re.compile(r"checkov:skip=(\w+):(.*)")


@pytest.mark.nightly
def test_checkov_has_nothing_against_the_terraform_files(report: checkov.Report) -> None:
    assert (report.findings, report.unread, report.unreasoned) == ((), (), ())
    assert report.passed > report.resources > 80


@pytest.mark.nightly
def test_every_suppression_that_is_written_down_is_one_that_is_needed(report: checkov.Report) -> None:
    """A suppression goes when its policy is kept or when checkov no longer has the policy."""
    used = {(one.place.partition(":")[0], one.policy) for one in report.suppressions}
    written = {
        (str(path.relative_to(TERRAFORM)), found[1])
        for path in TERRAFORM.glob("**/*.tf")
        for found in SKIP.finditer(path.read_text())
        if ".terraform" not in path.parts
    }
    assert written == used


@pytest.mark.nightly
def test_a_bucket_that_anyone_may_read_is_found_and_so_is_a_suppression_without_a_reason(
    scan: Callable[[Path], checkov.Report], tmp_path: Path
) -> None:
    (tmp_path / "main.tf").write_text(
        'resource "aws_s3_bucket" "open" {\n  bucket = "open"\n\n  #checkov:skip=CKV_AWS_144\n}\n\n'
        'resource "aws_s3_bucket_acl" "open" {\n  bucket = aws_s3_bucket.open.id\n  acl    = "public-read"\n}\n'
    )
    report = scan(tmp_path)
    assert not report.clean
    assert ("CKV_AWS_20", "main.tf:1") in {(one.policy, one.place) for one in report.findings}
    assert [one.policy for one in report.unreasoned] == ["CKV_AWS_144"]


def test_a_file_that_checkov_cannot_read_is_not_taken_for_clean() -> None:
    answer = {
        "results": {"passed_checks": [], "failed_checks": [], "skipped_checks": [], "parsing_errors": ["/t/main.tf"]},
        "summary": {"checkov_version": "3", "resource_count": 0, "passed": 0},
    }
    report = checkov.read(answer)
    assert (report.unread, report.clean) == (("/t/main.tf",), False)


def test_an_answer_that_is_none_of_checkovs_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho Traceback; echo 'ImportError: no such thing' >&2; exit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(environment, "ensure", lambda *arguments, **options: fake)
    with pytest.raises(CheckError, match="exit code 1: ImportError: no such thing"):
        checkov.scan(tmp_path, build=tmp_path)


def test_an_environment_that_cannot_be_built_says_why_and_does_not_pass_for_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = tmp_path / "tool.txt"
    pins.write_text("no-such-package-of-scones==1\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(SetupError, match=r"environment of tool cannot be built: .*no-such-package-of-scones"):
        environment.ensure(tmp_path, "tool", pins, works="import json")
    assert not (tmp_path / "tool" / "made-of").exists()
