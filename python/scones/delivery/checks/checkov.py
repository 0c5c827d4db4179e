"""Checks the Terraform files against checkov's policies.

Example::

    >>> report = read({"checkov_version": "3.2.0", "resource_count": 0, "passed": 0})
    >>> report.clean
    True

A comment inside a resource suppresses a policy and gives the reason: ``#checkov:skip=CKV_AWS_144:why``
(https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html). checkov evaluates the default values of
variables, so it checks an option that is off by default as off.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones.delivery.checks import environment
from scones.errors import CheckError

PINS = Path(__file__).with_name("checkov.txt")
SCAN_SECONDS = 300
NO_REASON = "No comment provided"  # checkov's words for a suppression without a reason


@dataclass(frozen=True)
class CheckovFinding:
    """A resource that violates a policy.

    Attributes:
        policy: The policy's id, such as CKV_AWS_144.
        asks: The policy's requirement, in checkov's words.
        resource: The resource's address, such as ``aws_s3_bucket.this``.
        place: The file and first line, such as ``modules/bucket/main.tf:7``.
        reason: The reason for its suppression; empty without one.
    """

    policy: str
    asks: str
    resource: str
    place: str
    reason: str = ""


@dataclass(frozen=True)
class Report:
    """checkov's report on a folder.

    Attributes:
        version: checkov's version.
        resources: The number of resources.
        passed: The number of passed checks, over all resources.
        findings: The failed checks.
        suppressions: The suppressed checks, each with its reason.
        unread: The files that checkov could not parse, and so did not check.
    """

    version: str
    resources: int
    passed: int
    findings: tuple[CheckovFinding, ...]
    suppressions: tuple[CheckovFinding, ...]
    unread: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """True if every file was checked, no check failed, and every suppression has a reason."""
        return not (self.findings or self.unread or self.unreasoned)

    @property
    def unreasoned(self) -> tuple[CheckovFinding, ...]:
        """The suppressions without a reason."""
        return tuple(one for one in self.suppressions if not one.reason)


def scan(folder: Path, *, build: Path) -> Report:
    """Check the Terraform files of a folder and its subfolders. Only installing checkov needs the network.

    Args:
        build: The project's build folder, where checkov's environment is built.

    Raises:
        SetupError: checkov's environment cannot be built.
        CheckError: checkov failed.
    """
    python = environment.ensure(build / "checks", "checkov", PINS, works="import checkov.main")
    command: list[str | Path] = [python, "-m", "checkov.main", "--directory", folder.resolve()]
    options = ("--framework", "terraform", "--skip-download", "--compact", "--output", "json")
    done = environment.run("checkov", [*command, *options], SCAN_SECONDS)
    try:
        return read(json.loads(done.stdout))
    except (ValueError, KeyError) as error:
        said = (done.stderr or done.stdout).strip().splitlines() or [str(error)]
        raise CheckError(f"checkov ended with exit code {done.returncode}: {said[-1]}") from None


def read(answer: Any) -> Report:
    """Read checkov's JSON.

    Raises:
        KeyError: it is not checkov's JSON.
    """
    if isinstance(answer, list):  # one report for each engine, and only one engine runs
        (answer,) = answer
    if "results" not in answer:  # without resources, checkov gives only its counts
        return Report(answer["checkov_version"], answer["resource_count"], answer["passed"], (), (), ())
    results, summary = answer["results"], answer["summary"]
    return Report(
        version=summary["checkov_version"],
        resources=summary["resource_count"],
        passed=summary["passed"],
        findings=tuple(map(_finding, results["failed_checks"])),
        suppressions=tuple(map(_finding, results["skipped_checks"])),
        unread=tuple(results["parsing_errors"]),
    )


def _finding(check: dict[str, Any]) -> CheckovFinding:
    reason = (check["check_result"].get("suppress_comment") or NO_REASON).strip()
    return CheckovFinding(
        policy=check["check_id"],
        asks=check["check_name"],
        resource=check["resource"],
        place=f"{check['file_path'].lstrip('/')}:{check['file_line_range'][0]}",
        reason="" if reason == NO_REASON else reason,
    )
