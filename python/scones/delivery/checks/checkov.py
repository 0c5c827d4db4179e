"""checkov's policies for Terraform: what it has against the files, and what it was told to pass over.

Example::

    report = scan(Path("terraform"), build=Path("build"))
    report.passed, report.findings, report.suppressions

A finding is passed over by a comment inside the resource, with its reason: ``#checkov:skip=CKV_AWS_144:why``
(https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html). checkov judges values that it can see:
an option that is off by default is judged off.
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
NO_REASON = "No comment provided"  # checkov's words where a suppression has none


@dataclass(frozen=True)
class Finding:
    """A resource that does not do what a policy asks for.

    Attributes:
        policy: The policy's id, such as CKV_AWS_144.
        asks: What it asks for, in checkov's words.
        place: Its file and first line, ``modules/bucket/main.tf:7``.
        reason: Why it is passed over; empty where it is not.
    """

    policy: str
    asks: str
    resource: str
    place: str
    reason: str = ""


@dataclass(frozen=True)
class Report:
    """What checkov said of a folder.

    Attributes:
        version: checkov's own.
        resources: How many resources it saw.
        passed: How many policies a resource kept, over all resources.
        findings: Those that one did not keep.
        suppressions: Those that are passed over, each with its reason.
        unread: The files that checkov could not read, and so did not judge.
    """

    version: str
    resources: int
    passed: int
    findings: tuple[Finding, ...]
    suppressions: tuple[Finding, ...]
    unread: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether every file was judged, nothing was found, and whatever is passed over has a reason."""
        return not (self.findings or self.unread or self.unreasoned)

    @property
    def unreasoned(self) -> tuple[Finding, ...]:
        """The suppressions that give no reason."""
        return tuple(one for one in self.suppressions if not one.reason)


def scan(folder: Path, *, build: Path) -> Report:
    """Judge a folder's Terraform files, without a network once checkov is there.

    Args:
        folder: Where the files are, in it and below.
        build: The project's build folder, which checkov's environment goes to.

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
    """A report out of checkov's JSON.

    Raises:
        KeyError: it is none of checkov's.
    """
    if isinstance(answer, list):  # one an engine; there is one
        (answer,) = answer
    if "results" not in answer:  # where it saw nothing at all, only its counts come
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


def _finding(check: dict[str, Any]) -> Finding:
    reason = (check["check_result"].get("suppress_comment") or NO_REASON).strip()
    return Finding(
        policy=check["check_id"],
        asks=check["check_name"],
        resource=check["resource"],
        place=f"{check['file_path'].lstrip('/')}:{check['file_line_range'][0]}",
        reason="" if reason == NO_REASON else reason,
    )
