"""invoke checks.checkov: what it prints, and when it fails."""

from __future__ import annotations

import sys

import pytest
from invoke import Context
from invoke.exceptions import Exit

from scones.delivery.checks import checkov as tool
from scones.delivery.checks import environment
from scones.errors import CheckError
from scones.tasks import checks

OPEN = tool.CheckovFinding("CKV_AWS_20", "Ensure the ACL is private", "aws_s3_bucket.open", "main.tf:1")
KNOWN = tool.CheckovFinding(
    "CKV_AWS_144", "Ensure replication", "aws_s3_bucket.kept", "main.tf:9", reason="can be made again"
)


def report(**changes: object) -> tool.Report:
    made = {"version": "3", "resources": 2, "passed": 40, "findings": (), "suppressions": (KNOWN,), "unread": ()}
    return tool.Report(**{**made, **changes})


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The task's output for a report."""

    def run(found: tool.Report, **options: bool) -> str:
        monkeypatch.setattr(tool, "scan", lambda *arguments, **given: found)
        checks.checkov(Context(), **options)
        return capsys.readouterr().out

    return run


def test_says_how_much_was_checked_and_gives_reasons_when_asked(said) -> None:
    assert said(report()) == "checkov 3: 2 resources, 40 checks passed, 0 failed, 1 passed over with a reason\n"
    assert "CKV_AWS_144 aws_s3_bucket.kept (main.tf:9)" in said(report(), reasons=True)
    assert "passed over: can be made again" in said(report(), reasons=True)


def test_a_finding_fails_and_is_shown_with_its_place(said, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit, match="checkov: 1 checks failed") as failed:
        said(report(findings=(OPEN,)))
    assert failed.value.code == 1
    assert "CKV_AWS_20 aws_s3_bucket.open (main.tf:1)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (report(unread=("/t/main.tf",)), r"1 files that it could not read \(/t/main.tf\)"),
        (
            report(suppressions=(tool.CheckovFinding("CKV_AWS_144", "Ensure", "a", "main.tf:1"),)),
            "1 passed over without a reason",
        ),
    ],
)
def test_what_was_not_judged_and_what_has_no_reason_fails_too(said, found: tool.Report, why: str) -> None:
    with pytest.raises(Exit, match=why):
        said(found)


def test_a_tool_that_does_not_end_fails_with_its_name() -> None:
    with pytest.raises(CheckError, match=r"checkov did not end within 0\.1 s"):
        environment.run("checkov", [sys.executable, "-c", "import threading; threading.Event().wait()"], 0.1)


def test_a_tool_is_given_no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "secret")
    done = environment.run("zizmor", [sys.executable, "-c", "import os; print(*os.environ)"], 20)
    assert "PATH" in done.stdout
    assert "GH_TOKEN" not in done.stdout
