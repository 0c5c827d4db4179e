"""The checks of a change before it is planned. None of them needs an AWS account.

Example::

    >>> from scones import settings
    >>> [check.title for check in checks(settings.load("local"))][:2]
    ["Terraform's format", 'Validate bootstrap']
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from scones.errors import CheckError
from scones.settings import Environment
from scones.terraform import STACKS
from scones.terraform.binary import locate
from scones.terraform.validation import validate


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        title: The check's name, for people.
        run: Runs the check. Returns its result in a line. Raises SconesError if the check fails.
    """

    title: str
    run: Callable[[], str]


def checks(environment: Environment) -> list[Check]:
    """The checks, quick ones first.

    Args:
        environment: An environment of the project to check.
    """
    return [
        Check("Terraform's format", lambda: _format(environment)),
        *(Check(f"Validate {name}", partial(_validate, environment, name)) for name in STACKS),
        Check("Workflow files", lambda: _workflows(environment)),
        Check("checkov", lambda: _checkov(environment)),
    ]


def test(environment: Environment) -> None:
    """Run all tests and print their output. They take many minutes.

    Raises:
        CheckError: a test fails.
    """
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=environment.root, check=False)
    if done.returncode:
        raise CheckError(f"the tests fail (pytest's exit code {done.returncode})", hint="run them alone: make test")


def _format(environment: Environment) -> str:
    folder = environment.root / "terraform"
    done = subprocess.run(
        [locate(environment.downloads).path, "fmt", "-check", "-recursive", "-no-color", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = ", ".join(done.stdout.split()) or done.stderr.strip()
        raise CheckError(f"Terraform files are not in its format: {said}", hint="terraform fmt -recursive terraform")
    return "all files are in it"


def _validate(environment: Environment, name: str) -> str:
    validate(environment.root / "terraform" / "stacks" / name, build=environment.downloads)
    return "valid"


def _workflows(environment: Environment) -> str:
    from scones.delivery.checks import workflows

    return "; ".join(workflows.lint(environment.root, build=environment.downloads))


def _checkov(environment: Environment) -> str:
    from scones.delivery.checks import checkov

    report = checkov.scan(environment.root / "terraform", build=environment.downloads)
    if not report.clean:
        found = [f"{one.policy} {one.place} {one.resource}" for one in (*report.findings, *report.unreasoned)]
        raise CheckError(
            f"checkov has {len(found)} findings:\n" + "\n".join([*found, *report.unread]),
            hint="see what each asks for: invoke checks.checkov",
        )
    return f"{report.passed} passed, none failed, {len(report.suppressions)} passed over with a reason"
